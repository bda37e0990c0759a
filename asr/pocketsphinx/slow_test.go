//go:build slow

package pocketsphinx

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"parley/asr"
	"parley/phrase"
	"parley/sharedtest"
)

// TestAnnouncements hears what carriers say before an answer, in the grammar
// of all of them.
func TestAnnouncements(t *testing.T) {
	f, err := os.Open(sharedtest.Path(t, "data", "announcements.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := csv.NewReader(f)
	table.Comma = '\t'
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]string{}
	for _, row := range rows[1:] {
		language := "zh"
		if row[0][0] < 0x80 {
			language = "en"
		}
		texts[language] = append(texts[language], row[0])
	}
	for language, voice := range map[string]string{"en": "flite kal16", "zh": "espeak-ng cmn-latn-pinyin+f2 -s 130 -p 60"} {
		s := openStream(t, recognizer(t), language)
		s.Expect(asr.Expectation{ID: "announcements", Phrases: texts[language]})
		var right int
		for _, text := range texts[language] {
			_, got := hear(t, s, speak(t, voice, text))
			if squeeze(got.Text) == squeeze(text) {
				right++
			} else {
				t.Logf("%q was heard as %q, confidence %.2f", text, got.Text, got.Confidence)
			}
		}
		t.Logf("%s: right %d of %d", language, right, len(texts[language]))
		if right*10 < len(texts[language])*8 {
			t.Errorf("%s: right %d of %d", language, right, len(texts[language]))
		}
	}
}

// squeeze is a text without spaces and punctuation.
func squeeze(text string) string {
	var b strings.Builder
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" ，。；！,.!", r) }) {
		b.WriteString(phrase.Fold(w))
	}
	return b.String()
}
