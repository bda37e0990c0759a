package tone

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-audio/wav"

	"parley/sharedtest"
)

// line is telephone sound being written: tones, pauses, and noise under both.
type line struct {
	pcm   []int16
	noise float64 // rms
	r     *rand.Rand
}

func newLine(noise float64) *line {
	return &line{noise: noise, r: rand.New(rand.NewPCG(1, 2))}
}

func (l *line) add(d time.Duration, level float64, hz ...float64) *line {
	n := len(l.pcm)
	for i := range int(d.Seconds() * 8000) {
		v := l.noise * l.r.NormFloat64()
		for _, f := range hz {
			v += level * math.Sin(2*math.Pi*f*float64(n+i)/8000)
		}
		l.pcm = append(l.pcm, int16(max(-32768, min(32767, v))))
	}
	return l
}

// talk adds a wandering harmonic sound, like a voice.
func (l *line) talk(d time.Duration, level float64) *line {
	var phase float64
	for i := range int(d.Seconds() * 8000) {
		phase += 2 * math.Pi * (140 + 30*math.Sin(float64(i)/900)) / 8000
		var v float64
		for k := 1.0; k < 9; k++ {
			v += math.Sin(k*phase) / k
		}
		l.pcm = append(l.pcm, int16(level*v/2+l.noise*l.r.NormFloat64()))
	}
	return l
}

func (l *line) repeat(times int, on, off time.Duration, hz ...float64) *line {
	for range times {
		l.add(on, 4000, hz...).add(off, 0)
	}
	return l
}

// hear returns the events as "kind country" with their time in ms.
func hear(pcm []int16) (names []string, at []int, events []Event) {
	d := New()
	for i := 0; i+160 <= len(pcm); i += 160 {
		if e, ok := d.Frame(pcm[i:]); ok {
			names = append(names, strings.TrimSpace(e.Kind.String()+" "+e.Country))
			at = append(at, (i+160)/8)
			events = append(events, e)
		}
	}
	return names, at, events
}

func TestNationalTones(t *testing.T) {
	for _, c := range []struct {
		want    string
		on, off time.Duration
		within  int // ms
		hz      []float64
	}{
		{"ringback CN", 1000 * ms, 4000 * ms, 1100, []float64{450}},
		{"busy CN", 350 * ms, 350 * ms, 2000, []float64{450}},
		{"congestion CN", 700 * ms, 700 * ms, 3400, []float64{450}},
		{"ringback US", 2000 * ms, 4000 * ms, 600, []float64{440, 480}},
		{"busy US", 500 * ms, 500 * ms, 2600, []float64{480, 620}},
		{"congestion US", 250 * ms, 250 * ms, 1400, []float64{480, 620}},
		{"ringback GB", 400 * ms, 200 * ms, 600, []float64{400, 450}},
		{"busy GB", 375 * ms, 375 * ms, 2000, []float64{400}},
		{"ringback EU", 1000 * ms, 4000 * ms, 1100, []float64{425}},
		{"busy EU", 500 * ms, 500 * ms, 2600, []float64{425}},
		{"congestion EU", 250 * ms, 250 * ms, 1400, []float64{425}},
	} {
		for _, lead := range []time.Duration{0, 507 * ms} {
			for _, noise := range []float64{1, 20, 120} {
				t.Run(fmt.Sprintf("%s after %v with noise %v", c.want, lead, noise), func(t *testing.T) {
					l := newLine(noise).add(lead, 0).repeat(8, c.on, c.off, c.hz...)
					names, at, _ := hear(l.pcm)
					if len(names) != 1 || names[0] != c.want {
						t.Fatalf("heard %v at %v, want only %s", names, at, c.want)
					}
					if limit := c.within + int(lead/ms) + 60; at[0] > limit {
						t.Errorf("certain after %d ms, want %d", at[0], limit)
					}
				})
			}
		}
	}
}

func TestSIT(t *testing.T) {
	for _, noise := range []float64{1, 60} {
		l := newLine(noise).add(200*ms, 0).
			add(276*ms, 4000, 913.8).add(276*ms, 4000, 1370.6).add(380*ms, 4000, 1776.7).add(500*ms, 0)
		names, at, _ := hear(l.pcm)
		if len(names) != 1 || names[0] != "sit_intercept" {
			t.Errorf("noise %v: heard %v at %v, want sit_intercept once", noise, names, at)
		}
		l = newLine(noise).add(200*ms, 0).
			add(380*ms, 4000, 985.2).add(30*ms, 0).add(276*ms, 4000, 1428.5).add(30*ms, 0).add(380*ms, 4000, 1776.7).add(500*ms, 0)
		names, at, _ = hear(l.pcm)
		if len(names) != 1 || names[0] != "sit_no_circuit" {
			t.Errorf("with gaps, noise %v: heard %v at %v, want sit_no_circuit once", noise, names, at)
		}
	}
}

func TestBeep(t *testing.T) {
	for _, hz := range []float64{400, 440, 500, 853, 1000, 1100, 1400, 2000, 2400} {
		for _, length := range []time.Duration{180 * ms, 400 * ms, 1000 * ms} {
			for _, noise := range []float64{1, 40, 120} {
				// Speech before it: a long 440 Hz out of nothing is a ringback.
				l := newLine(noise).add(200*ms, 0).talk(600*ms, 3000).add(613*ms, 0).add(length, 4000, hz).add(1500*ms, 0)
				names, at, events := hear(l.pcm)
				if len(names) != 1 || names[0] != "beep" {
					t.Errorf("%v Hz for %v, noise %v: heard %v at %v, want one beep", hz, length, noise, names, at)
					continue
				}
				e := events[0]
				if math.Abs(e.Hz-hz) > 8 || (e.Length-length).Abs() > 40*ms {
					t.Errorf("%v Hz for %v, noise %v: measured %.0f Hz, %v", hz, length, noise, e.Hz, e.Length)
				}
				if after := at[0] - int((200*ms+600*ms+613*ms+length)/ms); after > 100 {
					t.Errorf("%v Hz for %v, noise %v: told %d ms after its end", hz, length, noise, after)
				}
			}
		}
	}
	for _, l := range []*line{
		newLine(1).add(500*ms, 0).add(100*ms, 4000, 1000).add(500*ms, 0),       // too short
		newLine(1).add(500*ms, 0).add(300*ms, 4000, 697, 1209).add(500*ms, 0),  // a key
		newLine(1).add(500*ms, 0).add(300*ms, 4000, 440, 880).add(500*ms, 0),   // a chord
		newLine(1).add(500*ms, 0).add(300*ms, 100, 1000).add(500*ms, 0),        // crosstalk
		newLine(2000).add(500*ms, 0).add(300*ms, 1000, 1000).add(500*ms, 2000), // in noise
	} {
		if names, _, _ := hear(l.pcm); len(names) != 0 {
			t.Errorf("heard %v where there was nothing", names)
		}
	}
}

func TestFax(t *testing.T) {
	names, at, _ := hear(newLine(10).add(300*ms, 0).add(3000*ms, 4000, 2100).add(500*ms, 0).pcm)
	if len(names) != 1 || names[0] != "fax" || at[0] > 1100 {
		t.Errorf("heard %v at %v, want fax once within 0.8 s", names, at)
	}
}

func TestSpeechIsNoTone(t *testing.T) {
	var clips int
	var length time.Duration
	for _, dir := range []string{"fsdd", "clips", "machine_prompts_en"} {
		files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "speech", dir), "*.wav"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			if strings.HasPrefix(name, "beep") || strings.HasPrefix(name, "cosyvoice") { // tones; float samples
				continue
			}
			pcm := clip(t, file)
			clips++
			length += time.Duration(len(pcm)) * time.Second / 8000
			if names, at, events := hear(pcm); len(names) != 0 {
				t.Errorf("%s: heard %v at %v ms, %+v", name, names, at, events)
			}
		}
	}
	t.Logf("no tone in %d clips, %v", clips, length.Round(time.Second))
	if clips < 320 {
		t.Errorf("only %d clips", clips)
	}
}

func TestRecordedBeeps(t *testing.T) {
	pcm := append(clip(t, filepath.Join(sharedtest.Path(t, "data", "speech", "machine_prompts_en"), "beep.wav")), make([]int16, 8000)...)
	if names, at, _ := hear(pcm); len(names) != 1 || names[0] != "beep" {
		t.Errorf("beep.wav: heard %v at %v", names, at)
	}
}

// clip reads a mono file as 8 kHz, averaging pairs of 16 kHz samples.
func clip(t testing.TB, path string) []int16 {
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
	step := buf.Format.SampleRate / 8000
	for i := 0; i+step <= len(buf.Data); i += step {
		var sum int
		for _, v := range buf.Data[i : i+step] {
			sum += v
		}
		out = append(out, int16(sum/step))
	}
	return out
}

func TestNoAllocation(t *testing.T) {
	d := New()
	frame := newLine(0).add(20*ms, 4000, 440, 480).pcm
	if n := testing.AllocsPerRun(100, func() { d.Frame(frame) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	for name, frame := range map[string][]int16{
		"silence": make([]int16, 160),
		"tone":    newLine(10).add(20*ms, 4000, 440, 480).pcm,
		"beep":    newLine(10).add(20*ms, 4000, 1000).pcm,
		"noise":   newLine(3000).add(20*ms, 0).pcm,
	} {
		b.Run(name, func(b *testing.B) {
			d := New()
			b.ReportAllocs()
			for b.Loop() {
				d.Frame(frame)
			}
		})
	}
}
