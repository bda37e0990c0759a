package trial

import (
	"testing"

	"parley/barge"
)

// over is a case with one stretch of speech over a prompt.
func over(kind Kind, from, to int) Case {
	return Case{ID: "x", Kind: kind, Language: "en", Part: Dev, Condition: "20 dB", Origin: Synthetic, Length: 10_000,
		Prompts: []Prompt{{Sound: "p.wav", At: 1000}}, Speech: []Span{{from, to}}}
}

func acts(all ...any) (t Trace) {
	for i := 0; i < len(all); i += 2 {
		t.Actions = append(t.Actions, Action{At: all[i].(int), Decision: all[i+1].(barge.Decision)})
	}
	return t
}

// TestDetectorsOfKnownWorth: a perfect, a deaf and a nervous detector must come
// out as what they are, in every kind of row.
func TestDetectorsOfKnownWorth(t *testing.T) {
	interruption, short := over(Interruption, 3000, 4500), over(Backchannel, 3000, 3400)
	alone := over(Nothing, 0, 0)
	alone.Speech = nil
	for name, d := range map[string]struct {
		interrupted, short, alone    Trace
		missed, early, stopped, stop int
		first                        int // ms, -1 for none
		falseStops                   int
	}{
		"perfect": {acts(3160, barge.Duck, 3400, barge.Cut), acts(3160, barge.Duck, 3600, barge.Resume), Trace{}, 0, 0, 0, 400, 160, 0},
		"deaf":    {Trace{}, Trace{}, Trace{}, 1, 0, 0, -1, -1, 0},
		"nervous": {acts(1200, barge.Cut), acts(1200, barge.Cut), acts(1200, barge.Cut, 5000, barge.Cut), 0, 1, 1, -1, -1, 2},
		"late":    {acts(6000, barge.Cut), acts(6000, barge.Cut), Trace{}, 1, 0, 0, -1, -1, 0},
	} {
		all := []verdict{
			{c: interruption, own: score(interruption, d.interrupted, nil)},
			{c: short, own: score(short, d.short, nil)},
		}
		row := bargeRow(group{}, name, all, func(v verdict) Result { return v.own })
		if row.Missed.Of != d.missed || row.Early.Of != d.early || row.Stopped.Of != d.stopped {
			t.Errorf("%s: missed %v, early %v, stopped %v", name, row.Missed, row.Early, row.Stopped)
		}
		if d.stop >= 0 && row.Stop50.Value != d.stop || d.stop < 0 && row.Stop50.N > 0 {
			t.Errorf("%s: full stop %v", name, row.Stop50)
		}
		if d.first >= 0 && row.First50.Value != d.first || d.first < 0 && row.First50.N > 0 {
			t.Errorf("%s: first action %v", name, row.First50)
		}
		if name == "perfect" && (row.Back50.Value != 200 || row.Ducked50.Value != 440 || row.BackLate.Of != 0) {
			t.Errorf("back after %v, ducked for %v", row.Back50, row.Ducked50)
		}
		if r := score(alone, d.alone, nil); r.Stops != d.falseStops {
			t.Errorf("%s: %d false stops", name, r.Stops)
		}
	}
}

func TestPoint(t *testing.T) {
	paused := Case{Speech: []Span{{1000, 1500}, {2000, 2600}}}
	whole := Case{Speech: []Span{{1000, 1500}}}
	cases := []Case{paused, paused, whole, whole}
	p := point(100, cases, []int{1800, 3000, 1900, -1})
	if p.Cut.Of != 1 || p.Cut.All != 2 || p.Latency != 400 || p.Never != 1 {
		t.Errorf("%+v", p)
	}
	if p := point(100, cases, []int{-1, -1, -1, -1}); p.Cut.Of != 0 || p.Never != 4 {
		t.Errorf("deaf: %+v", p)
	}
	if p := point(100, cases, []int{1600, 1600, 1520, 1520}); p.Cut.Of != 2 || p.Latency != 20 {
		t.Errorf("nervous: %+v", p)
	}
}

func TestCurve(t *testing.T) {
	c := Curve{
		{Latency: 100, Cut: share(8, 10)}, {Latency: 500, Cut: share(4, 10)}, {Latency: 700, Cut: share(2, 10)}, {Latency: 1500, Cut: share(0, 10)},
	}
	if v, ok := c.CutAt(300); !ok || v < 0.599 || v > 0.601 {
		t.Errorf("at 300 ms %v", v)
	}
	if v, ok := c.LatencyAt(0.05); !ok || v < 1299 || v > 1301 {
		t.Errorf("5 %% at %v", v)
	}
	if _, ok := c.CutAt(50); ok {
		t.Error("a budget below the curve has a figure")
	}
	if _, ok := c[:2].LatencyAt(0.05); ok {
		t.Error("a curve that never comes to 5 % has a figure")
	}
}

func TestPlain(t *testing.T) {
	say := func(p *Plain, on bool, ms int) (told []barge.Decision) {
		for range ms / 20 {
			if d := p.hear(on); d != barge.Hold {
				told = append(told, d)
			}
		}
		return told
	}
	p := &Plain{Min: 500, Silence: 700}
	if d := say(p, true, 480); len(d) > 0 {
		t.Errorf("480 ms of speech: %v", d)
	}
	if d := say(p, false, 680); len(d) > 0 {
		t.Errorf("680 ms of silence: %v", d)
	}
	if d := say(p, false, 20); len(d) != 1 || d[0] != barge.TurnEnd {
		t.Errorf("700 ms of silence: %v", d)
	}
	if d := say(p, true, 500); len(d) != 1 || d[0] != barge.Cut {
		t.Errorf("500 ms of speech: %v", d)
	}
}

func TestIntervals(t *testing.T) {
	if s := share(5, 100); s.Low < 0.02 || s.Low > 0.03 || s.High < 0.11 || s.High > 0.12 {
		t.Errorf("5 of 100: %v", s)
	}
	if r := rate(0, 60); r.Low != 0 || r.High < 0.055 || r.High > 0.065 {
		t.Errorf("none in 60 minutes: %+v", r)
	}
	if q := quantile([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.5); q.Value != 5 || q.Low < 2 || q.High > 9 {
		t.Errorf("%+v", q)
	}
}
