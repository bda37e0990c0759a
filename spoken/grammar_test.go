package spoken

import (
	"math/rand/v2"
	"strings"
	"testing"

	"parley/phrase"
)

// speak makes a random string of a class, as a customer would have said it.
type speaker struct {
	t     *testing.T
	rules map[string]phrase.Node
	rng   *rand.Rand
	space string
}

func newSpeaker(t *testing.T, language, class string, seed uint64) *speaker {
	t.Helper()
	rules, ok := Grammar(language, class)
	if !ok || rules[0].Name != class {
		t.Fatalf("no grammar for %s %s", language, class)
	}
	s := &speaker{t: t, rules: map[string]phrase.Node{}, rng: rand.New(rand.NewPCG(seed, 7)), space: " "}
	if language == "zh" {
		s.space = ""
	}
	for _, rule := range rules {
		p, err := phrase.Parse(rule.Body)
		if err != nil {
			t.Fatalf("rule %s: %v", rule.Name, err)
		}
		s.rules[rule.Name] = p.Root
	}
	return s
}

func (s *speaker) say(n phrase.Node) []string {
	switch n.Kind {
	case phrase.Word:
		return []string{n.Text}
	case phrase.Class:
		body, ok := s.rules[n.Text]
		if !ok {
			s.t.Fatalf("rule <%s> is missing", n.Text)
		}
		return s.say(body)
	case phrase.Choices:
		return s.say(n.Children[s.rng.IntN(len(n.Children))])
	case phrase.Optional:
		if s.rng.IntN(2) == 0 {
			return nil
		}
	}
	var out []string
	for _, c := range n.Children {
		out = append(out, s.say(c)...)
	}
	return out
}

func (s *speaker) phrase(class string) string { return strings.Join(s.say(s.rules[class]), s.space) }

// leads are words a rule may begin with that are no part of the value.
var leads = []string{"on ", "by ", "before ", "until ", "at ", "around ", "about "}

func TestGrammarIsRead(t *testing.T) {
	kinds := map[string][]Kind{
		"date": {KindDate}, "time": {KindTime}, "money": {KindAmount}, "date_named": {KindDate},
		"date_past": {KindDate}, "moment": {KindDateTime, KindDate, KindTime, KindDuration}, "datetime": {KindDateTime, KindDate, KindTime}, "amount": {KindAmount},
		"number": {KindNumber}, "digits": {KindDigits}, "digits4": {KindDigits}, "digits6": {KindDigits}, "yes": {KindYesNo}, "no": {KindYesNo},
	}
	for _, language := range []string{"en", "zh"} {
		for class, asked := range kinds {
			t.Run(language+" "+class, func(t *testing.T) {
				if class == "date_past" && language == "en" {
					return // Chinese only
				}
				s := newSpeaker(t, language, class, 1)
				bad := 0
				for range 3000 {
					said := s.phrase(class)
					vs := Parse(language, said, asked, thursday)
					if problem := whyNot(class, said, vs); problem != "" {
						t.Errorf("%q: %s: %+v", said, problem, vs)
						if bad++; bad > 8 {
							t.FailNow()
						}
					}
				}
			})
		}
	}
}

func whyNot(class, said string, vs []Value) string {
	if len(vs) == 0 {
		return "no value"
	}
	rest := said[:vs[0].Start]
	for _, lead := range leads {
		rest = strings.TrimPrefix(rest, lead)
	}
	if rest != "" || vs[0].End != len(said) {
		return "not wholly read"
	}
	switch class {
	case "yes", "no":
		if vs[0].Yes != (class == "yes") {
			return "the other answer"
		}
	case "digits4":
		if len(vs[0].Digits) != 4 {
			return "not four digits"
		}
	case "digits6":
		if len(vs[0].Digits) != 6 {
			return "not six digits"
		}
	}
	return ""
}

func TestGrammarUnknown(t *testing.T) {
	for _, ask := range [][2]string{{"en", "colour"}, {"fr", "date"}, {"en", "digits0"}, {"zh", "digits99"}} {
		if rules, ok := Grammar(ask[0], ask[1]); ok {
			t.Errorf("Grammar(%s, %s) = %v", ask[0], ask[1], rules)
		}
	}
}
