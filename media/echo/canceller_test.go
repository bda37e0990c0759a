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
	m.erle = 10 * math.Log10((before + 1e-12) / (after + 1e-12))
	m.missed = float64(missed) / float64(max(1, loud))
	m.own = float64(own) / float64(max(1, strong))
	m.lost = 10 * math.Log10((nearAll + 1) / (nearOff + 1))
	return m
}

func TestTable(t *testing.T) {
	t.Logf("%d bytes", unsafe.Sizeof(Canceller{}))
	sent := echotest.Prompt(t, "demo-congrats.wav")
	other := echotest.Prompt(t, "tt-allbusy.wav")
	near := append(make([]float64, 8*8000), other...)
	for _, c := range []struct {
		name  string
		path  echotest.Path
		noise float64
	}{
		{"line 12 dB 40 ms", echotest.Path{Delay: 40, ERL: 12}, 10},
		{"line 12 dB 180 ms A", echotest.Path{Delay: 180, ERL: 12, Law: "PCMA"}, 10},
		{"line 12 dB 400 ms", echotest.Path{Delay: 400, ERL: 12}, 10},
		{"line 6 dB 400 ms", echotest.Path{Delay: 400, ERL: 6}, 10},
		{"line 20 dB 600 ms", echotest.Path{Delay: 590, ERL: 20}, 10},
		{"line 12 dB drift", echotest.Path{Delay: 180, ERL: 12, Drift: 50}, 10},
		{"line 12 dB noise 20", echotest.Path{Delay: 180, ERL: 12}, 260},
		{"line 12 dB noise 5", echotest.Path{Delay: 180, ERL: 12}, 1462},
		{"room 0.15 s 9 dB", echotest.Path{Delay: 250, ERL: 9, Room: 0.15, Clip: 6}, 30},
		{"room 0.3 s 6 dB clip", echotest.Path{Delay: 300, ERL: 6, Room: 0.3, Clip: 3}, 30},
		{"loop", echotest.Path{Delay: 60, ERL: 0}, 0},
		{"no echo", echotest.Path{Delay: 60, ERL: 90}, 10},
	} {
		m := measure(c.path, sent, nil, c.noise)
		d := measure(c.path, sent, near, c.noise)
		t.Logf("%-20s ERLE %4.1f dB missed %.3f (last %d) learnt %4d settled %3d | double talk: own %.3f, near over error %4.1f dB, ERLE %4.1f missed %.3f",
			c.name, m.erle, m.missed, m.late, m.learnt, m.settled, d.own, d.lost, d.erle, d.missed)
	}
}
