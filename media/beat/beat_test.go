package beat

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"parley/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestManualTicksInVirtualTime(t *testing.T) {
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	m := &Manual{Start: start}
	var got []Tick
	leave := m.Join(func(t Tick) { got = append(got, t) })
	m.Step(2)
	m.Skip(3)
	m.Step(1)
	leave()
	leave()
	m.Step(5)
	want := []Tick{
		{N: 0, At: start.Add(media.Tick)},
		{N: 1, At: start.Add(2 * media.Tick)},
		{N: 5, At: start.Add(6 * media.Tick), Missed: 3},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if now := m.Now(); !now.Equal(start.Add(11 * media.Tick)) {
		t.Errorf("Now = %v", now)
	}
}

func TestManualStartsAtTheBubblesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Manual
		began := time.Now()
		var at time.Time
		defer m.Join(func(t Tick) { at = t.At })()
		m.Step(1)
		if got := at.Sub(began); got != media.Tick {
			t.Errorf("first tick after %v", got)
		}
	})
}

func TestLeaveFromInsideTheTick(t *testing.T) {
	var m Manual
	var n, other int
	var leave, leaveOther func()
	leave = m.Join(func(Tick) {
		n++
		leaveOther() // another member of the same thread: not running, so gone at once
		leave()
		leave()
	})
	leaveOther = m.Join(func(Tick) { other++ })
	m.Step(3)
	if n != 1 || other != 0 {
		t.Errorf("ticks: own %d, other %d; want 1 and 0", n, other)
	}
}

func TestLeaveWaitsForTheRunningTick(t *testing.T) {
	var m Manual
	inside, goOn, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	leave := m.Join(func(Tick) {
		close(inside)
		<-goOn
		finished.Store(true)
	})
	var all sync.WaitGroup
	all.Go(func() { m.Step(1) })
	<-inside
	all.Go(func() {
		leave()
		if !finished.Load() {
			t.Error("leave returned while the tick was running")
		}
		close(left)
	})
	select {
	case <-left:
		t.Error("leave did not wait")
	default:
	}
	close(goOn)
	all.Wait()
}

// TestWheelMembership joins and leaves from many goroutines while the wheel
// turns: after leave no tick may ever be seen.
func TestWheelMembership(t *testing.T) {
	w := New(Options{Threads: 2})
	ctx, cancel := context.WithCancel(t.Context())
	var run, callers sync.WaitGroup
	run.Go(func() {
		if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	for range 16 {
		callers.Go(func() {
			for range 3 {
				ticked := make(chan Tick, 64)
				var left atomic.Bool
				leave := w.Join(func(tick Tick) {
					if left.Load() {
						t.Error("a tick after leave")
					}
					select {
					case ticked <- tick:
					default:
					}
				})
				if first := <-ticked; first.N != 0 || first.Missed != 0 {
					t.Errorf("first tick %+v", first)
				}
				leave()
				left.Store(true)
			}
		})
	}
	callers.Wait()
	if n := w.Members(); n != 0 {
		t.Errorf("%d members left", n)
	}
	if w.Lateness().Ticks == 0 {
		t.Error("no lateness was counted")
	}
	cancel()
	run.Wait()
	if err := w.Run(t.Context()); err == nil {
		t.Error("a second Run was accepted")
	}
}

func TestJoinSpreadsEvenly(t *testing.T) {
	w := New(Options{Threads: 2})
	per := func() (all [2][slots]int) {
		for i, th := range w.threads {
			for s := range slots {
				all[i][s] = len(th.members(s))
			}
		}
		return all
	}
	level := func(n int) (all [slots]int) {
		for s := range all {
			all[s] = n
		}
		return all
	}
	var leave []func()
	join := func(n int) {
		for range n {
			leave = append(leave, w.Join(func(Tick) {}))
		}
	}
	join(3 * slots) // one thread is enough for these
	if d := cmp.Diff([2][slots]int{level(3), level(0)}, per()); d != "" {
		t.Error(d)
	}
	join(2*fill*slots - 3*slots)
	if d := cmp.Diff([2][slots]int{level(fill), level(fill)}, per()); d != "" {
		t.Error(d)
	}
	leave[0]() // of the first thread
	join(1)
	if d := cmp.Diff([2][slots]int{level(fill), level(fill)}, per()); d != "" {
		t.Error(d)
	}
}

func TestLatenessQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.SliceOfN(rapid.Int64Range(0, 5_000_000), 1, 200).Draw(t, "us")
		var r recorder
		for _, u := range us {
			r.add(time.Duration(u) * time.Microsecond)
		}
		var l Lateness
		r.addTo(&l)
		q := rapid.SampledFrom([]float64{0.5, 0.99, 1}).Draw(t, "q")
		got := l.Quantile(q)
		var within int
		for _, u := range us {
			if time.Duration(u)*time.Microsecond <= got {
				within++
			}
		}
		if float64(within) < float64(int(q*float64(len(us)))) {
			t.Fatalf("q%.2f = %v covers %d of %d", q, got, within, len(us))
		}
		if got > l.Max {
			t.Fatalf("q%.2f = %v above the greatest %v", q, got, l.Max)
		}
		if rest := l.Sub(l); rest.Ticks != 0 || rest.Quantile(0.5) != 0 {
			t.Fatalf("a histogram less itself is %+v", rest)
		}
	})
}

func TestBucketBorders(t *testing.T) {
	for i := range buckets - 1 {
		if lo, hi := bucket(upper(i)-time.Microsecond), bucket(upper(i)); lo != i || hi != i+1 {
			t.Fatalf("bucket %d ends at %v, but its last value falls into %d and the next into %d", i, upper(i), lo, hi)
		}
	}
}

func BenchmarkManualTick(b *testing.B) {
	var m Manual
	var n int
	defer m.Join(func(Tick) { n++ })()
	b.ReportAllocs()
	for b.Loop() {
		m.Step(1)
	}
}
