package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"parley/asr"
)

// Hearing is the configured recogniser alone, for tools that only listen.
type Hearing struct {
	Recognizer asr.Recognizer
	// Languages are those with a model.
	Languages []string
	house     *house
}

// StartRecognizer starts the recogniser's processes and waits until they are
// ready, 15 s at most. Whoever started it closes it.
func StartRecognizer(ctx context.Context, c Config, log *slog.Logger) (_ *Hearing, err error) {
	moreProcessors()
	h := newHouse()
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	r, err := newRecognizer(c, log)
	if err != nil {
		return nil, err
	}
	h.start(component{"recogniser", r.Run})
	if err := await(ctx, 15*time.Second, r.Ready); err != nil {
		return nil, err
	}
	return &Hearing{Recognizer: r, Languages: r.Languages(), house: h}, nil
}

// Close ends the processes.
func (h *Hearing) Close() error { return h.house.stop() }
