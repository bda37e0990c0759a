package pocketsphinx

import (
	"testing"

	"parley/asr"
)

// TestEnglishValues hears dates, times, amounts and digits through the classes
// of package spoken, all expected at once.
func TestEnglishValues(t *testing.T) {
	s := openStream(t, recognizer(t), "en")
	s.Expect(asr.Expectation{ID: "values", Phrases: []string{
		"i will pay [<amount>] [on <date>]", "<amount>", "<date>", "[on] <date_named>", "<time>", "[my account ends in] <digits4>",
	}})
	said := lines(`
i will pay on friday
i will pay two hundred dollars on monday
twenty five dollars and fifty cents
three hundred and twenty dollars
next friday
tomorrow
the fifth of march
half past four
my account ends in four five seven two
one two three four
on december third
in two weeks`)
	var right int
	for _, text := range said {
		if _, got := hear(t, s, speak(t, "flite kal16", text)); got.Text == text {
			right++
		} else {
			t.Logf("%q was heard as %q, confidence %.2f", text, got.Text, got.Confidence)
		}
	}
	if right*10 < len(said)*9 {
		t.Errorf("right %d of %d", right, len(said))
	}
}

// TestLongWait: a question for an amount waits long for a digit more, on a line
// that carries nothing at all; the sentence must not get lost behind a word
// that could still follow.
func TestLongWait(t *testing.T) {
	s := openStream(t, recognizer(t), "en")
	s.Expect(asr.Expectation{ID: "amount", Phrases: []string{"[i can pay] <amount>", "<date>"}, Answer: "amount"})
	for _, voice := range []string{"flite rms", "flite kal16"} {
		sound := append(speak(t, voice, "i can pay sixty dollars"), make([]int16, 8000*12/10)...)
		if _, got := hear(t, s, sound); got.Text == "" {
			t.Errorf("%s: %+v", voice, got)
		}
	}
}
