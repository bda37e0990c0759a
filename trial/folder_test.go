package trial

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/asr"
	"parley/media"
	"parley/media/silero"
	"parley/media/wav"
)

// folderOf writes a folder of one tone and these cases.
func folderOf(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	pcm := make([]int16, 8000)
	for i := range pcm {
		pcm[i] = int16(3000 * (i % 40 / 20))
	}
	if err := wav.Write(filepath.Join(dir, "p.wav"), wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: pcm}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, casesFile), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWrongCases: each mistake is told with its line.
func TestWrongCases(t *testing.T) {
	good := over(Interruption, 3000, 4500)
	line := func(change func(*Case)) string {
		c := good
		c.ID = "y"
		change(&c)
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first, _ := json.Marshal(good)
	for want, second := range map[string]string{
		"unknown field":      `{"id":"y","kid":1}`,
		"one object":         `{} {}`,
		"kind is":            line(func(c *Case) { c.Kind = "talk" }),
		"language is":        line(func(c *Case) { c.Language = "fr" }),
		"part is":            line(func(c *Case) { c.Part = "train" }),
		"used before":        string(first),
		"must come after":    line(func(c *Case) { c.Speech = []Span{{3000, 2000}} }),
		"needs the customer": line(func(c *Case) { c.Speech = nil }),
		"is missing":         line(func(c *Case) { c.Prompts = []Prompt{{Sound: "q.wav"}} }),
		"must lie in":        line(func(c *Case) { c.Prompts = []Prompt{{Sound: "../p.wav"}} }),
		"is not in":          line(func(c *Case) { c.Question = "none" }),
		"noise is":           line(func(c *Case) { c.Noise = &Noise{Kind: "rain", Level: -40} }),
		"echo is":            line(func(c *Case) { c.Echo = &Echo{Kind: "cave"} }),
		"leave customer":     line(func(c *Case) { c.Recording, c.Prompts, c.Loss = "p.wav", nil, 0.1; c.Kind = Turn }),
		// Beyond these the samples would not count: an epoch, say.
		"prompt 1 is at": line(func(c *Case) {
			c.Recording, c.Prompts = "p.wav", []Prompt{{At: 1_700_000_000_000_000, To: 1_700_000_000_001_000}}
		}),
		"to 1700000000000000": line(func(c *Case) {
			c.Recording, c.Prompts = "p.wav", []Prompt{{To: 1_700_000_000_000_000}}
		}),
		"times 1700000000000000": line(func(c *Case) { c.Customer = []Placed{{Sound: "p.wav", At: 1_700_000_000_000_000}} }),
		"times 0, 17":            line(func(c *Case) { c.Customer = []Placed{{Sound: "p.wav", From: 1_700_000_000_000_000}} }),
		"and 17":                 line(func(c *Case) { c.Customer = []Placed{{Sound: "p.wav", To: 1_700_000_000_000_000}} }),
	} {
		_, err := Open(folderOf(t, string(first), second))
		if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), want) {
			t.Errorf("want line 2 and %q: %v", want, err)
		}
	}
	if _, err := Open(folderOf(t, string(first))); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "parley barge cases") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestEqualScenes: a case composes to the same samples each time, another seed
// to others, and the echo has the level that its label says.
func TestEqualScenes(t *testing.T) {
	c := over(Interruption, 3000, 3900)
	c.Customer = []Placed{{Sound: "p.wav", At: 3000}}
	c.Noise = &Noise{Kind: "street", Level: -40}
	c.Echo = &Echo{Kind: lineEcho, ERL: 12, Delay: 100}
	c.Loss = 0.05
	data, _ := json.Marshal(c)
	f, err := Open(folderOf(t, string(data)))
	if err != nil {
		t.Fatal(err)
	}
	play := func(c Case) (all []int16) {
		s, err := f.compose(c)
		if err != nil {
			t.Fatal(err)
		}
		for n := range c.Length / 20 {
			all = append(all, s.hear(n).PCM...)
			s.sent(make([]int16, 160))
		}
		return all
	}
	same := func(a, b []int16) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	first := play(c)
	if !same(first, play(c)) {
		t.Error("the same case gives other samples")
	}
	c.Seed++
	if same(first, play(c)) {
		t.Error("another seed gives the same samples")
	}
	for _, kind := range []string{lineEcho, speakerphone} {
		s, _ := f.sound("p.wav")
		p := newPath(Echo{Kind: kind, ERL: 12, Delay: 100, Room: 200}, rand.New(rand.NewPCG(1, 1)), s)
		var back []int16
		for at := 0; at+160 <= len(s); at += 160 {
			var frame [160]float32
			p.add(frame[:])
			for _, v := range frame {
				back = append(back, int16(v))
			}
			p.send(s[at : at+160])
		}
		if off := activeLevel(s) - activeLevel(back) - 12; off < -1 || off > 1 {
			t.Errorf("%s: the echo is %.1f dB off its label", kind, off)
		}
		if back[samples(100)] != 0 {
			t.Errorf("%s: echo before its delay", kind)
		}
	}
}

func TestDetectorsName(t *testing.T) {
	for want, o := range map[string]EvalOptions{
		"the built-in detector":            {},
		"Silero and the built-in detector": {Model: &silero.Model{}},
		"Silero alone":                     {Model: &silero.Model{}, Alone: true},
	} {
		if got := o.detector(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDeadlineOfWords: the words reach the ear at their simulated time.
func TestDeadlineOfWords(t *testing.T) {
	p := &replay{delay: 1 + 3}
	p.later(10, []asr.Result{{Text: "wait"}})
	if len(p.words) != 1 || p.words[0].due != 14 {
		t.Errorf("%+v", p.words)
	}
}
