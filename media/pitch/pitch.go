// Package pitch follows the fundamental frequency of a voice on a telephone
// line, 20 ms at a time. Candidates are the peaks of the normalised
// cross-correlation of the low-passed sound, searched coarsely at 4 kHz and
// measured at 8 kHz; a running path through candidates and "unvoiced" picks
// among them, so that neither half nor double of the pitch wins for a frame
// (RAPT: Talkin, "A robust algorithm for pitch tracking", 1995). Only harmonics
// between 300 Hz and about 1 kHz are needed: the telephone band has no more of
// a low voice.
package pitch

import "math"

const (
	// Lowest and Highest are the F0 that is looked for, in Hz.
	Lowest  = 60.0
	Highest = 420.0

	rate  = 8000
	frame = 160
	// window is what is compared with its past: 25 ms, a period and a half of
	// the lowest voice and short enough for a gliding one.
	window = 200
	// longest and shortest are lags at 8 kHz, one beyond either end, so that a
	// period there can still be a peak.
	shortest, longest = 18, 136
	// history holds the window, the longest lag, and room to look beside it.
	history = window + longest + 4
)

// Result is what a frame holds. The analysis looks at the 25 ms that end with
// the frame and one period before.
type Result struct {
	// F0 is the fundamental frequency in Hz; 0 for unvoiced or silent.
	F0 float64
	// Clarity is how periodic the sound is: the normalised correlation of the
	// sound with itself one period before, 0 to 1, also where F0 is 0.
	Clarity float64
}

// Tracker follows one voice. Its state is about 1.5 KB.
type Tracker struct {
	filter filter
	x      [history]float32
	path   path
}

// New returns a tracker for frames of 160 samples at 8 kHz.
func New() *Tracker { return &Tracker{} }

// Frame takes the next 20 ms and never allocates. It panics when pcm is shorter
// than 160 samples. A caller that skips frames calls Reset before the next one.
func (t *Tracker) Frame(pcm []int16) Result {
	copy(t.x[:], t.x[frame:])
	t.filter.run(t.x[history-frame:], pcm[:frame])

	var c candidates
	c.search(&t.x)
	return t.path.step(&c)
}

// Reset forgets what was heard.
func (t *Tracker) Reset() { *t = Tracker{} }

// filter keeps 70–1000 Hz: a high-pass against hum and handling and a low-pass
// of the fourth order, all Butterworth, as biquads in the transposed direct form.
type filter struct {
	high, low1, low2 biquad
}

type biquad struct{ s1, s2 float32 }

// coefficients of a biquad; b of a second-order low- or high-pass is b0·(1, ±2, 1).
type coefficients struct{ b0, b1, a1, a2 float32 }

var (
	highPass  = design(70, math.Sqrt2/2, true)
	lowPassed = [2]coefficients{design(1000, 0.5411961, false), design(1200, 1.3065630, false)}
)

// design gives a second-order section with corner f in Hz and quality q, by the
// bilinear transform.
func design(f, q float64, high bool) coefficients {
	w := 2 * math.Pi * f / rate
	alpha, cos := math.Sin(w)/(2*q), math.Cos(w)
	a0 := 1 + alpha
	b0, sign := (1-cos)/2, 1.0
	if high {
		b0, sign = (1+cos)/2, -1
	}
	return coefficients{
		b0: float32(b0 / a0), b1: float32(sign * 2 * b0 / a0),
		a1: float32(-2 * cos / a0), a2: float32((1 - alpha) / a0),
	}
}

func (f *filter) run(dst []float32, pcm []int16) {
	// Far below a sample's last bit, yet it keeps the filters out of the slow
	// denormal numbers in silence.
	const bias = 1e-6
	h, l, m := f.high, f.low1, f.low2
	hc, lc, mc := highPass, lowPassed[0], lowPassed[1]
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		in := float32(s)
		v := hc.b0*in + h.s1
		h.s1 = hc.b1*in - hc.a1*v + h.s2
		h.s2 = hc.b0*in - hc.a2*v + bias
		in = v + bias
		v = lc.b0*in + l.s1
		l.s1 = lc.b1*in - lc.a1*v + l.s2
		l.s2 = lc.b0*in - lc.a2*v
		in = v
		v = mc.b0*in + m.s1
		m.s1 = mc.b1*in - mc.a1*v + m.s2
		m.s2 = mc.b0*in - mc.a2*v
		dst[i] = v
	}
	f.high, f.low1, f.low2 = h, l, m
}
