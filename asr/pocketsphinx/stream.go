package pocketsphinx

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"parley/asr"
	"parley/media"
	"parley/worker"
)

// stream implements asr.Stream in the server. The writer's side belongs to one
// goroutine; a second one carries results from the worker.
type stream struct {
	remote  *worker.Stream
	rate    media.Rate
	log     *slog.Logger
	buf     []byte // of the writer
	results chan asr.Result
	closed  chan struct{}
	dropped atomic.Uint64

	mu   sync.Mutex
	shut bool
	err  error
}

// partials is how many results may wait for a slow reader before partials are
// dropped; finals always wait.
const partials = 32

func newStream(remote *worker.Stream, rate media.Rate, log *slog.Logger) *stream {
	s := &stream{
		remote: remote, rate: rate, log: log,
		results: make(chan asr.Result, partials), closed: make(chan struct{}),
	}
	go s.receive()
	return s
}

// WriteFrame implements media.Sink. A frame that the worker has no room for is
// dropped and counted; the recogniser hears a gap.
func (s *stream) WriteFrame(f media.Frame) error {
	if f.Rate != s.rate {
		return fmt.Errorf("a frame at %d Hz on a recogniser stream at %d Hz", f.Rate, s.rate)
	}
	s.buf = appendSound(s.buf[:0], f)
	err := s.remote.Send(s.buf)
	if errors.Is(err, worker.ErrFull) {
		s.dropped.Add(1)
		return nil
	}
	return s.gone(err)
}

func (s *stream) Expect(e asr.Expectation) {
	msg, err := withLetter(msgExpect, e)
	if err != nil {
		s.fail(err)
		return
	}
	s.control(msg)
}

func (s *stream) Finish() { s.control([]byte{msgFinish}) }

// control sends what must not be lost; where that is impossible the stream is
// of no use any more.
func (s *stream) control(msg []byte) {
	if err := s.remote.SendControl(msg); err != nil && !errors.Is(err, worker.ErrGone) {
		s.fail(fmt.Errorf("the recogniser is too far behind: %w", err))
	}
}

func (s *stream) Results() <-chan asr.Result { return s.results }

func (s *stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *stream) Close() error {
	s.mu.Lock()
	first := !s.shut
	s.shut = true
	s.mu.Unlock()
	if first {
		close(s.closed)
		if n := s.dropped.Load(); n > 0 {
			s.log.Warn("recogniser stream dropped frames", "frames", n)
		}
	}
	return s.remote.Close()
}

// fail ends the stream with an error of our own.
func (s *stream) fail(err error) {
	s.mu.Lock()
	if s.err == nil && !s.shut {
		s.err = err
	}
	s.mu.Unlock()
	s.remote.Close()
}

// gone explains to a writer why nothing can be written any more.
func (s *stream) gone(err error) error {
	if err == nil {
		return nil
	}
	if own := s.Err(); own != nil {
		return own
	}
	return fmt.Errorf("write to the recogniser: %w", err)
}

// receive carries results until the worker's side has ended.
func (s *stream) receive() {
	defer close(s.results)
	for msg := range s.remote.Recv() {
		if len(msg) == 0 {
			continue
		}
		switch msg[0] {
		case msgNote:
			s.log.Warn("recogniser", "note", string(msg[1:]))
		case msgResult:
			r, err := decodeResult(msg[1:])
			if err != nil {
				s.fail(err)
				return
			}
			s.pass(r)
		}
	}
	if err := s.remote.Err(); err != nil {
		s.fail(fmt.Errorf("the recogniser's worker failed: %w", err))
	}
}

// pass hands a result to the reader: a partial only if there is room, a final
// in any case while the stream is open.
func (s *stream) pass(r asr.Result) {
	if !r.Final {
		select {
		case s.results <- r:
		default:
		}
		return
	}
	select {
	case s.results <- r:
	case <-s.closed:
	}
}
