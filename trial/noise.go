package trial

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// noises make n samples of a kind of noise with the power 1 while it sounds.
var noises = map[string]func(r *rand.Rand, n int, voices [][]int16) []float32{
	"white": white, "pink": pink, "street": street, "music": music,
	"clicks": clicks, "knocks": knocks, "coughs": coughs, "babble": babble, "canteen": canteen, "file": file,
}

func noiseKinds() []string { return slices.Sorted(maps.Keys(noises)) }

// level brings x to the power 1 over the samples that sound.
func level(x []float32) []float32 {
	var loudest float64
	for at := 0; at+window <= len(x); at += window {
		loudest = max(loudest, power(x[at:at+window]))
	}
	var sum float64
	n := 0
	for at := 0; at+window <= len(x); at += window {
		if p := power(x[at : at+window]); p >= loudest/1000 {
			sum += p
			n++
		}
	}
	if sum > 0 {
		gain := float32(math.Sqrt(float64(n) / sum))
		for i := range x {
			x[i] *= gain
		}
	}
	return x
}

func power(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(max(1, len(x)))
}

func white(r *rand.Rand, n int, _ [][]int16) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// pink falls by 3 dB an octave: the sum of three first-order low-passes whose
// corners lie a decade apart (after P. Kellet's economy filter).
func pink(r *rand.Rand, n int, _ [][]int16) []float32 {
	x := make([]float32, n)
	var a, b, c float64
	for i := range x {
		w := r.NormFloat64()
		a = 0.99765*a + w*0.0990460
		b = 0.96300*b + w*0.2965164
		c = 0.57000*c + w*1.0526913
		x[i] = float32(a + b + c + w*0.1848)
	}
	return level(x)
}

// street is the rumble of traffic, cars that pass, and now and then a horn.
func street(r *rand.Rand, n int, _ [][]int16) []float32 {
	x := make([]float32, n)
	var low, slow float64
	for i := range x {
		w := r.NormFloat64()
		low += 0.06 * (w - low)
		slow += 0.0002 * (r.NormFloat64()*30 - slow)
		x[i] = float32(low * (1.6 + math.Tanh(slow)))
	}
	for at := 0; at < n; at += samples(1500 + r.IntN(5000)) {
		pass(r, x, at)
		if r.IntN(6) == 0 {
			horn(r, x, at+samples(r.IntN(1500)))
		}
	}
	return level(x)
}

// pass adds a car: tyre noise that swells and falls.
func pass(r *rand.Rand, x []float32, at int) {
	length := samples(1200 + r.IntN(2500))
	corner := 0.15 + 0.3*r.Float64()
	loud := 0.15 + 0.5*r.Float64()
	var low, high float64
	for i := 0; i < length && at+i < len(x); i++ {
		w := r.NormFloat64()
		low += corner * (w - low)
		high += 0.05 * (low - high)
		e := math.Sin(math.Pi * float64(i) / float64(length))
		x[at+i] += float32(loud * e * e * (low - high))
	}
}

func horn(r *rand.Rand, x []float32, at int) {
	length := samples(150 + r.IntN(500))
	f := 350 + 120*r.Float64()
	for i := 0; i < length && at+i < len(x); i++ {
		t := float64(i) / 8000
		var v float64
		for _, h := range []float64{1, 1.26, 2, 2.52, 3, 4} {
			v += math.Sin(2*math.Pi*f*h*t) / h
		}
		x[at+i] += float32(0.25 * v * math.Min(1, float64(i)/80))
	}
}

// music is chords of decaying strings over a bass and a light beat.
func music(r *rand.Rand, n int, _ [][]int16) []float32 {
	x := make([]float32, n)
	root := 110 * math.Pow(2, float64(r.IntN(12))/12)
	beat := samples(300 + r.IntN(300))
	steps := []float64{0, 2, 4, 5, 7, 9, 11}
	for at := 0; at < n; at += beat {
		degree := r.IntN(len(steps))
		for _, k := range []int{0, 2, 4} {
			if r.IntN(4) == 0 {
				continue
			}
			semis := steps[(degree+k)%7] + float64(12*((degree+k)/7)) + float64(12*r.IntN(2))
			pluck(x, at, 2*root*math.Pow(2, semis/12), 0.5+0.5*r.Float64(), 4000)
		}
		pluck(x, at, root*math.Pow(2, steps[degree]/12), 1, 6000)
		for i := 0; i < 200 && at+i < n; i++ { // a brush on the beat
			x[at+i] += float32(0.3 * r.NormFloat64() * math.Exp(-float64(i)/60))
		}
	}
	return level(x)
}

// pluck adds a string with falling harmonics; decay is in samples.
func pluck(x []float32, at int, f, loud, decay float64) {
	for i := 0; i < int(4*decay) && at+i < len(x); i++ {
		t, e := float64(i)/8000, math.Exp(-float64(i)/decay)*min(1, float64(i)/40)
		var v float64
		for h := 1.0; h <= 6 && h*f < 3800; h++ {
			v += math.Sin(2*math.Pi*h*f*t) / (h * h) * math.Exp(-(h-1)*float64(i)/decay)
		}
		x[at+i] += float32(loud * e * v)
	}
}

// bursts places sounds at random, every one to four seconds, sometimes two or
// three in a row.
func bursts(r *rand.Rand, n int, one func(x []float32, at int)) []float32 {
	x := make([]float32, n)
	for at := samples(r.IntN(2000)); at < n; at += samples(1000 + r.IntN(3000)) {
		next := at
		for range 1 + r.IntN(3) {
			one(x, next)
			next += samples(180 + r.IntN(250))
		}
	}
	return level(x)
}

// clicks are switches and handling: a few milliseconds each.
func clicks(r *rand.Rand, n int, _ [][]int16) []float32 {
	return bursts(r, n, func(x []float32, at int) { ring(r, x, at, 900+2200*r.Float64(), 12+40*r.Float64(), 0.5) })
}

// knocks are a door, a table, a cup set down.
func knocks(r *rand.Rand, n int, _ [][]int16) []float32 {
	return bursts(r, n, func(x []float32, at int) {
		f := 140 + 250*r.Float64()
		ring(r, x, at, f, 200+300*r.Float64(), 0.3)
		ring(r, x, at, f*2.7, 120, 0.3)
	})
}

// ring adds a struck resonance with a share of noise.
func ring(r *rand.Rand, x []float32, at int, f, decay, noisy float64) {
	for i := 0; i < int(6*decay) && at+i < len(x); i++ {
		v := math.Sin(2*math.Pi*f*float64(i)/8000)*(1-noisy) + r.NormFloat64()*noisy
		x[at+i] += float32(v * math.Exp(-float64(i)/decay))
	}
}

// coughs have a sharp burst, a noisy middle with the throat's resonances, and
// often a short voiced end.
func coughs(r *rand.Rand, n int, _ [][]int16) []float32 {
	return bursts(r, n, func(x []float32, at int) {
		burst, middle, end := samples(20+r.IntN(25)), samples(90+r.IntN(120)), 0
		if r.IntN(2) == 0 {
			end = samples(40 + r.IntN(80))
		}
		first, second := newFormant(600+300*r.Float64(), 250), newFormant(1400+500*r.Float64(), 350)
		pitch, phase := 150+120*r.Float64(), 0.0
		for i := 0; i < burst+middle+end && at+i < len(x); i++ {
			w := r.NormFloat64()
			e := 1.0
			switch {
			case i >= burst+middle:
				e = 0.4 * (1 - float64(i-burst-middle)/float64(end))
				phase += pitch / 8000
				w = 0.3 * w
				if phase >= 1 {
					phase--
					w += 6
				}
			case i >= burst:
				e = 0.7 * math.Exp(-2*float64(i-burst)/float64(middle))
			}
			x[at+i] += float32(e * (first.next(w) + 0.6*second.next(w)))
		}
	})
}

// formant is a two-pole resonance.
type formant struct{ a, b, y1, y2 float64 }

func newFormant(f, width float64) *formant {
	r := math.Exp(-math.Pi * width / 8000)
	return &formant{a: 2 * r * math.Cos(2*math.Pi*f/8000), b: -r * r}
}

func (f *formant) next(x float64) float64 {
	y := x + f.a*f.y1 + f.b*f.y2
	f.y2, f.y1 = f.y1, y
	return y
}

// talkers speak at the same time in babble.
const talkers = 8

// babble is many voices at once, each a loop of the sounds from elsewhere.
func babble(r *rand.Rand, n int, voices [][]int16) []float32 {
	x := make([]float32, n)
	for range talkers {
		for at := -r.IntN(samples(3000)); at < n; {
			v := voices[r.IntN(len(voices))]
			for i, s := range v {
				if k := at + i; k >= 0 && k < n {
					x[k] += float32(s)
				}
			}
			at += len(v) + samples(r.IntN(300))
		}
	}
	return level(x)
}

// canteen is a hall with many tables: talkers at all distances, the hall's
// reflections of them, and dishes.
func canteen(r *rand.Rand, n int, voices [][]int16) []float32 {
	dry := make([]float32, n)
	for range 2 * talkers {
		near := float32(0.2 + 0.8*r.Float64())
		for at := -r.IntN(samples(3000)); at < n; {
			v := voices[r.IntN(len(voices))]
			for i, s := range v {
				if k := at + i; k >= 0 && k < n {
					dry[k] += near * float32(s)
				}
			}
			at += len(v) + samples(200+r.IntN(1500))
		}
	}
	x := far(r, level(dry))[:n]
	for at := samples(r.IntN(1500)); at < n; at += samples(300 + r.IntN(2500)) {
		f := 1700 + 1600*r.Float64()
		for k := range 1 + r.IntN(3) { // cutlery on a plate: rings that do not fit each other
			struck := make([]float32, 1600)
			ring(r, struck, 0, f*(1+0.37*float64(k)), 40+120*r.Float64(), 0.15)
			for i, v := range struck {
				if k := at + i; k < n {
					x[k] += 0.8 * v
				}
			}
		}
	}
	return level(x)
}

// file loops the sounds from a random place.
func file(r *rand.Rand, n int, voices [][]int16) []float32 {
	x := make([]float32, 0, n)
	v := voices[r.IntN(len(voices))]
	for at := r.IntN(max(1, len(v))); len(x) < n && len(v) > 0; at++ {
		x = append(x, float32(v[at%len(v)]))
	}
	return level(x[:len(x):len(x)])
}
