package main

import (
	"errors"
	"fmt"
	"log/slog"

	"parley/app"
	"parley/call"
)

type benchTalkCmd struct {
	Lang    string `help:"Language of the customers." enum:"en,zh" default:"en"`
	Calls   int    `help:"How many calls, one after the other." default:"6"`
	Models  string `help:"Folder with the recogniser's models." type:"path"`
	Config  string `help:"Configuration file." type:"path"`
	Patient bool   `help:"Without the early start of understanding, to see what it gains."`
	JSON    bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (benchTalkCmd) Help() string {
	return "Calls the talking customers of the built-in carrier over real SIP and RTP and measures how long they wait for\n" +
		"an answer and how soon the bot yields. Every second customer talks over the bot. A call takes about half a minute.\n\n" +
		"Example: parley bench talk --lang zh --calls 10 --models ../shared/models/pocketsphinx"
}

// Run holds the calls.
func (c *benchTalkCmd) Run(t *terminal) error {
	if c.Calls < 1 || c.Calls > 200 {
		return usageError{errors.New("--calls is 1 to 200")}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	if c.Models != "" {
		config.ASR.Pocketsphinx.Models = c.Models
	}
	talk := app.Talk{
		Language: c.Lang, Calls: c.Calls, Patient: c.Patient, Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !c.JSON {
		talk.Done = func(persona string, r call.Report) {
			fmt.Fprintf(t.out, "%-24s %-18s %d barge-ins, answers %d/%d ms\n", persona, r.Disposition, r.BargeIns, r.Latency.ResponseP50, r.Latency.ResponseP95)
		}
	}
	r, err := talk.Run(t.ctx, config)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	fmt.Fprintln(t.out)
	r.Table(t.out)
	return nil
}
