package beat

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
)

const (
	// slots spread the members of a thread over the tick, so that they do not
	// all send in the same instant.
	slots      = 20
	slotLength = media.Tick / slots
	// catchUp is how many overdue ticks are still run after a delay; the rest
	// is missed. Sending more would only fill the far side's jitter buffer.
	catchUp = 2
)

// Options of a Wheel; the zero value is usable.
type Options struct {
	// Threads is how many OS threads share the members; 0 for one to each two
	// cores, and two on a machine that has no more.
	Threads int
	// Log is told once a thread whether it runs in real time; nil for silence.
	Log *slog.Logger
}

// Wheel is the beat of a running server. Each thread is locked to its
// goroutine, wakes by clock_nanosleep at an absolute time, and is scheduled
// SCHED_FIFO where the system allows it.
//
// A thread that wakes needs one of the runtime's processors: keep GOMAXPROCS
// well above the number of goroutines that compute.
type Wheel struct {
	threads []*thread
	log     *slog.Logger

	mu  sync.Mutex // guards membership, never taken by a tick
	ran bool
}

// thread owns one locked OS thread and one turn of slots. Membership is
// replaced, not edited, so the thread reads it without a lock.
type thread struct {
	slots    [slots]atomic.Pointer[[]*member]
	tid      atomic.Int64
	realtime atomic.Bool
	lateness recorder
}

// New makes a wheel. Members may join before Run.
func New(o Options) *Wheel {
	if o.Threads <= 0 {
		o.Threads = min(runtime.NumCPU(), max(2, runtime.NumCPU()/2))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &Wheel{log: o.Log}
	for range o.Threads {
		w.threads = append(w.threads, &thread{})
	}
	return w
}

// Run keeps the beat until ctx ends and returns after the last tick. It may be
// called once.
func (w *Wheel) Run(ctx context.Context) error {
	w.mu.Lock()
	again := w.ran
	w.ran = true
	w.mu.Unlock()
	if again {
		return errors.New("beat: a wheel runs once")
	}
	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	base := time.Now()
	var all sync.WaitGroup
	for _, t := range w.threads {
		all.Go(func() { t.run(base, &stop, w.log) })
	}
	all.Wait()
	return ctx.Err()
}

// Join implements Beat: the new member takes the emptiest slot.
func (w *Wheel) Join(tick func(Tick)) func() {
	m := newMember(tick)
	w.mu.Lock()
	t, slot := w.emptiest()
	t.edit(slot, func(ms []*member) []*member { return append(ms, m) })
	w.mu.Unlock()

	return func() {
		m.leave(int(t.tid.Load()))
		w.mu.Lock()
		defer w.mu.Unlock()
		t.edit(slot, func(ms []*member) []*member {
			return slices.DeleteFunc(ms, func(x *member) bool { return x == m })
		})
	}
}

// fill is how many members each slot of a thread gets before the next thread
// gets any: a thread that has members wakes for them, at the same cost for one
// as for several.
const fill = 8

// emptiest goes round the slots with stride 7, which is prime to 20, so that
// even a few members lie far apart.
func (w *Wheel) emptiest() (*thread, int) {
	var best *thread
	var slot, least int
	for _, t := range w.threads {
		for i := range slots {
			s := i * 7 % slots
			if n := len(t.members(s)); best == nil || n/fill < least/fill || n < least && t == best {
				best, slot, least = t, s, n
			}
		}
	}
	return best, slot
}

func (t *thread) members(slot int) []*member {
	if p := t.slots[slot].Load(); p != nil {
		return *p
	}
	return nil
}

// edit replaces one slot's members by an edited copy; the wheel's lock is held.
func (t *thread) edit(slot int, change func([]*member) []*member) {
	old := t.members(slot)
	changed := change(append(make([]*member, 0, len(old)+1), old...))
	t.slots[slot].Store(&changed)
}

// Realtime reports whether every thread runs under SCHED_FIFO; valid once Run
// has started its threads. Without it other processes may delay the beat.
func (w *Wheel) Realtime() bool {
	for _, t := range w.threads {
		if !t.realtime.Load() {
			return false
		}
	}
	return true
}

// Lateness sums the figures of all threads since the start.
func (w *Wheel) Lateness() Lateness {
	var l Lateness
	for _, t := range w.threads {
		t.lateness.addTo(&l)
	}
	return l
}

// CPU is the processor time that the threads of the beat have used; 0 where
// the system does not tell.
func (w *Wheel) CPU() time.Duration {
	var sum time.Duration
	for _, t := range w.threads {
		sum += t.cpu()
	}
	return sum
}

// Members is how many have joined and not left.
func (w *Wheel) Members() int {
	var n int
	for _, t := range w.threads {
		for s := range slots {
			n += len(t.members(s))
		}
	}
	return n
}
