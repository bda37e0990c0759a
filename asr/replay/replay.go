// Package replay is a recogniser that hears what a script says: for tests,
// rehearsals of flows, and replays of recorded conversations. It ignores the
// sound but keeps every promise of package asr.
package replay

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"parley/asr"
	"parley/media"
)

// Utterance is what one utterance will have said.
type Utterance struct {
	// Text of the final; empty means that nothing was understood.
	Text string
	// Rejected: something was said that was not expected.
	Rejected bool
	// Confidence of an accepted final; 0 means 1.
	Confidence float64
	// Partials come while the utterance lasts, in the order of After.
	Partials []Partial
}

// Partial is an intermediate result.
type Partial struct {
	// After is how much sound of the utterance must have been written.
	After  time.Duration
	Text   string
	Stable bool
}

// Recognizer implements asr.Recognizer.
type Recognizer struct {
	script func(asr.Config) []Utterance

	mu       sync.Mutex
	expected []asr.Expectation
}

// New returns a recogniser whose every stream hears the same script: the n-th
// utterance, that is frames and then Finish, yields the n-th entry. After the
// last entry, and for a Finish without frames, the final is empty.
func New(script ...Utterance) *Recognizer {
	return NewFunc(func(asr.Config) []Utterance { return script })
}

// NewFunc is New with a script for each stream.
func NewFunc(script func(asr.Config) []Utterance) *Recognizer {
	return &Recognizer{script: script}
}

// Name implements asr.Recognizer.
func (r *Recognizer) Name() string { return "replay" }

// Expected is every Expectation that any stream was given, in order.
func (r *Recognizer) Expected() []asr.Expectation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.expected)
}

// Open implements asr.Recognizer; it knows English and Chinese.
func (r *Recognizer) Open(ctx context.Context, cfg asr.Config) (asr.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Language != "en" && cfg.Language != "zh" {
		return nil, asr.ErrLanguage
	}
	s := &stream{
		owner: r, rest: r.script(cfg),
		wake: make(chan struct{}, 1), results: make(chan asr.Result), closed: make(chan struct{}),
	}
	go s.deliver()
	return s, nil
}

// maxQueue bounds what waits for a reader; partials beyond it are dropped.
const maxQueue = 1024

var errClosed = errors.New("replay: the stream is closed")

type stream struct {
	owner   *Recognizer
	wake    chan struct{} // one slot
	results chan asr.Result
	closed  chan struct{}

	mu       sync.Mutex
	rest     []Utterance
	speaking bool
	from, to time.Duration
	partials int // of this utterance, delivered
	queue    []asr.Result
	shut     bool
}

func (s *stream) WriteFrame(f media.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return errClosed
	}
	if !s.speaking {
		s.speaking, s.from, s.partials = true, f.At, 0
	}
	s.to = f.At + f.Rate.Duration(len(f.PCM))
	if len(s.rest) == 0 {
		return nil
	}
	for _, p := range s.rest[0].Partials[s.partials:] {
		if s.to-s.from < p.After {
			break
		}
		s.partials++
		if len(s.queue) < maxQueue {
			s.push(asr.Result{Text: p.Text, Stable: p.Stable, Confidence: 1, From: s.from, To: s.to})
		}
	}
	return nil
}

func (s *stream) Expect(e asr.Expectation) {
	s.owner.mu.Lock()
	defer s.owner.mu.Unlock()
	s.owner.expected = append(s.owner.expected, e)
}

func (s *stream) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return
	}
	r := asr.Result{Final: true}
	if s.speaking && len(s.rest) > 0 {
		u := s.rest[0]
		s.rest = s.rest[1:]
		r.Text, r.Rejected, r.Confidence = u.Text, u.Rejected, u.Confidence
		if u.Text != "" && u.Confidence == 0 {
			r.Confidence = 1
		}
		r.From, r.To = s.from, s.to
	}
	s.speaking = false
	s.push(r)
}

// push queues a result; the lock is held.
func (s *stream) push(r asr.Result) {
	s.queue = append(s.queue, r)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stream) pop() (asr.Result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return asr.Result{}, false
	}
	r := s.queue[0]
	s.queue = s.queue[1:]
	return r, true
}

// deliver is the only sender on results.
func (s *stream) deliver() {
	defer close(s.results)
	for {
		r, ok := s.pop()
		if !ok {
			select {
			case <-s.wake:
				continue
			case <-s.closed:
				return
			}
		}
		select {
		case s.results <- r:
		case <-s.closed:
			return
		}
	}
}

func (s *stream) Results() <-chan asr.Result { return s.results }

func (s *stream) Err() error { return nil }

func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shut {
		s.shut = true
		close(s.closed)
	}
	return nil
}
