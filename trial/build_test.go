package trial

import (
	"context"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	if len(r.Charts()) != 4 || len(r.Noise) != 8 {
		t.Errorf("%d charts, %d rows by noise", len(r.Charts()), len(r.Noise))
	}
	pictures, page := filepath.Join(dir, "pictures"), filepath.Join(dir, "page.md")
	if err := r.WriteCharts(pictures, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := r.WritePage(page, pictures); err == nil {
		t.Error("a page that is not there was written")
	}
	if err := os.WriteFile(page, []byte("before\n"+pageBegin+"old\n"+pageEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what was written can be written again
		if err := r.WritePage(page, pictures); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n", "\nafter\n", "| en | synthetic |", "](pictures/turn-zh-synthetic.svg)"} {
		if strings.Count(string(text), want) == 0 {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(string(text), "old") || strings.Count(string(text), pageBegin) != 1 {
		t.Error("the old tables are still there")
	}
	for _, c := range r.Charts() {
		if err := xml.Unmarshal(c.SVG, new(struct{ XMLName xml.Name })); err != nil {
			t.Errorf("%s: %v", c.File, err)
		}
	}
}
