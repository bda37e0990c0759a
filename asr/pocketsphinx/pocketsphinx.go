// Package pocketsphinx is the embedded recogniser: CMU PocketSphinx with one
// grammar per dialog state, compiled from what that state expects, and a
// second decoder that notices when something else was said. The C library runs
// in worker processes; a crash there ends the streams of one worker.
//
// Free dictation is beyond it: an utterance is either one of the expected
// phrases or rejected.
package pocketsphinx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"parley/asr"
	"parley/worker"
)

// Kind is the name of the worker, `parley worker asr.pocketsphinx`.
const Kind = "asr.pocketsphinx"

// Options configure New. The zero value uses Debian's English model.
type Options struct {
	// Models is a folder with en-8k and zh-8k; empty means Debian's
	// pocketsphinx-en-us alone.
	Models string
	// Worker says how the processes run. Kind and Settings are set by New;
	// Memory is 1 GiB unless set.
	Worker worker.Options
	// Log gets notes about phrases that cannot be recognised, without them.
	Log *slog.Logger
}

// Recognizer implements asr.Recognizer. It owns its workers: Run must be
// running for Open to succeed.
type Recognizer struct {
	pool      *worker.Pool
	languages []string
	log       *slog.Logger
}

// New finds the models and prepares the workers without starting them.
func New(o Options) (*Recognizer, error) {
	models, err := findModels(o.Models)
	if err != nil {
		return nil, err
	}
	languages := slices.Sorted(maps.Keys(models))
	var s settings
	for _, l := range languages {
		s.Models = append(s.Models, models[l])
	}
	w := o.Worker
	w.Kind = Kind
	if w.Settings, err = json.Marshal(s); err != nil {
		return nil, fmt.Errorf("encode the recogniser's settings: %w", err)
	}
	if w.Memory == 0 {
		w.Memory = 1 << 30 // dictionaries 60 MiB, a stream 5 to 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if w.Log == nil {
		w.Log = o.Log
	}
	return &Recognizer{pool: worker.NewPool(w), languages: languages, log: o.Log}, nil
}

// Run runs the worker processes until ctx is done and the last has ended.
func (r *Recognizer) Run(ctx context.Context) error { return r.pool.Run(ctx) }

// Ready is nil when streams can be opened; else it says why not.
func (r *Recognizer) Ready() error { return r.pool.Ready() }

// Stats are the workers' figures.
func (r *Recognizer) Stats() worker.Stats { return r.pool.Stats() }

// Languages are those that have a model.
func (r *Recognizer) Languages() []string { return slices.Clone(r.languages) }

// Name implements asr.Recognizer.
func (r *Recognizer) Name() string { return "pocketsphinx" }

// Open implements asr.Recognizer. It waits for a place on a worker as long as
// ctx allows, then returns asr.ErrBusy; a language without a model is
// asr.ErrLanguage.
func (r *Recognizer) Open(ctx context.Context, cfg asr.Config) (asr.Stream, error) {
	if !slices.Contains(r.languages, cfg.Language) {
		return nil, asr.ErrLanguage
	}
	first, err := json.Marshal(hello{Language: cfg.Language, Rate: cfg.Rate})
	if err != nil {
		return nil, fmt.Errorf("encode the first message: %w", err)
	}
	remote, err := r.pool.Open(ctx, first)
	if errors.Is(err, worker.ErrBusy) {
		return nil, asr.ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("open a recogniser stream: %w", err)
	}
	return newStream(remote, cfg.Rate, r.log.With("tenant", cfg.Tenant, "call", cfg.Call)), nil
}

// Check says in one sentence what is missing on this machine and how to get
// it, or nil. It loads the library into the calling process.
func Check(o Options) error {
	if _, err := load(); err != nil {
		return err
	}
	_, err := findModels(o.Models)
	return err
}
