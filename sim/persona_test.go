package sim

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"parley/phone"
)

func TestBuiltInPersonas(t *testing.T) {
	for language, least := range map[string]int{"en": 20, "zh": 20} {
		personas, err := Personas(language)
		if err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		if len(personas) < least {
			t.Errorf("%s has %d personas, want at least %d", language, len(personas), least)
		}
		voices := map[VoiceSpec]bool{}
		reprompted, noisy := 0, 0
		for _, p := range personas {
			if p.Language != language {
				t.Errorf("%s: the language is %q", p.file, p.Language)
			}
			if _, err := phone.Parse(p.Number, ""); err != nil {
				t.Errorf("%s: an import would refuse %s: %v", p.file, p.Number, err)
			}
			if p.Expect.Network == "" {
				t.Errorf("%s expects nothing", p.file)
			}
			voices[p.Voice] = true
			if p.Noise.Kind != "" {
				noisy++
			}
			for _, l := range p.Lines {
				if len(l.Says) > 1 {
					reprompted++
					break
				}
			}
		}
		if len(voices) < 4 || noisy < 3 || reprompted < 5 {
			t.Errorf("%s: %d voices, %d with noise, %d that are not understood at first", language, len(voices), noisy, reprompted)
		}
	}
}

func TestMistakesAreShown(t *testing.T) {
	const good = "persona: x\nnumber: \"+12025550100\"\nlanguage: en\n"
	for _, c := range []struct{ text, want string }{
		{"", "x.yaml: the file is empty"},
		{good + "answer: {}\n", `x.yaml:4:1: unknown field "answer"`},
		{good + "answers: {how: maybe}\n", `x.yaml:4:16: there is no way "maybe" to answer`},
		{good + "answers: {how: announced}\n", `x.yaml:4:11: "announced" needs what is said`},
		{good + "answers: {how: fails, code: 200}\n", `x.yaml:4:29: the code must lie between`},
		{good + "answers: {after: 5m}\n", `x.yaml:4:18: it must ring between`},
		{good + "noise: {kind: jazz}\n", `x.yaml:4:15: the noise must be`},
		{good + "noise: {kind: line, snr: loud}\n", `"loud" is not a level`},
		{good + "lines:\n  - hears: a\n    says: b\n  - says: c\n", `x.yaml:7:5: a line needs either hears or during`},
		{good + "lines:\n  - hears: a\n", `x.yaml:5:5: a line needs says, keys, silent or hangs_up`},
		{good + "lines:\n  - hears: a\n    keys: 12x\n", `x.yaml:6:11: "12x" are not keys`},
		{good + "expect: {network: ansered}\n", `x.yaml:4:19: there is no network result "ansered"`},
		{good + "expect: {barge_ins: many}\n", `x.yaml:4:21: "many" is not a number`},
		{good + "expect: {promise: {weekday: someday}}\n", `"someday" is not a day`},
		{strings.Replace(good, "+1", "", 1), `x.yaml:2:9: "2025550100" is not an E.164 number`},
		{strings.Replace(good, "en", "fr", 1), `x.yaml:3:11: the language must be en or zh`},
		{"persona: [\n", "x.yaml:"},
	} {
		_, err := Parse("x.yaml", []byte(c.text))
		var file *FileError
		if !errors.As(err, &file) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
	}
}

func TestListOfPersonas(t *testing.T) {
	personas, err := Personas("en")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteList(&out, personas); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(personas)+1 || rows[0][0] != "phone" || rows[1][0] != personas[0].Number {
		t.Errorf("the list has %d rows and begins with %v", len(rows), rows[0])
	}
	for _, column := range []string{"name", "amount_due", "currency", "due_date", "creditor", "verify_factor"} {
		if !strings.Contains(strings.Join(rows[0], " "), column) {
			t.Errorf("the list has no column %s", column)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("persona: x\nnumber: \"+12025550100\"\nlanguage: en\nlines:\n  - hears: [a, b]\n    says: c\n"))
	f.Add([]byte("persona: x\nnoise: {snr: 20dB}\nexpect: {barge_ins: \">=1\"}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = Parse("x.yaml", text) // must not panic, whatever the file
	})
}
