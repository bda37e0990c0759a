package probe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/media/wav"
	"parley/outcome"
)

func TestLabels(t *testing.T) {
	all, err := Labels(strings.NewReader("file\tlabel\tanswered_at_ms\na.wav\tempty\t-1\nb.wav\thuman\t300\thuman\n\n"))
	if err != nil || len(all) != 2 || all[0].Want != "empty" || all[0].AnsweredMS != -1 || all[1].Origin != "human" {
		t.Errorf("%+v, %v", all, err)
	}
	for text, want := range map[string]string{"a.wav\tempty": "line 1: write", "a.wav\tempty\tsoon": "no time"} {
		if _, err := Labels(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestScore(t *testing.T) {
	s := &Score{Confusion: map[string]map[string]int{}}
	s.add(Label{Want: "human"}, Result{Step: Step{AnsweredBy: outcome.Human, Class: "greeting"}, OnsetMS: 100, DecidedMS: 900})
	s.add(Label{Want: "human"}, Result{Step: Step{AnsweredBy: outcome.Voicemail, Class: "recital"}, OnsetMS: -1})
	s.add(Label{Want: "ivr_menu"}, Result{Step: Step{AnsweredBy: outcome.Human, Class: "greeting"}, OnsetMS: -1})
	s.add(Label{Want: "power_off", AnsweredMS: -1}, Result{Step: Step{Network: outcome.Busy, Class: "busy"}, OnsetMS: -1})
	if s.Clips != 4 || s.Right != 1 || s.People != 2 || s.PeopleMachines != 1 || s.Machines != 1 || s.MachinesPersons != 1 || s.WrongReason != 1 || len(s.times) != 1 || s.times[0] != 800 {
		t.Errorf("%+v", s)
	}
}

// TestScoreHidesNothing: a tone that was taken back, and what was never decided.
func TestScoreHidesNothing(t *testing.T) {
	greeting := Step{AnsweredBy: outcome.Human, Class: "greeting"}
	for class, want := range map[string]int{
		"busy_tone": 1, "ringback": 1, "sit": 1, "sit_vacant": 1, "fax": 1, "beep": 1, "greeting": 0, "recital": 0, "ringback_music": 0, "busy": 0,
	} {
		s := &Score{Confusion: map[string]map[string]int{}}
		s.add(Label{Want: "human"}, Result{Step: greeting, OnsetMS: 100, DecidedMS: 900, Steps: []Step{{Class: class}, greeting}})
		if s.FalseTones != want || s.Undecided != 0 {
			t.Errorf("%s on the way: %d false tones, want %d; %d undecided", class, s.FalseTones, want, s.Undecided)
		}
	}
	s := &Score{Confusion: map[string]map[string]int{}}
	s.add(Label{Want: "human"}, Result{Step: Step{AnsweredBy: outcome.Unknown}, OnsetMS: 100})
	s.add(Label{Want: "voicemail"}, Result{OnsetMS: -1})
	s.add(Label{Want: "power_off", AnsweredMS: -1}, Result{OnsetMS: -1}) // not answered
	s.add(Label{Want: "ivr_menu"}, Result{Step: Step{Network: outcome.Busy}, OnsetMS: -1})
	if s.Undecided != 2 || len(s.times) != 0 {
		t.Errorf("%d undecided, times %v", s.Undecided, s.times)
	}
}

func TestEval(t *testing.T) {
	dir := t.TempDir()
	if err := wav.Write(filepath.Join(dir, "a.wav"), wav.Sound{Rate: 8000, Channels: 1, PCM: make([]int16, 6*8000)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.tsv"), []byte("a.wav\tsilence\t0\tsynthetic\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Eval(context.Background(), dir, nil, Options{Language: "en"})
	if err != nil || len(got) != 1 || got[0].Right != 1 || got[0].Confusion["silence"]["silence"] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
