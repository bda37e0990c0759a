package main

import (
	"errors"
	"fmt"
	"time"

	"parley/app"
	"parley/asr"
	"parley/media/wav"
	"parley/outcome"
	"parley/probe"
	"parley/progress"
	"parley/sip"
)

// progressCmd is everything about what answered.
type progressCmd struct {
	File  progressFileCmd  `cmd:"" default:"withargs" help:"Say what an early-media or just-answered sound is."`
	Cases progressCasesCmd `cmd:"" help:"Build labelled recordings of what answers a call."`
	Eval  progressEvalCmd  `cmd:"" help:"Score a labelled folder of recordings."`
}

// Help is the command's example.
func (progressCmd) Help() string {
	return "Example: parley progress early.wav --answered-at -1 --cause 480 --lang zh\n" +
		"         parley progress --text \"您拨打的电话已关机\"\n\n" +
		"Flags of a recording: parley progress file --help"
}

// progressFileCmd judges recordings, or the text of an announcement.
type progressFileCmd struct {
	Files      []string `arg:"" optional:"" name:"file" help:"Recording (WAV of any rate and number of channels)."`
	Text       string   `help:"Words of an announcement instead of a recording."`
	AnsweredAt *int64   `help:"When the call was answered, in ms from the recording's start; -1 for never. Not given: it may be either." placeholder:"MS"`
	Cause      int      `help:"SIP status with which the call ended: the second witness." placeholder:"CODE"`
	Channel    int      `help:"Channel of the recording, from 1; else the first with any sound."`
	Lang       string   `help:"Language of the line, en or zh; told by the script of --text when not given." placeholder:"LANG"`
	Config     string   `help:"Configuration file." type:"path"`
	Models     string   `help:"Folder with the recogniser's models." type:"path"`
	VAD        string   `help:"Speech detector; live is what a call gets." name:"vad" enum:"live,builtin,model,both" default:"live"`
	Deaf       bool     `help:"Use no recogniser: tones, music and lengths only."`
	JSON       bool     `help:"Print JSON with every verdict on the way."`
}

// Help is the command's example.
func (progressFileCmd) Help() string {
	return "Prints what the recording is as JSON: network or answered_by, class, confidence, at_ms.\n\n" +
		"Examples:\n" +
		"  parley progress early.wav --answered-at -1 --cause 480 --lang zh\n" +
		"  parley progress --text \"您拨打的电话已关机\""
}

// judged is how one verdict is printed.
type judged struct {
	File string `json:"file,omitempty"`
	probe.Result
}

// Run prints one JSON object for every recording.
func (c *progressFileCmd) Run(t *terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Text != "" {
		if len(c.Files) > 0 {
			return usageError{errors.New("give either recordings or --text, not both")}
		}
		return c.text(t)
	}
	if len(c.Files) == 0 {
		return usageError{errors.New("name a recording (WAV), or give the words with --text; see parley progress --help")}
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	recognizer, err := c.recognizer(o.Language)
	if err != nil {
		return err
	}
	return c.files(t, recognizer, o)
}

// check looks at what recordings and words have in common.
func (c *progressFileCmd) check() error {
	if c.Lang != "" && c.Lang != "en" && c.Lang != "zh" {
		return usageError{fmt.Errorf("--lang %q is not understood; use en or zh", c.Lang)}
	}
	if c.Cause != 0 && (c.Cause < 300 || c.Cause > 699) {
		return usageError{fmt.Errorf("--cause %d is no SIP status that ends a call; give a number from 300 to 699", c.Cause)}
	}
	return nil
}

func (c *progressFileCmd) files(t *terminal, r probe.Recognizer, o probe.Options) error {
	for _, path := range c.Files {
		sound, err := wav.Read(path)
		if err != nil {
			return err
		}
		pcm, err := probe.Mono(sound, c.Channel)
		if err != nil {
			return err
		}
		if len(pcm) == 0 {
			return fmt.Errorf("%s holds no sound; give a recording of at least 20 ms", path)
		}
		result, err := probe.Listen(t.ctx, r, pcm, o)
		if err != nil {
			return err
		}
		line := judged{Result: result}
		if len(c.Files) > 1 {
			line.File = path
		}
		if !c.JSON {
			line.Steps = nil
		}
		if err := printJSON(t.out, line); err != nil {
			return err
		}
	}
	return nil
}

// text judges the words of an announcement.
func (c *progressFileCmd) text(t *terminal) error {
	v, ok := progress.Classify(c.Text)
	step := probe.Step{AnsweredBy: outcome.Unknown, Class: "none"}
	if ok {
		step = probe.Step{Network: v.Network, AnsweredBy: v.AnsweredBy, Class: v.Class, Confidence: v.Confidence}
	}
	result := textResult{Step: step}
	if c.Cause != 0 {
		j := progress.Join(v, sip.NetworkOf(c.Cause, 0))
		result.Network, result.Confidence, result.Conflict = j.Network, j.Confidence, j.Conflict
	}
	return printJSON(t.out, result)
}

// textResult is what words alone say.
type textResult struct {
	probe.Step
	Conflict string `json:"conflict,omitempty"`
}

func (c *progressFileCmd) options() (probe.Options, error) {
	o := probe.Options{Language: c.Lang, AnsweredAt: probe.Unknown}
	if o.Language == "" {
		o.Language = "en"
	}
	if c.AnsweredAt != nil {
		o.AnsweredAt = time.Duration(*c.AnsweredAt) * time.Millisecond
		if *c.AnsweredAt < 0 {
			o.AnsweredAt = probe.Never
		}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return o, err
	}
	if o.Ear.Model, o.Ear.Alone, err = app.OpenDetector(config, c.VAD); err != nil {
		return o, err
	}
	if c.Cause != 0 {
		o.Ended = sip.NetworkOf(c.Cause, 0)
	}
	return o, nil
}

// recognizer opens the embedded engine, in step with the sound; nil with
// --deaf.
func (c *progressFileCmd) recognizer(language string) (probe.Recognizer, error) {
	if c.Deaf {
		return nil, nil
	}
	models := c.Models
	if models == "" {
		config, err := app.Load(c.Config)
		if err != nil {
			return nil, err
		}
		models = config.ASR.Pocketsphinx.Models
	}
	return openRecognizer(models, language)
}

func openRecognizer(models, language string) (probe.Recognizer, error) {
	open, err := app.TrialListener(models)
	if err != nil {
		return nil, fmt.Errorf("the recogniser cannot start (--deaf judges without it): %w", err)
	}
	r, err := open(language)
	if errors.Is(err, asr.ErrLanguage) {
		return nil, fmt.Errorf("there is no recogniser model for %q; name the folder with --models, or use --deaf to judge without words", language)
	}
	return r, err
}
