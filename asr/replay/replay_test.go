package replay_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"parley/asr"
	"parley/asr/asrtest"
	"parley/asr/replay"
	"parley/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var config = asr.Config{Language: "en", Rate: media.Rate8k}

func TestConformance(t *testing.T) {
	asrtest.Run(t, asrtest.Engine{
		Recognizer:  replay.New(replay.Utterance{Text: "yes please"}),
		Config:      config,
		Expectation: asr.Expectation{ID: "q", Phrases: []string{"yes please"}},
		Sound:       make([]int16, 8000),
		Text:        "yes please",
	})
}

func TestScript(t *testing.T) {
	r := replay.New(
		replay.Utterance{Text: "i will pay on friday", Partials: []replay.Partial{
			{After: 100 * time.Millisecond, Text: "i will"},
			{After: 200 * time.Millisecond, Text: "i will pay", Stable: true},
			{After: time.Hour, Text: "never"},
		}},
		replay.Utterance{Rejected: true, Confidence: 0.2},
	)
	s, err := r.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Expect(asr.Expectation{ID: "when"})
	frame := media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}
	say := func(frames int) {
		for range frames {
			if err := s.WriteFrame(frame); err != nil {
				t.Fatal(err)
			}
			frame.At += media.Tick
		}
		s.Finish()
	}
	s.Finish() // without a frame: no entry is used up
	say(15)
	say(5)
	say(5)
	want := []asr.Result{
		{Final: true},
		{Text: "i will", Confidence: 1, To: 100 * time.Millisecond},
		{Text: "i will pay", Stable: true, Confidence: 1, To: 200 * time.Millisecond},
		{Text: "i will pay on friday", Final: true, Confidence: 1, To: 300 * time.Millisecond},
		{Final: true, Rejected: true, Confidence: 0.2, From: 300 * time.Millisecond, To: 400 * time.Millisecond},
		{Final: true},
	}
	for i, w := range want {
		if d := cmp.Diff(w, <-s.Results()); d != "" {
			t.Errorf("result %d: %s", i, d)
		}
	}
	if d := cmp.Diff([]asr.Expectation{{ID: "when"}}, r.Expected()); d != "" {
		t.Error(d)
	}
}
