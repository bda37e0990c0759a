package echo

import (
	"math"
	"testing"

	"parley/media/echo/echotest"
)

// After the ideas of ITU-T G.168: double talk without an echo, a path that
// changes, one that vanishes, and narrow bands.

// joined are several prompts behind each other.
func joined(t *testing.T, names ...string) (x []float64) {
	for _, n := range names {
		x = append(x, echotest.Prompt(t, n)...)
	}
	return x
}

// TestNobodyElse: whoever talks over us for long, no echo is believed where
// there is none. Two stretches of speech look alike somewhere every few
// seconds; in 16 of 27 such runs a delay was once believed.
func TestNobodyElse(t *testing.T) {
	speech := [][]float64{
		echotest.Prompt(t, "demo-congrats.wav"),
		echotest.Prompt(t, "demo-instruct.wav")[:40*8000],
		joined(t, "tt-allbusy.wav", "ss-noservice.wav", "vm-intro.wav", "pbx-invalid.wav", "vm-rec-busy.wav"),
		joined(t, "cannot-complete-as-dialed.wav", "check-number-dial-again.wav", "number-not-answering.wav",
			"please-try-call-later.wav", "vm-isonphone.wav", "vm-leavemsg.wav", "vm-nobodyavail.wav"),
	}
	p := echotest.Path{Delay: 60, ERL: 90}
	for i, sent := range speech {
		for j, near := range speech {
			if i == j {
				continue
			}
			in := echotest.PCM(p.Received(sent, append(make([]float64, 3333), near...), 10))
			if m := run(New(), in, echotest.PCM(p.Coded(sent)), make([]int16, len(in)), echotest.PCM(near)); m.learnt >= 0 || m.own > 0 {
				t.Errorf("%d over %d: an echo after %d ticks, %.3f taken for it", j, i, m.learnt, m.own)
			}
		}
	}
}

// TestPathChanges: another path in mid-call is learnt within three seconds, and
// until then no frame is made louder by more than 2 dB.
func TestPathChanges(t *testing.T) {
	sent := echotest.Prompt(t, "demo-congrats.wav")
	for _, to := range []echotest.Path{
		{Delay: 180, ERL: 8, Seed: 5},  // the same delay, another line
		{Delay: 300, ERL: 12, Seed: 6}, // a transfer
		{Delay: 90, ERL: 10, Seed: 7},
	} {
		const change = 10 * 8000
		in := echotest.PCM(echotest.Path{Delay: 180, ERL: 12}.Received(sent, nil, 10))
		copy(in[change:], echotest.PCM(to.Received(sent, nil, 10))[change:])
		got, left, worst, c := 0.0, 0.0, 0.0, New()
		eachFrame(c, in, echotest.PCM(echotest.Path{}.Coded(sent)), func(n int, _ Result) {
			now, clean := energy(echotest.Frame(in, n)), energy(c.Clean())
			if now > 1e-3 {
				worst = max(worst, clean/now)
			}
			if n*block >= change+3*8000 {
				got += now
				left += clean
			}
		})
		erle := 10 * math.Log10(got/left)
		t.Logf("to %d ms, %.0f dB: delay %d ms, ERLE %.1f dB from the third second on, worst frame %+.1f dB", to.Delay, to.ERL, c.Delay()/8, erle, 10*math.Log10(worst))
		if erle < 15 || worst > 1.7 {
			t.Errorf("to %+v: ERLE %.1f dB, worst frame %+.1f dB", to, erle, 10*math.Log10(worst))
		}
	}
}

// TestPathVanishes: infinite return loss. The customer's words behind it are
// not changed, and a belief that explains nothing is given back.
func TestPathVanishes(t *testing.T) {
	sent := echotest.Prompt(t, "demo-congrats.wav")
	const gone = 8 * 8000
	near := append(make([]float64, 10*8000), echotest.Prompt(t, "tt-allbusy.wav")...)
	in := echotest.PCM(echotest.Path{Delay: 180, ERL: 12}.Received(sent, nil, 10))
	copy(in[gone:], echotest.PCM(echotest.Path{Delay: 180, ERL: 90}.Received(sent, near, 10))[gone:])
	c, words := New(), echotest.PCM(near)
	var all, off float64
	loud, own, learnt := 0, 0, 0
	eachFrame(c, in, echotest.PCM(sent), func(n int, r Result) {
		if r.Learnt {
			learnt++
		}
		if (n+1)*block > len(words) || decibel(energy(echotest.Frame(words, n))/block) < -30 {
			return
		}
		loud++
		if r.Echo {
			own++
		}
		for i, v := range echotest.Frame(words, n) {
			d := float64(c.Clean()[i]) - float64(v)
			all += float64(v) * float64(v)
			off += d * d
		}
	})
	t.Logf("%d of %d loud frames taken for echo, %.1f dB over the error, learnt %d times", own, loud, 10*math.Log10(all/off), learnt)
	if own*50 > loud || all < 100*off || learnt != 1 {
		t.Errorf("%d of %d loud frames taken for echo, %.1f dB over the error, learnt %d times", own, loud, 10*math.Log10(all/off), learnt)
	}
}

// TestNarrowBand: keys and tones that we send spoil no filter.
func TestNarrowBand(t *testing.T) {
	sent := echotest.Prompt(t, "demo-congrats.wav")
	tones := func(from, to int, f ...float64) {
		for i := from * 8000; i < to*8000; i++ {
			sent[i] = 0
			for _, f := range f {
				sent[i] += 2500 * math.Sin(2*math.Pi*f*float64(i)/8000)
			}
		}
	}
	tones(8, 10, 770, 1336)
	tones(10, 12, 425)
	p := echotest.Path{Delay: 180, ERL: 12}
	in := echotest.PCM(p.Received(sent, nil, 10))
	var got, left float64
	c := New()
	eachFrame(c, in, echotest.PCM(p.Coded(sent)), func(n int, _ Result) {
		if n*block >= 12*8000+4000 {
			got += energy(echotest.Frame(in, n))
			left += energy(c.Clean())
		}
	})
	erle := 10 * math.Log10(got/left)
	t.Logf("ERLE %.1f dB behind tones", erle)
	if erle < 18 {
		t.Errorf("ERLE %.1f dB behind tones", erle)
	}
}

// eachFrame runs in, the answer to out, through c.
func eachFrame(c *Canceller, in, out []int16, do func(n int, r Result)) {
	for n := 1; (n+1)*block <= len(in); n++ {
		do(n, c.Frame(echotest.Frame(in, n), echotest.Frame(out, n-1)))
	}
}
