// Package resample changes the sampling rate of sound by any ratio of whole
// numbers: continuously for a stream, or a whole clip at once.
package resample

import (
	"fmt"
	"math"

	"parley/media"
)

const (
	// lobes are the zero crossings of the filter on either side; with the
	// window below, images and aliases lie 70 dB down outside the transition.
	lobes = 16
	// beta shapes the Kaiser window.
	beta = 7.0
	// phasesMost bounds the table for odd ratios.
	phasesMost = 4096
)

// Stream resamples continuous sound: the frames go in one after another and the
// filter's memory joins them. It is used by one goroutine and allocates only
// when the caller's slice is too short.
//
// It delays the sound by Delay, because half of the filter lies ahead.
type Stream struct {
	up, down int // the ratio in lowest terms
	phases   []phase
	taps     int
	past     []float32 // the latest taps-1 samples, then the new ones
	at       int       // phase of the next output sample
	skip     int       // input samples to pass before it
	rate     media.Rate
}

// phase is the filter for output samples that lie so far between two inputs. A
// phase that falls onto an input sample needs no filter in a half-band.
type phase struct {
	taps []float32
	only int // the one tap that is not nought, or -1
}

// New makes a stream from one rate to another.
func New(from, to media.Rate) (*Stream, error) {
	if from <= 0 || to <= 0 {
		return nil, fmt.Errorf("resample: %d to %d Hz is impossible", from, to)
	}
	d := gcd(int(from), int(to))
	s := &Stream{up: int(to) / d, down: int(from) / d, rate: from}
	if s.up > phasesMost || s.down > phasesMost*16 {
		return nil, fmt.Errorf("resample: %d to %d Hz have too small a common measure", from, to)
	}
	s.design()
	s.past = make([]float32, s.taps-1, s.taps-1+4*from.Samples())
	return s, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// design computes a windowed sinc, cut into one filter for each phase. The
// cutoff is half of the lower rate: what little passes above it lies beyond the
// telephone band.
func (s *Stream) design() {
	stretch := max(1, float64(s.down)/float64(s.up)) // the filter is longer when the output is slower
	half := int(math.Ceil(lobes * stretch))
	s.taps = 2 * half
	s.phases = make([]phase, s.up)
	for p := range s.phases {
		taps := make([]float64, s.taps)
		var sum float64
		for k := range taps {
			// Distance of input k from the output sample, in input samples.
			x := float64(k-half+1) - float64(p)/float64(s.up)
			taps[k] = sinc(x/stretch) * kaiser(x/(lobes*stretch))
			sum += taps[k]
		}
		ph := phase{taps: make([]float32, s.taps), only: -1}
		var others float64
		for k, v := range taps {
			ph.taps[k] = float32(v / sum) // unit gain for every phase, or a hum remains
			if k != half-1 {
				others += math.Abs(v)
			}
		}
		if others < 1e-9 {
			ph.only = half - 1
		}
		s.phases[p] = ph
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window, 0 outside of -1 to 1.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(beta*math.Sqrt(1-x*x)) / bessel(beta)
}

// bessel is the modified Bessel function of order 0, by its series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x / (2 * k) * x / (2 * k)
		sum += term
	}
	return sum
}

// Delay is how much later the sound comes out than it went in.
func (s *Stream) Delay() float64 { return float64(s.taps/2) / float64(s.rate) }

// Append resamples pcm and appends the result to dst.
func (s *Stream) Append(dst, pcm []int16) []int16 {
	for _, v := range pcm {
		s.past = append(s.past, float32(v))
	}
	in := s.past
	pos := s.skip
	for pos+s.taps <= len(in) {
		p := &s.phases[s.at]
		if p.only >= 0 {
			dst = append(dst, clip(in[pos+p.only]))
		} else {
			dst = append(dst, clip(dot(p.taps, in[pos:pos+s.taps])))
		}
		s.at += s.down
		pos += s.at / s.up
		s.at %= s.up
	}
	keep := min(pos, len(in)) // pos may lie beyond what is there yet
	s.skip = pos - keep
	s.past = in[:copy(in, in[keep:])]
	return dst
}

// dot runs four sums side by side, which the processor can overlap.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func clip(v float32) int16 {
	switch {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v < 0:
		return int16(v - 0.5)
	}
	return int16(v + 0.5)
}

// Reset forgets the sound so far.
func (s *Stream) Reset() {
	s.past = s.past[:s.taps-1]
	clear(s.past)
	s.at, s.skip = 0, 0
}

// Convert resamples a whole clip without delay: sample i of the result is the
// sound at i/to seconds. Its length is the clip's, rounded up.
func Convert(pcm []int16, from, to media.Rate) ([]int16, error) {
	if from == to && from > 0 {
		return append([]int16(nil), pcm...), nil
	}
	s, err := New(from, to)
	if err != nil {
		return nil, err
	}
	n := (len(pcm)*s.up + s.down - 1) / s.down
	// With half a filter of silence before it, the clip begins at once.
	s.past = s.past[:s.taps/2-1]
	out := s.Append(make([]int16, 0, n+s.up), pcm)
	out = s.Append(out, make([]int16, s.taps/2+s.down))
	return out[:n], nil
}
