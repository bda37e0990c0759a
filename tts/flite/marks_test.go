package flite

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/tts"
)

// TestHeardTextIsRightToAWord: a prompt that is cut at any moment tells how many
// of its words were heard. The truth is flite's own: the ends of its sounds
// (-psdur), and how many of them each word has (-ps of that word alone).
func TestHeardTextIsRightToAWord(t *testing.T) {
	e := engine(t)
	path, err := exec.LookPath("flite")
	if err != nil {
		t.Skip(err)
	}
	texts := []string{
		"Your payment of one hundred twenty eight dollars and fifty cents to Acme Store was due on Monday, November sixteenth.",
		"To protect your privacy, what are the last four digits of your account?",
		"This is an attempt to collect a debt, and what you say will be used for that.",
		"You can say a day, such as next Friday, or the end of the month.",
		"We will check it and call only if something is missing.",
		"I am an automated assistant, and I can put you through to one of my colleagues.",
	}
	off := map[int]int{} // moments, by how many words the marks are off
	moments := 0
	lengths := map[string]int{} // of words, in sounds: every voice reads them alike
	for _, voice := range []string{"slt", "rms", "awb"} {
		for _, text := range texts {
			ends := wordEnds(t, path, voice, text, lengths)
			s, err := e.Speak(t.Context(), tts.Voice{Engine: Name, Name: voice, Language: "en"}, tts.Text(text))
			if err != nil {
				t.Fatal(err)
			}
			pcm, marks, err := tts.Collect(t.Context(), s, 60*8000)
			if err != nil {
				t.Fatal(err)
			}
			if len(marks) != len(ends) {
				t.Fatalf("%q has %d marks and %d words", text, len(marks), len(ends))
			}
			for at := time.Duration(0); at < time.Duration(len(pcm))*time.Second/8000; at += 20 * time.Millisecond {
				heard, marked := 0, 0
				for i := range ends {
					if ends[i] <= at {
						heard++
					}
					if marks[i].To <= at {
						marked++
					}
				}
				off[marked-heard]++
				moments++
			}
		}
	}
	share := float64(off[-1]+off[0]+off[1]) / float64(moments)
	t.Logf("%d moments, by words that the marks are off: %v; %.1f %% right to a word", moments, off, 100*share)
	if share < 0.95 {
		t.Errorf("the heard text is right to a word at %.1f %% of all moments", 100*share)
	}
}

// wordEnds is when each word of the sentence has sounded in full, on the time of
// the sound that the engine gives: the silence before it is cut to tts.Lead.
func wordEnds(t *testing.T, path, voice, sentence string, lengths map[string]int) (ends []time.Duration) {
	t.Helper()
	var times []time.Duration
	begin := time.Duration(-1)
	for _, s := range sounds(t, path, voice, sentence, "-psdur") {
		name, end, _ := strings.Cut(s, ":")
		seconds, err := strconv.ParseFloat(end, 64)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Duration(seconds * float64(time.Second))
		begin = max(begin, 0)
		switch {
		case name != "pau":
			times = append(times, at)
		case len(times) == 0:
			begin = at
		}
	}
	n := 0
	for _, w := range strings.Fields(sentence) {
		if lengths[w] == 0 {
			for _, s := range sounds(t, path, "kal", w, "-ps") {
				if s != "pau" {
					lengths[w]++
				}
			}
		}
		n += lengths[w]
		ends = append(ends, times[min(n, len(times))-1]-begin+tts.Lead)
	}
	if off := n - len(times); off < -2 || off > 2 {
		t.Fatalf("%q has %d sounds, its words alone %d", sentence, len(times), n)
	}
	return ends
}

func sounds(t *testing.T, path, voice, text, kind string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, "-voice", voice, kind, "-t", text, "-o", filepath.Join(t.TempDir(), "sound.wav"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
