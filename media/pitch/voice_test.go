package pitch

import (
	"math"
	"math/rand/v2"

	"parley/media/codec"
)

// voice is sound whose pitch is known.
type voice struct {
	r   *rand.Rand
	x   []float64 // about full scale 1
	f0  []float64 // of every sample; 0 unvoiced
	mix float64   // phase of the source, in periods
	res [4][2]float64
}

func newVoice(seed uint64) *voice { return &voice{r: rand.New(rand.NewPCG(seed, 4))} }

// formants in Hz of some vowels of a man and a woman (Peterson and Barney, 1952).
var formants = [][3]float64{
	{270, 2290, 3010}, {530, 1840, 2480}, {730, 1090, 2440}, {570, 840, 2410}, {300, 870, 2240},
	{310, 2790, 3310}, {610, 2330, 2990}, {850, 1220, 2810}, {590, 920, 2710}, {370, 950, 2670},
}

// sing adds sound of n samples whose pitch goes from a to b in equal ratios,
// with the period jittered by this share from cycle to cycle.
func (v *voice) sing(n int, a, b, jitter float64, formant [3]float64) *voice {
	off := 1.0
	for i := range n {
		f := a * math.Pow(b/a, float64(i)/float64(n))
		v.mix += f * off / rate
		if v.mix >= 1 {
			v.mix--
			off = 1 + jitter*v.r.NormFloat64()
		}
		// The derivative of a glottal pulse as harmonics that fall with 6 dB an octave.
		var s float64
		for k := 1; float64(k)*f < 3700; k++ {
			s += math.Cos(2*math.Pi*float64(k)*v.mix) / float64(k)
		}
		env := min(1, float64(min(i, n-i))/160)
		v.push(0.2*env*v.shape(s, formant), f)
	}
	return v
}

// hiss adds n samples of a fricative, rest n samples of nothing.
func (v *voice) hiss(n int) *voice {
	var last float64
	for range n {
		w := v.r.NormFloat64()
		v.push(0.02*(w-last), 0)
		last = w
	}
	return v
}

func (v *voice) rest(n int) *voice {
	for range n {
		v.push(0, 0)
	}
	return v
}

func (v *voice) push(s, f0 float64) { v.x, v.f0 = append(v.x, s), append(v.f0, f0) }

// shape passes a sample through resonances, one after the other.
func (v *voice) shape(s float64, formant [3]float64) float64 {
	for i, f := range formant {
		width := 60 + f/20
		p := math.Exp(-math.Pi * width / rate)
		c := 2 * p * math.Cos(2*math.Pi*f/rate)
		y := s*(1-c+p*p) + c*v.res[i][0] - p*p*v.res[i][1]
		v.res[i][1], v.res[i][0] = v.res[i][0], y
		s = y
	}
	return s
}

// line is the sound as a telephone has it: levelled to -24 dB, without what lies
// under 300 Hz when narrow, with noise, through G.711 mu-law.
func (v *voice) line(snr float64, narrow bool) []int16 {
	x := append([]float64(nil), v.x...)
	if narrow {
		for range 2 {
			x = highpass(x, 300)
		}
	}
	var sum float64
	n := 0
	for i, s := range x {
		if v.f0[i] > 0 {
			sum += s * s
			n++
		}
	}
	gain := 2068 / math.Sqrt(sum/float64(max(1, n)))
	pcm := make([]int16, len(x)/frame*frame)
	noise := 2068 * math.Pow(10, -snr/20)
	for i := range pcm {
		pcm[i] = int16(max(-32768, min(32767, x[i]*gain+noise*v.r.NormFloat64())))
	}
	return throughG711(pcm)
}

func throughG711(pcm []int16) []int16 {
	c := codec.PCMU
	return c.AppendPCM(nil, c.AppendPayload(nil, pcm))
}

func highpass(x []float64, f float64) []float64 {
	w := 2 * math.Pi * f / rate
	alpha := math.Sin(w) / math.Sqrt2
	b := (1 + math.Cos(w)) / 2
	var s1, s2 float64
	y := make([]float64, len(x))
	for i, in := range x {
		y[i] = (b*in + s1) / (1 + alpha)
		s1 = -2*b*in + 2*math.Cos(w)*y[i] + s2
		s2 = b*in - (1-alpha)*y[i]
	}
	return y
}

// score is how a track compares with the truth, in the field's measures: gross
// errors are voiced frames off by more than 20 %, fine is the rest's mean error,
// and voicing errors count both ways. Frames on a border of voicing are left out.
type score struct {
	voiced, unvoiced, found, gross, missed, wrong int
	fine                                          float64
}

func (s *score) add(v *voice, pcm []int16) {
	t := New()
	for i := 0; i+frame <= len(pcm); i += frame {
		r := t.Frame(pcm[i : i+frame])
		from, to := max(0, i+frame-320), i+frame
		mid := v.f0[to-160]
		var voiced int
		for _, f := range v.f0[from:to] {
			if f > 0 {
				voiced++
			}
		}
		switch {
		case voiced == to-from && i >= 2*frame:
			s.voiced++
			if r.F0 == 0 {
				s.missed++
				break
			}
			s.found++
			if off := math.Abs(r.F0/mid - 1); off > 0.2 {
				s.gross++
			} else {
				s.fine += off
			}
		case voiced == 0:
			s.unvoiced++
			if r.F0 > 0 {
				s.wrong++
			}
		}
	}
}

func share(a, b int) float64 { return 100 * float64(a) / float64(max(1, b)) }
