package pocketsphinx

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"parley/asr"
	"parley/media"
	"parley/spoken"
)

// Local recognises in the calling process, in step with its caller: every
// result is there when the call that brought it about returns. It is for
// evaluations, where the time is the sound's and not the clock's; a server
// hands a C library's crashes to workers instead.
type Local struct{ handler *handler }

// NewLocal loads the library and the models.
func NewLocal(o Options) (*Local, error) {
	models, err := findModels(o.Models)
	if err != nil {
		return nil, err
	}
	var s settings
	for _, m := range models {
		s.Models = append(s.Models, m)
	}
	slices.SortFunc(s.Models, func(a, b Model) int { return strings.Compare(a.Language, b.Language) })
	config, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the recogniser's settings: %w", err)
	}
	h, err := newHandler(config, spoken.Grammar)
	if err != nil {
		return nil, err
	}
	return &Local{h}, nil
}

// Open returns a stream; a language without a model is asr.ErrLanguage. It may
// be called from many goroutines.
func (l *Local) Open(cfg asr.Config) (*Stepped, error) {
	first, err := json.Marshal(hello{Language: cfg.Language, Rate: cfg.Rate})
	if err != nil {
		return nil, fmt.Errorf("encode the first message: %w", err)
	}
	s := &Stepped{rate: cfg.Rate}
	opened, err := l.handler.Open(context.Background(), first, s.take)
	if err != nil {
		return nil, err
	}
	s.session = opened.(*session)
	return s, nil
}

// Stepped is a stream of a Local. It belongs to one goroutine.
type Stepped struct {
	session *session
	rate    media.Rate
	buf     []byte
	results []asr.Result
}

// take is where the session sends to.
func (s *Stepped) take(msg []byte) error {
	if len(msg) == 0 || msg[0] != msgResult {
		return nil // a note about phrases that cannot be heard
	}
	r, err := decodeResult(msg[1:])
	if err != nil {
		return err
	}
	s.results = append(s.results, r)
	return nil
}

// hand passes a message on and returns what it brought; the slice is the
// caller's until the next call.
func (s *Stepped) hand(msg []byte) ([]asr.Result, error) {
	s.results = s.results[:0]
	if err := s.session.Handle(msg); err != nil {
		return nil, fmt.Errorf("recognise: %w", err)
	}
	return s.results, nil
}

// Expect is Stream.Expect.
func (s *Stepped) Expect(e asr.Expectation) error {
	msg, err := withLetter(msgExpect, e)
	if err != nil {
		return err
	}
	_, err = s.hand(msg)
	return err
}

// Write takes a frame and returns the partials that it brought.
func (s *Stepped) Write(f media.Frame) ([]asr.Result, error) {
	if f.Rate != s.rate {
		return nil, fmt.Errorf("a frame at %d Hz on a recogniser stream at %d Hz", f.Rate, s.rate)
	}
	s.buf = appendSound(s.buf[:0], f)
	return s.hand(s.buf)
}

// Finish ends the utterance and returns its final.
func (s *Stepped) Finish() ([]asr.Result, error) { return s.hand([]byte{msgFinish}) }

// Close gives the decoders back.
func (s *Stepped) Close() error { return s.session.Close() }
