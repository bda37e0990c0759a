package tts

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"parley/media"
)

// MaxText bounds the text of one Speak, in bytes: about eight minutes.
const MaxText = 8 << 10

// ErrTooLong ends a stream whose text is longer than MaxText.
var ErrTooLong = errors.New("tts: the text is longer than 8 KiB; split it into several prompts")

// Engine is a Synthesizer over a Render: it splits the text into sentences,
// renders one after the other while the first is already heard, and estimates
// where each word lies.
type Engine struct {
	name   string
	check  func(Voice) (Voice, error)
	render Render
}

var _ Synthesizer = (*Engine)(nil)

// NewEngine returns an engine. check completes a voice with the engine's
// defaults or refuses it with an error that wraps ErrVoice.
func NewEngine(name string, check func(Voice) (Voice, error), render Render) *Engine {
	return &Engine{name: name, check: check, render: render}
}

// Name implements Synthesizer.
func (e *Engine) Name() string { return e.name }

// Speak implements Synthesizer.
func (e *Engine) Speak(ctx context.Context, voice Voice, text iter.Seq2[string, error]) (Stream, error) {
	voice, err := e.check(voice)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := newBuffer(cancel)
	go func() {
		defer cancel()
		s.end(e.speak(ctx, s, voice, text))
	}()
	return s, nil
}

func (e *Engine) speak(ctx context.Context, s *buffer, voice Voice, text iter.Seq2[string, error]) error {
	var split splitter
	var length int
	var pause time.Duration
	say := func(all []sentence) error {
		for _, sen := range all {
			if err := e.sentence(ctx, s, voice, sen, pause); err != nil {
				return err
			}
			pause = sen.pause
		}
		return nil
	}
	for piece, err := range text {
		if err != nil {
			return fmt.Errorf("the text to speak broke off: %w", err)
		}
		if length += len(piece); length > MaxText {
			return ErrTooLong
		}
		if err := say(split.add(piece)); err != nil {
			return err
		}
	}
	return say(split.flush())
}

func (e *Engine) sentence(ctx context.Context, s *buffer, voice Voice, sen sentence, pause time.Duration) error {
	clean := Clean(sen.text)
	pcm, err := e.render(ctx, voice, clean)
	if err != nil {
		return fmt.Errorf("speak with %s: %w", e.name, err)
	}
	if len(pcm) == 0 {
		return nil
	}
	begin := s.length() + pause
	if s.length() == 0 {
		begin, pause = 0, 0
	}
	end := begin + media.Rate8k.Duration(len(pcm))
	from, to := begin, end
	if end-begin > Lead+Tail { // mastered: the sound lies between
		from, to = begin+Lead, end-Tail
	}
	gap := make([]int16, media.Rate8k.Count(pause), media.Rate8k.Count(pause)+len(pcm))
	return s.write(ctx, append(gap, pcm...), Estimate(sen.text, sen.start, from, to))
}
