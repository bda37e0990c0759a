package tone

import "math"

// lines are the frequencies of the call-progress tones of ITU-T E.180. Others
// between 385 and 450 Hz, single, beating or modulated, are known by the band
// around the first two.
var lines = [...]float64{400, 425, 440, 450, 480, 620}

const (
	// blocks of 10 ms make the window of one measurement: 80 ms tell 440 from
	// 450 Hz.
	blocks = 8
	block  = 80
	// window is the same in frames.
	window = blocks / 2
	// bands are the lines whose surroundings are looked at too.
	bands = 2
)

// bank measures the power at the known frequencies over a sliding window. Each
// block adds one complex sum per frequency, turned to a common phase, so that
// the window's sum is a sum of a few numbers.
type bank struct {
	turn   [len(lines)]phasor // by one block
	phase  [len(lines)]phasor
	coeff  [len(lines)][2]float64 // cos, sin of w
	home   [len(lines)]phasor     // from the last sample back to the first
	sums   [blocks][len(lines)]phasor
	energy [blocks]float64
	at     int
}

func newBank() bank {
	var b bank
	for i, f := range lines {
		w := 2 * math.Pi * f / 8000
		one := phasor{1, 0}
		b.phase[i] = one
		b.turn[i] = one.turn(-w * block)
		b.home[i] = one.turn(-w * (block - 1))
		b.coeff[i] = [2]float64{math.Cos(w), math.Sin(w)}
	}
	return b
}

// hear adds a frame of 160 samples.
func (b *bank) hear(x []float32) {
	b.block(x[:block])
	b.block(x[block : 2*block])
}

func (b *bank) block(x []float32) {
	var e float64
	var s1, s2 [len(lines)]float64
	for _, v := range x {
		in := float64(v)
		e += in * in
		// All recursions side by side: each alone would wait for itself.
		for i := range s1 {
			s1[i], s2[i] = in+2*b.coeff[i][0]*s1[i]-s2[i], s1[i]
		}
	}
	b.at = (b.at + 1) % blocks
	b.energy[b.at] = e
	for i := range s1 {
		end := phasor{s1[i] - s2[i]*b.coeff[i][0], s2[i] * b.coeff[i][1]}
		b.sums[b.at][i] = end.mul(b.home[i]).mul(b.phase[i])
		b.phase[i] = b.phase[i].mul(b.turn[i])
	}
}

// skip adds a frame that is too weak to matter.
func (b *bank) skip() {
	for range 2 {
		b.at = (b.at + 1) % blocks
		b.energy[b.at] = 0
		clear(b.sums[b.at][:])
	}
}

// signal names the tone, or pair of tones, that fills the window.
func (b *bank) signal() signal {
	var e, most float64
	for i := 0; i < blocks; i += 2 {
		frame := b.energy[(b.at+blocks-i)%blocks] + b.energy[(b.at+blocks-i-1)%blocks]
		e += frame
		most = max(most, frame)
	}
	var latest float64
	for i := 0; i < 4; i += 2 { // a modulated tone may vanish for one frame
		latest = max(latest, b.energy[(b.at+blocks-i)%blocks]+b.energy[(b.at+blocks-i-1)%blocks])
	}
	// A tone that has just stopped still fills the window.
	if e == 0 || latest < 0.25*most {
		return none
	}
	var share [len(lines)]float64
	for i := range share {
		var sum phasor
		for k := range blocks {
			sum = sum.add(b.sums[k][i])
		}
		share[i] = 2 * sum.power() / (block * blocks * e)
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
	if b.filled(most) < window-1 {
		return none
	}
	return b.band(e)
}

// filled is how many frames of the window hold sound of the present level.
func (b *bank) filled(most float64) (n int) {
	for i := 0; i < blocks; i += 2 {
		if b.energy[(b.at+blocks-i)%blocks]+b.energy[(b.at+blocks-i-1)%blocks] > 0.01*most {
			n++
		}
	}
	return n
}

// band names the line around which nearly all power lies: a tone a little off,
// one modulated as in Japan, India and Singapore (400 or 425 Hz by 15 to 33 Hz),
// or a beating pair as in Australia and South Africa (413+438, 383+417 Hz).
func (b *bank) band(e float64) signal {
	best, most := none, 0.84
	for i := range bands {
		var sum float64
		for k := range blocks {
			sum += b.sums[k][i].power()
		}
		if near := 2 * sum / (block * e); near > most {
			best, most = lone[i], near
		}
	}
	return best
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
	hz425and480
)

var lone = [len(lines)]signal{hz400, hz425, hz440, hz450, hz480, hz620}

var pairs = []struct {
	low, high int
	is        signal
}{
	{0, 3, hz400and450},
	{2, 4, hz440and480},
	{4, 5, hz480and620},
	{1, 4, hz425and480},
}
