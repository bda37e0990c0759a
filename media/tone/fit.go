package tone

import "math"

// weakest: tones below it are crosstalk.
const weakest = -45.0

// single is how one frame fits a lone sinusoid.
type single struct {
	hz    float64
	rough float64 // the first estimate, also of what is no tone; 0 for none
	level float64 // mean power in dB, 0 being full scale
	pure  bool    // nearly all of the power is at hz
}

// fit finds the lone sinusoid nearest to the frame. A sinusoid obeys
// x[n+1]+x[n-1] = 2·cos(w)·x[n] (Prony), and the least-squares cosine gives a
// first frequency, which noise pulls towards the middle of the band. The phase
// that the frame's second half has gained on its first corrects it.
func fit(x []float32) single {
	var power, cross, outer float32
	for i := 1; i < len(x)-1; i++ {
		sum := x[i+1] + x[i-1]
		power += x[i] * x[i]
		cross += sum * x[i]
		outer += sum * sum
	}
	s := single{level: decibel(float64(power) / float64(len(x)-2))}
	if s.level < weakest {
		return s
	}
	c := cross / (2 * power)
	if c > -1 && c < 1 {
		s.rough = math.Acos(float64(c)) * 8000 / (2 * math.Pi)
	}
	if c <= -1 || c >= 1 || outer-4*c*cross+4*c*c*power > 0.8*power {
		return s // far from any tone: not worth a closer look
	}
	w := math.Acos(float64(c))
	half := len(x) / 2
	a, b := dft(x[:half], w), dft(x[half:], w)
	gain := b.mul(a.conj()).turn(-w * float64(half))
	w += math.Atan2(gain.im, gain.re) / float64(half)
	if w <= 0 || w >= math.Pi {
		return s
	}
	s.hz = w * 8000 / (2 * math.Pi)
	s.pure = dft(x, w).share(x) > 0.9
	return s
}

// phasor is a complex amplitude.
type phasor struct{ re, im float64 }

func (p phasor) conj() phasor        { return phasor{p.re, -p.im} }
func (p phasor) add(q phasor) phasor { return phasor{p.re + q.re, p.im + q.im} }
func (p phasor) mul(q phasor) phasor {
	return phasor{p.re*q.re - p.im*q.im, p.re*q.im + p.im*q.re}
}
func (p phasor) power() float64 { return p.re*p.re + p.im*p.im }

// turn rotates by an angle.
func (p phasor) turn(angle float64) phasor {
	sin, cos := math.Sincos(angle)
	return p.mul(phasor{cos, sin})
}

// share is the part of x's energy that a sinusoid of this amplitude explains.
func (p phasor) share(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return 0
	}
	return 2 * p.power() / (float64(len(x)) * sum)
}

// dft is the Fourier sum of x at w radians a sample, by Goertzel's recursion;
// its phase counts from the first sample.
func dft(x []float32, w float64) phasor {
	sin, cos := math.Sincos(w)
	k := 2 * cos
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = float64(v)+k*s1-s2, s1
	}
	end := phasor{s1 - s2*cos, s2 * sin}
	return end.turn(-w * float64(len(x)-1))
}

func decibel(power float64) float64 {
	if power < 1e-9 {
		return -90
	}
	return 10 * math.Log10(power)
}
