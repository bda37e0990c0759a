package main

import (
	"fmt"
	"log/slog"
	"os"

	"parley/app"
	"parley/sim"
)

type simCmd struct {
	Listen   string `help:"SIP address, HOST:PORT." default:"127.0.0.1:5070"`
	Personas string `help:"Folder with customers; the built-in ones by default." type:"path"`
	NoMedia  bool   `help:"Answer and count without sound; every number is answered."`
	Log      string `help:"File that gets every INVITE and what followed, as JSON lines." type:"path"`
	Models   string `help:"Folder with the recogniser's models." type:"path"`
}

// Help is the command's example.
func (simCmd) Help() string {
	return "A telephone carrier and its customers, to try a server or an integration against:\n" +
		"real SIP, real RTP, real speech. Each customer is a YAML file.\n\n" +
		"Example: parley sim --listen 127.0.0.1:5070 --log carrier.jsonl"
}

// Run prints a line per call until it is told to stop.
func (c *simCmd) Run(t *terminal) error {
	config := app.Defaults()
	config.ASR.Pocketsphinx.Models = c.Models
	carrier := app.Carrier{
		Listen: c.Listen, Personas: c.Personas, NoMedia: c.NoMedia,
		Ready: func(address string) { fmt.Fprintf(t.err, "the simulated carrier listens on %s\n", address) },
		Ended: func(e sim.Ended) {
			fmt.Fprintf(t.out, "%s %s %d %.1fs %s\n", e.Number, e.Attempt, e.Code, e.Talk.Seconds(), e.By)
		},
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.Log != "" {
		f, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		defer f.Close()
		carrier.Witness = f
	}
	return carrier.Run(t.ctx, config)
}
