package prosody

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"testing"

	"parley/media/codec"
	"parley/media/pitch"
	"parley/sharedtest"
)

// sentences have this many syllables.
var sentences = []struct {
	voice, text string
	syllables   int
}{
	{"en-us+m3", "I can pay the whole amount on Monday morning.", 12},
	{"en-us+f2", "You called me on Tuesday about the open order.", 12},
	{"cmn-latn-pinyin+f2", "我下周一可以把钱都还上。", 11},
	{"cmn-latn-pinyin+m3", "你们昨天已经打过电话了。", 11},
}

// espeak speaks at 8 kHz, -24 dB.
func espeak(t testing.TB, voice, text string, p, speed int) []float64 {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		sharedtest.Missing(t, "install espeak-ng: %v", err)
	}
	out, err := exec.Command("espeak-ng", "-v", voice, "-p", strconv.Itoa(p), "-s", strconv.Itoa(speed), "--stdout", text).Output()
	if err != nil || len(out) < 44 {
		t.Fatalf("espeak-ng: %v", err)
	}
	in := make([]int16, (len(out)-44)/2)
	if err := binary.Read(bytes.NewReader(out[44:]), binary.LittleEndian, in); err != nil {
		t.Fatal(err)
	}
	x := make([]float64, 4000)
	var sum float64
	for at := 0.0; int(at+2.75625) < len(in); at += 2.75625 { // 22,050 to 8,000 Hz
		var s float64
		for k := int(at); k < int(at)+3; k++ {
			s += float64(in[k]) / 3
		}
		sum += s * s
		x = append(x, s)
	}
	gain := 2068 / math.Sqrt(sum/float64(len(x)))
	for i := range x {
		x[i] *= gain
	}
	return append(x, make([]float64, 4000)...)
}

// features of x with a gain in dB and white noise at an SNR, through G.711.
func features(x []float64, gain, snr float64) Features {
	r := rand.New(rand.NewPCG(5, 6))
	pcm := make([]int16, len(x)/frame*frame)
	g, noise := math.Pow(10, gain/20), 2068*math.Pow(10, -snr/20)
	for i := range pcm {
		pcm[i] = int16(max(-32768, min(32767, g*(x[i]+noise*r.NormFloat64()))))
	}
	pcm = codec.PCMU.AppendPCM(nil, codec.PCMU.AppendPayload(nil, pcm))
	m, p := New(), pitch.New()
	m.Begin()
	for i := 0; i < len(pcm); i += frame {
		v := p.Frame(pcm[i : i+frame])
		m.Frame(pcm[i:i+frame], v.F0, v.Clarity)
	}
	return m.Features()
}

func TestGainAndNoise(t *testing.T) {
	// How far noise at 20 dB may move a feature.
	bound := map[Kind]int16{Pitch: 60, PitchHigh: 100, Level: 150, Alpha: 250, LowTilt: 150, Rate: 150}
	for _, s := range sentences {
		x := espeak(t, s.voice, s.text, 50, 160)
		plain, louder, noisy := features(x, 0, 60), features(x, 8, 60), features(x, 0, 20)
		t.Logf("%s: %+v", s.voice, plain)
		t.Logf("   noise: %+v", noisy)
		if d := louder.Value[Level] - plain.Value[Level]; d < 700 || d > 900 {
			t.Errorf("%s: 8 dB of gain are %d hundredths", s.voice, d)
		}
		for k, most := range bound {
			if d := noisy.Value[k] - plain.Value[k]; d > most || d < -most {
				t.Errorf("%s: noise at 20 dB moves %v by %d", s.voice, k, d)
			}
			if d := louder.Value[k] - plain.Value[k]; k != Level && (d > most/2 || d < -most/2) {
				t.Errorf("%s: gain moves %v by %d", s.voice, k, d)
			}
		}
	}
}

func TestRateAndPitchFollow(t *testing.T) {
	for _, s := range sentences {
		var lastRate, lastPitch int16
		for i, speed := range []int{120, 170, 240} {
			f := features(espeak(t, s.voice, s.text, 30+20*i, speed), 0, 40)
			if f.Value[Rate] <= lastRate || f.Value[Pitch] <= lastPitch {
				t.Errorf("%s at %d words a minute: rate %d after %d, pitch %d after %d",
					s.voice, speed, f.Value[Rate], lastRate, f.Value[Pitch], lastPitch)
			}
			lastRate, lastPitch = f.Value[Rate], f.Value[Pitch]
			found := float64(f.Value[Rate]) / 100 * float64(f.Frames) * 0.02
			t.Logf("%s, %d words a minute: %.1f of %d syllables, %.1f a second", s.voice, speed, found, s.syllables, float64(f.Value[Rate])/100)
			if found < 0.5*float64(s.syllables) || found > 1.4*float64(s.syllables) {
				t.Errorf("%s: %.0f of %d syllables", s.voice, found, s.syllables)
			}
		}
	}
}

// TestPerturbation: periods that alternate in length and height by a known share.
func TestPerturbation(t *testing.T) {
	for _, want := range []float64{0, 0.02, 0.04} {
		x := make([]int16, 320)
		at, sign := 3.0, 1.0
		for at < 320 {
			for i := range x {
				d := float64(i) - at
				x[i] += int16(8000 * (1 + sign*want) * math.Exp(-d*d/18))
			}
			at += 60 * (1 + sign*want/2)
			sign = -sign
		}
		jitter, shimmer, ok := perturbation(x, 60)
		height := 20 * math.Log10((1+want)/(1-want))
		if !ok || math.Abs(jitter-want) > 0.004 || math.Abs(shimmer-height) > 0.05 {
			t.Errorf("jitter %.3f, want %.3f; shimmer %.2f dB, want %.2f", jitter, want, shimmer, height)
		}
	}
}

func TestNothingSaid(t *testing.T) {
	if f := features(make([]float64, 16000), 0, 60); f != (Features{}) {
		t.Errorf("silence has %+v", f)
	}
}

func TestNoAllocation(t *testing.T) {
	m := New()
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(float64(i)*2*math.Pi/40))
	}
	if n := testing.AllocsPerRun(100, func() { m.Frame(pcm, 200, 0.95) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// BenchmarkFrame stands beside its floor, one transform of 256 points.
func BenchmarkFrame(b *testing.B) {
	x := espeak(b, sentences[0].voice, sentences[0].text, 50, 160)
	pcm := make([]int16, len(x))
	for i := range x {
		pcm[i] = int16(x[i])
	}
	pcm = pcm[8000:16000]
	b.Run("voice", func(b *testing.B) {
		m := New()
		for i := 0; b.Loop(); i++ {
			at := i % 50 * frame
			m.Frame(pcm[at:at+frame], 110, 0.9)
		}
	})
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			spectrum((*[points]int16)(pcm[:points]))
		}
	})
}
