package keyword

import (
	"slices"
	"strings"
	"time"

	"parley/nlu"
	"parley/phrase"
	"parley/spoken"
)

// sentence is one utterance prepared for all patterns.
type sentence struct {
	language string
	said     string
	now      time.Time
	text     phrase.Text
	views    []phrase.Text // text, and text without fillers when it has any
	words    *lexicon
	answered []spoken.Value
	features []uint64
	// places are the values found, by class, read when a pattern first asks.
	places map[string][]spoken.Value
}

func hear(u nlu.Utterance) *sentence {
	s := &sentence{language: primary(u.Language), now: u.Now, words: lexiconOf(u.Language), places: map[string][]spoken.Value{}}
	s.said = u.Text
	s.text = phrase.Read(s.said)
	for i, unit := range s.text.Units {
		s.text.Units[i] = british.Replace(unit)
	}
	s.views = []phrase.Text{s.text}
	if lean := s.words.lean(s.text); len(lean.Units) > 0 && len(lean.Units) < len(s.text.Units) {
		s.views = append(s.views, lean)
	}
	s.answered = spoken.Parse(s.language, s.said, []spoken.Kind{spoken.KindYesNo}, s.now)
	return s
}

// british are spellings that no dictionary of a recogniser has, and what they
// are taken for, in patterns and sentences alike.
var british = strings.NewReplacer("instalment", "installment", "cancelled", "canceled", "recognise", "recognize", "cheque", "check")

func (s *sentence) start() int { return s.text.Starts[0] }
func (s *sentence) end() int   { return s.text.Ends[len(s.text.Ends)-1] }

// yesNo is the first answer in the sentence: of "no, yes, the eleventh" the
// no is the point.
func (s *sentence) yesNo() *bool {
	if len(s.answered) == 0 {
		return nil
	}
	yes := s.answered[0].Yes
	return &yes
}

// classKinds are the kinds of value behind a class.
var classKinds = map[string][]spoken.Kind{
	"date": {spoken.KindDate}, "time": {spoken.KindTime}, "amount": {spoken.KindAmount}, "money": {spoken.KindAmount}, "date_named": {spoken.KindDate}, "number": {spoken.KindNumber},
	"moment":   {spoken.KindDateTime, spoken.KindDate, spoken.KindTime, spoken.KindDuration},
	"datetime": {spoken.KindDateTime, spoken.KindDate, spoken.KindTime}, "duration": {spoken.KindDuration},
	"yes": {spoken.KindYesNo}, "no": {spoken.KindYesNo},
}

// prepositions may stand between a pattern and the value of its class.
var prepositions = map[string]bool{"on": true, "by": true, "before": true, "until": true, "at": true, "around": true, "about": true, "in": true}

// classes finds where a class that begins at a unit ends.
func (s *sentence) classes(class string, t phrase.Text, from int) []int {
	var ends []int
	for _, v := range s.valuesOf(class) {
		starts := v.Start == t.Starts[from]
		led := from+1 < len(t.Units) && v.Start == t.Starts[from+1] && prepositions[t.Units[from]]
		if !starts && !led {
			continue
		}
		for i := from; i < len(t.Units) && t.Starts[i] < v.End; i++ {
			if t.Ends[i] >= v.End {
				ends = append(ends, i+1)
			}
		}
	}
	return ends
}

func (s *sentence) valuesOf(class string) []spoken.Value {
	if vs, ok := s.places[class]; ok {
		return vs
	}
	var vs []spoken.Value
	if kinds, ok := classKinds[class]; ok {
		vs = spoken.Parse(s.language, s.said, kinds, s.now)
	} else if strings.HasPrefix(class, "digits") {
		vs = spoken.Parse(s.language, s.said, []spoken.Kind{spoken.KindDigits}, s.now)
	}
	if class == "date" { // "right now" is an intent of its own
		vs = slices.DeleteFunc(vs, func(v spoken.Value) bool { return s.words.present[v.Text] })
	}
	if class == "yes" || class == "no" {
		vs = slices.DeleteFunc(vs, func(v spoken.Value) bool { return v.Yes != (class == "yes") })
	}
	s.places[class] = vs
	return vs
}

// similarity is the share of what sentence and pattern have in common (Dice),
// for the nearest string of the pattern. One that negates what the other does
// not says something else.
func (s *sentence) similarity(p *compiled, _ bool) float64 {
	if s.features == nil {
		s.features = features(s.text.Units, s.language == "zh")
	}
	if len(s.features) < 2 {
		return 0 // one word in common is a coincidence
	}
	best := 0.0
	for _, bag := range p.bags {
		common := shared(s.features, bag)
		best = max(best, 2*float64(common)/float64(len(s.features)+len(bag)))
	}
	if s.negative() != p.negative {
		best *= negated
	}
	return similarBy * best
}

// negative reports whether the sentence denies something, answers apart.
func (s *sentence) negative() bool {
	for i, unit := range s.text.Units {
		if s.words.negations[unit] && !s.answers(s.text.Starts[i], s.text.Ends[i]) {
			return true
		}
	}
	return false
}

// shared counts the members of two sorted sets in common.
func shared(a, b []uint64) int {
	n, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n++
			i++
			j++
		}
	}
	return n
}
