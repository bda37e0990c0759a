package sim

import (
	"math"
	"math/rand/v2"

	"parley/tts"
)

// noiseLength is the loop of noise under a call, in samples: six seconds.
const noiseLength = 6 * 8000

// makeNoise returns a loop of the kind at its level below the voice. babble is
// speech for BabbleNoise, mixed with itself; without any it is pink noise.
func makeNoise(n Noise, seed uint64, babble []int16) []int16 {
	if n.Kind == "" {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, 1))
	loop := make([]float64, noiseLength)
	switch {
	case n.Kind == BabbleNoise && len(babble) > 0:
		for range 5 { // voices
			start := r.IntN(len(babble))
			for i := range loop {
				loop[i] += float64(babble[(start+i)%len(babble)])
			}
		}
	case n.Kind == LineNoise:
		for i := range loop {
			loop[i] = r.NormFloat64() + 0.5*math.Sin(2*math.Pi*50*float64(i)/8000)
		}
	default:
		pink(loop, r)
	}
	var sum float64
	for _, v := range loop {
		sum += v * v
	}
	scale := 32768 * math.Pow(10, (tts.Level-float64(n.SNR))/20) / math.Sqrt(sum/noiseLength)
	out := make([]int16, noiseLength)
	for i, v := range loop {
		out[i] = clip(v * scale)
	}
	return out
}

// pink fills with noise of 3 dB less an octave, by Paul Kellet's filter.
func pink(out []float64, r *rand.Rand) {
	var a, b, c float64
	for i := range out {
		white := r.NormFloat64()
		a = 0.99765*a + white*0.0990460
		b = 0.96300*b + white*0.2965164
		c = 0.57000*c + white*1.0526913
		out[i] = a + b + c + white*0.1848
	}
}

func clip(v float64) int16 { return int16(max(-32768, min(32767, v))) }

// mix adds noise to a frame and returns where the loop goes on.
func mix(pcm, loop []int16, at int) int {
	if len(loop) == 0 {
		return 0
	}
	for i := range pcm {
		pcm[i] = clip(float64(pcm[i]) + float64(loop[at]))
		if at++; at == len(loop) {
			at = 0
		}
	}
	return at
}
