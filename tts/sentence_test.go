package tts

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func split(pieces ...string) []sentence {
	var s splitter
	var all []sentence
	for _, p := range pieces {
		all = append(all, s.add(p)...)
	}
	return append(all, s.flush()...)
}

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Hello. How are you?", []string{"Hello.", " How are you?"}},
		{"You owe 128.50 dollars. Pay now!", []string{"You owe 128.50 dollars.", " Pay now!"}},
		{"May I speak with Mr. Lee?", []string{"May I speak with Mr. Lee?"}},
		{"I am J. R. Lee. Hello", []string{"I am J. R. Lee.", " Hello"}},
		{"您好。请还款！", []string{"您好。", "请还款！"}},
		{"...", nil},
		{"", nil},
	} {
		var got []string
		for _, s := range split(c.text) {
			got = append(got, s.text)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
}

// TestSentencesKeepTheText: however it arrives, every letter is spoken once
// and from the place where it stands, and no sentence is unboundedly long.
func TestSentencesKeepTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab Z1.,!?。，还款\n")), 0, 1500, -1).Draw(t, "text")
		var pieces []string
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			for n < len(rest) && !utf8.RuneStart(rest[n]) {
				n++
			}
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		end := 0
		for _, s := range split(pieces...) {
			if s.start < end {
				t.Fatalf("a sentence begins at %d, the one before ended at %d", s.start, end)
			}
			if Speakable(text[end:s.start]) {
				t.Fatalf("%q is not spoken", text[end:s.start])
			}
			if !utf8.ValidString(s.text) {
				t.Fatalf("%q was cut inside a character", s.text)
			}
			if n := len(s.text); n > longestSentence && len(pieces) == 1 {
				t.Fatalf("a sentence has %d bytes", n)
			}
			if want := text[s.start : s.start+len(s.text)]; s.text != want {
				t.Fatalf("%q stands at %d, where the text has %q", s.text, s.start, want)
			}
			end = s.start + len(s.text)
		}
		if end < len(text) && Speakable(text[end:]) {
			t.Fatalf("%q is not spoken", text[end:])
		}
	})
}

func TestPause(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          time.Duration
	}{
		{"A payment of ", "12 dollars", 0},
		{"12 dollars", " was due", 0},
		{"Hello.", " How are you", sentencePause},
		{"speak with Lee", "? Hello", sentencePause},
		{"Thank you, ", "Lee", clausePause},
		{"谢谢，", "李先生", clausePause},
	} {
		if got := Pause(c.before, c.after); got != c.want {
			t.Errorf("between %q and %q: %v, want %v", c.before, c.after, got, c.want)
		}
	}
}
