package beat

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
)

// The life of a member. Only compare-and-swap moves between them, so a tick
// and a leave that meet agree on who finishes.
const (
	idle    = iota
	running // tick is on the stack
	leaving // leave was called while tick was on the stack
	gone
)

// member is one joined function. Everything below gone belongs to the thread
// that runs it.
type member struct {
	tick  func(Tick)
	state atomic.Int32
	gone  chan struct{} // closed when a tick that leave waited for has returned

	started     bool
	first, last int64 // rotations of the first and the latest tick
}

func newMember(tick func(Tick)) *member {
	return &member{tick: tick, gone: make(chan struct{})}
}

// run calls the tick of one rotation, unless the member has left, and returns
// how many the member missed before it.
func (m *member) run(rotation int64, at time.Time, late time.Duration) (missed int) {
	if !m.state.CompareAndSwap(idle, running) {
		return 0
	}
	if !m.started {
		m.started, m.first, m.last = true, rotation, rotation-1
	}
	t := Tick{
		N:      rotation - m.first,
		At:     at,
		Late:   late,
		Missed: int(rotation - m.last - 1),
		Catch:  late >= media.Tick,
	}
	m.last = rotation
	m.tick(t)
	if !m.state.CompareAndSwap(running, idle) {
		m.state.Store(gone)
		close(m.gone)
	}
	return t.Missed
}

// leave makes sure that no tick runs once it has returned. tid is the OS
// thread that runs the ticks: a caller on that very thread is inside a tick,
// because a locked thread runs no other goroutine, and must not wait for it.
func (m *member) leave(tid int) {
	for {
		switch m.state.Load() {
		case idle:
			if m.state.CompareAndSwap(idle, gone) {
				return
			}
		case running:
			m.state.CompareAndSwap(running, leaving)
		case leaving:
			if unix.Gettid() != tid {
				<-m.gone
			}
			return
		case gone:
			return
		}
	}
}
