package pocketsphinx

import (
	"path/filepath"
	"strings"
	"testing"

	"parley/asr"
	"parley/sharedtest"
)

// TestHumanSpeech hears people: digits of six speakers, which a question for
// digits must take and a question about payment must not, and sentences read
// aloud, of which no expected phrase must be made.
func TestHumanSpeech(t *testing.T) {
	r := recognizer(t)
	names := lines("zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine")
	clips, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "speech", "fsdd"), "*.wav"))
	if err != nil || len(clips) < 60 {
		t.Fatalf("%d clips of digits, %v", len(clips), err)
	}
	digits, payment := openStream(t, r, "en"), openStream(t, r, "en")
	digits.Expect(asr.Expectation{ID: "one digit", Phrases: names})
	payment.Expect(asr.Expectation{ID: "payment", Phrases: englishPhrases})
	var right, rejected, said, falseAccepts int
	for i := 0; i < len(clips); i += 7 {
		sound := telephone(t, clips[i])
		want := names[filepath.Base(clips[i])[0]-'0']
		_, got := hear(t, digits, sound)
		said++
		switch got.Text {
		case want:
			right++
		case "":
			rejected++
		}
		if _, got := hear(t, payment, sound); got.Text != "" {
			falseAccepts++
			t.Logf("%s was taken for %q, confidence %.2f", filepath.Base(clips[i]), got.Text, got.Confidence)
		}
	}
	t.Logf("digits of people: right %d of %d, rejected %d; taken for something about payment %d", right, said, rejected, falseAccepts)
	if float64(right) < 0.6*float64(said) {
		t.Errorf("right %d of %d digits", right, said)
	}
	if falseAccepts*10 > said {
		t.Errorf("%d of %d digits were taken for something about payment", falseAccepts, said)
	}

	mandarin := openStream(t, r, "zh")
	mandarin.Expect(asr.Expectation{ID: "payment", Phrases: chinesePhrases})
	for clip, s := range map[string]asr.Stream{
		"wenet_librispeech-1995-1837-0001.wav": payment,
		"wenet_aishell-BAC009S0724W0121.wav":   mandarin,
		"cosyvoice_zero_shot_prompt.wav":       mandarin,
	} {
		_, got := hear(t, s, telephone(t, filepath.Join(sharedtest.Path(t, "data", "speech", "clips"), clip)))
		if got.Text != "" || !got.Rejected {
			t.Errorf("%s: %+v", clip, got)
		}
	}
	sentence := openStream(t, r, "zh")
	sentence.Expect(asr.Expectation{ID: "sentence", Phrases: append(chinesePhrases, "广州市房地产中介协会分析")})
	_, got := hear(t, sentence, telephone(t, filepath.Join(sharedtest.Path(t, "data", "speech", "clips"), "wenet_aishell-BAC009S0724W0121.wav")))
	if !strings.HasPrefix(got.Text, "广州市") {
		t.Errorf("a Mandarin sentence: %+v", got)
	}
}
