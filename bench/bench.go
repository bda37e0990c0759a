// Package bench measures what one machine carries, each figure beside its
// floor: what the same work costs without parley, in the same run.
//
// The far side of every call runs in a process of its own (see Far), so that
// our figures are those of our process alone. What is measured is the product:
// call.Session with its turn-taker, player and recording over media/line.
package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// cpu is the processor time that this process has used, user and system.
func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// raiseFiles allows as many open files as the system grants: a call has two
// sockets and a recording.
func raiseFiles() (uint64, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	l.Cur = l.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("raise the limit of open files: %w", err)
	}
	return l.Cur, nil
}

// us is a time in microseconds with its fraction.
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// ms is a time in milliseconds with its fraction.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
