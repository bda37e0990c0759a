package main

import (
	"errors"
	"fmt"
	"io"

	"parley/app"
	"parley/bench"
	"parley/media/silero"
)

type benchVADCmd struct {
	Speech string `help:"Folder with WAV files of speech, of people or of a synthesiser, any rate." type:"path"`
	Clips  int    `help:"How many of its files are taken at most." default:"120"`
	Seed   uint64 `help:"Seed of the noises." default:"1"`
	Fit    string `help:"Folder with speech of others: choose how the ear joins its two detectors on that, and score the choice on --speech." type:"path"`
	Synth  bool   `help:"The speech is synthetic; the result says so." name:"synthetic"`
	Config string `help:"Configuration file." type:"path"`
	JSON   bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (benchVADCmd) Help() string {
	return "Puts speech into white, pink and babble noise and hum at 20, 10 and 5 dB, sends it through G.711, and measures the built-in\n" +
		"speech detector and, when its model is there, Silero: both as they stand in a call, behind the gate.\n\n" +
		"Example: parley bench vad --speech recordings/"
}

// Run measures every condition.
func (c *benchVADCmd) Run(t *terminal) error {
	if c.Speech == "" || c.Clips < 1 {
		return usageError{errors.New("name a folder with WAV files of speech with --speech; --clips is 1 or more")}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	model, path, err := app.OpenModel(config)
	if err != nil {
		return err
	}
	if c.Fit != "" {
		return c.fit(t, model)
	}
	r, err := bench.VAD(bench.VADOptions{Speech: c.Speech, Model: model, Seed: c.Seed, Clips: c.Clips, Synthetic: c.Synth})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	if model == nil {
		fmt.Fprintln(t.out, "There is no speech model, so the built-in detector is measured alone; `make models` fetches it.")
	} else {
		fmt.Fprintln(t.out, "Model:", path)
	}
	showVAD(t.out, r)
	return nil
}

func showVAD(w io.Writer, r bench.VADResult) {
	fmt.Fprintf(w, "%d utterances%s, seed %d; onset p50/p95 in ms, alarms a minute between the utterances\n\n", r.Utterances, synthetic(r.Synthetic), r.Seed)
	fmt.Fprintln(w, "noise               dB  detector   AUC    onset      lost   alarms")
	line := func(row bench.VADRow, name string, s bench.VADScore) {
		if row.SNR == nil {
			fmt.Fprintf(w, "%-18s   –  %-9s  –          –        –      %6.2f\n", row.Noise, name, s.Alarms)
			return
		}
		fmt.Fprintf(w, "%-18s  %2.0f  %-9s  %.3f  %3.0f/%3.0f  %5.1f %%   %6.2f\n", row.Noise, *row.SNR, name, s.AUC, s.OnsetP50, s.OnsetP95, 100*s.Lost, s.Alarms)
	}
	for _, row := range r.Rows {
		line(row, "built-in", row.Energy)
		if row.Silero != nil {
			line(row, "Silero", *row.Silero)
			line(row, "no gate", *row.Ungated)
		}
	}
	fmt.Fprintf(w, "\nµs a tick: built-in %.2f, Silero with it %.2f, on a quiet line %.2f; floor, a copy of the frame, %.3f\n",
		r.EnergyTick, r.SileroTick, r.QuietTick, r.FloorTick)
}

func synthetic(yes bool) string {
	if yes {
		return " of synthetic voices"
	}
	return ""
}

// fit chooses how the two detectors are joined and prints what that is worth.
func (c *benchVADCmd) fit(t *terminal, model *silero.Model) error {
	if model == nil {
		return errors.New("there is no speech model to join; fetch it with `make models` or name its file in vad.model")
	}
	r, err := bench.Fit(bench.FitOptions{Fit: c.Fit, Held: c.Speech, Model: model, Seed: c.Seed, Clips: c.Clips})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	for i, rows := range [][]bench.FitRow{r.Fit, r.Held} {
		fmt.Fprintf(t.out, "%s%s, seed %d; means over 20, 10 and 5 dB, alarms a minute\n", [...]string{
			"Chosen on white noise, hum and synthetic music", "\nHeld out, in pink noise, babble and other synthetic music"}[i], synthetic(c.Synth), r.Seed)
		fmt.Fprintln(t.out, "           noise  model  patience    AUC    onset    lost   alarms    music")
		for _, f := range rows {
			fmt.Fprintf(t.out, "%-10s  %.1f    %.1f     %3.0f      %.3f  %3.0f/%3.0f  %4.1f %%  %6.2f   %6.2f\n",
				f.Name, f.Noise, f.Model, f.Patience, f.AUC, f.OnsetP50, f.OnsetP95, 100*f.Lost, f.Alarms, f.Music)
		}
	}
	return nil
}
