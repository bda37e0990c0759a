package silero

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"parley/media/wav"
	"parley/sharedtest"
)

func model(t testing.TB) *Model {
	t.Helper()
	m, err := Open(sharedtest.Silero(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reference is one case of testdata/reference.json, which reference.mjs beside
// it wrote with onnxruntime.
type reference struct {
	Name    string
	Silence int
	Seed    uint32
	Level   int
	Samples int
	Files   []string
	Halve   bool
	Probs   []float64
}

// sound makes the case's samples the way reference.mjs does.
func (c reference) sound(t *testing.T) []int16 {
	pcm := make([]int16, max(c.Silence, c.Samples))
	if len(c.Files) > 0 {
		pcm = nil
	}
	for _, f := range c.Files {
		pcm = append(pcm, read(t, sharedtest.Path(t, f))...)
	}
	state := c.Seed
	for i, v := range pcm {
		if c.Halve {
			v /= 2
		}
		if c.Level > 0 {
			state = state*1664525 + 1013904223
			noise := (int(state>>16) - 32768) * c.Level / 32768
			v = int16(max(-32768, min(32767, int(v)+noise)))
		}
		pcm[i] = v
	}
	return pcm
}

func read(t *testing.T, path string) []int16 {
	t.Helper()
	sound, err := wav.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return sound.PCM
}

// bothKernels runs a test with the portable kernel and with this processor's.
func bothKernels(t *testing.T, test func(*testing.T)) {
	has := fast
	defer func() { fast = has }()
	fast = false
	t.Run("portable", test)
	if fast = has; has {
		t.Run("fast", test)
	}
}

// TestReference: the same chances as onnxruntime, in ticks of 160 samples as a
// call brings them, by either kernel.
func TestReference(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []reference
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	m := model(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			bothKernels(t, func(t *testing.T) {
				pcm := c.sound(t)
				s := m.Stream()
				n, worst := 0, 0.0
				for i := 0; i < len(pcm); i += 160 {
					for range s.Feed(pcm[i:min(i+160, len(pcm))]) {
						off := math.Abs(float64(s.Prob()) - c.Probs[n])
						worst = max(worst, off)
						n++
					}
				}
				if n != len(c.Probs) || worst > 1e-4 {
					t.Errorf("%d windows of %d, greatest difference %.2g", n, len(c.Probs), worst)
				}
				t.Logf("%d windows, greatest difference %.2g", n, worst)
			})
		})
	}
}

// hiss is seeded noise.
func hiss(seed uint64, samples int, level float64) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(r.NormFloat64() * level)
	}
	return pcm
}

func TestAnySizeOfPieces(t *testing.T) {
	m := model(t)
	pcm := hiss(2, 256*20, 900)
	whole := m.Stream()
	if n := whole.Feed(pcm); n != 20 {
		t.Fatalf("%d windows in %d samples", n, len(pcm))
	}
	for _, size := range []int{1, 80, 160, 255, 256, 257, 1000} {
		s, n := m.Stream(), 0
		for i := 0; i < len(pcm); i += size {
			n += s.Feed(pcm[i:min(i+size, len(pcm))])
		}
		if n != 20 || s.Prob() != whole.Prob() || s.h != whole.h {
			t.Errorf("pieces of %d: %d windows, chance %v, want 20 and %v", size, n, s.Prob(), whole.Prob())
		}
	}
	whole.Reset()
	if *whole != (Stream{model: m}) {
		t.Error("Reset left something behind")
	}
}

// TestStreamsAreApart: what one call hears is nothing to another.
func TestStreamsAreApart(t *testing.T) {
	m := model(t)
	a, b, alone := m.Stream(), m.Stream(), m.Stream()
	voice, noise := read(t, sharedtest.Path(t, "data/speech/fsdd/7_george_0.wav")), hiss(3, 4000, 2000)
	for i := 0; i+160 <= min(len(voice), len(noise)); i += 160 {
		a.Feed(voice[i : i+160])
		b.Feed(noise[i : i+160])
		alone.Feed(voice[i : i+160])
	}
	if a.Prob() != alone.Prob() || a.h != alone.h {
		t.Errorf("%v beside another stream, %v alone", a.Prob(), alone.Prob())
	}
}

func TestExtremes(t *testing.T) {
	m := model(t)
	for name, sample := range map[string]func(i int) int16{
		"silence":    func(int) int16 { return 0 },
		"least":      func(int) int16 { return math.MinInt16 },
		"square":     func(i int) int16 { return int16(1-i&1*2) * math.MaxInt16 },
		"one sample": func(i int) int16 { return int16(min(i%4000, 1)) - 1 },
	} {
		s := m.Stream()
		pcm := make([]int16, 160)
		for tick := range 500 {
			for i := range pcm {
				pcm[i] = sample(tick*160 + i)
			}
			s.Feed(pcm)
			if p := s.Prob(); !(p >= 0 && p <= 1) {
				t.Fatalf("%s: a chance of %v", name, p)
			}
		}
	}
}

// TestKernels: the processor's kernel and the portable one agree but for the
// order in which they add.
func TestKernels(t *testing.T) {
	if !fast {
		t.Skip("this processor has no kernel of its own")
	}
	r := rand.New(rand.NewPCG(4, 5))
	for n := 8; n <= 400; n += 8 {
		stride := n + 8*r.IntN(3)
		w, x := make([]float32, 7*stride+n), make([]float32, n)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		var a, b [8]float32
		dot8(&a, w, x, stride)
		dot8Portable(&b, w, x, stride)
		for i := range a {
			if math.Abs(float64(a[i]-b[i])) > 1e-4 {
				t.Errorf("%d columns, row %d: %v and %v", n, i, a[i], b[i])
			}
		}
	}
}

func TestExp(t *testing.T) {
	for x := -20.0; x < 20; x += 0.0137 {
		if off := math.Abs(float64(exp(float32(x)))/math.Exp(float64(float32(x))) - 1); off > 1e-6 {
			t.Fatalf("exp(%v) is off by %.2g", x, off)
		}
		if off := math.Abs(float64(tanh(float32(x))) - math.Tanh(x)); off > 1e-6 {
			t.Fatalf("tanh(%v) is off by %.2g", x, off)
		}
	}
	for _, x := range []float32{-1e30, -90, 90, 1e30} {
		if p := sigmoid(x); !(p >= 0 && p <= 1) {
			t.Errorf("sigmoid(%v) is %v", x, p)
		}
	}
}

func TestNoAllocationAndSmallState(t *testing.T) {
	s := model(t).Stream()
	pcm := hiss(6, 160, 3000)
	if n := testing.AllocsPerRun(100, func() { s.Feed(pcm) }); n != 0 {
		t.Errorf("a tick allocates %v times", n)
	}
	if size := unsafe.Sizeof(*s); size > 1800 {
		t.Errorf("a stream takes %d bytes", size)
	}
}

// BenchmarkWindow: one window by either kernel, beside the floor of reading the
// weights once from memory as a copy would.
func BenchmarkWindow(b *testing.B) {
	m := model(b)
	has := fast
	defer func() { fast = has }()
	run := func(b *testing.B) {
		s := m.Stream()
		pcm := hiss(7, Window, 3000)
		b.ReportAllocs()
		for b.Loop() {
			s.Feed(pcm)
		}
	}
	b.Run("fast", run)
	fast = false
	b.Run("portable", run)
	b.Run("floor", func(b *testing.B) {
		to := make([]float32, len(m.lstm))
		for b.Loop() {
			for _, w := range [][]float32{m.stft, m.conv0, m.conv1, m.conv2, m.conv3, m.lstm} {
				copy(to, w)
			}
		}
	})
}
