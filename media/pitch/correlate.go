package pitch

import "math"

const (
	// most candidates that are kept of a frame.
	most = 6
	// faintest is the mean power of the filtered sound under which there is no
	// voice: -62 dB of full scale, far under a quiet talker, over idle G.711.
	faintest = 660
	// weakest correlation that makes a candidate.
	weakest = 0.3
	// longer is how much a candidate loses for its length, the longest all of
	// it: twice the period fits as well as the period itself (RAPT's lag weight).
	longer = 0.12

	// half is the window at 4 kHz, span that and its past.
	half = window / 2
	span = half + longest/2 + 2
)

type candidate struct {
	lag  float32 // period in samples at 8 kHz
	fit  float32 // normalised correlation there
	rank float32 // fit less the price of its length
}

// candidates are the periods that a frame may have, best first.
type candidates struct {
	list [most]candidate
	n    int
	// best is the highest fit, 0 when the frame is silent.
	best float32
}

// search finds the peaks of the normalised cross-correlation of the last window
// with what lies 18 to 136 samples before.
func (c *candidates) search(x *[history]float32) {
	// Every second sample of the window is enough under 2 kHz; even lags find
	// their past in the same half of the samples, odd ones in the other. On the
	// stack, which stays in the cache from call to call.
	var even, odd [span]float32
	for i := range even {
		odd[i], even[i] = x[history-2*span+2*i], x[history-2*span+2*i+1]
	}
	own := energy(even[span-half:])
	if own < faintest*half {
		return
	}
	var r [longest + 2]float32
	correlate(r[:], &even, &even, own, shortest/2)
	correlate(r[1:], &even, &odd, own, shortest/2)
	for lag := shortest + 1; lag <= longest; lag++ {
		if p := r[lag]; p >= weakest && p > r[lag-1] && p >= r[lag+1] {
			at, top := parabola(r[lag-1], p, r[lag+1])
			c.add(float32(lag)+at, min(top, 1))
		}
	}
}

// correlate writes the normalised correlation of the window at the end of now
// with its past in then to every second place of dst, from lag first on, both
// in steps of two samples. What is negative is left 0.
func correlate(dst []float32, now, then *[span]float32, own float32, first int) {
	window := now[span-half:]
	power := energy(then[span-half-first : span-first])
	for lag := first; 2*lag < len(dst); lag += 4 {
		// Four lags share their loads.
		past := then[span-half-lag-3 : span-lag]
		var s [4]float32
		s[0], s[1], s[2], s[3] = four(window, past)
		for k := range s {
			if at := 2 * (lag + k); at < len(dst) && s[k] > 0 {
				dst[at] = s[k] / float32(math.Sqrt(float64(own*max(power, 1))))
			}
			// The next past begins and ends one earlier.
			if head := span - half - lag - k - 1; head >= 0 {
				power += then[head]*then[head] - then[head+half]*then[head+half]
			}
		}
	}
}

// four gives the products of x with y from its third, second, first and zeroth
// sample on.
func four(x, y []float32) (s0, s1, s2, s3 float32) {
	x, y = x[:half], y[:half+3]
	y0, y1, y2 := y[0], y[1], y[2]
	for i, v := range x {
		y3 := y[i+3]
		s0 += v * y3
		s1 += v * y2
		s2 += v * y1
		s3 += v * y0
		y0, y1, y2 = y1, y2, y3
	}
	return s0, s1, s2, s3
}

// add keeps a peak among the best.
func (c *candidates) add(lag, fit float32) {
	n := candidate{lag: lag, fit: fit, rank: fit * (1 - longer*lag/longest)}
	c.best = max(c.best, fit)
	if c.n < most {
		c.list[c.n] = n
		c.n++
	} else if n.rank > c.list[most-1].rank {
		c.list[most-1] = n
	}
	for i := c.n - 1; i > 0 && c.list[i].rank > c.list[i-1].rank; i-- {
		c.list[i], c.list[i-1] = c.list[i-1], c.list[i]
	}
}

// parabola is the place, within one step of the middle, and the height of the
// peak of three values.
func parabola(a, b, c float32) (at, top float32) {
	curve := a - 2*b + c
	if curve >= 0 {
		return 0, b
	}
	at = max(-1, min((a-c)/(2*curve), 1))
	return at, b - (a-c)*at/4
}

func energy(x []float32) float32 {
	var even, odd float32
	for i := 1; i < len(x); i += 2 {
		even += x[i-1] * x[i-1]
		odd += x[i] * x[i]
	}
	return even + odd
}
