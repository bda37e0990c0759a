package tone

import "time"

// plan is one tone of one country: what sounds and how long it is on and off.
type plan struct {
	kind    Kind
	country string
	sounds  signal
	on, off time.Duration
	// atOnce: the frequencies alone say it; no need to wait for the pause.
	atOnce bool
}

const ms = time.Millisecond

// plans are the national tones of ITU-T E.180 Supplement 2 where we call. The
// British congestion tone is missing: its cycle has two unequal halves.
var plans = []plan{
	{Ringback, "CN", hz450, 1000 * ms, 4000 * ms, false},
	{Busy, "CN", hz450, 350 * ms, 350 * ms, false},
	{Congestion, "CN", hz450, 700 * ms, 700 * ms, false},
	{Ringback, "US", hz440and480, 2000 * ms, 4000 * ms, true},
	{Busy, "US", hz480and620, 500 * ms, 500 * ms, false},
	{Congestion, "US", hz480and620, 250 * ms, 250 * ms, false},
	{Ringback, "GB", hz400and450, 400 * ms, 200 * ms, true},
	{Busy, "GB", hz400, 375 * ms, 375 * ms, false},
	{Ringback, "EU", hz425, 1000 * ms, 4000 * ms, false},
	{Busy, "EU", hz425, 500 * ms, 500 * ms, false},
	{Congestion, "EU", hz425, 250 * ms, 250 * ms, false},
}

// slack is how far a measured time may lie from the plan's.
const slack = 45 * ms

// fill is how long the bank's window takes to fill with a tone that begins;
// its end is seen at once.
const fill = (window - 1) * tick

// cadence follows one signal through its pauses.
type cadence struct {
	sounds signal
	// on and off are the latest lengths; now counts the present stretch.
	on, off, now time.Duration
	sounding     bool
	plan         int // index of the plan that the last cycles fit, or -1
	other        int // frames in a row of another signal
	cycles       int
	told         bool
}

// hear takes what sounds in this frame and returns the plan that has become
// certain, or -1. Busy and congestion need two cycles that agree; a ringback is
// known by its length, or by its frequencies.
func (c *cadence) hear(s signal) int {
	c.now += tick
	if s == none {
		return c.pause()
	}
	if s != c.sounds {
		// The first frames of a pair may look like one of its tones.
		if c.other++; c.sounds == none || c.other > window {
			*c = cadence{sounds: s, sounding: true, now: tick * time.Duration(c.other), plan: -1}
		}
		return -1
	}
	if !c.sounding {
		begun := tick * time.Duration(1+c.other)
		c.off, c.now, c.sounding, c.other = c.now-begun-fill, begun, true, 0
		return c.cycle()
	}
	c.other = 0
	for i, p := range plans {
		if c.told || p.sounds != s || p.kind != Ringback {
			continue
		}
		if p.atOnce && c.now >= 260*ms || !p.atOnce && c.now >= 800*ms {
			c.told = true
			return i
		}
	}
	return -1
}

func (c *cadence) pause() int {
	if c.sounding {
		c.on, c.now, c.sounding = c.now-tick+fill, tick, false
	}
	c.other = 0
	if c.now > 6*time.Second {
		*c = cadence{plan: -1}
	}
	return -1
}

// cycle compares a finished on-off cycle with the plans.
func (c *cadence) cycle() int {
	fits, nearest := -1, 2*slack+1
	for i, p := range plans {
		off := (c.on - p.on).Abs() + (c.off - p.off).Abs()
		if p.sounds == c.sounds && near(c.on, p.on) && near(c.off, p.off) && off < nearest {
			fits, nearest = i, off
		}
	}
	if fits != c.plan {
		c.plan, c.cycles = fits, 0
	}
	c.cycles++
	if fits < 0 || c.told || c.cycles < 2 {
		return -1
	}
	c.told = true
	return fits
}

func near(a, b time.Duration) bool { return a >= b-slack && a <= b+slack }

// network reports whether a stretch of this signal may be part of a busy or
// congestion tone, so that it is no beep until a long pause has followed.
func network(s signal, length time.Duration) bool {
	for _, p := range plans {
		if p.sounds == s && near(length, p.on) {
			return true
		}
	}
	return false
}
