package tone

import "time"

const (
	// fill is how much later the bank's window shows a tone's beginning than its
	// end.
	fill = (window - 2) * tick
	// ring: a lone tone as long as this is no busy tone. A pair that only
	// ringbacks have needs no more than flash.
	ring  = 860 * ms
	flash = 260 * ms
	// endless: no ringback is as long; it is the steady tone of Britain and
	// others for a number that cannot be had.
	endless = 3200 * ms
	// apart: after so long without a tone a new count begins.
	apart = 6 * time.Second
	// double is the pause after the two quick bursts of a double ring.
	double = 700 * ms
)

// cadence follows one signal through its pauses.
type cadence struct {
	sounds signal
	// times are the latest lengths, on and off in turn, ending with an off
	// while a tone sounds; now counts the present stretch.
	times    [8]time.Duration
	n        int
	now      time.Duration
	sounding bool
	other    int // frames in a row of another signal
	missed   int // frames in a row of nothing while it sounds
	told     Kind
}

// verdict is a plan or, where none fits, only a kind.
type verdict struct {
	kind    Kind
	country string
}

func (c *cadence) keep(d time.Duration) {
	if c.n == len(c.times) {
		copy(c.times[:], c.times[2:])
		c.n -= 2
	}
	c.times[c.n] = d
	c.n++
}

// hear takes what sounds in this frame and returns what has become certain.
// Busy and congestion need two cycles that agree; a ringback is known by its
// length, or by its frequencies. One long tone soon after speech is rather the
// beep of a voicemail: a ringback must come again.
func (c *cadence) hear(s signal, spoken bool) (verdict, bool) {
	c.now += tick
	if s == none {
		return c.pause()
	}
	if s != c.sounds {
		// The first frames of a pair may look like one of its tones.
		if c.other++; c.sounds == none || c.other > window {
			*c = cadence{sounds: s, sounding: true, now: tick * time.Duration(c.other)}
		}
		return verdict{}, false
	}
	if !c.sounding {
		begun := tick * time.Duration(1+c.other)
		c.keep(c.now - begun - fill)
		c.now, c.sounding, c.other, c.missed = begun, true, 0, 0
		return c.cycle()
	}
	c.other, c.missed = 0, 0
	return c.sustained(spoken)
}

// sustained judges a tone by its length while it sounds.
func (c *cadence) sustained(spoken bool) (verdict, bool) {
	if c.told == Ringback && c.sounds == hz400 && c.now >= endless {
		return c.tell(verdict{Unobtainable, "GB"})
	}
	if c.told != None {
		return verdict{}, false
	}
	for _, p := range plans {
		if p.sounds != c.sounds || p.kind != Ringback {
			continue
		}
		if p.atOnce && c.now >= flash || !spoken && c.now >= ring && p.cycle[0] >= ring {
			return c.tell(verdict{Ringback, p.country})
		}
	}
	return verdict{}, false
}

func (c *cadence) tell(v verdict) (verdict, bool) {
	c.told = v.kind
	return v, true
}

func (c *cadence) pause() (verdict, bool) {
	if c.sounding {
		// One frame without it may be the trough of a modulated tone.
		if c.missed++; c.missed < 2 {
			return verdict{}, false
		}
		c.keep(c.now - 2*tick + fill)
		c.now, c.sounding = 2*tick, false
	}
	c.other = 0
	if c.now > apart {
		*c = cadence{}
	}
	if c.told == None && c.now >= double && c.now < double+tick && c.n >= 3 {
		// Two quick bursts and a long pause.
		t := c.times[c.n-3 : c.n]
		for _, p := range plans {
			if p.kind == Ringback && p.sounds == c.sounds && len(p.cycle) == 4 && near(t[0], p.cycle[0]) && near(t[1], p.cycle[1]) && near(t[2], p.cycle[2]) {
				return c.tell(verdict{Ringback, p.country})
			}
		}
	}
	return verdict{}, false
}

// cycle compares finished on-off cycles with the plans.
func (c *cadence) cycle() (verdict, bool) {
	if c.told != None {
		return verdict{}, false
	}
	times := c.times[:c.n]
	best, least := -1, time.Duration(0)
	for i, p := range plans {
		off, ok := p.fits(c.sounds, times)
		if ok && (best < 0 || off < least) {
			best, least = i, off
		}
	}
	if best >= 0 {
		return c.tell(verdict{plans[best].kind, plans[best].country})
	}
	if k := general(times); k != None {
		return c.tell(verdict{kind: k})
	}
	return verdict{}, false
}

// cadenced reports whether a stretch of this length may be part of a busy or
// congestion tone, so that it is no beep until a pause has shown it.
func cadenced(length time.Duration) bool { return length >= 120*ms && length <= 820*ms }
