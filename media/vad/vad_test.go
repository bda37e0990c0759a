package vad

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-audio/wav"

	"parley/sharedtest"
)

// clip reads a mono 16-bit file as 8 kHz, averaging pairs of 16 kHz samples.
func clip(t testing.TB, path string) []float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf, err := wav.NewDecoder(f).FullPCMBuffer()
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	step := buf.Format.SampleRate / 8000
	for i := 0; i+step <= len(buf.Data); i += step {
		var sum int
		for _, v := range buf.Data[i : i+step] {
			sum += v
		}
		out = append(out, float64(sum)/float64(step)/32768)
	}
	return out
}

// scene is speech between silences of the same noise, with the truth.
type scene struct {
	pcm    []int16
	strong []bool // frames of clear speech
	silent []bool // frames well outside of it
	onsets []int  // the first frame of each word
}

// noises are filters of white noise.
var noises = map[string]func(r *rand.Rand) func() float64{
	"white": func(r *rand.Rand) func() float64 { return r.NormFloat64 },
	"pink": func(r *rand.Rand) func() float64 {
		var a, b, c float64 // Kellet's economy filter
		return func() float64 {
			w := r.NormFloat64()
			a = 0.99765*a + w*0.0990460
			b = 0.96300*b + w*0.2965164
			c = 0.57000*c + w*1.0526913
			return (a + b + c + w*0.1848) / 2
		}
	},
	"hum and hiss": func(r *rand.Rand) func() float64 {
		n := 0
		return func() float64 {
			n++
			return math.Sin(2*math.Pi*100*float64(n)/8000) + 0.5*r.NormFloat64()
		}
	},
}

func rms(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(x))))
}

// words returns the digits of every speaker, levelled to the same power.
func words(t testing.TB) [][]float64 {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "speech", "fsdd"), "*_[0-1].wav"))
	if err != nil || len(files) < 60 {
		t.Fatalf("found %d digits: %v", len(files), err)
	}
	var all [][]float64
	for _, f := range files {
		x := clip(t, f)
		gain := 0.06 / rms(x)
		for i := range x {
			x[i] *= gain
		}
		all = append(all, x)
	}
	return all
}

func compose(all [][]float64, snr float64, noise func() float64) scene {
	const gap = 40 * 160
	var clean []float64
	clean = append(clean, make([]float64, 2*gap)...)
	var s scene
	for _, x := range all {
		for len(clean)%160 != 0 {
			clean = append(clean, 0)
		}
		clean = append(append(clean, x...), make([]float64, gap)...)
	}
	level := 0.06 * math.Pow(10, -snr/20)
	var scale float64
	probe := make([]float64, 8000)
	for i := range probe {
		probe[i] = noise()
	}
	scale = level / rms(probe)
	last := -100
	for i := 0; i+160 <= len(clean); i += 160 {
		frame := clean[i : i+160]
		power := rms(frame)
		s.strong = append(s.strong, power > 0.03)
		n := len(s.strong) - 1
		if power > 0.012 {
			if n-last > 20 {
				s.onsets = append(s.onsets, n)
			}
			last = n
		}
		s.silent = append(s.silent, power < 0.0005 && n-last > 12)
		for _, v := range frame {
			v += noise() * scale
			s.pcm = append(s.pcm, int16(max(-32767, min(32767, v*32768))))
		}
	}
	return s
}

// score is what a detector made of a scene.
type score struct {
	miss, alarm, lost float64 // shares of strong frames, silent frames, words
	late              float64 // mean delay of found onsets in ms
}

func judge(s scene) score {
	d := New()
	var strong, missed, silent, alarms, delay, lost int
	var found []bool
	for i := range s.strong {
		r := d.Frame(s.pcm[i*160:])
		found = append(found, r.Prob >= 0.5)
		if s.strong[i] {
			strong++
			if !r.Speech {
				missed++
			}
		}
		if s.silent[i] {
			silent++
			if r.Speech {
				alarms++
			}
		}
	}
	for _, on := range s.onsets {
		n := 0
		for n < 15 && on+n < len(found) && !found[on+n] {
			n++
		}
		if n == 15 {
			lost++
			continue
		}
		delay += n
	}
	return score{
		miss:  float64(missed) / float64(max(1, strong)),
		alarm: float64(alarms) / float64(max(1, silent)),
		lost:  float64(lost) / float64(max(1, len(s.onsets))),
		late:  float64(delay) * 20 / float64(max(1, len(s.onsets)-lost)),
	}
}

func TestSpeechInNoise(t *testing.T) {
	digits := words(t)
	for name, make := range noises {
		for _, c := range []struct {
			snr   float64
			bound score
		}{
			{30, score{miss: 0.01, alarm: 0.002, lost: 0, late: 15}},
			{20, score{miss: 0.02, alarm: 0.002, lost: 0, late: 25}},
			{10, score{miss: 0.08, alarm: 0.002, lost: 0.01, late: 40}},
			{5, score{miss: 0.18, alarm: 0.002, lost: 0.06, late: 50}},
		} {
			got := judge(compose(digits, c.snr, make(rand.New(rand.NewPCG(1, 2)))))
			t.Logf("%-12s %2.0f dB: missed %.3f, false %.4f, words lost %.3f, onset %2.0f ms late",
				name, c.snr, got.miss, got.alarm, got.lost, got.late)
			if got.miss > c.bound.miss || got.alarm > c.bound.alarm || got.lost > c.bound.lost || got.late > c.bound.late {
				t.Errorf("%s at %.0f dB: %+v is worse than %+v", name, c.snr, got, c.bound)
			}
		}
	}
}

// TestSentences has pauses inside that are not marked, so it asserts what is
// missed only.
func TestSentences(t *testing.T) {
	for _, file := range []string{"wenet_aishell-BAC009S0724W0121.wav", "wenet_librispeech-1995-1837-0001.wav"} {
		x := clip(t, sharedtest.Path(t, "data", "speech", "clips", file))
		gain := 0.06 / rms(x)
		for i := range x {
			x[i] *= gain
		}
		// Strong frames of a sentence reach down to 6 dB below its mean.
		for snr, bound := range map[float64]float64{20: 0.04, 10: 0.18} {
			got := judge(compose([][]float64{x}, snr, noises["pink"](rand.New(rand.NewPCG(3, 4)))))
			t.Logf("%s %2.0f dB: missed %.3f, false %.4f", file, snr, got.miss, got.alarm)
			if got.miss > bound || got.alarm > 0.01 {
				t.Errorf("%s at %.0f dB: missed %.3f, false %.4f", file, snr, got.miss, got.alarm)
			}
		}
	}
}

// TestNoiseBegins: a window is opened, a car starts. The floor must follow.
func TestNoiseBegins(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := New()
	frame := make([]int16, 160)
	var late int
	for i := range 500 {
		level := 30.0
		if i >= 100 {
			level = 900
		}
		for k := range frame {
			frame[k] = int16(r.NormFloat64() * level)
		}
		if d.Frame(frame).Speech && i >= 100+130 {
			late++
		}
	}
	if late > 2 {
		t.Errorf("%d frames of plain noise were speech later than 2.6 s after it began", late)
	}
}

func TestExtremes(t *testing.T) {
	for name, sample := range map[string]func(i int) int16{
		"digital silence": func(int) int16 { return 0 },
		"full scale":      func(int) int16 { return math.MinInt16 },
		"square":          func(i int) int16 { return int16(1-i&1*2) * math.MaxInt16 },
	} {
		d := New()
		frame := make([]int16, 160)
		for range 200 {
			for i := range frame {
				frame[i] = sample(i)
			}
			r := d.Frame(frame)
			if math.IsNaN(r.Prob) || math.IsNaN(r.LevelDB) || math.IsNaN(r.AboveDB) || r.Prob < 0 || r.Prob > 1 {
				t.Fatalf("%s: %+v", name, r)
			}
			if name == "digital silence" && r.Speech {
				t.Fatalf("%s is speech: %+v", name, r)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	d, frame := New(), make([]int16, 160)
	for i := range frame {
		frame[i] = int16(8000 * math.Sin(float64(i)/9))
	}
	if n := testing.AllocsPerRun(100, func() { d.Frame(frame) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, level := range map[string]float64{"noise": 20, "voice": 6000} {
		frame := make([]int16, 160)
		b.Run(name, func(b *testing.B) {
			d := New()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				for i := 0; i < len(frame); i += 40 {
					frame[i] = int16(r.NormFloat64() * level)
				}
				d.Frame(frame)
			}
		})
	}
}
