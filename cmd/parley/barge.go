package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"parley/app"
	"parley/trial"
)

// bargeCmd measures turn-taking on labelled sound.
type bargeCmd struct {
	Cases bargeCasesCmd `cmd:"" help:"Build labelled cases of turn-taking."`
	Eval  bargeEvalCmd  `cmd:"" help:"Replay labelled cases through the turn-taker and score it."`
}

type bargeCasesCmd struct {
	Out     string   `help:"Folder for the cases." required:"" type:"path"`
	Lang    []string `help:"Languages: en, zh." default:"en,zh" enum:"en,zh"`
	Speech  []string `help:"Folder of people's speech: WAV files, what they say in .txt files of the same name." type:"existingdir"`
	Prompts string   `help:"Folder of recorded prompts (WAV)." type:"existingdir"`
	Noise   string   `help:"Folder of recorded noise (WAV)." type:"existingdir"`
	N       int      `help:"Interruptions, backchannels and turns together, a language and part." default:"600"`
	Minutes float64  `help:"Prompt minutes a condition of false stops, language and part." default:"62"`
	Seed    uint64   `help:"Seed of everything that is drawn." default:"1"`
	Models  string   `help:"Folder of acoustic models, to find where the words of the prompts lie; without, Debian's English one." type:"existingdir"`
	NoASR   bool     `help:"Leave that out; nothing is then known of words heard and repeated." name:"no-asr"`
}

// Help is the command's example.
func (bargeCasesCmd) Help() string {
	return "Synthesises prompts and customers, mixes in noise, echo and loss, and labels it all. What was synthesised before is used again.\n\n" +
		"Example: parley barge cases --out cases --speech recordings --models models"
}

// Run builds the cases.
func (c *bargeCasesCmd) Run(t *terminal) error {
	if c.N < 3 || c.Minutes <= 0 {
		return usageError{errors.New("--n is 3 or more, --minutes more than 0")}
	}
	o := trial.BuildOptions{
		Dir: c.Out, Languages: c.Lang, Speech: c.Speech, Prompts: c.Prompts, Noise: c.Noise, N: c.N, Minutes: c.Minutes, Seed: c.Seed,
		Engines: app.TrialVoices(), Progress: func(s string) { fmt.Fprintln(t.err, s) },
	}
	if !c.NoASR {
		var err error
		if o.Listen, err = app.TrialListener(c.Models); err != nil {
			return err
		}
	}
	n, err := trial.Build(t.ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d cases in %s, seed %d\n", n, c.Out, c.Seed)
	return nil
}

type bargeEvalCmd struct {
	Dir     string        `arg:"" help:"Folder of cases." type:"existingdir"`
	Part    string        `help:"Which part: dev to tune, test to know." default:"test" enum:"dev,test"`
	Models  string        `help:"Folder of acoustic models; without, Debian's English one." type:"existingdir"`
	NoASR   bool          `help:"Replay without a recogniser." name:"no-asr"`
	Latency time.Duration `help:"From sound to its words." default:"60ms"`
	Quick   bool          `help:"A quarter of the cases."`
	VAD     string        `help:"Speech detector; live is what a call gets." name:"vad" enum:"live,builtin,model,both" default:"live"`
	Workers int           `help:"Cases at a time, 1 or 2." default:"2"`
	Config  string        `help:"Configuration file, for its speech model (vad)." type:"path"`
	Plot    string        `help:"Folder for the curves as SVG and the result as JSON." type:"path"`
	Docs    string        `help:"Page whose tables are written anew, between its marks." type:"existingfile"`
	JSON    bool          `help:"Print the result as JSON."`
}

// Help is the command's example.
func (bargeEvalCmd) Help() string {
	return "Runs the ear of a live call on every case, and a plain rule (0.5 s of speech interrupts, 0.7 s of silence ends a turn) beside it.\n\n" +
		"Example: parley barge eval cases --part test --models models --plot docs/images --docs docs/turn-taking.md"
}

// Run evaluates.
func (c *bargeEvalCmd) Run(t *terminal) error {
	if c.Workers < 1 || c.Workers > 2 || c.Latency < 0 {
		return usageError{errors.New("--workers is 1 or 2, --latency not negative")}
	}
	if c.Docs != "" {
		if err := trial.CheckPage(c.Docs); err != nil {
			return err
		}
	}
	folder, err := trial.Open(c.Dir)
	if err != nil {
		return err
	}
	o := trial.EvalOptions{Part: c.Part, Quick: c.Quick, Latency: c.Latency, Workers: c.Workers}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	if o.Model, o.Alone, err = app.OpenDetector(config, c.VAD); err != nil {
		return err
	}
	if !c.NoASR {
		if o.Listen, err = app.TrialListener(c.Models); err != nil {
			return err
		}
	}
	var told atomic.Int64
	o.Progress = func(done, all int) {
		if tenth := int64(20 * done / all); told.Swap(tenth) != tenth {
			fmt.Fprintf(t.err, "%d of %d cases\n", done, all)
		}
	}
	r, err := folder.Eval(t.ctx, o)
	if err != nil {
		return err
	}
	// First what cannot fail for want of a folder: the run took minutes.
	if c.JSON {
		if err := printJSON(t.out, r); err != nil {
			return err
		}
	} else {
		r.Markdown(t.out)
	}
	return c.keep(r)
}

// keep writes the curves and the page.
func (c *bargeEvalCmd) keep(r trial.Report) error {
	if c.Plot != "" {
		data, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			return err
		}
		if err := r.WriteCharts(c.Plot, append(data, '\n')); err != nil {
			return fmt.Errorf("write the curves: %w", err)
		}
	}
	if c.Docs != "" {
		if err := r.WritePage(c.Docs, c.Plot); err != nil {
			return fmt.Errorf("write the tables: %w", err)
		}
	}
	return nil
}
