package dtmf

import "math"

// The detector's measures follow ITU-T Q.24: tones of 40 ms are keys and pauses
// of 40 ms part them, frequencies may be off by 1.5 %, and a voice is no key.
const (
	// block samples at 8 kHz, 12.75 ms: the frequencies of one group lie a
	// filter's width apart. Two blocks make a key, three without it end it.
	block       = 102
	beginBlocks = 2
	endBlocks   = 3

	weakest = 8e3 // mean square of the pair: -51 dB of full scale
	// twist is how much stronger either tone may seem: 8 dB, and 1.5 that the
	// one leaks into the other.
	twist = 9
	// peak is how far the other frequencies of a group must lie below, 5 dB: the
	// other group's tone leaks into them.
	peak = 3.2
	// steady is how far either tone's power may leap from the first block to the
	// second, 4 dB: a voice's does.
	steady = 2.5
	// purity is the least share of the pair in all that sounds: a voice has
	// more beside it, tones off by 1.5 % keep 0.8.
	purity = 0.76
)

// tones in Hz: the low group is the row of the keypad, the high group its column.
var tones = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

// keypad by row and column.
const keypad = "123A456B789C*0#D"

// coefficients of the Goertzel filters.
var coefficients = func() (c [8]float32) {
	for i, hz := range tones {
		c[i] = float32(2 * math.Cos(2*math.Pi*hz/8000))
	}
	return c
}()

// Detector finds keys in sound at 8 kHz, for far sides that send tones instead of
// telephone events. The zero value is ready; it is used by one goroutine and does
// not allocate.
type Detector struct {
	s1, s2 [8]float32
	energy float32
	n      int // samples in this block

	low, high float32 // powers of the pair in the block before

	key    byte // that sounds now, 0 for none
	hits   int  // blocks in a row with the same key, not yet believed
	hit    byte
	misses int // blocks in a row without the key that sounds
}

// Busy reports whether a key sounds or may be about to: quiet frames must be
// shown too until it does not.
func (d *Detector) Busy() bool { return d.key != 0 || d.hits > 0 }

// Frame takes the next samples; ok is true when a key began in them, which is
// told once a press. No frame may be longer than a tick, or a second key in it
// would be lost.
func (d *Detector) Frame(pcm []int16) (key rune, ok bool) {
	for len(pcm) > 0 {
		n := min(block-d.n, len(pcm))
		d.hear(pcm[:n])
		pcm = pcm[n:]
		if d.n < block {
			break
		}
		if d.decide(d.judge()) {
			key, ok = rune(d.key), true
		}
		d.s1, d.s2, d.energy, d.n = [8]float32{}, [8]float32{}, 0, 0
	}
	return key, ok
}

// Skip passes over a frame that was invented for a lost one: a press goes on.
func (d *Detector) Skip() {
	d.s1, d.s2, d.energy, d.n = [8]float32{}, [8]float32{}, 0, 0
}

// Reset forgets the past.
func (d *Detector) Reset() { *d = Detector{} }

// hear runs the filters side by side: each alone would wait for itself.
func (d *Detector) hear(pcm []int16) {
	s1, s2, energy := d.s1, d.s2, d.energy
	for _, v := range pcm {
		x := float32(v)
		energy += x * x
		for i := range s1 {
			s1[i], s2[i] = x+coefficients[i]*s1[i]-s2[i], s1[i]
		}
	}
	d.s1, d.s2, d.energy = s1, s2, energy
	d.n += len(pcm)
}

// judge names the key that fills the block, 0 for none.
func (d *Detector) judge() byte {
	if d.energy < weakest*block {
		return 0
	}
	var power [8]float32 // mean square of a tone at exactly this frequency
	for i := range power {
		p := d.s1[i]*d.s1[i] + d.s2[i]*d.s2[i] - coefficients[i]*d.s1[i]*d.s2[i]
		power[i] = 2 * p / (block * block)
	}
	row, column := strongest(power[:4]), strongest(power[4:])
	low, high := power[row], power[4+column]
	unsteady := leaps(low, d.low) || leaps(high, d.high)
	d.low, d.high = low, high
	switch {
	case d.hits > 0 && unsteady:
		return 0
	case low+high < weakest, low+high < purity*d.energy/block,
		low > twist*high, high > twist*low,
		!stands(power[:4], row), !stands(power[4:], column):
		return 0
	}
	return keypad[4*row+column]
}

func strongest(group []float32) int {
	best := 0
	for i, p := range group {
		if p > group[best] {
			best = i
		}
	}
	return best
}

// stands reports whether the strongest leaves the others of its group behind.
func stands(group []float32, best int) bool {
	for i, p := range group {
		if i != best && p*peak > group[best] {
			return false
		}
	}
	return true
}

// leaps: a telephone's tones keep their level within a press, a voice's do not.
func leaps(a, b float32) bool { return a > steady*b || b > steady*a }

// decide takes one block's key and tells whether a press began.
func (d *Detector) decide(hit byte) bool {
	if d.key != 0 && hit == d.key {
		d.misses, d.hits = 0, 0
		return false
	}
	if d.key != 0 {
		if d.misses++; d.misses >= endBlocks {
			d.key = 0
		}
	}
	if hit == 0 {
		d.hits = 0
		return false
	}
	if hit != d.hit {
		d.hit, d.hits = hit, 0
	}
	if d.hits++; d.hits < beginBlocks {
		return false
	}
	d.key, d.hits, d.misses = hit, 0, 0
	return true
}
