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
	held      bool          // may be the network's: wait for a pause
	named     signal        // the network frequency it has, if any
	sit       sit

	// What outlives a tone: how long ago speech, or any other sound that is no
	// tone, went on for a while, and when the last calling tone of a fax was.
	voice   time.Duration
	voiced  int
	calling time.Duration
}

const (
	shortest = 140 * time.Millisecond // of a beep
	longest  = 4 * time.Second
	// ended: so much without the tone ends it.
	ended = 40 * time.Millisecond
	// between: the longest pause between two tones of the SIT.
	between = 100 * time.Millisecond
	// alone: a network frequency that is not repeated within it was a beep.
	alone = 800 * time.Millisecond
	// spoken: a tone so soon after speech is nothing of the network's.
	spoken = 4 * time.Second
)

// hear takes the fit of a frame, the network signal that the bank sees, and
// whether the cadence has already named the tone.
func (o *solo) hear(f single, s signal, named bool) (Event, bool) {
	o.listen(f, s)
	switch {
	case o.length == 0:
		o.begin(f)
		return Event{}, false
	case f.pure && o.same(f) && (o.gap == 0 || o.answering() && o.gap <= 3*tick):
		o.gap = 0
		return o.sustain(f, s)
	case f.pure && o.held && o.gap > 0 && math.Abs(f.hz-o.hz) < 0.02*o.hz:
		o.begin(f) // repeated: a cadence
		return Event{}, false
	}
	step := o.sit.step(o.hz, o.length)
	if step > 0 && f.pure && o.jumps(f) {
		was := o.sit
		was.add(o.hz, o.length)
		o.begin(f)
		o.sit = was
		return Event{}, false
	}
	o.gap += tick
	if o.gap < ended || step > 0 && step < len(sitBands) && o.gap < between || o.answering() && o.gap <= 3*tick {
		return Event{}, false
	}
	return o.end(f, step, named)
}

// listen keeps count of sound that is no tone.
func (o *solo) listen(f single, s signal) {
	o.voice += tick
	o.calling += tick
	if f.level < weakest+6 || f.pure || s != none {
		o.voiced = 0
		return
	}
	if o.voiced++; o.voiced >= 8 {
		o.voice = 0
	}
}

// forget clears the tone and keeps what outlives it.
func (o *solo) forget() { *o = solo{voice: o.voice, voiced: o.voiced, calling: o.calling} }

func (o *solo) begin(f single) {
	o.forget()
	if f.pure && f.hz >= 300 && f.hz <= 2600 {
		o.hz, o.level, o.length = f.hz, f.level, tick
	}
}

func (o *solo) same(f single) bool {
	return math.Abs(f.hz-o.hz) < 0.02*o.hz && math.Abs(f.level-o.level) < 4
}

func (o *solo) jumps(f single) bool {
	return f.pure && math.Abs(f.hz-o.hz) > 0.05*o.hz
}

// answering: the tone of a fax that answers (CED, and ANSam of V.8) turns its
// phase about every 450 ms, which spoils a frame or two.
func (o *solo) answering() bool {
	return math.Abs(o.hz-2100) < 20 && o.length >= 200*time.Millisecond
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
	if step == len(sitBands) {
		was := o.sit
		was.add(o.hz, o.length)
		o.forget()
		return Event{Kind: was.kind()}, true
	}
	if o.named != none && cadenced(o.length) && o.gap < alone && o.voice > spoken {
		o.held = true
		return Event{}, false
	}
	was := *o
	o.begin(f)
	if was.told || named || was.length < shortest || was.length > longest {
		return Event{}, false
	}
	if math.Abs(was.hz-1100) < 38 && was.length >= 420*time.Millisecond && was.length <= 580*time.Millisecond {
		// The calling tone of a fax (CNG): half a second every three and a half.
		again := was.calling > 2500*time.Millisecond && was.calling < 4500*time.Millisecond
		o.calling = 0
		if again {
			return Event{Kind: Fax, Hz: was.hz, Length: was.length}, true
		}
	}
	return Event{Kind: Beep, Hz: was.hz, Length: was.length}, true
}
