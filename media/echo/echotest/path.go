// Package echotest makes echoes for tests: what the far end sends back of what
// we say, through a hybrid, a speakerphone in a room or a loop, over G.711 in
// both directions. Everything in it is synthetic and seeded.
package echotest

import (
	"math"
	"math/rand/v2"

	"parley/media"
	"parley/media/codec"
)

// Path is one way back.
type Path struct {
	// Delay of the first sound that comes back, in milliseconds.
	Delay int
	// ERL, echo return loss: dB between what is sent and what comes back.
	ERL float64
	// Room is the time in seconds in which a room's sound decays by 60 dB; 0
	// for the hybrid of a line, which rings for 8 ms.
	Room float64
	// Clip is the level over its own mean, in dB, at which a small loudspeaker
	// limits; 0 for one that does not.
	Clip float64
	// Drift of the far end's clock in parts per million.
	Drift float64
	// Law is the codec of both directions, "PCMU" when empty.
	Law string
	// Seed of the response.
	Seed uint64
}

// response is the impulse response, its energy unscaled.
func (p Path) response() []float64 {
	r := rand.New(rand.NewPCG(p.Seed, 77))
	if p.Room == 0 {
		h := make([]float64, 64)
		for i := range h {
			h[i] = math.Exp(-float64(i)/9) * math.Cos(float64(i)*(0.7+0.2*r.Float64())+0.4)
		}
		return h
	}
	// Direct sound, a few milliseconds of early reflections, and a tail that
	// holds as much energy as the direct sound.
	h := make([]float64, int(p.Room*8000))
	decay := math.Log(1000) / (p.Room * 8000)
	var tail float64
	for i := 12; i < len(h); i++ {
		h[i] = r.NormFloat64() * math.Exp(-decay*float64(i))
		tail += h[i] * h[i]
	}
	for i := range h {
		h[i] /= math.Sqrt(tail)
	}
	h[0], h[5], h[9] = 1, -0.35, 0.2
	return h
}

// Echo is what comes back of sent, both in samples of 16 bit; sample i of one
// is heard at the time of sample i of the other.
func (p Path) Echo(sent []float64) []float64 {
	x := sent
	if p.Room > 0 || p.Clip > 0 {
		x = loudspeaker(x, p.Clip)
	}
	h := p.response()
	back := make([]float64, len(x))
	for i, v := range x {
		if v == 0 {
			continue
		}
		for k := 0; k < len(h) && i+k < len(back); k++ {
			back[i+k] += v * h[k]
		}
	}
	gain := math.Pow(10, -p.ERL/20) * RMS(sent) / max(1e-9, RMS(back))
	out := make([]float64, len(back))
	for i := range out {
		at := float64(i-p.Delay*8) * (1 + p.Drift*1e-6)
		out[i] = gain * between(back, at)
	}
	return out
}

// loudspeaker is a small one: nothing below 400 Hz, and a limit.
func loudspeaker(x []float64, clip float64) []float64 {
	out := make([]float64, len(x))
	const c = 0.73
	var x1, y1, x2, y2 float64
	for i, v := range x {
		y := c * (y1 + v - x1)
		z := c * (y2 + y - x2)
		x1, y1, x2, y2 = v, y, y, z
		out[i] = z
	}
	if clip == 0 {
		return out
	}
	limit := RMS(out) * math.Pow(10, clip/20)
	for i, v := range out {
		out[i] = limit * math.Tanh(v/limit)
	}
	return out
}

// between is x at a time between samples, by a windowed sinc of 16.
func between(x []float64, at float64) float64 {
	n := int(math.Floor(at))
	f := at - float64(n)
	if f == 0 {
		if n < 0 || n >= len(x) {
			return 0
		}
		return x[n]
	}
	var sum float64
	for k := max(0, n-7); k <= n+8 && k < len(x); k++ {
		d := at - float64(k)
		sum += x[k] * math.Sin(math.Pi*d) / (math.Pi * d) * (0.5 + 0.5*math.Cos(math.Pi*d/8.5))
	}
	return sum
}

// RMS is the root mean square of what is not silence.
func RMS(x []float64) float64 {
	var sum float64
	n := 0
	for _, v := range x {
		if v*v > 900 {
			sum += v * v
			n++
		}
	}
	return math.Sqrt(sum / float64(max(1, n)))
}

// Coded is x after a codec's way there and back.
func (p Path) Coded(x []float64) []float64 {
	law := p.Law
	if law == "" {
		law = "PCMU"
	}
	c, ok := codec.ByName(law)
	if !ok {
		panic("echotest: no codec " + law)
	}
	pcm := c.AppendPCM(nil, c.AppendPayload(nil, PCM(x)))
	out := make([]float64, len(pcm))
	for i, v := range pcm {
		out[i] = float64(v)
	}
	return out
}

// PCM rounds and limits to 16 bit.
func PCM(x []float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(max(-32768, min(32767, math.Round(v))))
	}
	return out
}

// Received is the sum of the echo of sent, of near, which may be shorter or
// nil, and of white noise of this root mean square, coded.
func (p Path) Received(sent, near []float64, noise float64) []float64 {
	in := p.Echo(p.Coded(sent))
	r := rand.New(rand.NewPCG(p.Seed, 78))
	for i := range in {
		if i < len(near) {
			in[i] += near[i]
		}
		in[i] += noise * r.NormFloat64()
	}
	return p.Coded(in)
}

// Frame is the n-th frame of x.
func Frame(x []int16, n int) []int16 {
	samples := media.Rate8k.Samples()
	return x[n*samples : (n+1)*samples]
}
