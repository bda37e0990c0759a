package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// component is a part that runs until its context ends.
type component struct {
	name string
	run  func(context.Context) error
}

// house runs components and stops them in the reverse order of their start,
// each after the ones that need it.
type house struct {
	mu     sync.Mutex
	stops  []stop
	failed chan error
}

type stop struct {
	name string
	do   func() error
}

func newHouse() *house { return &house{failed: make(chan error, 1)} }

// start runs a component in its own goroutine. If it ends before it is told
// to, the house has failed.
func (h *house) start(c component) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := c.run(ctx)
		if ctx.Err() == nil {
			if err == nil {
				err = errors.New("ended by itself")
			}
			h.fail(fmt.Errorf("%s: %w", c.name, err))
		}
		done <- err
	}()
	h.onStop(c.name, func() error {
		cancel()
		err := <-done
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	})
}

// once runs what ends by itself in its own goroutine, until then or the stop.
func (h *house) once(name string, do func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); do(ctx) }()
	h.onStop(name, func() error { cancel(); <-done; return nil })
}

func (h *house) fail(err error) {
	select {
	case h.failed <- err:
	default: // the first failure is the cause
	}
}

// onStop adds a cleanup; the last added runs first.
func (h *house) onStop(name string, do func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stops = append(h.stops, stop{name, do})
}

// stop runs all cleanups and returns what they had to say.
func (h *house) stop() error {
	h.mu.Lock()
	all := h.stops
	h.stops = nil
	h.mu.Unlock()
	var problems []error
	for _, s := range slices.Backward(all) {
		if err := s.do(); err != nil {
			problems = append(problems, fmt.Errorf("stop %s: %w", s.name, err))
		}
	}
	return errors.Join(problems...)
}

// await polls a condition that has no signal of its own, within a bound.
func await(ctx context.Context, limit time.Duration, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-poll.C:
		}
	}
}
