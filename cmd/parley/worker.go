package main

import "parley/app"

// workerCmd is the child process that a server starts for speech work; it is
// of no use by hand.
type workerCmd struct {
	Kind string `arg:"" help:"What work: asr.pocketsphinx, tts.flite, …"`
}

// Run serves until the socket from the server closes.
func (c *workerCmd) Run(t *terminal) error { return app.Worker(t.ctx, c.Kind) }
