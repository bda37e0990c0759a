package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"parley/app"
	"parley/bench"
	"parley/ear"
	"parley/tts"
)

type benchBargeCmd struct {
	Max    int    `help:"Greatest number of conversing calls." default:"200"`
	VAD    string `help:"Speech detector; live is what a call gets." name:"vad" enum:"live,builtin,both" default:"live"`
	Seed   uint64 `help:"Seed of the noise." default:"1"`
	Config string `help:"Configuration file." type:"path"`
	JSON   bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (benchBargeCmd) Help() string {
	return "Lets the ears of 1, 10, 25, 50, 100 and 200 calls hear bots and customers talk (synthetic voices in noise, every second line with\n" +
		"an echo), one tick of each after the other, and shares their processor time out. Run it on a quiet machine.\n\n" +
		"Example: parley bench barge --max 200 --json"
}

// Run measures; every step is printed as it ends.
func (c *benchBargeCmd) Run(t *terminal) (err error) {
	if c.Max < 1 || c.Max > 800 {
		return usageError{errors.New("--max is 1 to 800")}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	model, _, err := app.OpenDetector(config, c.VAD)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	speech, err := app.StartSpeech(t.ctx, config, log)
	if err != nil {
		return err
	}
	said, err := bench.Spoken(t.ctx, speech.Voices, tts.Voice{Language: "en"}, "I will pay on Friday.")
	if err == nil {
		var prompt []int16
		prompt, err = bench.Spoken(t.ctx, speech.Voices, tts.Voice{Language: "en"}, "Your payment was due on Monday. When can you pay it?")
		if err = errors.Join(err, speech.Close()); err != nil { // before anything is timed
			return err
		}
		return c.measure(t, bench.BargeOptions{Max: c.Max, Said: said, Prompt: prompt, Model: model, Seed: c.Seed})
	}
	return errors.Join(err, speech.Close())
}

func (c *benchBargeCmd) measure(t *terminal, o bench.BargeOptions) error {
	if !c.JSON {
		if o.Model == nil {
			fmt.Fprintln(t.out, "Without the speech model: the built-in detector alone.")
		}
		fmt.Fprint(t.out, "processor time in µs a call and tick; the parts are by a watch whose readings they contain\n\n"+
			"calls  whole  built-in")
		for p := range ear.Parts {
			fmt.Fprintf(t.out, "  %s", p)
		}
		fmt.Fprintln(t.out, "  watch  floor  cores  KB an ear")
		o.Step = func(s bench.BargeStep) { showBarge(t.out, s) }
	}
	r, err := bench.Barge(t.ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	fmt.Fprintf(t.out, "\nThe customer speaks in %.0f %% of the ticks; seed %d. The floor is one copy of the frame.\n", 100*r.Spoken, r.Seed)
	return nil
}

func showBarge(w io.Writer, s bench.BargeStep) {
	fmt.Fprintf(w, "%5d  %5.2f  %8.2f", s.Calls, s.Tick, s.BuiltIn)
	for p := range ear.Parts {
		fmt.Fprintf(w, "  %*.2f", len(p.String()), s.Parts[p.String()])
	}
	fmt.Fprintf(w, "  %5.2f  %5.3f  %5.3f  %9.1f\n", s.Watch, s.Floor, s.Share, float64(s.Bytes)/1024)
}
