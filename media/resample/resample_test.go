package resample

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"parley/media"
)

func sine(hz float64, rate media.Rate, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(16000 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

// snr fits a sine of the frequency, of any level and phase, and compares its
// power with that of all else, in dB; gain is the level against 16000.
func snr(pcm []int16, hz float64, rate media.Rate) (dB, gain float64) {
	var c, s float64
	n := float64(len(pcm))
	at := func(i int) (float64, float64) {
		return math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
	}
	for i, v := range pcm {
		sin, cos := at(i)
		s, c = s+float64(v)*sin*2/n, c+float64(v)*cos*2/n
	}
	var noise float64
	for i, v := range pcm {
		sin, cos := at(i)
		e := float64(v) - s*sin - c*cos
		noise += e * e
	}
	return 10 * math.Log10((s*s+c*c)/2/(noise/n)), 20 * math.Log10(math.Hypot(s, c)/16000)
}

var ratios = []struct{ from, to media.Rate }{
	{8000, 16000}, {16000, 8000}, {22050, 8000}, {24000, 8000}, {48000, 8000}, {44100, 8000}, {8000, 48000}, {22050, 16000},
}

// TestSines: tones of the telephone band pass every ratio at their level with
// 60 dB to all else, over half a second, which holds whole periods of each.
func TestSines(t *testing.T) {
	for _, r := range ratios {
		for _, hz := range []float64{50, 300, 1004, 3000, 3400} {
			out, err := Convert(sine(hz, r.from, int(r.from)), r.from, r.to)
			if err != nil {
				t.Fatal(err)
			}
			if len(out) != int(r.to) {
				t.Fatalf("%d to %d: %d samples", r.from, r.to, len(out))
			}
			middle := out[r.to/4 : 3*r.to/4]
			dB, gain := snr(middle, hz, r.to)
			if dB < 60 || math.Abs(gain) > 0.3 {
				t.Errorf("%d to %d Hz, %.0f Hz: SNR %.1f dB, gain %.2f dB", r.from, r.to, hz, dB, gain)
			}
		}
	}
}

// TestAliases: what lies well above the new band must not fold into it.
func TestAliases(t *testing.T) {
	for _, c := range []struct {
		from media.Rate
		hz   float64
	}{{16000, 5000}, {16000, 7000}, {48000, 5000}, {48000, 15000}, {22050, 6000}, {44100, 20000}} {
		out, err := Convert(sine(c.hz, c.from, int(c.from)), c.from, 8000)
		if err != nil {
			t.Fatal(err)
		}
		var peak int16
		for _, v := range out[1000:7000] {
			peak = max(peak, v, -v)
		}
		if dB := 20 * math.Log10(max(float64(peak), 0.1)/16000); dB > -60 {
			t.Errorf("%.0f Hz from %d Hz leaves %.0f dB", c.hz, c.from, dB)
		}
	}
}

// TestPositions: Convert keeps time: an upsampled clip passes through the
// samples that it came from.
func TestPositions(t *testing.T) {
	in := sine(440, 8000, 800)
	out, err := Convert(in, 8000, 16000)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range in {
		if out[2*i] != v {
			t.Fatalf("sample %d is %d, want %d", 2*i, out[2*i], v)
		}
	}
}

// TestPieces: a stream cut into any pieces gives what it gives in one, also
// after Reset.
func TestPieces(t *testing.T) {
	streams := map[media.Rate]*Stream{} // designed once: that is most of the work
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(ratios[:5]).Draw(t, "ratio")
		in := make([]int16, rapid.IntRange(0, 3000).Draw(t, "n"))
		for i := range in {
			in[i] = int16(i * 7919)
		}
		whole := streams[r.from]
		if whole == nil {
			var err error
			if whole, err = New(r.from, r.to); err != nil {
				t.Fatal(err)
			}
			streams[r.from] = whole
		}
		whole.Reset()
		want := whole.Append(nil, in)
		s := whole
		s.Reset()
		var got []int16
		for rest := in; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			got = s.Append(got, rest[:n])
			rest = rest[n:]
		}
		if len(got) != len(want) {
			t.Fatalf("%d samples, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("sample %d is %d, want %d", i, got[i], want[i])
			}
		}
	})
}

// TestFrames: a tick in is a tick out, from the first one on, for the rates of
// the recogniser.
func TestFrames(t *testing.T) {
	for _, r := range ratios[:2] {
		s, err := New(r.from, r.to)
		if err != nil {
			t.Fatal(err)
		}
		in, out := make([]int16, r.from.Samples()), make([]int16, 0, r.to.Samples())
		for i := range 10 {
			if out = s.Append(out[:0], in); len(out) != r.to.Samples() {
				t.Errorf("%d to %d: frame %d has %d samples", r.from, r.to, i, len(out))
			}
		}
		if n := testing.AllocsPerRun(100, func() { out = s.Append(out[:0], in) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		if d := s.Delay(); d <= 0 || d > 0.005 {
			t.Errorf("delay %v s", d)
		}
	}
}

func TestFullScaleIsClipped(t *testing.T) {
	in := make([]int16, 800)
	for i := range in {
		in[i] = math.MaxInt16
		if i/20%2 == 1 {
			in[i] = math.MinInt16
		}
	}
	out, err := Convert(in, 8000, 16000)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(in)-1; i++ {
		if i%20 > 2 && i%20 < 18 && (out[2*i] < 0) != (in[i] < 0) {
			t.Fatalf("sample %d is %d: the overshoot wrapped round", 2*i, out[2*i])
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range [][2]media.Rate{{0, 8000}, {8000, 0}, {-1, 8000}, {8000, 8009}, {44101, 48017}} {
		if _, err := New(c[0], c[1]); err == nil {
			t.Errorf("%v was accepted", c)
		}
	}
	if out, err := Convert([]int16{1, 2}, 8000, 8000); err != nil || len(out) != 2 {
		t.Errorf("the same rate: %v %v", out, err)
	}
	if out, err := Convert(nil, 22050, 8000); err != nil || len(out) != 0 {
		t.Errorf("nothing: %v %v", out, err)
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, r := range ratios[:3] {
		b.Run(map[media.Rate]string{8000: "8 to 16", 16000: "16 to 8", 22050: "22.05 to 8"}[r.from]+" kHz", func(b *testing.B) {
			s, err := New(r.from, r.to)
			if err != nil {
				b.Fatal(err)
			}
			in, out := sine(440, r.from, r.from.Samples()), make([]int16, 0, 400)
			b.ReportAllocs()
			for b.Loop() {
				out = s.Append(out[:0], in)
			}
		})
	}
}
