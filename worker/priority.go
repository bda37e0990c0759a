package worker

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// lowerPriority sets the nice value of every thread of this process; threads
// made later inherit it. On Linux setpriority is per thread, so the process
// number alone would reach only the first one. A failure is harmless: it means
// that the value is already higher.
func lowerPriority(nice int) {
	if nice <= 0 {
		return
	}
	for range 2 { // a second look catches threads made during the first
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range tasks {
			if id, err := strconv.Atoi(t.Name()); err == nil {
				_ = unix.Setpriority(unix.PRIO_PROCESS, id, nice)
			}
		}
	}
}

// ResidentBytes is the memory of this process as the kernel counts it, 0 where
// it cannot be known.
func ResidentBytes() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
