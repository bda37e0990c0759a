package echo

import (
	"math"
	"testing"
	"unsafe"

	"parley/media/echo/echotest"
)

// measured is what a run over a whole path showed.
type measured struct {
	erle    float64 // dB over the frames with echo, after two seconds
	missed  float64 // share of loud echo frames that were not explained
	learnt  int     // ticks until an echo was known, -1 for never
	lost    float64 // dB of near speech lost in the clean sound
	own     float64 // share of loud near frames taken for echo
	settled int     // ticks from known until 10 dB are removed in 200 ms
	late    int     // last loud echo frame not explained, in ticks
}

// measure runs the canceller. near may be nil.
func measure(p echotest.Path, sent, near []float64, noise float64) measured {
	alone := echotest.PCM(p.Echo(p.Coded(sent)))
	in := echotest.PCM(p.Received(sent, near, noise))
	out := echotest.PCM(p.Coded(sent))
	return run(New(), in, out, alone, echotest.PCM(near))
}

func run(c *Canceller, in, out, alone, near []int16) (m measured) {
	m.learnt, m.settled = -1, -1
	var before, after, nearAll, nearOff float64
	var loud, missed, strong, own int
	var recentIn, recentOut float64
	for n := 1; (n+1)*block <= len(in); n++ {
		got := echotest.Frame(in, n)
		r := c.Frame(got, echotest.Frame(out, n-1))
		if r.Learnt && m.learnt < 0 {
			m.learnt = n
		}
		echoing := decibel(energy(echotest.Frame(alone, n))/block) > -46
		talking := (n+1)*block <= len(near) && decibel(energy(echotest.Frame(near, n))/block) > -30
		recentIn = 0.8*recentIn + energy(got)
		recentOut = 0.8*recentOut + energy(c.Clean())
		if m.settled < 0 && m.learnt >= 0 && recentOut < recentIn/10 {
			m.settled = n - m.learnt
		}
		quietNear := (n+1)*block > len(near) || energy(echotest.Frame(near, n)) < 1e-6
		if n > 100 && echoing && quietNear {
			before += energy(got)
			after += energy(c.Clean())
			loud++
			if !r.Echo {
				missed++
				m.late = n
			}
		}
		if n > 100 && talking {
			strong++
			if r.Echo {
				own++
			}
			clean := c.Clean()
			for i, v := range echotest.Frame(near, n) {
				nearAll += float64(v) * float64(v)
				d := float64(clean[i]) - float64(v)
				nearOff += d * d
			}
		}
	}
	m.erle = 10 * math.Log10((before+1e-12)/(after+1e-12))
	m.missed = float64(missed) / float64(max(1, loud))
	m.own = float64(own) / float64(max(1, strong))
	m.lost = 10 * math.Log10((nearAll+1)/(nearOff+1))
	return m
}

// TestPaths: every kind of way back is found, removed as far as it is linear,
// and explained for the rest; a customer over it is neither removed nor taken
// for echo.
func TestPaths(t *testing.T) {
	t.Logf("a canceller takes %d bytes", unsafe.Sizeof(Canceller{}))
	sent := echotest.Prompt(t, "demo-congrats.wav")
	near := append(make([]float64, 8*8000), echotest.Prompt(t, "tt-allbusy.wav")...)
	for _, c := range []struct {
		name        string
		path        echotest.Path
		noise       float64
		erle        float64 // least
		missed, own float64 // most
		near        float64 // least, dB of the customer over what is done to them
	}{
		{"line 12 dB 40 ms", echotest.Path{Delay: 40, ERL: 12}, 10, 20, 0.01, 0.05, 20},
		{"line 12 dB 180 ms A-law", echotest.Path{Delay: 180, ERL: 12, Law: "PCMA"}, 10, 22, 0.01, 0.05, 20},
		{"line 12 dB 400 ms", echotest.Path{Delay: 400, ERL: 12}, 10, 22, 0.01, 0.05, 20},
		{"line 6 dB 400 ms", echotest.Path{Delay: 400, ERL: 6}, 10, 22, 0.01, 0.05, 18},
		{"line 20 dB 590 ms", echotest.Path{Delay: 590, ERL: 20}, 10, 17, 0.01, 0.05, 20},
		{"line 12 dB 50 ppm", echotest.Path{Delay: 180, ERL: 12, Drift: 50}, 10, 15, 0.02, 0.05, 18},
		{"line 12 dB -50 ppm", echotest.Path{Delay: 180, ERL: 12, Drift: -50}, 10, 15, 0.02, 0.05, 18},
		{"line 12 dB noise 20 dB", echotest.Path{Delay: 180, ERL: 12}, 260, 8, 0.01, 0.05, 18},
		{"line 12 dB noise 5 dB", echotest.Path{Delay: 180, ERL: 12}, 1462, 0.8, 0.01, 0.3, 5},
		{"room 0.15 s 9 dB", echotest.Path{Delay: 250, ERL: 9, Room: 0.15, Clip: 6}, 30, 8, 0.06, 0.1, 15},
		{"room 0.3 s 6 dB", echotest.Path{Delay: 300, ERL: 6, Room: 0.3, Clip: 3}, 30, 6, 0.06, 0.1, 12},
		{"loop", echotest.Path{Delay: 60, ERL: 0}, 0, 22, 0.02, 0.15, 15},
	} {
		m := measure(c.path, sent, nil, c.noise)
		d := measure(c.path, sent, near, c.noise)
		t.Logf("%-24s ERLE %4.1f dB, %.3f missed, known after %3d ms, 10 dB %d ms later; double talk: %.3f taken for echo, %4.1f dB over the error, ERLE after it %4.1f dB",
			c.name, m.erle, m.missed, 20*m.learnt, 20*m.settled, d.own, d.lost, d.erle)
		if m.learnt < 0 || m.erle < c.erle || m.missed > c.missed || d.own > c.own || d.lost < c.near {
			t.Errorf("%s: %+v, in double talk %+v", c.name, m, d)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	sent := echotest.PCM(echotest.Prompt(t, "demo-congrats.wav"))
	c, n := New(), 1
	if allocs := testing.AllocsPerRun(400, func() {
		c.Frame(echotest.Frame(sent, n-1), echotest.Frame(sent, n-1))
		n++
	}); allocs != 0 {
		t.Errorf("a frame allocates %v times", allocs)
	}
}

// BenchmarkFrame: a tick while we are silent, while nothing comes back, while
// another voice is searched for an echo, and while one is removed.
func BenchmarkFrame(b *testing.B) {
	sent := echotest.Prompt(b, "demo-congrats.wav")
	out := echotest.PCM(sent)
	quiet := make([]int16, len(out))
	for _, c := range []struct {
		name    string
		in, out []int16
	}{
		{"silent", quiet, quiet[:0]},
		{"nothing back", quiet, out},
		{"other voice", echotest.PCM(echotest.Prompt(b, "demo-instruct.wav"))[:len(out)], out},
		{"echo", echotest.PCM(echotest.Path{Delay: 180, ERL: 12}.Received(sent, nil, 10)), out},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, n := New(), 0
			b.ReportAllocs()
			for b.Loop() {
				var o []int16
				if len(c.out) > 0 {
					o = echotest.Frame(c.out, n)
				}
				e.Frame(echotest.Frame(c.in, n+1), o)
				if n++; (n+3)*block > len(out) {
					n = 0
				}
			}
		})
	}
}
