package bench

import (
	"math"
	"math/rand/v2"
)

// noiseOf is an endless noise by its name, of any level.
func noiseOf(name string, clips [][]float64, r *rand.Rand) func() float64 {
	switch name {
	case "pink":
		return pinkNoise(r)
	case "babble":
		return babble(clips, r)
	case "hum":
		n := 0
		return func() float64 {
			n++
			t := 2 * math.Pi * float64(n) / 8000
			return math.Sin(100*t) + 0.4*math.Sin(200*t) + 0.3*math.Sin(300*t) + 0.15*r.NormFloat64()
		}
	case "music (synthetic)":
		return music(r)
	}
	return r.NormFloat64
}

// pinkNoise is white noise by Kellet's economy filter.
func pinkNoise(r *rand.Rand) func() float64 {
	var a, b, c float64
	return func() float64 {
		w := r.NormFloat64()
		a = 0.99765*a + w*0.0990460
		b = 0.96300*b + w*0.2965164
		c = 0.57000*c + w*1.0526913
		return a + b + c + w*0.1848
	}
}

// babble is a dozen talkers at a time, each saying one utterance after another.
func babble(clips [][]float64, r *rand.Rand) func() float64 {
	const talkers = 12
	var says [talkers][]float64
	for i := range says {
		c := clips[r.IntN(len(clips))]
		says[i] = c[r.IntN(len(c)):]
	}
	return func() (v float64) {
		for i := range says {
			for len(says[i]) == 0 {
				says[i] = clips[r.IntN(len(clips))]
			}
			v += says[i][0]
			says[i] = says[i][1:]
		}
		return v
	}
}

// music is three plucked strings in chords over a soft beat: periodic, with
// onsets, like the music of a queue.
func music(r *rand.Rand) func() float64 {
	const beat = 4000 // samples between chords
	var pitch, phase [3]float64
	n := 0
	return func() (v float64) {
		if n%beat == 0 {
			root := 110 * math.Pow(2, float64(r.IntN(24))/12)
			for i, third := range []float64{1, 1.26, 1.5} {
				pitch[i] = root * third
			}
		}
		fade := math.Exp(-float64(n%beat) / 2500)
		for i := range pitch {
			phase[i] += 2 * math.Pi * pitch[i] / 8000
			for k := 1.0; k <= 6 && k*pitch[i] < 3400; k++ {
				v += fade / k * math.Sin(k*phase[i])
			}
		}
		if n%(beat/2) < 200 {
			v += 0.3 * r.NormFloat64()
		}
		n++
		return v
	}
}
