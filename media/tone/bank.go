package tone

import "math"

// frequencies of the call-progress tones of ITU-T E.180 in the plans we know.
var frequencies = [...]float64{400, 425, 440, 450, 480, 620}

// window is how many frames one measurement spans: 80 ms tell 440 from 450 Hz.
const window = 4

// bank measures the power at the known frequencies over a sliding window. Each
// frame adds one complex sum per frequency, turned to a common phase, so that
// the window's sum is a sum of four numbers.
type bank struct {
	turn   [len(frequencies)]phasor // by one frame
	phase  [len(frequencies)]phasor
	coeff  [len(frequencies)][2]float64 // cos, sin of w
	home   [len(frequencies)]phasor     // from the last sample back to the first
	sums   [window][len(frequencies)]phasor
	energy [window]float64
	at     int
}

func newBank() bank {
	var b bank
	for i, f := range frequencies {
		w := 2 * math.Pi * f / 8000
		one := phasor{1, 0}
		b.phase[i] = one
		b.turn[i] = one.turn(-w * 160)
		b.home[i] = one.turn(-w * 159)
		b.coeff[i] = [2]float64{math.Cos(w), math.Sin(w)}
	}
	return b
}

// hear adds a frame of 160 samples.
func (b *bank) hear(x []float32) {
	var e float64
	var s1, s2 [len(frequencies)]float64
	for _, v := range x {
		in := float64(v)
		e += in * in
		// All recursions side by side: each alone would wait for itself.
		for i := range s1 {
			s1[i], s2[i] = in+2*b.coeff[i][0]*s1[i]-s2[i], s1[i]
		}
	}
	b.at = (b.at + 1) % window
	b.energy[b.at] = e
	for i := range s1 {
		end := phasor{s1[i] - s2[i]*b.coeff[i][0], s2[i] * b.coeff[i][1]}
		b.sums[b.at][i] = end.mul(b.home[i]).mul(b.phase[i])
		b.phase[i] = b.phase[i].mul(b.turn[i])
	}
}

// skip adds a frame that is too weak to matter.
func (b *bank) skip() {
	b.at = (b.at + 1) % window
	b.energy[b.at] = 0
	clear(b.sums[b.at][:])
}

// signal names the tone, or pair of tones, that fills the window.
func (b *bank) signal() signal {
	var e, most float64
	for _, v := range b.energy {
		e += v
		most = max(most, v)
	}
	// A tone that has just stopped still fills the window.
	if e == 0 || b.energy[b.at] < 0.25*most {
		return none
	}
	var share [len(frequencies)]float64
	for i := range share {
		var sum phasor
		for k := range window {
			sum = sum.add(b.sums[k][i])
		}
		share[i] = 2 * sum.power() / (160 * window * e)
	}
	best, second := 0, -1
	for i := 1; i < len(share); i++ {
		if share[i] > share[best] {
			best = i
		}
	}
	for i := range share {
		if i != best && (second < 0 || share[i] > share[second]) {
			second = i
		}
	}
	if share[best] > 0.8 {
		return lone[best]
	}
	// Two tones may differ by 6 dB; together they are everything.
	if share[best]+share[second] > 0.8 && share[second] > 0.18 {
		for _, p := range pairs {
			if p.low == min(best, second) && p.high == max(best, second) {
				return p.is
			}
		}
	}
	return none
}

// signal is what sounds, before its cadence is known.
type signal uint8

const (
	none signal = iota
	hz400
	hz425
	hz440
	hz450
	hz480
	hz620
	hz400and450
	hz440and480
	hz480and620
)

var lone = [len(frequencies)]signal{hz400, hz425, hz440, hz450, hz480, hz620}

var pairs = []struct {
	low, high int
	is        signal
}{
	{0, 3, hz400and450},
	{2, 4, hz440and480},
	{4, 5, hz480and620},
}
