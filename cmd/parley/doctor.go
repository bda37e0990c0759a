package main

import "parley/app"

type doctorCmd struct {
	Config string `help:"Configuration file." type:"path"`
	Models string `help:"Folder with the recogniser's models." type:"path"`
}

// Help is the command's example.
func (doctorCmd) Help() string {
	return "Examines what a server would need: engines, models, ports, disk, database, trunks, clock.\n\n" +
		"Example: parley doctor --config parley.yaml"
}

// Run prints a line per check; it fails when one does.
func (c *doctorCmd) Run(t *terminal) error {
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	if c.Models != "" {
		config.ASR.Pocketsphinx.Models = c.Models
	}
	if !app.Doctor(t.ctx, t.out, config) {
		return errQuiet
	}
	return nil
}
