// Package relay is a bad network for tests: it loses, delays, reorders and
// repeats UDP packets by a seed, on loopback and without privileges. Path is the
// decision alone, for tests on a clock of their own; Relay has sockets.
package relay

import (
	"math/rand/v2"
	"time"
)

// Impairment is what one direction does to its packets; shares are from 0 to 1.
type Impairment struct {
	Loss float64
	// Burst is how many packets in a row a loss takes on average; 0 or 1 loses
	// them independently.
	Burst float64
	// Delay of a packet is uniform in Delay ± Jitter. No packet overtakes
	// another by that alone, as in a queue.
	Delay, Jitter time.Duration
	// Reorder is the share of packets held back for Late, so that others
	// overtake them; Late is 50 ms when not said.
	Reorder   float64
	Late      time.Duration
	Duplicate float64
}

// Path decides about one direction's packets in turn. It is pure: the same seed
// and times give the same fates.
type Path struct {
	Impairment
	random *rand.Rand
	last   time.Duration // when the latest packet left that was not held back
	losing bool
}

// NewPath makes a path.
func NewPath(i Impairment, seed uint64) *Path {
	if i.Late == 0 {
		i.Late = 50 * time.Millisecond
	}
	return &Path{Impairment: i, random: rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15))}
}

// Next appends the times at which copies of a packet that is sent at now leave
// the path: none when it is lost, two when it is repeated. Times count from any
// fixed instant.
func (p *Path) Next(dst []time.Duration, now time.Duration) []time.Duration {
	if p.lost() {
		return dst
	}
	at := now + p.Delay + time.Duration((2*p.random.Float64()-1)*float64(p.Jitter))
	if p.random.Float64() < p.Reorder {
		at += p.Late
	} else {
		at = max(at, p.last)
		p.last = at
	}
	dst = append(dst, at)
	if p.random.Float64() < p.Duplicate {
		dst = append(dst, at)
	}
	return dst
}

// lost draws from two states (Gilbert): a loss goes on with the chance that
// makes it Burst packets long, and begins with the one that keeps the share.
func (p *Path) lost() bool {
	burst := max(p.Burst, 1)
	begins := p.Loss
	if p.Loss < 1 {
		begins = p.Loss / (1 - p.Loss) / burst
	}
	if burst == 1 {
		return p.random.Float64() < p.Loss
	}
	if p.losing {
		p.losing = p.random.Float64() >= 1/burst
	} else {
		p.losing = p.random.Float64() < begins
	}
	return p.losing
}
