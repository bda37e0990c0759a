package pocketsphinx

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"parley/asr"
	"parley/asr/asrtest"
	"parley/media"
	"parley/sharedtest"
	"parley/worker"
)

func TestConformance(t *testing.T) {
	r := running(t, Options{Models: models(t)}) // its own: it crashes
	asrtest.Run(t, asrtest.Engine{
		Recognizer:  r,
		Config:      asr.Config{Language: "en", Rate: media.Rate8k},
		Expectation: asr.Expectation{ID: "person", Phrases: []string{"i want to speak to a (person|human)", "no"}},
		Sound:       speak(t, "flite kal16", "i want to speak to a person"),
		Text:        "i want to speak to a person",
		Crash: func() {
			s := openStream(t, r, "en")
			s.Expect(asr.Expectation{ID: crashWord})
		},
	})
}

func TestNoPlace(t *testing.T) {
	r := running(t, Options{Models: models(t), Worker: worker.Options{Streams: 1}})
	openStream(t, r, "en")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Open(ctx, asr.Config{Language: "en", Rate: media.Rate8k}); !errors.Is(err, asr.ErrBusy) {
		t.Errorf("Open: %v, want ErrBusy", err)
	}
}

// The sessions of a worker share its grammars, not each other's expectations.
func TestExpectTakesEffectWithTheNextUtterance(t *testing.T) {
	r := recognizer(t)
	s, other := openStream(t, r, "en"), openStream(t, r, "en")
	yes, tomorrow := speak(t, "flite kal16", "yes please"), speak(t, "flite kal16", "i will pay tomorrow")
	first := asr.Expectation{ID: "first", Phrases: []string{"yes please", "wrong number"}}
	second := asr.Expectation{ID: "second", Phrases: []string{"i will pay (today|tomorrow)"}}
	s.Expect(first)
	other.Expect(second)
	if err := s.WriteFrame(media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}); err != nil {
		t.Fatal(err)
	}
	s.Expect(second)
	for i, step := range []struct {
		stream asr.Stream
		sound  []int16
		want   string
	}{
		{s, yes, "yes please"}, {s, yes, ""}, {s, tomorrow, "i will pay tomorrow"}, {other, tomorrow, "i will pay tomorrow"},
	} {
		if _, got := hear(t, step.stream, step.sound); got.Text != step.want {
			t.Errorf("step %d: heard %q, want %q", i, got.Text, step.want)
		}
	}
	s.Expect(asr.Expectation{})
	if _, got := hear(t, s, yes); got.Text != "" || !got.Rejected {
		t.Errorf("speech where nothing is expected: %+v", got)
	}
}

func TestSilenceIsNotRejectedSpeech(t *testing.T) {
	s := openStream(t, recognizer(t), "en")
	s.Expect(asr.Expectation{Answer: "yes_no"})
	quiet := make([]int16, 3*8000)
	for i := range quiet { // what a line carries when nobody speaks
		quiet[i] = int16(i*7919%17) - 8
	}
	if _, got := hear(t, s, quiet); got.Text != "" || got.Rejected {
		t.Errorf("silence gives %+v", got)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range quiet {
		quiet[i] = int16(noise.IntN(6000) - 3000)
	}
	if _, got := hear(t, s, quiet); got.Text != "" {
		t.Errorf("steady noise gives %+v", got)
	}
	if _, got := hear(t, s, make([]int16, 8000)); got.Text != "" || got.Rejected {
		t.Errorf("zeros give %+v", got)
	}
}

func TestPartialsBecomeStable(t *testing.T) {
	s := openStream(t, recognizer(t), "en")
	s.Expect(asr.Expectation{ID: "p", Phrases: englishPhrases})
	sound := append(speak(t, "flite kal16", "i want to speak to a person"), make([]int16, 8000)...)
	partials, _ := hear(t, s, sound)
	var texts []string
	var stable int
	for _, p := range partials {
		texts = append(texts, p.Text)
		if p.Stable {
			stable++
		}
	}
	if stable == 0 || len(partials) < 3 || partials[len(partials)-1].Text != "i want to speak to a person" {
		t.Errorf("partials %q, %d of them stable", strings.Join(texts, ", "), stable)
	}
}

// Nobody's half minute of hold music may fill memory or end the stream.
func TestUtteranceIsBounded(t *testing.T) {
	s := openStream(t, recognizer(t), "en")
	s.Expect(asr.Expectation{ID: "p", Phrases: []string{"i want to speak to a person"}})
	sound := speak(t, "flite kal16", "i want to speak to a person")
	long := append(make([]int16, 31*8000), sound...)
	if _, got := hear(t, s, long); got.Final != true {
		t.Errorf("no final after %d s: %+v", len(long)/8000, got)
	}
	if _, got := hear(t, s, sound); got.Text != "i want to speak to a person" {
		t.Errorf("the next utterance is heard as %q", got.Text)
	}
}

func TestChineseNeedsItsModel(t *testing.T) {
	if _, err := New(Options{Models: t.TempDir()}); err != nil {
		sharedtest.Missing(t, "Debian's English model is absent: %v", err)
	}
	r := running(t, Options{})
	if _, err := r.Open(t.Context(), asr.Config{Language: "zh", Rate: media.Rate8k}); !errors.Is(err, asr.ErrLanguage) {
		t.Errorf("Open: %v, want ErrLanguage", err)
	}
	s := openStream(t, r, "en") // 8 kHz sound, 16 kHz model
	s.Expect(asr.Expectation{ID: "p", Phrases: englishPhrases})
	for _, text := range []string{"i want to speak to a person", "i will pay on friday"} {
		if _, got := hear(t, s, speak(t, "flite kal16", text)); got.Text != text {
			t.Errorf("%q was heard as %q, confidence %.2f", text, got.Text, got.Confidence)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	if err := Check(Options{Models: "/nowhere/at/all"}); err == nil || !strings.Contains(err.Error(), "models") && !strings.Contains(err.Error(), "apt-get") {
		t.Errorf("Check: %v", err)
	}
}
