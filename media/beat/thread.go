package beat

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
)

// fifoPriority is low among real-time threads: above every ordinary program,
// below the kernel's own.
const fifoPriority = 10

// run turns the wheel until told to stop. The goroutine stays locked when it
// ends, so that the runtime throws the real-time thread away.
func (t *thread) run(base time.Time, stop *atomic.Bool, log *slog.Logger) {
	runtime.LockOSThread()
	t.tid.Store(int64(unix.Gettid()))
	if err := realtime(); err != nil {
		log.Warn("the beat runs at ordinary priority; grant CAP_SYS_NICE or an rtprio limit for steady sound under load", "error", err)
	} else {
		t.realtime.Store(true)
	}
	clock := newClock(base)
	for k := int64(0); !stop.Load(); k++ {
		k = t.occupied(k)
		due := time.Duration(k) * slotLength
		clock.sleepUntil(due)

		if missed := int64((clock.now()-due)/media.Tick) - catchUp; missed > 0 {
			k += missed * slots
			due += time.Duration(missed) * media.Tick
		}
		at := base.Add(due)
		for _, m := range t.members(int(k % slots)) {
			late := clock.now() - due
			t.lateness.add(late)
			if missed := m.run(k/slots, at, late); missed > 0 {
				t.lateness.missed.Add(uint64(missed))
			}
		}
	}
}

// occupied is the first slot from k on that has members, or k+slots-1: an idle
// thread looks once a tick whether somebody joined.
func (t *thread) occupied(k int64) int64 {
	for i := range int64(slots - 1) {
		if len(t.members(int((k+i)%slots))) > 0 {
			return k + i
		}
	}
	return k + slots - 1
}

// realtime puts the calling thread under SCHED_FIFO. Threads it clones go back
// to ordinary priority.
func realtime() error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{
		Policy:   unix.SCHED_FIFO,
		Flags:    unix.SCHED_FLAG_RESET_ON_FORK,
		Priority: fifoPriority,
	}, 0)
}

// cpu is the processor time of the thread, from the scheduler's own count: the
// kernel's clock of another thread cannot be asked for by its number alone.
func (t *thread) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", t.tid.Load()))
	if err != nil {
		return 0
	}
	ran, _, _ := strings.Cut(string(raw), " ")
	ns, _ := strconv.ParseInt(ran, 10, 64)
	return time.Duration(ns)
}

// clock measures from one instant on CLOCK_MONOTONIC, which is what the
// runtime's monotonic time and clock_nanosleep both read.
type clock struct {
	base   time.Time
	baseNS int64
}

func newClock(base time.Time) clock {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail for this clock
	return clock{base: base, baseNS: ts.Nano() - int64(time.Since(base))}
}

func (c clock) now() time.Duration { return time.Since(c.base) }

// sleepUntil waits for an absolute time; the runtime's signals interrupt it,
// and an absolute deadline makes going back to sleep free of drift.
func (c clock) sleepUntil(due time.Duration) {
	ts := unix.NsecToTimespec(c.baseNS + int64(due))
	for c.now() < due {
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil); err != nil && err != unix.EINTR {
			time.Sleep(due - c.now()) // a kernel without the call: worse pacing beats a busy loop
		}
	}
}
