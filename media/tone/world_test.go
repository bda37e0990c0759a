package tone

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// modulated adds a tone whose level swings at a rate, as ringback does in Asia.
func (l *line) modulated(d time.Duration, level, hz, rate float64) *line {
	for i := range int(d.Seconds() * 8000) {
		at := float64(len(l.pcm)) / 8000
		swing := (1 + 0.9*math.Cos(2*math.Pi*rate*float64(i)/8000)) / 1.9
		l.pcm = append(l.pcm, int16(level*swing*math.Sin(2*math.Pi*hz*at)+l.noise*l.r.NormFloat64()))
	}
	return l
}

// TestWorld: tones of countries that are in no plan of their own, or have
// cycles of several parts; E.180 Supplement 2.
func TestWorld(t *testing.T) {
	for _, c := range []struct {
		want  string
		cycle []int
		hz    []float64
		rate  float64
	}{
		{"congestion GB", []int{400, 350, 225, 525}, []float64{400}, 0},
		{"congestion", []int{200, 200, 200, 200, 200, 600}, []float64{425}, 0},
		{"congestion BR", []int{250, 250, 750, 250}, []float64{425}, 0},
		{"busy", []int{300, 300}, []float64{425}, 0},       // Finland, Greece, Hungary
		{"busy", []int{400, 400}, []float64{420}, 0},       // Austria
		{"congestion", []int{200, 200}, []float64{420}, 0}, // Austria
		{"ringback EU", []int{1000, 5000}, []float64{420}, 0},
		{"busy", []int{480, 480}, []float64{425}, 0}, // Germany
		{"busy JP", []int{500, 500}, []float64{400}, 0},
		{"ringback JP", []int{1000, 2000}, []float64{400}, 16},
		{"ringback IN", []int{400, 200, 400, 2000}, []float64{400}, 25},
		{"busy IN", []int{750, 750}, []float64{400}, 0},
		{"ringback AU", []int{400, 200, 400, 2000}, []float64{413, 438}, 0},
		{"ringback AU", []int{400, 200, 400, 2000}, []float64{425}, 24}, // Singapore's is the same
		{"ringback FR", []int{1500, 3500}, []float64{440}, 0},
		{"busy FR", []int{500, 500}, []float64{440}, 0},
		{"ringback PH", []int{1000, 4000}, []float64{425, 480}, 0},
		{"busy SG", []int{750, 750}, []float64{425}, 0},
	} {
		for _, noise := range []float64{1, 100} {
			for _, lead := range []time.Duration{0, 333 * ms} {
				l := newLine(noise).add(lead, 0)
				for range 4 {
					for i, v := range c.cycle {
						d := time.Duration(v) * ms
						switch {
						case i%2 == 1:
							l.add(d, 0)
						case c.rate > 0:
							l.modulated(d, 4000, c.hz[0], c.rate)
						default:
							l.add(d, 3000, c.hz...)
						}
					}
				}
				if names, at, _ := hear(l.pcm); len(names) != 1 || !strings.HasPrefix(names[0], c.want) {
					t.Errorf("%v Hz (by %v) %v, noise %v: heard %v at %v, want %s", c.hz, c.rate, c.cycle, noise, names, at, c.want)
				}
			}
		}
	}
}

// TestSITCode: the eight combinations of the North American code, and the SIT
// of everybody else.
func TestSITCode(t *testing.T) {
	short, long := 274*ms, 380*ms
	for _, c := range []struct {
		want     string
		hz1, hz2 float64
		l1, l2   time.Duration
	}{
		{"sit_intercept", 913.8, 1370.6, short, short},
		{"sit_no_circuit", 913.8, 1370.6, long, long},
		{"sit_vacant", 985.2, 1370.6, long, short},
		{"sit_reorder", 985.2, 1370.6, short, long},
		{"sit_reorder", 913.8, 1428.5, short, long},
		{"sit_no_circuit", 985.2, 1428.5, long, long},
		{"sit", 985.2, 1428.5, short, short},
		{"sit", 950, 1400, 330 * ms, 330 * ms},
	} {
		third, last := 1776.7, long
		if c.want == "sit" && c.hz1 == 950 {
			third, last = 1800, 330*ms
		}
		for _, noise := range []float64{1, 80} {
			l := newLine(noise).add(220*ms, 0).add(c.l1, 3000, c.hz1).add(c.l2, 3000, c.hz2).add(last, 3000, third).add(600*ms, 0)
			if names, at, _ := hear(l.pcm); !slices.Equal(names, []string{c.want}) {
				t.Errorf("%v %v Hz: heard %v at %v, want %s", c.hz1, c.hz2, names, at, c.want)
			}
		}
	}
}

// TestFaxes: an answering tone that turns its phase, a calling tone, and the
// flags of V.21.
func TestFaxes(t *testing.T) {
	l := newLine(5).add(500*ms, 0)
	for i := range 8000 * 3 {
		v := 3000 * math.Sin(2*math.Pi*2100*float64(i)/8000)
		if i/3600%2 == 1 {
			v = -v
		}
		l.pcm = append(l.pcm, int16(v))
	}
	if names, at, _ := hear(l.add(300*ms, 0).pcm); !slices.Equal(names, []string{"fax"}) || at[0] > 1500 {
		t.Errorf("ANSam: %v at %v", names, at)
	}
	l = newLine(5).add(300*ms, 0)
	for range 3 {
		l.add(500*ms, 3000, 1100).add(3000*ms, 0)
	}
	if names, at, _ := hear(l.pcm); len(names) < 2 || names[1] != "fax" {
		t.Errorf("CNG: %v at %v", names, at)
	}
	l = newLine(5).add(300*ms, 0)
	var phase float64
	for i := range 8000 * 2 {
		hz := 1650.0 // a zero is 1850 Hz, a flag 01111110
		if bit := int(float64(i)/8000*300) % 8; bit == 0 || bit == 7 {
			hz = 1850
		}
		phase += 2 * math.Pi * hz / 8000
		l.pcm = append(l.pcm, int16(3000*math.Sin(phase)))
	}
	if names, at, _ := hear(l.add(300*ms, 0).pcm); !slices.Contains(names, "fax") || at[0] > 1200 {
		t.Errorf("V.21: %v at %v", names, at)
	}
}
