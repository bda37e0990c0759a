package jitter

import (
	"math"
	"time"

	"parley/media"
)

// Concealment in the manner of ITU-T G.711 appendix I: the last pitch period is
// repeated, faded out, and blended into the sound that comes next.
const (
	pitchMin = 5 * time.Millisecond  // 200 Hz
	pitchMax = 15 * time.Millisecond // 67 Hz
	window   = 20 * time.Millisecond // compared to find the pitch
	fullFor  = 10 * time.Millisecond // the gap is filled at full level so long
	fadedAt  = 80 * time.Millisecond // and is silent from here on
	blendMin = 5 * time.Millisecond  // of the next sound
	blendMax = 10 * time.Millisecond
)

// concealer invents the samples of a gap from those before it.
type concealer struct {
	history []int16 // the latest samples, the newest last
	period  []int16 // what is repeated; len is the pitch
	at      int     // place in period
	filled  int     // samples of the present gap invented so far

	pitchMin, pitchMax, window, fullFor, fadedAt, blendMin, blendMax int
}

func newConcealer(rate media.Rate) concealer {
	c := concealer{
		pitchMin: rate.Count(pitchMin), pitchMax: rate.Count(pitchMax), window: rate.Count(window),
		fullFor: rate.Count(fullFor), fadedAt: rate.Count(fadedAt),
		blendMin: rate.Count(blendMin), blendMax: rate.Count(blendMax),
	}
	c.history = make([]int16, c.window+c.pitchMax)
	c.period = make([]int16, 0, c.pitchMax)
	return c
}

// reset forgets the sound so far, as after a long silence.
func (c *concealer) reset() {
	clear(c.history)
	c.filled = 0
}

// faded reports whether the present gap has been filled down to silence.
func (c *concealer) faded() bool { return c.filled >= c.fadedAt }

// heard takes real samples, blending their beginning with the end of a gap in
// place.
func (c *concealer) heard(pcm []int16) {
	if c.filled > 0 {
		n := min(len(pcm), c.blendMax, c.blendMin+c.filled/5)
		for i := range n {
			gap, sound := int(c.next()), int(pcm[i])
			pcm[i] = int16((gap*(n-i) + sound*(i+1)) / (n + 1))
		}
		c.filled = 0
	}
	c.remember(pcm)
}

// invent fills out with the continuation of what was heard.
func (c *concealer) invent(out []int16) {
	if c.filled == 0 {
		c.findPeriod()
	}
	for i := range out {
		out[i] = c.next()
	}
	if c.faded() {
		clear(c.history)
	}
}

// next is one more invented sample.
func (c *concealer) next() int16 {
	past := c.filled - c.fullFor
	c.filled++
	if c.filled >= c.fadedAt || len(c.period) == 0 {
		c.filled = min(c.filled, c.fadedAt)
		return 0
	}
	s := int(c.period[c.at])
	if c.at++; c.at == len(c.period) {
		c.at = 0
	}
	if past > 0 {
		s = s * (c.fadedAt - c.fullFor - past) / (c.fadedAt - c.fullFor)
	}
	return int16(s)
}

// findPeriod takes the last pitch period of the history and makes its end lead
// into its beginning.
func (c *concealer) findPeriod() {
	h, lag := c.history, c.pitch()
	c.period, c.at = append(c.period[:0], h[len(h)-lag:]...), 0
	quarter := lag / 4
	before := h[len(h)-lag-quarter : len(h)-lag] // what led into the beginning
	for i := range quarter {
		p := &c.period[lag-quarter+i]
		*p = int16((int(*p)*(quarter-i) + int(before[i])*(i+1)) / (quarter + 1))
	}
}

// pitch is the lag at which the last window looks most like itself: first every
// other lag over every other sample, then the neighbours of the best.
func (c *concealer) pitch() int {
	best, at := -1.0, c.pitchMin
	for lag := c.pitchMin; lag <= c.pitchMax; lag += 2 {
		if s := c.similarity(lag, 2); s > best {
			best, at = s, lag
		}
	}
	best, coarse := -1.0, at
	for lag := max(coarse-1, c.pitchMin); lag <= min(coarse+1, c.pitchMax); lag++ {
		if s := c.similarity(lag, 1); s > best {
			best, at = s, lag
		}
	}
	return at
}

// similarity is the normalised correlation of the window with itself lag
// samples earlier.
func (c *concealer) similarity(lag, step int) float64 {
	h := c.history
	now, then := h[len(h)-c.window:], h[len(h)-c.window-lag:len(h)-lag]
	var cross, energy int64
	for i := 0; i < len(now) && i < len(then); i += step {
		a, b := int64(now[i]), int64(then[i])
		cross += a * b
		energy += b * b
	}
	if cross <= 0 || energy == 0 {
		return 0
	}
	return float64(cross) / math.Sqrt(float64(energy))
}

// remember appends to the history.
func (c *concealer) remember(pcm []int16) {
	h := c.history
	if len(pcm) >= len(h) {
		copy(h, pcm[len(pcm)-len(h):])
		return
	}
	copy(h, h[len(pcm):])
	copy(h[len(h)-len(pcm):], pcm)
}
