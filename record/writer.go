package record

import (
	"context"
	"slices"
	"sync"
	"time"
)

// writer serves some of the recordings. It looks at their rings in turn, so
// that the beat has nobody to wake.
type writer struct {
	mu         sync.Mutex
	recordings []*recording
}

func (w *writer) add(r *recording) {
	r.writer = w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recordings = append(w.recordings, r)
}

func (w *writer) remove(r *recording) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recordings = slices.DeleteFunc(w.recordings, func(x *recording) bool { return x == r })
}

func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.recordings)
}

// run writes until ctx ends, and then once more what is there.
func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var turn []*recording
	for last := false; !last; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			last = true
		}
		w.mu.Lock()
		turn = append(turn[:0], w.recordings...)
		w.mu.Unlock()
		for _, r := range turn {
			r.write(last)
		}
		clear(turn) // closed recordings must not be kept alive
	}
}
