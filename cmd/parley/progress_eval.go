package main

import (
	"fmt"
	"maps"
	"slices"

	"parley/app"
	"parley/probe"
	"parley/trial"
)

// progressCasesCmd builds a labelled folder.
type progressCasesCmd struct {
	Out    string   `help:"Folder for the recordings and labels.tsv." required:"" type:"path"`
	Lang   []string `help:"Languages: en, zh." default:"en" enum:"en,zh"`
	Texts  string   `help:"Announcements to speak: tab-separated, columns text and class, perhaps language and split." type:"existingfile"`
	Speech []string `help:"Folder of people's speech: WAV, what they say in .txt files of the same name." type:"existingdir"`
	Seed   uint64   `help:"Seed of everything that is drawn." default:"1"`
}

// Help is the command's example.
func (progressCasesCmd) Help() string {
	return "Example: parley progress cases --out answers --lang en --texts paraphrases.tsv --speech recordings"
}

// Run builds the recordings.
func (c *progressCasesCmd) Run(t *terminal) error {
	n, err := trial.BuildAnswers(t.ctx, trial.AnswerOptions{
		Dir: c.Out, Languages: c.Lang, Texts: c.Texts, Speech: c.Speech, Seed: c.Seed, Engines: app.TrialVoices(),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d recordings in %s, seed %d\n", n, c.Out, c.Seed)
	return nil
}

// progressEvalCmd scores a labelled folder.
type progressEvalCmd struct {
	Dir    string `arg:"" help:"Folder with labels.tsv: file<TAB>class or answered_by<TAB>answered_at_ms." type:"existingdir"`
	Lang   string `help:"Language of the recordings." default:"en" enum:"en,zh"`
	Config string `help:"Configuration file." type:"path"`
	Models string `help:"Folder with the recogniser's models." type:"existingdir"`
	VAD    string `help:"Speech detector; live is what a call gets." name:"vad" enum:"live,builtin,model,both" default:"live"`
	Deaf   bool   `help:"Use no recogniser."`
	JSON   bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (progressEvalCmd) Help() string {
	return "Example: parley progress eval answers --lang en --models models"
}

// Run evaluates.
func (c *progressEvalCmd) Run(t *terminal) error {
	// The same options, detector and recogniser as for a single recording.
	file := progressFileCmd{Lang: c.Lang, Config: c.Config, Models: c.Models, VAD: c.VAD, Deaf: c.Deaf}
	o, err := file.options()
	if err != nil {
		return err
	}
	r, err := file.recognizer(o.Language)
	if err != nil {
		return err
	}
	all, err := probe.Eval(t.ctx, c.Dir, r, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, all)
	}
	for _, s := range all {
		fmt.Fprintf(t.out, "%s: %d of %d right, %d wrong reasons; people called machine %d of %d, machines called person %d of %d; decided after p50 %d ms, p95 %d ms, never %d; false tones %d\n\n| is | taken for |\n|---|---|\n",
			s.Origin, s.Right, s.Clips, s.WrongReason, s.PeopleMachines, s.People, s.MachinesPersons, s.Machines, s.DecidedP50, s.DecidedP95, s.Undecided, s.FalseTones)
		for _, want := range slices.Sorted(maps.Keys(s.Confusion)) {
			row := ""
			for _, given := range slices.Sorted(maps.Keys(s.Confusion[want])) {
				row += fmt.Sprintf(" %s %d,", given, s.Confusion[want][given])
			}
			fmt.Fprintf(t.out, "| %s |%s |\n", want, row[:len(row)-1])
		}
		fmt.Fprintln(t.out)
	}
	return nil
}
