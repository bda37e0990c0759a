package probe

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/asr"
	"parley/asr/pocketsphinx"
	"parley/media/wav"
	"parley/sharedtest"
)

// recognizer is the embedded engine with the telephone models.
func recognizer(t testing.TB, language string) Recognizer {
	t.Helper()
	local, err := pocketsphinx.NewLocal(pocketsphinx.Options{Models: sharedtest.Path(t, "models", "pocketsphinx")})
	if errors.Is(err, pocketsphinx.ErrLibrary) {
		sharedtest.Missing(t, "%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := local.Open(asr.Config{Language: language, Rate: 8000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func recording(t testing.TB, path string) []int16 {
	t.Helper()
	s, err := wav.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := Mono(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// prompts are what the recordings of a switch say, and what may be made of that
// without knowing when the call was answered: classes divided by |, "" for
// nothing. The phrases of package progress were widened with these recordings at
// hand: this keeps what is right, it measures nothing unseen.
var prompts = map[string]struct{ says, class string }{
	"agent-loginok":             {"agent logged on", "announcement|greeting"}, // too short to be sure
	"beep":                      {"", "beep"},
	"beeperr":                   {"", ""},
	"cannot-complete-as-dialed": {"your call cannot be completed as dialed", "empty"},
	"check-number-dial-again":   {"please check the number and dial again", "empty"},
	"conf-onlyperson":           {"you are currently the only person in this conference", "announcement"},
	"demo-congrats":             {"congratulations, you have successfully installed …", "recital|ringback_music|announcement"},
	"demo-instruct":             {"if you would like to … dial …", "voicemail|ivr_menu|ivr_extension|recital|announcement"},
	"hello":                     {"hello", "greeting"},
	"number-not-answering":      {"the number is not answering", "no_answer"},
	"pbx-invalid":               {"i am sorry, that's not a valid extension, please try again", "ivr_extension"},
	"please-try-call-later":     {"please try your call again later", "unreachable"},
	"ss-noservice":              {"the number you have dialed is not in service, …", "empty"},
	"tt-allbusy":                {"all representatives of the household are currently assisting other telemarketers, …", "ivr_queue"},
	"vm-goodbye":                {"goodbye", "greeting"}, // from a person as good
	"vm-intro":                  {"please leave your message after the tone, …", "voicemail"},
	"vm-isonphone":              {"is on the phone", "busy"},
	"vm-isunavail":              {"is unavailable", "unreachable"},
	"vm-leavemsg":               {"press five to leave a message", "voicemail|ivr_menu"},
	"vm-nobodyavail":            {"nobody is available to take your call at the moment", "voicemail"},
	"vm-rec-busy":               {"after the tone say your busy message and then press the pound key", "voicemail"},
	"vm-theperson":              {"the person at extension", "ivr_extension"},
}

func TestRecordedPrompts(t *testing.T) {
	dir := sharedtest.Path(t, "data", "speech", "machine_prompts_en")
	r := recognizer(t, "en")
	for _, name := range slices.Sorted(maps.Keys(prompts)) { // the recogniser adapts from one to the next
		want := prompts[name]
		pcm := recording(t, filepath.Join(dir, name+".wav"))
		pcm = pcm[:min(len(pcm), 20*8000)]
		got, err := Listen(context.Background(), r, pcm, Options{Language: "en", AnsweredAt: Unknown})
		if err != nil {
			t.Fatal(err)
		}
		ok := false
		for class := range strings.SplitSeq(want.class, "|") {
			ok = ok || got.Class == class
		}
		if !ok {
			t.Errorf("%s says %q: class %q (%s%s), want %q; heard %q", name, want.says, got.Class, got.Network, got.AnsweredBy, want.class, got.Text)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".wav"); strings.HasSuffix(f.Name(), ".wav") && prompts[name].class == "" && name != "beeperr" {
			t.Errorf("%s is in no table", name)
		}
	}
}

// TestListenRepeats: equal sound gives an equal verdict, however loaded the
// machine is. The recogniser's confidence moves a little: it adapts to the level.
func TestListenRepeats(t *testing.T) {
	pcm := recording(t, filepath.Join(sharedtest.Path(t, "data", "speech", "machine_prompts_en"), "ss-noservice.wav"))
	r := recognizer(t, "en")
	for i := range 2 {
		got, err := Listen(context.Background(), r, pcm, Options{Language: "en", AnsweredAt: Never, Ended: "no_answer"})
		if err != nil {
			t.Fatal(err)
		}
		if got.Class != "empty" || got.Network != "invalid_number" || got.DecidedMS > 3000 || got.AnsweredBy != "" {
			t.Errorf("run %d: %+v", i, got)
		}
	}
}

func TestListenWithoutWords(t *testing.T) {
	tone := make([]int16, 8000)
	for i := range 2400 {
		tone[2400+i] = int16(8000 * math.Sin(2*math.Pi*1000*float64(i)/8000))
	}
	for _, c := range []struct {
		name     string
		pcm      []int16
		answered time.Duration
		class    string
	}{
		{"silence, never answered", make([]int16, 16000), Never, ""},
		{"nobody speaks", make([]int16, 6*8000), 0, "silence"},
		{"a beep after the answer", tone, 0, "beep"},
		{"a beep before it", tone, Never, ""},
	} {
		got, err := Listen(context.Background(), nil, c.pcm, Options{Language: "en", AnsweredAt: c.answered})
		if err != nil || got.Class != c.class {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if c.class == "beep" && (got.BeepMS < 600 || got.BeepMS > 900) {
			t.Errorf("%s: told at %d ms, it ends at 600", c.name, got.BeepMS)
		}
	}
}

func TestMono(t *testing.T) {
	s := wav.Sound{Rate: 8000, Channels: 2, PCM: []int16{0, 1000, 0, 2000}}
	for channel, want := range map[int]int16{0: 1000, 1: 0, 2: 1000} {
		if got, err := Mono(s, channel); err != nil || len(got) != 2 || got[0] != want {
			t.Errorf("channel %d: %v, %v", channel, got, err)
		}
	}
	if _, err := Mono(s, 3); err == nil || !strings.Contains(err.Error(), "--channel") {
		t.Errorf("a third channel of two: %v", err)
	}
}
