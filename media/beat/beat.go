// Package beat is the 20 ms clock of the media plane.
//
// Whatever sends, receives or records sound joins a beat and is called once
// every media.Tick. One beat paces all three for a call, so that its two
// directions and its recording stay aligned without any other clock.
//
// Two implementations stand behind the Beat interface: Wheel, which keeps real
// time on locked OS threads, and Manual, which a test drives by hand.
package beat

import "time"

// Tick is one call of a member.
type Tick struct {
	// N counts the member's own ticks from 0 in real time: after missed ticks
	// it jumps, so N*media.Tick is always the time since the member's first.
	N int64
	// At is when the tick was due, not when it ran; successive At differ by
	// whole ticks exactly.
	At time.Time
	// Late is how long after At the member was called.
	Late time.Duration
	// Missed is how many ticks just before this one were never run because the
	// beat was too late; what counts frames fills them with marked silence.
	Missed int
	// Catch says that a following tick is already due: this one is run only to
	// catch up. One delay causes at most two of them.
	Catch bool
}

// Beat calls its members once every media.Tick.
type Beat interface {
	// Join adds a member; its first tick comes within one media.Tick of
	// running beat. tick is called by one goroutine at a time, must not wait,
	// and should not allocate.
	//
	// leave takes the member out. Once leave has returned, tick is not running
	// and never runs again, except that inside tick itself leave returns at
	// once and the present call is the last. leave may be called from anywhere
	// and more than once. Two members of different threads must not leave each
	// other from inside their ticks: each would wait for the other.
	Join(tick func(Tick)) (leave func())
}
