package tone

import (
	"math"
	"time"
)

// solo follows lone tones of any frequency: beeps, the three of the SIT, fax.
type solo struct {
	hz, level float64
	length    time.Duration
	gap       time.Duration // since the tone was last heard
	told      bool          // as fax
	steps     int           // of the SIT: how many came before this one
	held      bool          // may be the network's: wait for a long pause
	named     signal        // the network frequency it has, if any
}

const (
	shortest = 150 * time.Millisecond // of a beep
	longest  = 4 * time.Second
	// ended: so much without the tone ends it.
	ended = 40 * time.Millisecond
	// between: the longest pause between two tones of the SIT.
	between = 100 * time.Millisecond
	// alone: a network frequency that is not repeated within it was a beep.
	alone = 800 * time.Millisecond
)

// sitSteps are the low and high variants of the three tones in Hz.
var sitSteps = [3][2]float64{{913.8, 985.2}, {1370.6, 1428.5}, {1776.7, 1776.7}}

// hear takes the fit of a frame, the network signal that the bank sees, and
// whether the bank has already named the tone.
func (o *solo) hear(f single, s signal, named bool) (Event, bool) {
	switch {
	case o.length == 0:
		o.begin(f)
		return Event{}, false
	case f.pure && o.gap == 0 && o.same(f):
		return o.sustain(f, s)
	case f.pure && o.held && o.gap > 0 && math.Abs(f.hz-o.hz) < 0.02*o.hz:
		o.begin(f) // repeated: a cadence
		return Event{}, false
	}
	step := o.step()
	if step > 0 && f.pure && o.jumps(f) {
		o.begin(f)
		o.steps = step
		return Event{}, false
	}
	o.gap += tick
	if o.gap < ended || step > 0 && step < len(sitSteps) && o.gap < between {
		return Event{}, false
	}
	return o.end(f, step, named)
}

func (o *solo) begin(f single) {
	*o = solo{}
	if f.pure && f.hz >= 300 && f.hz <= 2500 {
		*o = solo{hz: f.hz, level: f.level, length: tick}
	}
}

func (o *solo) same(f single) bool {
	return math.Abs(f.hz-o.hz) < 0.02*o.hz && math.Abs(f.level-o.level) < 4
}

func (o *solo) jumps(f single) bool {
	return f.pure && math.Abs(f.hz-o.hz) > 0.05*o.hz
}

func (o *solo) sustain(f single, s signal) (Event, bool) {
	o.length += tick
	// A decaying beep is followed; a voice that swells is not one.
	o.level += 0.3 * (f.level - o.level)
	o.hz += 0.2 * (f.hz - o.hz)
	if s != none {
		o.named = s
	}
	if !o.told && math.Abs(o.hz-2100) < 20 && o.length >= 700*time.Millisecond {
		o.told = true
		return Event{Kind: Fax, Hz: o.hz, Length: o.length}, true
	}
	return Event{}, false
}

// end judges a tone that has stopped; f is the frame after it, step its place
// in the SIT.
func (o *solo) end(f single, step int, named bool) (Event, bool) {
	if step == len(sitSteps) {
		*o = solo{}
		return Event{Kind: SIT}, true
	}
	if o.named != none && network(o.named, o.length) && o.gap < alone {
		o.held = true
		return Event{}, false
	}
	was := *o
	o.begin(f)
	if was.told || named || was.length < shortest || was.length > longest {
		return Event{}, false
	}
	return Event{Kind: Beep, Hz: was.hz, Length: was.length}, true
}

// step is the tone's place in the SIT, from 1, or 0 when it has none there.
func (o *solo) step() int {
	if o.length < 200*time.Millisecond || o.length > 460*time.Millisecond {
		return 0
	}
	for i, pair := range sitSteps {
		if (math.Abs(o.hz-pair[0]) < 20 || math.Abs(o.hz-pair[1]) < 20) && o.steps == i {
			return i + 1
		}
	}
	return 0
}
