package ear

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parley/barge"
	"parley/media"
	"parley/media/prosody"
	"parley/phrase"
)

// voice fills frames with a voiced-like sound: a pulse train of 140 Hz through
// two resonances, or with faint noise.
type voice struct {
	at    int
	frame [160]int16
	y     [4]float64
	seed  uint32
}

func (v *voice) noise() float64 {
	v.seed = v.seed*1664525 + 1013904223
	return float64(int32(v.seed)) / (1 << 31)
}

func (v *voice) next(speaking bool) media.Frame {
	for i := range v.frame {
		n := v.at*160 + i
		in := 0.0
		if n%57 == 0 {
			in = 6000
		}
		a := in + 1.80*v.y[0] - 0.90*v.y[1]
		v.y[0], v.y[1] = a, v.y[0]
		b := a + 0.9*v.y[2] - 0.85*v.y[3]
		v.y[2], v.y[3] = b, v.y[2]
		s := v.noise() * 60
		if speaking {
			s += b / 4
		}
		v.frame[i] = int16(max(-32000, min(32000, s)))
	}
	f := media.Frame{At: media.Rate8k.Duration(v.at * 160), Rate: media.Rate8k, PCM: v.frame[:]}
	v.at++
	return f
}

func run(e *Ear, v *voice, ms int, speaking bool, each func(Heard)) {
	for range ms / 20 {
		each(e.Hear(v.next(speaking), media.Frame{}))
	}
}

func TestInterruptionFromSound(t *testing.T) {
	var log bytes.Buffer
	e := New(Config{Language: "en", Log: &log})
	v := &voice{}
	var all []Heard
	keep := func(h Heard) { all = append(all, h) }
	run(e, v, 500, false, keep)
	e.Answered()
	e.PromptStarted(PromptInfo{Mode: barge.Always, Text: "your payment was due"})
	run(e, v, 1000, false, keep)
	run(e, v, 900, true, keep)
	e.PromptEnded()
	e.Expect(phrase.Free, 0)
	run(e, v, 1500, false, keep)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var at []barge.Decision
	for _, h := range all {
		if h.Decision != barge.Hold {
			at = append(at, h.Decision)
		}
	}
	if diff := cmp.Diff([]barge.Decision{barge.Duck, barge.Cut, barge.TurnEnd}, at); diff != "" {
		t.Error(diff)
	}
	last := all[slices.IndexFunc(all, Heard.TurnEnded)]
	if p := last.Prosody; p.Voiced < 30 || p.Voiced > 60 || p.Frames < p.Voiced || p.Value[prosody.Level] >= 0 ||
		p.Value[prosody.Pitch] < 2780 || p.Value[prosody.Pitch] > 2860 { // 140 Hz are 2817 cents over 27.5
		t.Errorf("900 ms at 140 Hz were said like %+v", p)
	}
	var again []Heard
	for h, err := range Replay(&log) {
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, h)
	}
	if diff := cmp.Diff(all, again); diff != "" {
		t.Error(diff)
	}
}
