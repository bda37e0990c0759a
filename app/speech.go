package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"parley/asr"
	"parley/tts"
)

// Speech is the configured recogniser and voices without a server around them,
// for tools that hold no campaign.
type Speech struct {
	Recognizer asr.Recognizer
	Voices     tts.Prompter
	house      *house
}

// StartSpeech starts the engines' processes and waits until they are ready, 15 s
// at most. Whoever started it closes it.
func StartSpeech(ctx context.Context, c Config, log *slog.Logger) (_ *Speech, err error) {
	moreProcessors()
	h := newHouse()
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	e, err := newEngines(c, log)
	if err != nil {
		return nil, err
	}
	e.startIn(h)
	if err := await(ctx, 15*time.Second, e.ready); err != nil {
		return nil, err
	}
	return &Speech{Recognizer: e.recognizer, Voices: e.voices, house: h}, nil
}

// Close ends the processes.
func (s *Speech) Close() error { return s.house.stop() }
