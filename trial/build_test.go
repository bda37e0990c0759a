package trial

import (
	"context"
	"slices"
	"testing"

	"parley/sharedtest"
	"parley/tts"
	engines "parley/tts/espeak"
)

// TestSmallRun builds cases in both languages and replays them: every kind must
// come out, and an ear without words must still hear who speaks.
func TestSmallRun(t *testing.T) {
	engine, err := engines.New(tts.Program{})
	if err != nil {
		sharedtest.Missing(t, "%v", err)
	}
	dir := t.TempDir()
	o := BuildOptions{Dir: dir, Languages: []string{"en", "zh"}, N: 12, Minutes: 0.5, Seed: 1,
		Engines: map[string]tts.Synthesizer{"espeak-ng": engine}}
	// Fewer voices and sentences, because each is a program's run.
	whole := scripts
	defer func() { scripts = whole }()
	scripts = map[string]map[string]script{}
	for language, parts := range whole {
		scripts[language] = map[string]script{}
		for part, sc := range parts {
			speaks := func(v tts.Voice) bool { return v.Engine != "espeak-ng" }
			sc.bots = slices.DeleteFunc(slices.Concat(sc.bots, sc.customers), speaks)[:1]
			sc.customers = slices.DeleteFunc(slices.Clone(sc.customers), speaks)[:1]
			sc.prompts, sc.backchannels = sc.prompts[:1], sc.backchannels[:3]
			scripts[language][part] = sc
		}
	}
	if _, err := Build(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Eval(context.Background(), EvalOptions{Part: Dev, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var acted, minutes float64
	for _, b := range r.Barge {
		if b.Detector == ownName {
			acted += float64(b.First50.N)
		}
	}
	for _, a := range r.Alone {
		minutes += a.Stops.Minutes
	}
	if acted < 6 || minutes < 5 || len(r.Turns) != 4 {
		t.Errorf("acted on %v of 8 interruptions, %v prompt minutes, %d turn rows", acted, minutes, len(r.Turns))
	}
	for _, row := range r.Turns {
		if row.Paused == 0 || row.Curve[0].Cut.Of == 0 || row.Curve[len(row.Curve)-1].Latency <= row.Curve[0].Latency {
			t.Errorf("%s %s: %d turns with pauses, the curve goes from %+v to %+v", row.Language, row.Detector, row.Paused, row.Curve[0], row.Curve[len(row.Curve)-1])
		}
	}
}
