package espeak

import (
	"errors"
	"os"
	"os/exec"
	"strings"
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
		t.Skipf("espeak-ng is not installed: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformance(t *testing.T) {
	for _, voice := range []tts.Voice{{Name: "en-us+f3", Language: "en"}, {Name: "zh+f2", Language: "zh"}} {
		t.Run(voice.Language, func(t *testing.T) {
			voice.Engine = Name
			ttstest.Run(t, ttstest.Subject{Synthesizer: engine(t), Voice: voice})
		})
	}
}

func TestMissingProgramIsSaid(t *testing.T) {
	if _, err := New(tts.Program{Path: "/nonexistent/espeak-ng"}); !errors.Is(err, tts.ErrProgram) {
		t.Errorf("New says %v, want ErrProgram", err)
	}
}

func TestVoices(t *testing.T) {
	for _, c := range []struct{ name, language, want string }{
		{"", "", "en-us"},
		{"", "zh", "cmn-latn-pinyin+f2"},
		{"zh", "", "cmn-latn-pinyin+f2"},
		{"zh+m3", "zh", "cmn-latn-pinyin+m3"},
		{"m3", "zh", "cmn-latn-pinyin+m3"},
		{"f4", "en", "en-us+f4"},
		{"en-gb+m1", "en", "en-gb+m1"},
		{"en-us", "zh", ""},
		{"en-us+f9", "en", ""},
		{"en-xx", "en", ""},
		{"", "de", ""},
	} {
		got, err := check(tts.Voice{Name: c.name, Language: c.language})
		if c.want == "" {
			if !errors.Is(err, tts.ErrVoice) {
				t.Errorf("%q in %q: error %v, want ErrVoice", c.name, c.language, err)
			}
			continue
		}
		if err != nil || got.Name != c.want {
			t.Errorf("%q in %q is %q (%v), want %q", c.name, c.language, got.Name, err, c.want)
		}
	}
}

// TestReadings asks the program itself how it reads the words of the table.
func TestReadings(t *testing.T) {
	engine(t)
	for _, c := range []struct{ text, has, not string }{
		{"请您还款", "Xua35", "Xai35"},
		{"银行卡", "X'a35N", "S;'i35N"},
		{"重复一遍", "ts.h'ong35", "ts.'ong"},
		{"应还金额", "Xua35", "Xai35"},
		{"您还有一笔", "Xai35", "Xua35"}, // still, not pay back
	} {
		cmd := exec.CommandContext(t.Context(), "espeak-ng", "-v", chinese, "-q", "-x", "-b", "1", "--stdin")
		out, err := tts.Run(cmd, pinyin(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer("'", "", ",", "").Replace(string(out))
		has, not := strings.ReplaceAll(c.has, "'", ""), strings.ReplaceAll(c.not, "'", "")
		if !strings.Contains(got, has) || strings.Contains(got, not) {
			t.Errorf("%s is read %q: want %q and not %q", c.text, got, has, not)
		}
	}
}

func BenchmarkSentence(b *testing.B) {
	e := engine(b)
	for language, text := range map[string]string{"en": "When can you pay it?", "zh": "请问您什么时候还款？"} {
		b.Run(language, func(b *testing.B) {
			for b.Loop() {
				s, err := e.Speak(b.Context(), tts.Voice{Language: language}, tts.Text(text))
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
