//go:build !race

package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/barge"
	"parley/call"
	"parley/ear"
	"parley/media/wav"
	"parley/sharedtest"
	"parley/tts"
	"parley/tts/flite"
)

// TestACustomerTalksOverTheBot in a live call. The recording is laid beside the
// very prompt as it was synthesised: it is whole until the customer is noticed,
// 15 dB lower until it is decided, and gone from then on. What the report says
// was heard is the prompt's beginning, and the signal log replays to the
// report's own times.
func TestACustomerTalksOverTheBot(t *testing.T) {
	t.Parallel()
	need(t, "flite")
	models := sharedtest.Path(t, "models", "pocketsphinx")
	c := simulate(t, "--personas", "testdata/interrupts", "--models", models)
	sound, signals := filepath.Join(t.TempDir(), "call.wav"), filepath.Join(t.TempDir(), "call.log")
	config := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(config, []byte("rules: {test_numbers: [\"+12025550190\"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, r, errs := placeCall(t, nil, "+12025550190", "--config", config, "--proxy", c.address, "--models", models,
		"--flow", "testdata/interrupt.yaml", "--record", sound, "--signals", signals)
	if exit != exitDone {
		t.Fatalf("exit %d\n%s", exit, errs)
	}
	prompt, o := interrupted(t, r)
	if !strings.HasPrefix(prompt.Text, prompt.HeardText) || len(prompt.HeardText) < 10 || len(prompt.HeardText) > len(prompt.Text)-10 {
		t.Errorf("of %q was heard %q", prompt.Text, prompt.HeardText)
	}
	checkGains(t, sound, prompt, o)
	checkReplay(t, signals, r.Overlaps)
}

// interrupted is the prompt that was stopped, and the overlap that did it.
func interrupted(t *testing.T, r call.Report) (call.Turn, call.Overlap) {
	t.Helper()
	for _, o := range r.Overlaps {
		if o.Stop == 0 || o.Action >= o.Stop {
			continue
		}
		for _, turn := range r.Turns {
			if turn.By == call.PartyBot && turn.BargedIn && turn.FromMS < o.Onset && turn.ToMS >= o.Onset {
				return turn, o
			}
		}
	}
	t.Fatalf("no prompt was lowered and then stopped: overlaps %+v, turns %+v", r.Overlaps, r.Turns)
	return call.Turn{}, call.Overlap{}
}

// perMS is samples in a millisecond.
const perMS = 8

// checkGains compares the bot's channel with the prompt as it was made.
func checkGains(t *testing.T, recording string, prompt call.Turn, o call.Overlap) {
	t.Helper()
	kept, err := wav.Read(recording)
	if err != nil {
		t.Fatal(err)
	}
	bot := make([]int16, len(kept.PCM)/2)
	for i := range bot {
		bot[i] = kept.PCM[2*i+1]
	}
	voice, err := flite.New(tts.Program{})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := voice.Speak(t.Context(), tts.Voice{Engine: flite.Name, Name: "slt", Language: "en"}, tts.Text(prompt.Text))
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := tts.Collect(t.Context(), stream, 60*8000)
	if err != nil {
		t.Fatal(err)
	}
	// The recording begins with the answer as the offsets do, to a few ticks.
	start, best := 0, 0.0
	noticed := int(o.Onset+o.Action) * perMS
	for at := int(prompt.FromMS-100) * perMS; at < int(prompt.FromMS+100)*perMS; at++ {
		if g := likeness(bot, made, at, max(at, 0), noticed-800); g > best {
			start, best = at, g
		}
	}
	if best < 0.99 {
		t.Fatalf("the recording before the interruption is not the prompt: likeness %.3f", best)
	}
	stop := int(o.Onset+o.Stop) * perMS
	whole := gain(bot, made, start, start, noticed-160)
	lowered := gain(bot, made, start, noticed+800, stop-160)
	if want := math.Pow(10, -15.0/20); math.Abs(whole-1) > 0.05 || math.Abs(20*math.Log10(lowered/want)) > 1 {
		t.Errorf("the prompt plays at %.3f of its level, lowered at %.3f, want 1 and %.3f", whole, lowered, want)
	}
	for i := stop + 160; i < min(stop+1600, len(bot)); i++ {
		if bot[i] > 8 || bot[i] < -8 {
			t.Fatalf("the prompt still sounds %d ms after it was stopped", (i-stop)/perMS)
		}
	}
}

// gain is by how much made, laid at start, is in heard from one sample to another.
func gain(heard, made []int16, start, from, to int) float64 {
	both, own := 0.0, 0.0
	for i := from; i < to && i < len(heard) && i-start < len(made); i++ {
		m := float64(made[i-start])
		both += m * float64(heard[i])
		own += m * m
	}
	return both / max(own, 1)
}

// likeness is their normalised correlation there.
func likeness(heard, made []int16, start, from, to int) float64 {
	power := 0.0
	for i := from; i < to && i < len(heard); i++ {
		power += float64(heard[i]) * float64(heard[i])
	}
	own := 0.0
	for i := from; i < to && i < len(heard) && i-start < len(made); i++ {
		own += float64(made[i-start]) * float64(made[i-start])
	}
	return gain(heard, made, start, from, to) * math.Sqrt(own/max(power, 1))
}

// checkReplay derives the overlaps once more, from the signal log alone.
func checkReplay(t *testing.T, path string, want []call.Overlap) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []call.Overlap
	for h, err := range ear.Replay(f) {
		if err != nil {
			t.Fatal(err)
		}
		n := len(got) - 1
		open := n >= 0 && got[n].Stop == 0 && got[n].Resume == 0
		after := (h.At - h.Onset).Milliseconds()
		switch {
		case (h.Decision == barge.Duck || h.Decision == barge.Cut) && !open:
			got = append(got, call.Overlap{Onset: h.Onset.Milliseconds(), Action: max(1, after)})
			n++
		case h.Decision != barge.Resume && h.Decision != barge.Cut || !open:
			continue
		}
		since := max(1, h.At.Milliseconds()-got[n].Onset)
		switch h.Decision {
		case barge.Cut:
			got[n].Stop = since
		case barge.Resume:
			got[n].Resume = since
		}
	}
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("the log replays to %+v, the report has %+v", got, want)
	}
	// The log counts from the first sound of the line, the report from the answer.
	answered := got[0].Onset - want[0].Onset
	for i := range got {
		got[i].Onset -= answered
		if got[i] != want[i] {
			t.Errorf("overlap %d replays to %+v, the report has %+v", i, got[i], want[i])
		}
	}
}
