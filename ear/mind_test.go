package ear

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parley/barge"
	"parley/media"
	"parley/media/tone"
	"parley/phrase"
)

// anySignal is any tick or event, speech and silence in runs as people make.
func anySignal(t *rapid.T, at time.Duration) []signal {
	run := func(voice, level int) []signal {
		echo := rapid.IntRange(0, 9).Draw(t, "echo") == 0
		all := make([]signal, rapid.IntRange(1, 60).Draw(t, "frames"))
		for i := range all {
			all[i] = signal{kind: sound, voice: voice, level: level}
			if voice >= heldVoiced {
				all[i].pitch = rapid.IntRange(0, 150).Draw(t, "pitch")
				all[i].echo = echo
			}
			all[i].learnt = echo && i == 0
		}
		return all
	}
	one := func(s signal) []signal {
		s.at = at
		return []signal{s}
	}
	texts := rapid.SampledFrom([]string{"", "yes", "嗯", "等一下", "i paid it and", "payment was due", "四五六七", "one two three", "the number you have dialed is not in service"})
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 0, 1, 2:
		return run(95, rapid.IntRange(1, 40).Draw(t, "level"))
	case 3, 4, 5:
		return run(2, 0)
	case 6:
		return one(signal{kind: words, text: Text{Text: texts.Draw(t, "text"), Final: rapid.Bool().Draw(t, "final"), Rejected: rapid.Bool().Draw(t, "rejected")}})
	case 7:
		return one(signal{kind: promptStart, prompt: PromptInfo{
			Mode:     rapid.SampledFrom([]barge.Mode{"", barge.Always, barge.Never, barge.Hotword}).Draw(t, "mode"),
			Hotwords: []string{"agent", "人工"}, Text: "your payment was due",
		}})
	case 8:
		return one(signal{kind: promptEnd})
	case 9:
		return one(signal{kind: expect, answer: rapid.SampledFrom([]phrase.Answer{phrase.Free, phrase.YesNo, phrase.Date, phrase.Digits}).Draw(t, "answer"), digits: rapid.IntRange(0, 6).Draw(t, "digits")})
	case 10:
		return one(signal{kind: key})
	}
	return one(signal{kind: answered})
}

// TestPromises checks what Heard promises over any sequence of signals, and
// that the log replays to the same.
func TestPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		c := Config{Language: "en", Log: &file}
		m, l := newMind(c), newLog(c)
		var all []Heard
		var now time.Duration
		var open, ducked, playing, known bool
		for range rapid.IntRange(1, 40).Draw(t, "signals") {
			for _, s := range anySignal(t, now) {
				if s.kind == sound {
					now += media.Tick
				}
				s.at = now
				l.write(s)
				h := m.observe(s)
				switch s.kind {
				case promptStart:
					playing, ducked = true, false
				case promptEnd:
					playing, ducked = false, false
				}
				if s.kind != sound {
					if h.Decision != barge.Hold || h.Begin || h.Discard {
						t.Fatalf("an event was answered by %+v", h)
					}
					continue
				}
				all = append(all, h)
				if h.Begin && open {
					t.Fatal("an utterance began inside another")
				}
				open = open || h.Begin
				if h.Feed && !open {
					t.Fatal("a frame is fed and no utterance is open")
				}
				if h.Likely && (!open || playing || h.Decision != barge.Hold) {
					t.Fatalf("a turn is likely over and %+v", h)
				}
				switch h.Decision {
				case barge.Duck:
					if !playing || ducked {
						t.Fatal("ducked what is not playing at full level")
					}
					ducked = true
				case barge.Resume:
					if !ducked {
						t.Fatal("raised what was not ducked")
					}
					ducked = false
				case barge.Cut:
					if !playing {
						t.Fatal("cut what is not playing")
					}
					playing, ducked = false, false
				case barge.TurnEnd:
					if playing {
						t.Fatal("a turn ended while the bot speaks")
					}
					if !open && !h.Known {
						t.Fatal("a turn ended that never began")
					}
					known = h.Known
				case barge.Timeout:
					if playing || open && !h.Discard {
						t.Fatal("silence timed out while somebody speaks")
					}
				}
				if h.Discard && !open {
					t.Fatal("nothing was open and was discarded")
				}
				if h.Discard || h.Decision == barge.TurnEnd && !known {
					open = false
				}
				known = false
			}
		}
		if err := l.flush(); err != nil {
			t.Fatal(err)
		}
		var again []Heard
		for h, err := range Replay(&file) {
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, h)
		}
		if diff := cmp.Diff(all, again); diff != "" {
			t.Fatalf("the replay differs: %s", diff)
		}
	})
}

func TestReplayErrors(t *testing.T) {
	const head = `{"ear":3,"barge":{},"progress":{}}` + "\n"
	for log, want := range map[string]string{
		"":                        "empty",
		"nonsense\n":              "line 1",
		`{"ear":1}` + "\n":        "version 1",
		head + "x\n":              "line 2",
		head + "s1 2 99\n":        "no tone",
		head + "s\nw{\n":          "line 3",
		head + "s1 2 0 1 5 6\n":   "at most",
		head + "s\ntomorrow\ns\n": "line 3",
		head + "v10 5 1 2\n":      "has 2 or",
		head + "v10 5 99999\n":    "out of range",
	} {
		var last error
		for _, err := range Replay(strings.NewReader(log)) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), want) {
			t.Errorf("%q: %v, want an error about %q", log, last, want)
		}
	}
}

// failing takes nothing.
type failing struct{ writes int }

func (f *failing) Write([]byte) (int, error) {
	f.writes++
	return 0, fmt.Errorf("the disk is full")
}

func TestLogThatFails(t *testing.T) {
	f := &failing{}
	e := New(Config{Log: f})
	in := media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}
	for range 500 {
		in.At += media.Tick
		e.Hear(in, media.Frame{})
	}
	if f.writes != 1 {
		t.Errorf("%d writes to a log that fails, want 1", f.writes)
	}
	if err := e.Close(); err == nil {
		t.Error("a failed log closes without an error")
	}
}

func FuzzReplay(f *testing.F) {
	f.Add(`{"ear":3,"barge":{},"progress":{}}` + "\ns93 21 0\nt5000000\ns\nw{\"Text\":\"wait\"}\np{\"Mode\":\"always\"}\ns90 20 5 1\nv7 0\ne{\"answer\":\"yes_no\"}\nk\nq\na\ns\n")
	f.Add(`{"ear":3,"barge":{"Duck":-5},"progress":{}}` + "\nt-9223372036854775808\ns\ns\n")
	f.Fuzz(func(t *testing.T, log string) {
		for h, err := range Replay(strings.NewReader(log)) {
			if err == nil && int(h.Tone) > int(tone.Fax) {
				t.Errorf("%+v", h)
			}
		}
	})
}
