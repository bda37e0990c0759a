package echo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-audio/wav"

	"parley/sharedtest"
)

func clip(t testing.TB, name string) []float64 {
	t.Helper()
	f, err := os.Open(filepath.Join(sharedtest.Path(t, "data", "speech", "machine_prompts_en"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf, err := wav.NewDecoder(f).FullPCMBuffer()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(buf.Data))
	var sum float64
	for i, v := range buf.Data {
		out[i] = float64(v)
		sum += out[i] * out[i]
	}
	gain := 3300 / math.Sqrt(sum/float64(len(out))) // about -20 dB
	for i := range out {
		out[i] *= gain
	}
	return out
}

func level(x []int16) float64 { return decibel(energy(x) / float64(len(x))) }

func pcm(x []float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(max(-32768, min(32767, v)))
	}
	return out
}

// echoOf is sent as it comes back: later, weaker, through a short room.
func echoOf(sent []float64, delay int, erl float64, r *rand.Rand) []float64 {
	gain := math.Pow(10, -erl/20)
	back := make([]float64, len(sent))
	for i := range back {
		if k := i - delay; k >= 0 {
			back[i] = gain * sent[k]
		}
		if k := i - delay - 37; k >= 0 {
			back[i] -= 0.3 * gain * sent[k]
		}
		back[i] += 15 * r.NormFloat64()
	}
	return back
}

func TestEchoIsKnown(t *testing.T) {
	sent := clip(t, "demo-congrats.wav")
	for _, erl := range []float64{6, 12, 20} {
		for _, delay := range []int{320, 800, 1555, 3200} {
			t.Run(fmt.Sprintf("%v dB after %d ms", erl, delay/8), func(t *testing.T) {
				back := pcm(echoOf(sent, delay, erl, rand.New(rand.NewPCG(1, 2))))
				out := pcm(sent)
				g := New()
				var loud, missed int
				for i := 160; i+160 <= len(out); i += 160 {
					echo := g.Frame(back[i:i+160], out[i-160:i])
					if i > 2*8000 && level(back[i:i+160]) > -40 {
						loud++
						if !echo {
							missed++
						}
					}
				}
				share := float64(missed) / float64(loud)
				t.Logf("%.3f of %d loud frames of echo missed", share, loud)
				if loud < 150 || share > 0.05 {
					t.Errorf("%d of %d loud frames of echo were not known as such", missed, loud)
				}
			})
		}
	}
}

// TestLoopIsKnown: a far end that sends our own packets back, as test numbers
// and misrouted trunks do, is nobody speaking.
func TestLoopIsKnown(t *testing.T) {
	out := pcm(clip(t, "demo-congrats.wav"))
	for _, ticks := range []int{2, 5, 12} {
		g := New()
		var loud, missed, late int
		for i := 160 * ticks; i+160 <= len(out); i += 160 {
			in := out[i-160*ticks : i-160*ticks+160]
			echo := g.Frame(in, out[i-160:i])
			if level(in) > -40 {
				if loud++; !echo {
					missed++
					late = i
				}
			}
		}
		if loud < 150 || late > 2*8000 {
			t.Errorf("%d ticks: %d of %d frames of the loop were not known, the last after %d ms", ticks, missed, loud, late/8)
		}
		t.Logf("%d ticks: %d of %d frames, the last after %d ms", ticks, missed, loud, late/8)
	}
}

// TestCustomerIsNoEcho: another voice over the prompt, with and without an echo
// of it under that voice.
func TestCustomerIsNoEcho(t *testing.T) {
	sent := clip(t, "demo-congrats.wav")
	other := clip(t, "tt-allbusy.wav")
	for _, c := range []struct {
		name  string
		erl   float64
		bound float64
	}{{"no echo", 90, 0.02}, {"20 dB", 20, 0.15}, {"12 dB", 12, 0.35}} {
		back := echoOf(sent, 1555, c.erl, rand.New(rand.NewPCG(3, 4)))
		const from = 8 * 8000
		for i, v := range other {
			back[from+i] += v
		}
		in, out := pcm(back), pcm(sent)
		g := New()
		var strong, lost, alone, missed int
		for i := 160; i+160 <= len(out); i += 160 {
			echo := g.Frame(in[i:i+160], out[i-160:i])
			if i >= from && i-from+160 <= len(other) && level(pcm(other[i-from:i-from+160])) > -25 {
				strong++
				if echo {
					lost++
				}
			}
			// Before and after, where only the echo is heard.
			if outside := i > 2*8000 && i < from-160 || i > from+len(other)+160; outside && level(in[i:i+160]) > -45 {
				alone++
				if !echo {
					missed++
				}
			}
		}
		if known := 1 - float64(missed)/float64(max(1, alone)); c.erl < 90 && known < 0.95 {
			t.Errorf("%s: only %.3f of %d frames of mere echo were known", c.name, known, alone)
		}
		share := float64(lost) / float64(strong)
		t.Logf("%s: %.3f of %d strong frames of the customer taken for echo", c.name, share, strong)
		if share > c.bound {
			t.Errorf("%s: %.3f of the customer's strong frames were taken for echo, bound %.2f", c.name, share, c.bound)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	g, frame := New(), make([]int16, 160)
	for i := range frame {
		frame[i] = int16(i * 50)
	}
	if n := testing.AllocsPerRun(100, func() { g.Frame(frame, frame) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	g, frame := New(), make([]int16, 160)
	for i := range frame {
		frame[i] = int16(i * 50)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Frame(frame, frame)
	}
}
