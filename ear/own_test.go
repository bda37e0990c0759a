//go:build slow

package ear

import (
	"slices"
	"testing"
	"time"

	"parley/barge"
	"parley/media"
	"parley/media/echo/echotest"
)

// talk is what became of a run of prompts.
type talk struct {
	minutes           float64
	ducks, cuts, owns int
	duckAt, cutAt     []time.Duration
	missed            int
}

// spoken plays each line as a prompt with a pause behind it. With near the
// customer begins to speak 1.5 s into every second line.
func spoken(p echotest.Path, lines [][]float64, near []float64, noise float64) (all talk) {
	var sent, other []float64
	starts, onsets := map[int]int{}, map[int]int{}
	sent = make([]float64, 8000)
	for i, l := range lines {
		starts[len(sent)/160] = len(l) / 160
		if near != nil && i%2 == 1 {
			other = append(other, make([]float64, len(sent)+12000-len(other))...)
			onsets[len(other)/160] = len(sent) / 160
			other = append(other, near...)
		}
		sent = append(sent, l...)
		sent = append(sent, make([]float64, 16000-len(sent)%160)...)
	}
	in := echotest.PCM(p.Received(sent, other, noise))
	out := echotest.PCM(p.Coded(sent))
	e := New(Config{})
	ends, onset := -1, -1
	for n := 1; (n+1)*160 <= len(in); n++ {
		if length, ok := starts[n]; ok {
			e.PromptStarted(PromptInfo{Mode: barge.Always})
			ends = n + length
			all.minutes += float64(length) / 3000
		}
		if n == ends {
			e.PromptEnded()
			if onset >= 0 {
				all.missed++
			}
			ends, onset = -1, -1
		}
		if _, ok := onsets[n]; ok && ends > 0 {
			onset = n
		}
		h := e.Hear(
			media.Frame{At: media.Tick * time.Duration(n), Rate: media.Rate8k, PCM: echotest.Frame(in, n)},
			media.Frame{Rate: media.Rate8k, PCM: echotest.Frame(out, n-1)})
		if h.Own {
			all.owns++
		}
		after := media.Tick * time.Duration(n+1-onset)
		switch {
		case h.Decision == barge.Duck && onset >= 0:
			all.duckAt = append(all.duckAt, after)
		case h.Decision == barge.Duck:
			all.ducks++
		case h.Decision == barge.Cut && onset >= 0:
			all.cutAt = append(all.cutAt, after)
			onset, ends = -1, -1
		case h.Decision == barge.Cut:
			all.cuts++
			ends = -1
		}
	}
	return all
}

// TestOwnVoiceEndsNothing: prompts of both languages over lines and a
// speakerphone. All of it is synthetic.
func TestOwnVoiceEndsNothing(t *testing.T) {
	for _, v := range []struct{ language, bot, customer, said string }{
		{"en", "slt", "rms", "wait a moment, I have already paid that last week"},
		{"zh", "f2", "m3", "等一下，这笔钱我上个星期已经还过了"},
	} {
		var lines [][]float64
		for _, l := range echotest.Lines(v.language) {
			lines = append(lines, echotest.Say(t, v.language, v.bot, l))
		}
		near := trim(echotest.Say(t, v.language, v.customer, v.said))
		for _, c := range []struct {
			name string
			path echotest.Path
			// per: false stops a prompt minute at most, and one more before the
			// echo is known. The goal of 0.3 is missed on the speakerphone.
			per float64
		}{
			{"ERL 12 dB, 20 ms", echotest.Path{Delay: 20, ERL: 12}, 0.05},
			{"ERL 12 dB, 200 ms", echotest.Path{Delay: 200, ERL: 12, Law: "PCMA"}, 0.05},
			{"ERL 12 dB, 400 ms", echotest.Path{Delay: 400, ERL: 12}, 0.05},
			{"ERL 6 dB, 200 ms", echotest.Path{Delay: 200, ERL: 6}, 0.3},
			{"speakerphone", echotest.Path{Delay: 250, ERL: 8, Room: 0.2, Clip: 4}, 1.5},
		} {
			a := spoken(c.path, lines, nil, 26)
			d := spoken(c.path, lines, near, 26)
			t.Logf("%s %-18s %.1f min: %d false stops, %d ducks; %d of %d interruptions noticed, duck p50 %v, cut p50 %v; %d other stops",
				v.language, c.name, a.minutes, a.cuts, a.ducks, len(d.cutAt), len(d.cutAt)+d.missed, middle(d.duckAt), middle(d.cutAt), d.cuts)
			if float64(a.cuts) > c.per*a.minutes+1 {
				t.Errorf("%s %s: %d false stops in %.1f minutes", v.language, c.name, a.cuts, a.minutes)
			}
		}
	}
}

func middle(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
