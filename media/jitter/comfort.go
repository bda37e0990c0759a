package jitter

import "math"

// comfort goes on with a far side's comfort noise after the packet that
// described it: white noise of its level. The spectrum that RFC 3389 may add is
// left out, because at such levels nobody hears it.
type comfort struct {
	on     bool
	step   float64 // of the uniform noise, peak to peak
	random uint32
}

// heard takes samples as they are played.
func (c *comfort) heard(pcm []int16, isNoise bool) {
	if c.on = isNoise; !isNoise {
		return
	}
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	// Uniform noise from -a to a has the power a²/3.
	c.step = 2 * math.Sqrt(3*sum/float64(len(pcm)))
}

// fill makes noise.
func (c *comfort) fill(out []int16) {
	for i := range out {
		c.random = c.random*1664525 + 1013904223
		out[i] = int16(math.RoundToEven(c.step * (float64(c.random>>8)/(1<<24) - 0.5)))
	}
}
