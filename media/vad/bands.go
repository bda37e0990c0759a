package vad

// bands is how many sub-bands a frame is split into: 0–250, 250–500, 500–1000,
// 1000–2000, 2000–3000 and 3000–4000 Hz.
const bands = 6

// half is one half-band split: two first-order all-pass filters in parallel,
// each on every second sample; their sum is the lower half of the band and
// their difference the upper, both at half the rate (the polyphase structure of
// Valenzuela and Constantinides, 1983). The coefficients give about 20 dB
// between neighbours, enough to weigh energies.
type half struct{ a, b allpass }

type allpass struct{ x, y float32 }

func (f *allpass) step(c, in float32) float32 {
	out := f.x + c*(in-f.y)
	f.x, f.y = in, out
	return out
}

// split writes the lower and the upper half of in; each holds len(in)/2.
func (h *half) split(in, low, high []float32) {
	n := len(in) / 2
	low, high = low[:n], high[:n]
	a, b := h.a, h.b
	for i := range n {
		p := a.step(0.1413486, in[2*i+1])
		q := b.step(0.5898006, in[2*i])
		low[i], high[i] = (p+q)/2, (p-q)/2
	}
	h.a, h.b = a, b
}

func energy(x []float32) float32 {
	var sum float32
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// bank splits frames of 160 samples at 8 kHz and keeps its filters' state.
type bank struct {
	halves [5]half
	// hum is a first-order high-pass at about 60 Hz: mains and handling.
	humX, humY float32

	// base is 0–1000 Hz at 2 kHz, this frame's after the last one's: where the
	// pitch is looked for.
	base [80]float32
}

// split returns the mean power of the bands and of the whole frame, full scale
// being 1.
func (b *bank) split(pcm []int16) (power [bands]float32, whole float32) {
	// On the stack, which every call of a thread shares: a call's own memory has
	// left the processor's caches by its next tick.
	var (
		wide       [160]float32
		low, high  [80]float32
		kilo, upto [40]float32
		q1, q2     [20]float32
	)
	const hum = 0.955
	x, y := b.humX, b.humY
	for i, s := range pcm[:160] {
		v := float32(s) / 32768
		y = hum * (y + v - x)
		x = v
		wide[i] = y
	}
	b.humX, b.humY = x, y
	whole = energy(wide[:]) / 160

	b.halves[0].split(wide[:], low[:], high[:])
	// The upper half comes out mirrored: its lower half is 3–4 kHz.
	b.halves[1].split(high[:], kilo[:], upto[:])
	power[5], power[4] = energy(kilo[:])/40, energy(upto[:])/40
	b.halves[2].split(low[:], kilo[:], upto[:])
	power[3] = energy(upto[:]) / 40
	copy(b.base[:40], b.base[40:])
	copy(b.base[40:], kilo[:])
	b.halves[3].split(kilo[:], q1[:], q2[:])
	power[2] = energy(q2[:]) / 20
	var lowest, second [10]float32
	b.halves[4].split(q1[:], lowest[:], second[:])
	power[0], power[1] = energy(lowest[:])/10, energy(second[:])/10
	return power, whole
}

// periodicity is the highest normalised autocorrelation of the last 40 ms
// between 70 and 400 Hz: near 1 for a vowel, near 0 for noise.
func (b *bank) periodicity() float64 {
	const shortest, longest = 5, 28
	x := b.base[longest:]
	own := energy(x)
	if own == 0 {
		return 0
	}
	var best float32
	then := energy(b.base[longest-shortest+1 : len(b.base)-shortest+1])
	for lag := shortest; lag <= longest; lag++ {
		past := b.base[longest-lag : len(b.base)-lag]
		then += past[0]*past[0] - b.base[len(b.base)-lag]*b.base[len(b.base)-lag]
		var dot float32
		for i, v := range x {
			dot += v * past[i]
		}
		if dot > 0 && then > 0 {
			best = max(best, dot*dot/(own*then))
		}
	}
	return float64(best) // the square of the correlation: 0.5 for 0.7
}
