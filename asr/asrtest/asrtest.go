// Package asrtest is the conformance suite of package asr: every engine runs
// it in its own tests.
package asrtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/asr"
	"parley/media"
)

// Engine is what the suite needs to know about an engine.
type Engine struct {
	// Recognizer is running and has at least eight free places.
	Recognizer asr.Recognizer
	Config     asr.Config
	// Expectation and Sound: what is expected and what is said, in frames of
	// Config.Rate; Text is what the final of that must be.
	Expectation asr.Expectation
	Sound       []int16
	Text        string
	// Crash ends what the streams run on; nil where nothing can crash.
	Crash func()
}

const patience = 30 * time.Second

// Run runs the suite. Crash is tested last.
func Run(t *testing.T, e Engine) {
	t.Run("an utterance has one final", e.oneFinal)
	t.Run("finish without sound", e.emptyFinish)
	t.Run("many streams", e.many)
	t.Run("close", e.close)
	t.Run("close while writing", e.closeWhileWriting)
	t.Run("a cancelled open", e.cancelled)
	t.Run("an unknown language", e.language)
	if e.Crash != nil {
		t.Run("a crash", e.crash)
	}
}

func (e Engine) open(t *testing.T) asr.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := e.Recognizer.Open(ctx, e.Config)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// write writes the sound as frames from a time on and returns where it ends.
func (e Engine) write(t *testing.T, s asr.Stream, at time.Duration) time.Duration {
	t.Helper()
	n := e.Config.Rate.Samples()
	for pcm := e.Sound; len(pcm) >= n; pcm = pcm[n:] {
		if err := s.WriteFrame(media.Frame{At: at, Rate: e.Config.Rate, PCM: pcm[:n]}); err != nil {
			t.Fatalf("WriteFrame: %v", err)
		}
		at += media.Tick
	}
	return at
}

// final reads up to the next final, checking the partials on the way.
func final(t *testing.T, s asr.Stream) asr.Result {
	t.Helper()
	for {
		select {
		case r, ok := <-s.Results():
			if !ok {
				t.Fatalf("Results was closed before a final: %v", s.Err())
			}
			if r.Confidence < 0 || r.Confidence > 1 {
				t.Errorf("confidence %v is not between 0 and 1: %+v", r.Confidence, r)
			}
			if r.Final {
				return r
			}
			if r.Rejected {
				t.Errorf("a partial is marked rejected: %+v", r)
			}
		case <-time.After(patience):
			t.Fatal("no final came")
		}
	}
}

// ended waits for Results to be closed.
func ended(t *testing.T, s asr.Stream) {
	t.Helper()
	for {
		select {
		case _, ok := <-s.Results():
			if !ok {
				return
			}
		case <-time.After(patience):
			t.Fatal("Results was not closed")
		}
	}
}

func (e Engine) oneFinal(t *testing.T) {
	s := e.open(t)
	s.Expect(e.Expectation)
	begin := 3 * time.Second
	end := e.write(t, s, begin)
	s.Finish()
	s.Finish() // nothing was written in between: an empty one must follow
	got := final(t, s)
	if got.Text != e.Text {
		t.Errorf("text = %q, want %q", got.Text, e.Text)
	}
	if got.From < begin || got.To > end || got.From >= got.To {
		t.Errorf("heard from %s to %s, the sound lay from %s to %s", got.From, got.To, begin, end)
	}
	if empty := final(t, s); empty.Text != "" {
		t.Errorf("the second Finish without sound yields %q", empty.Text)
	}
	if s.Err() != nil {
		t.Errorf("Err of a living stream: %v", s.Err())
	}
}

func (e Engine) emptyFinish(t *testing.T) {
	s := e.open(t)
	for range 3 {
		s.Finish()
		if r := final(t, s); r.Text != "" || r.Rejected {
			t.Errorf("final = %+v, want an empty one", r)
		}
	}
	s.Expect(e.Expectation)
	s.Finish()
	if r := final(t, s); r.Text != "" || r.Rejected {
		t.Errorf("final = %+v, want an empty one", r)
	}
}

func (e Engine) many(t *testing.T) {
	const streams = 8
	all := make([]asr.Stream, streams)
	for i := range all {
		all[i] = e.open(t)
	}
	var wg sync.WaitGroup
	finals := make([]asr.Result, streams)
	for i, s := range all {
		s.Expect(e.Expectation)
		e.write(t, s, 0)
		s.Finish()
		wg.Go(func() {
			for r := range s.Results() {
				if r.Final {
					finals[i] = r
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("not every stream gave a final")
	}
	for _, s := range all {
		s.Close()
	}
	wg.Wait()
	for i, r := range finals {
		if r.Text != e.Text {
			t.Errorf("stream %d: text = %q, want %q", i, r.Text, e.Text)
		}
	}
}

func (e Engine) close(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for range 3 {
		s := e.open(t)
		s.Expect(e.Expectation)
		e.write(t, s, 0)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
		ended(t, s)
		if s.Err() != nil {
			t.Errorf("Err after Close: %v", s.Err())
		}
		if err := s.WriteFrame(media.Frame{Rate: e.Config.Rate, PCM: make([]int16, e.Config.Rate.Samples())}); err == nil {
			t.Error("WriteFrame after Close succeeds")
		}
		s.Expect(e.Expectation)
		s.Finish()
	}
	// A stream that nobody reads must end as well.
	s := e.open(t)
	for range 100 {
		s.Finish()
	}
	s.Close()
	ended(t, s)
	goleak.VerifyNone(t, before)
}

func (e Engine) closeWhileWriting(t *testing.T) {
	s := e.open(t)
	s.Expect(e.Expectation)
	writing := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		f := media.Frame{Rate: e.Config.Rate, PCM: make([]int16, e.Config.Rate.Samples())}
		for i := range 10_000_000 {
			f.At = time.Duration(i) * media.Tick
			if s.WriteFrame(f) != nil {
				return
			}
			if i == 10 {
				close(writing)
			}
		}
		t.Error("the writer never learns that the stream is closed")
	})
	<-writing
	for range 3 {
		wg.Go(func() { s.Close() })
	}
	wg.Wait()
	ended(t, s)
}

func (e Engine) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := e.Recognizer.Open(ctx, e.Config); err == nil {
		s.Close()
		t.Error("Open with a cancelled context succeeds")
	}
}

func (e Engine) language(t *testing.T) {
	cfg := e.Config
	cfg.Language = "tlh"
	if _, err := e.Recognizer.Open(t.Context(), cfg); !errors.Is(err, asr.ErrLanguage) {
		t.Errorf("Open: %v, want ErrLanguage", err)
	}
}

func (e Engine) crash(t *testing.T) {
	s := e.open(t)
	s.Expect(e.Expectation)
	e.write(t, s, 0)
	e.Crash()
	ended(t, s)
	if s.Err() == nil {
		t.Error("Err is nil after a crash")
	}
	again := e.open(t) // as soon as a new worker is there
	again.Expect(e.Expectation)
	e.write(t, again, 0)
	again.Finish()
	if r := final(t, again); r.Text != e.Text {
		t.Errorf("after a crash: text = %q, want %q", r.Text, e.Text)
	}
}
