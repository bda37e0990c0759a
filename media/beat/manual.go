package beat

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
)

// Manual is a beat in virtual time: nothing happens until Step. The zero value
// is ready and starts at the moment of its first use.
type Manual struct {
	// Start is the virtual time before the first tick; set it before use.
	Start time.Time

	once     sync.Once
	stepping sync.Mutex // one Step at a time
	tid      atomic.Int64
	rotation atomic.Int64

	mu      sync.Mutex
	members []*member
}

var _ Beat = (*Manual)(nil)
var _ Beat = (*Wheel)(nil)

func (m *Manual) start() time.Time {
	m.once.Do(func() {
		if m.Start.IsZero() {
			m.Start = time.Now()
		}
	})
	return m.Start
}

// Now is the virtual time: inside a tick the tick's At, and the latest tick's
// At between steps.
func (m *Manual) Now() time.Time {
	return m.start().Add(time.Duration(m.rotation.Load()) * media.Tick)
}

// Join implements Beat.
func (m *Manual) Join(tick func(Tick)) func() {
	m.start()
	mem := newMember(tick)
	m.mu.Lock()
	m.members = append(m.members, mem)
	m.mu.Unlock()
	return func() {
		mem.leave(int(m.tid.Load()))
		m.mu.Lock()
		defer m.mu.Unlock()
		m.members = slices.DeleteFunc(m.members, func(x *member) bool { return x == mem })
	}
}

// Step runs n ticks in the caller's goroutine, each member once a tick in the
// order of joining. A tick must not call it.
func (m *Manual) Step(n int) {
	m.stepping.Lock()
	defer m.stepping.Unlock()
	runtime.LockOSThread() // lets leave see that it is called from inside a tick
	defer runtime.UnlockOSThread()
	m.tid.Store(int64(unix.Gettid()))
	defer m.tid.Store(0)
	for range n {
		rotation := m.rotation.Add(1)
		m.mu.Lock()
		members := slices.Clone(m.members)
		m.mu.Unlock()
		for _, mem := range members {
			mem.run(rotation, m.Now(), 0)
		}
	}
}

// Skip lets n ticks pass unrun, as a beat does that was held up.
func (m *Manual) Skip(n int) {
	m.stepping.Lock()
	defer m.stepping.Unlock()
	m.rotation.Add(int64(n))
}
