package beat

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// buckets: four to each power of two of microseconds, up to about 17 s.
const buckets = 4 * 24

// Lateness is a histogram of how late ticks were called. It is a plain value:
// two of them taken at different times can be subtracted.
type Lateness struct {
	counts [buckets]uint64
	// Ticks run, and ticks never run because the beat was too late for them.
	Ticks, Missed uint64
	Max           time.Duration
}

// bucket finds the bucket of d.
func bucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < 4 {
		return int(us)
	}
	power := bits.Len64(us) - 1                // us is in [2^power, 2^(power+1))
	quarter := int(us>>(power-2)) & 3          // which quarter of that range
	return min(4*(power-1)+quarter, buckets-1) // 4..7 follow 0..3 without a gap
}

// upper is the end of a bucket.
func upper(i int) time.Duration {
	if i < 4 {
		return time.Duration(i+1) * time.Microsecond
	}
	power, quarter := i/4+1, i%4
	return time.Duration((4+quarter+1)<<(power-2)) * time.Microsecond
}

// Quantile is the lateness that a share q of the ticks did not exceed, at most
// a quarter too high; 0 when nothing ran.
func (l Lateness) Quantile(q float64) time.Duration {
	if l.Ticks == 0 {
		return 0
	}
	rank := uint64(q * float64(l.Ticks))
	var seen uint64
	for i, n := range l.counts {
		if seen += n; n > 0 && seen >= rank {
			return min(upper(i), l.Max)
		}
	}
	return l.Max
}

// Sub is what was counted since an earlier value. Max stays the greatest of
// all time.
func (l Lateness) Sub(earlier Lateness) Lateness {
	for i := range l.counts {
		l.counts[i] -= earlier.counts[i]
	}
	l.Ticks -= earlier.Ticks
	l.Missed -= earlier.Missed
	return l
}

// recorder is the counting side: one thread adds, anyone reads.
type recorder struct {
	counts [buckets]atomic.Uint64
	missed atomic.Uint64
	max    atomic.Int64
}

func (r *recorder) add(late time.Duration) {
	r.counts[bucket(late)].Add(1)
	if int64(late) > r.max.Load() { // one writer, so load and store do not race
		r.max.Store(int64(late))
	}
}

// addTo adds this thread's figures to a sum.
func (r *recorder) addTo(l *Lateness) {
	for i := range r.counts {
		n := r.counts[i].Load()
		l.counts[i] += n
		l.Ticks += n
	}
	l.Missed += r.missed.Load()
	l.Max = max(l.Max, time.Duration(r.max.Load()))
}
