package flite

import (
	"errors"
	"os"
	"testing"

	"go.uber.org/goleak"

	"parley/tts"
	"parley/tts/ttstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func engine(t testing.TB) *tts.Engine {
	t.Helper()
	e, err := New(tts.Program{})
	if errors.Is(err, tts.ErrProgram) && os.Getenv("CI") != "true" {
		t.Skipf("flite is not installed: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformance(t *testing.T) {
	for _, voice := range []string{"slt", "kal"} { // 16 kHz and 8 kHz natively
		t.Run(voice, func(t *testing.T) {
			ttstest.Run(t, ttstest.Subject{Synthesizer: engine(t), Voice: tts.Voice{Engine: Name, Name: voice, Language: "en"}})
		})
	}
}

func TestMissingProgramIsSaid(t *testing.T) {
	if _, err := New(tts.Program{Path: "/nonexistent/flite"}); !errors.Is(err, tts.ErrProgram) {
		t.Errorf("New says %v, want ErrProgram", err)
	}
}

func TestChineseIsRefused(t *testing.T) {
	_, err := engine(t).Speak(t.Context(), tts.Voice{Language: "zh"}, tts.Text("您好"))
	if !errors.Is(err, tts.ErrVoice) {
		t.Errorf("Speak says %v, want ErrVoice", err)
	}
}

func TestSpeedChangesLength(t *testing.T) {
	e := engine(t)
	at := func(speed float64) int {
		s, err := e.Speak(t.Context(), tts.Voice{Speed: speed}, tts.Text("A payment was due on the first of December."))
		if err != nil {
			t.Fatal(err)
		}
		pcm, _, err := tts.Collect(t.Context(), s, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return len(pcm)
	}
	if slow, fast := at(0.8), at(1.25); float64(slow) < 1.3*float64(fast) {
		t.Errorf("%d samples at 0.8, %d at 1.25", slow, fast)
	}
}

func BenchmarkSentence(b *testing.B) {
	e := engine(b)
	for _, voice := range []string{"slt", "kal"} {
		b.Run(voice, func(b *testing.B) {
			for b.Loop() {
				s, err := e.Speak(b.Context(), tts.Voice{Name: voice}, tts.Text("When can you pay it?"))
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := tts.Collect(b.Context(), s, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
