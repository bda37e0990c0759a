//go:build !race

package beat

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/media"
)

// TestWheelKeepsTime checks the count of ticks against the clock, with bounds
// that a busy machine keeps too: time is exact even when ticks are late.
func TestWheelKeepsTime(t *testing.T) {
	w := New(Options{})
	var last atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan time.Time, 1)
	w.Join(func(tick Tick) {
		if tick.N == 0 {
			first <- tick.At
		}
		last.Store(tick.N)
		if tick.N >= 50 {
			cancel()
		}
	})
	_ = w.Run(ctx)
	if took := time.Since(<-first); took < 50*media.Tick {
		t.Errorf("50 ticks took only %v", took)
	}
	l := w.Lateness()
	t.Logf("lateness p50 %v p99 %v max %v, missed %d, real time %v", l.Quantile(0.5), l.Quantile(0.99), l.Max, l.Missed, w.Realtime())
}

// TestLateWheel holds a thread up for ten ticks with a slow member: at most
// catchUp overdue ticks run, the rest is marked missed, and time stays exact.
func TestLateWheel(t *testing.T) {
	w := New(Options{Threads: 1})
	ctx, cancel := context.WithCancel(t.Context())
	var ticks []Tick
	w.Join(func(tick Tick) {
		ticks = append(ticks, tick)
		if len(ticks) == 3 {
			for began := time.Now(); time.Since(began) < 10*media.Tick; { //nolint:revive // the hold-up itself
			}
		}
		if len(ticks) == 12 {
			cancel()
		}
	})
	_ = w.Run(ctx)
	var missed, catching int
	for i, tick := range ticks {
		if want := ticks[0].At.Add(time.Duration(tick.N) * media.Tick); !tick.At.Equal(want) {
			t.Errorf("tick %d: At %v, want %v", i, tick.At, want)
		}
		if i > 0 && tick.N != ticks[i-1].N+1+int64(tick.Missed) {
			t.Errorf("tick %d: N %d after %d with %d missed", i, tick.N, ticks[i-1].N, tick.Missed)
		}
		missed += tick.Missed
		if catching++; !tick.Catch {
			catching = 0
		}
		if catching > catchUp {
			t.Errorf("tick %d is the %dth caught up in a row", i, catching)
		}
	}
	if missed < 5 {
		t.Errorf("%d ticks missed, want most of ten", missed)
	}
	if got := w.Lateness().Missed; got != uint64(missed) {
		t.Errorf("Lateness.Missed = %d, members saw %d", got, missed)
	}
}
