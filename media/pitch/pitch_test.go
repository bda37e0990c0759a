package pitch

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/go-audio/wav"

	"parley/sharedtest"
)

// TestVowels scores glides over ten vowels of men and women, with a period that
// jitters by one percent, between fricatives and silence; after G.711.
func TestVowels(t *testing.T) {
	for _, c := range []struct {
		snr                  float64
		gross, missed, wrong float64 // at most, in percent
	}{
		{60, 0.3, 0.5, 0.1}, {20, 0.3, 0.5, 0.1}, {10, 0.5, 1, 0.1}, {5, 1.5, 2.5, 0.1}, {0, 10, 35, 0.5},
	} {
		for _, narrow := range []bool{false, true} {
			var s score
			for i, f := range formants {
				low, high := 75.0, 230.0
				if i >= 5 {
					low, high = 140, 345
				}
				v := newVoice(uint64(i))
				for k := range 6 {
					a := low + (high-low)*float64(k)/6
					v.rest(3200).sing(3200, a, a*1.3, 0.01, f).hiss(1600).sing(2400, a*1.3, a*0.95, 0.01, f).rest(1600)
				}
				s.add(v, v.line(c.snr, narrow))
			}
			gross, missed, wrong := share(s.gross, s.found), share(s.missed, s.voiced), share(s.wrong, s.unvoiced)
			fine := 100 * s.fine / float64(s.found-s.gross)
			t.Logf("synthetic, SNR %2.0f dB, above 300 Hz only: %-5v: gross %.2f %%, fine %.2f %%, unvoiced where voiced %.2f %%, voiced where not %.2f %% of %d and %d frames",
				c.snr, narrow, gross, fine, missed, wrong, s.voiced, s.unvoiced)
			if gross > c.gross || missed > c.missed || wrong > c.wrong || fine > 1 {
				t.Errorf("SNR %v: more than %+v", c.snr, c)
			}
		}
	}
}

// TestRange sweeps one vowel over the whole range, both ways.
func TestRange(t *testing.T) {
	var s score
	v := newVoice(7)
	v.rest(1600).sing(24000, 62, 415, 0, formants[1]).rest(1600).sing(24000, 415, 62, 0, formants[6]).rest(1600)
	s.add(v, v.line(20, false))
	if share(s.gross, s.found) > 1 || share(s.missed, s.voiced) > 2 {
		t.Errorf("gross errors in %d, unvoiced %d of %d frames", s.gross, s.missed, s.voiced)
	}
}

// registers bound the median of each speaker, half an octave wide: an octave
// error in most frames cannot hide in one.
var registers = map[string][2]float64{
	"fsdd/*_jackson_*": {95, 120}, "fsdd/*_nicolas_*": {105, 140}, "fsdd/*_theo_*": {115, 150},
	"fsdd/*_yweweler_*": {100, 130}, "fsdd/*_george_*": {145, 175}, "fsdd/*_lucas_*": {95, 130},
	"clips/wenet_lib*": {170, 230}, "clips/wenet_aishell*": {150, 200}, "machine_prompts_en/vm-*": {170, 230},
}

func TestSpeech(t *testing.T) {
	dir := sharedtest.Path(t, "data", "speech")
	for pattern, bounds := range registers {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no speech for %s: %v", pattern, err)
		}
		var f0 []float64
		var leaps, both, gross int
		for _, file := range files {
			clean := levelled(read(t, file))
			r := rand.New(rand.NewPCG(3, 4))
			noisy := slices.Clone(clean)
			for i, s := range clean {
				noisy[i] = int16(max(-32768, min(32767, float64(s)+654*r.NormFloat64()))) // 10 dB under the speech
			}
			noisy = throughG711(noisy)
			here, there := New(), New()
			var last float64
			for i := 0; i+frame <= len(clean); i += frame {
				a, b := here.Frame(clean[i:i+frame]), there.Frame(noisy[i:i+frame])
				if a.F0 > 0 {
					f0 = append(f0, a.F0)
					if last > 0 && math.Abs(math.Log2(a.F0/last)) > 0.6 {
						leaps++
					}
					if b.F0 > 0 {
						both++
						if math.Abs(b.F0/a.F0-1) > 0.2 {
							gross++
						}
					}
				}
				last = a.F0
			}
		}
		slices.Sort(f0)
		median := f0[len(f0)/2]
		t.Logf("%-24s median %.0f Hz, 5 to 95 %%: %.0f to %.0f, leaps %.1f %%; at 10 dB SNR other than clean %.1f %% of %d frames",
			pattern, median, f0[len(f0)/20], f0[len(f0)*19/20], share(leaps, len(f0)), share(gross, both), both)
		if median < bounds[0] || median > bounds[1] {
			t.Errorf("%s: median %.0f Hz, want %v", pattern, median, bounds)
		}
		if share(leaps, len(f0)) > 2 || share(gross, both) > 10 {
			t.Errorf("%s: the track leaps or does not stand in noise", pattern)
		}
	}
}

// TestNoise: no voice in noises, hum, or silence.
func TestNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var a, b, c float64
	for name, next := range map[string]func(i int) float64{
		"white": func(int) float64 { return 800 * r.NormFloat64() },
		"pink": func(int) float64 { // Kellet's economy filter
			w := r.NormFloat64()
			a, b, c = 0.99765*a+w*0.0990460, 0.96300*b+w*0.2965164, 0.57000*c+w*1.0526913
			return 400 * (a + b + c + w*0.1848)
		},
		"idle line": func(int) float64 { return float64(8 * r.IntN(2)) },
		"nothing":   func(int) float64 { return 0 },
		"50 Hz hum": func(i int) float64 { return 600*math.Sin(2*math.Pi*50*float64(i)/rate) + 5*r.NormFloat64() },
	} {
		tracker, voiced := New(), 0
		pcm := make([]int16, frame)
		for n := range 1500 {
			for i := range pcm {
				pcm[i] = int16(next(n*frame + i))
			}
			if tracker.Frame(pcm).F0 > 0 {
				voiced++
			}
		}
		if share(voiced, 1500) > 0.2 {
			t.Errorf("%s: %d of 1500 frames are voiced", name, voiced)
		}
	}
}

// TestSyntheticVoices: the pitch setting of the synthesiser is found again.
func TestSyntheticVoices(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		sharedtest.Missing(t, "install espeak-ng: %v", err)
	}
	for _, v := range [][2]string{
		{"en-us+m3", "I can pay the whole amount on Monday morning."},
		{"en-us+f2", "I can pay the whole amount on Monday morning."},
		{"cmn-latn-pinyin+m3", "我下周一可以把钱都还上。"},
		{"cmn-latn-pinyin+f2", "我下周一可以把钱都还上。"},
	} {
		var last float64
		for _, p := range []int{20, 40, 60, 80} {
			var f0 []float64
			tracker := New()
			pcm := espeak(t, v[0], v[1], p)
			for i := 0; i+frame <= len(pcm); i += frame {
				if r := tracker.Frame(pcm[i : i+frame]); r.F0 > 0 {
					f0 = append(f0, r.F0)
				}
			}
			if len(f0) < 30 {
				t.Fatalf("%s at pitch %d: %d voiced frames", v[0], p, len(f0))
			}
			slices.Sort(f0)
			median := f0[len(f0)/2]
			t.Logf("%s -p %d: %.0f Hz", v[0], p, median)
			// Twenty steps of espeak's scale are some four semitones.
			if last > 0 && (median < last*1.1 || median > last*1.5) {
				t.Errorf("%s: from %.0f to %.0f Hz with pitch %d", v[0], last, median, p)
			}
			last = median
		}
	}
}

func espeak(t testing.TB, voice, text string, pitch int) []int16 {
	t.Helper()
	out, err := exec.Command("espeak-ng", "-v", voice, "-p", strconv.Itoa(pitch), "--stdout", text).Output()
	if err != nil || len(out) < 44 {
		t.Fatalf("espeak-ng: %v", err)
	}
	// 22,050 Hz: eight samples of every 22.05, each the mean of those it stands for.
	in := make([]int16, (len(out)-44)/2)
	if err := binary.Read(bytes.NewReader(out[44:]), binary.LittleEndian, in); err != nil {
		t.Fatal(err)
	}
	var pcm []int16
	for at := 0.0; int(at+2.75625) < len(in); at += 2.75625 {
		var sum, n int
		for k := int(at); k < int(at+2.75625); k++ {
			sum += int(in[k])
			n++
		}
		pcm = append(pcm, int16(sum/max(n, 1)))
	}
	return levelled(pcm)
}

// read gives a mono file at 8 kHz.
func read(t testing.TB, path string) []int16 {
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
	var out []int16
	step := buf.Format.SampleRate / rate
	for i := 0; i+step <= len(buf.Data); i += step {
		var sum int
		for _, v := range buf.Data[i : i+step] {
			sum += v
		}
		out = append(out, int16(sum/step))
	}
	return out
}

// levelled brings what is not silence to -24 dB of full scale.
func levelled(pcm []int16) []int16 {
	var sum float64
	n := 0
	for _, s := range pcm {
		if s > 300 || s < -300 {
			sum += float64(s) * float64(s)
			n++
		}
	}
	gain := 2068 / math.Sqrt(sum/float64(max(1, n)))
	out := make([]int16, len(pcm))
	for i, s := range pcm {
		out[i] = int16(max(-32768, min(32767, float64(s)*gain)))
	}
	return out
}

func TestNoAllocation(t *testing.T) {
	v := newVoice(1).sing(1600, 110, 130, 0.01, formants[1])
	pcm, tracker := v.line(15, true), New()
	if n := testing.AllocsPerRun(100, func() { tracker.Frame(pcm[320:]) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// BenchmarkFrame stands beside its floor, the bare products of the search.
func BenchmarkFrame(b *testing.B) {
	v := newVoice(1).sing(16000, 110, 130, 0.01, formants[1])
	for name, pcm := range map[string][]int16{"voice": v.line(15, true), "silence": make([]int16, 16000)} {
		b.Run(name, func(b *testing.B) {
			tracker := New()
			for i := 0; b.Loop(); i++ {
				at := i % 100 * frame
				tracker.Frame(pcm[at : at+frame])
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		x := make([]float32, span)
		for i := range x {
			x[i] = float32(i % 17)
		}
		var sum float32
		for b.Loop() {
			for lag := 0; lag < (longest+2-shortest)/2; lag += 4 {
				for range 2 {
					s0, s1, s2, s3 := four(x[span-half:], x[span-half-lag-3:])
					sum += s0 + s1 + s2 + s3
				}
			}
		}
		if sum == 0 {
			b.Fatal("nothing was added up")
		}
	})
}
