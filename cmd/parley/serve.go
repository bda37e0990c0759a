package main

import (
	"errors"
	"log/slog"

	"parley/app"
)

type serveCmd struct {
	Config string `help:"Configuration file; docs/parley.sample.yaml explains every field." type:"path"`
	Data   string `help:"Folder of database, journal and recordings; overrides the configuration." type:"path"`
}

// Help is the command's example.
func (serveCmd) Help() string {
	return "Runs the server until it is told to stop: the first SIGINT or SIGTERM lets talks end,\n" +
		"a second one ends at once. Exit 1 when talks had to be hung up.\n\n" +
		"Example: parley serve --config parley.yaml"
}

// Run serves until the terminal's context ends.
func (c *serveCmd) Run(t *terminal) error {
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	if c.Data != "" {
		config.Data = c.Data
	}
	server, err := app.Start(t.ctx, config, app.ServeOptions{Version: version, Notices: t.err, Log: logger(t, config)})
	if err != nil {
		return err
	}
	err = server.Wait(t.ctx)
	t.release() // from here a second signal kills
	return errors.Join(err, server.Stop())
}

// logger writes the log as the configuration says.
func logger(t *terminal, c app.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo // the configuration was checked
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(t.err, o))
	}
	return slog.New(slog.NewTextHandler(t.err, o))
}
