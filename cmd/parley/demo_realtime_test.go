//go:build !race

package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"parley/app"
	"parley/asr"
	"parley/asr/pocketsphinx"
	"parley/call"
	"parley/media"
	"parley/media/wav"
	"parley/outcome"
	"parley/sharedtest"
	"parley/worker"
)

// TestDemo runs the demo as a newcomer does, on fewer customers; `make slow`
// runs it whole and in both languages.
func TestDemo(t *testing.T) {
	need(t, "flite", "espeak-ng")
	models := sharedtest.Path(t, "models", "pocketsphinx")
	for _, language := range demoLanguages {
		t.Run(language, func(t *testing.T) { demo(t, language, models) })
	}
}

func demo(t *testing.T, language, models string) {
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "demo", "--exit", "--json", "--lang", language,
		"--calls", strconv.Itoa(demoCalls), "--data", data, "--models", models)
	out, err := cmd.Output()
	var result app.DemoResult
	if jsonErr := json.Unmarshal(out, &result); jsonErr != nil {
		t.Fatalf("the demo ended with %v and printed %q", err, out)
	}
	for _, c := range result.Calls {
		for _, d := range c.Differences {
			t.Errorf("the customer who %s: %s", c.Persona, d)
		}
	}
	if err != nil || len(result.Calls) == 0 {
		t.Errorf("the demo ended with %v after %d calls", err, len(result.Calls))
	}
	back := newHearer(t, bin, models, language, result.Calls)
	for _, c := range result.Calls {
		if c.Network == outcome.Answered {
			back.check(t, data, c)
		}
	}
}

// hearer recognises recordings back: what the file sounds like must be what
// the transcript says.
type hearer struct {
	stream asr.Stream
	said   map[call.Party][]string // every sentence of all calls, as candidates
}

func newHearer(t *testing.T, bin, models, language string, calls []app.DemoCall) *hearer {
	r, err := pocketsphinx.New(pocketsphinx.Options{Models: models, Worker: worker.Options{Exe: bin}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	until(t, 20*time.Second, "a recogniser", func() bool { return r.Ready() == nil })
	stream, err := r.Open(ctx, asr.Config{Language: language, Rate: media.Rate8k})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	h := &hearer{stream: stream, said: map[call.Party][]string{}}
	for _, c := range calls {
		for _, turn := range c.Turns {
			if turn.Text != "" {
				h.said[turn.By] = append(h.said[turn.By], turn.Text)
			}
		}
	}
	return h
}

// check hears a call's recording back, turn by turn on its channel.
func (h *hearer) check(t *testing.T, data string, c app.DemoCall) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "recordings", "*", "*", c.ID+".wav"))
	if err != nil || len(files) != 1 {
		t.Errorf("the customer who %s: %d recordings, %v", c.Persona, len(files), err)
		return
	}
	sound, err := wav.Read(files[0])
	if err != nil || sound.Channels != 2 || sound.Rate != media.Rate8k {
		t.Errorf("%s: %v, %d channels at %d Hz", files[0], err, sound.Channels, sound.Rate)
		return
	}
	length := media.Rate8k.Duration(len(sound.PCM) / 2).Milliseconds()
	if length < c.TalkMS-200 || length > c.TalkMS+200 {
		t.Errorf("the customer who %s: the recording is %d ms long, the talk %d ms", c.Persona, length, c.TalkMS)
	}
	found, words := 0, 0
	for i, turn := range c.Turns {
		if turn.Text == "" || turn.Keys != "" || turn.BargedIn {
			continue
		}
		from, to := around(c.Turns, i)
		heard := h.hear(t, sound.PCM, turn.By, from, to)
		before := words - found
		for _, w := range content(turn.Text) {
			words++
			if strings.Contains(heard, w) {
				found++
			}
		}
		if words-found > before {
			t.Logf("the customer who %s: at %d ms %s said %q, the recording says %q", c.Persona, turn.FromMS, turn.By, turn.Text, heard)
		}
	}
	if words > 0 && float64(found) < 0.8*float64(words) {
		t.Errorf("the customer who %s: %d of %d content words are heard in the recording, want 80 %%", c.Persona, found, words)
	}
}

// around is a turn's time in ms with a little on both sides, but nothing of what
// the same party said just before or after.
func around(turns []call.Turn, i int) (from, to int64) {
	const margin = 200
	turn := turns[i]
	from, to = max(0, turn.FromMS-margin), turn.ToMS+margin
	for j, other := range turns {
		switch {
		case j == i || other.By != turn.By:
		case other.ToMS <= turn.FromMS:
			from = max(from, other.ToMS)
		case other.FromMS >= turn.ToMS:
			to = min(to, other.FromMS)
		}
	}
	return from, to
}

// hear recognises one turn among everything that anybody said in the demo.
func (h *hearer) hear(t *testing.T, stereo []int16, by call.Party, from, to int64) string {
	t.Helper()
	channel := 0
	if by == call.PartyBot {
		channel = 1
	}
	h.stream.Expect(asr.Expectation{Phrases: h.said[by]})
	var frame [160]int16
	// Ten times as fast as it was spoken: a stream drops what comes faster
	// than its worker takes it.
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for ms := from; ms < to; ms += 20 {
		for i := range frame {
			frame[i] = 0
			if at := 2*(int(ms)*8+i) + channel; at < len(stereo) {
				frame[i] = stereo[at]
			}
		}
		<-pace.C
		_ = h.stream.WriteFrame(media.Frame{At: time.Duration(ms) * time.Millisecond, Rate: media.Rate8k, PCM: frame[:]})
	}
	h.stream.Finish()
	timeout := time.After(20 * time.Second)
	best := "" // what it sounds most like, also where the recogniser would reject it
	for {
		select {
		case r, ok := <-h.stream.Results():
			if !ok {
				t.Fatalf("the recogniser ended: %v", h.stream.Err())
			}
			if r.Text != "" {
				best = r.Text
			}
			if r.Final {
				return best
			}
		case <-timeout:
			t.Fatal("the recogniser gave no result within 20 s")
		}
	}
}

// content are the words that carry the meaning: of English those of four
// letters and more, of Chinese every character.
func content(text string) []string {
	var words []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if w[0] >= 0x80 {
			for _, r := range w {
				words = append(words, string(r))
			}
		} else if len(w) >= 4 {
			words = append(words, w)
		}
	}
	return words
}
