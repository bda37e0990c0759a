package flow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/nlu"
	"parley/phrase"
	"parley/spoken"
)

// slot is a value that a step collects from the customer.
type slot struct {
	name     string
	at       place
	kind     kind
	past     bool // a date that has been
	within   int  // days from today at most; 0: no limit
	digits   int
	least    float64
	most     float64 // 0: no limit
	mostOf   string  // a money variable as the upper limit
	fallback string  // a variable that gives the value when none was said
	optional bool
	ask      *line // asked when only this is missing
}

// required: the step is not done without it.
func (s *slot) required() bool { return !s.optional && s.fallback == "" }

// reserved slots end up in typed fields of the outcome.
var reserved = map[string]kind{
	"promise.date": kindDate, "promise.amount": kindMoney, "promise.method": kindText, "callback": kindTime,
}

var slotKinds = []string{"date", "digits", "money", "number", "text", "time"}

// slot reads "promise.date: date within 14 days" or the long form with its own
// question.
func (r *reader) slot(e entry) *slot {
	s := &slot{name: e.key, at: e.place}
	spec := e.node
	if e.node.isMap() {
		spec = node{}
		e.node.fields("a collected value", map[string]func(entry){
			"is":  func(e entry) { spec = e.node },
			"ask": func(e entry) { s.ask = r.line(e.node, "ask") },
		})
		if spec.rep == nil {
			e.node.fail("say what kind of value %q is, such as \"is: date\"", e.key)
			return nil
		}
	}
	text := spec.text("the kind of value")
	if text == "" {
		return nil
	}
	if problem := s.read(strings.Fields(text)); problem != "" {
		spec.fail("%s", problem)
		return nil
	}
	if want, ok := reserved[s.name]; ok && want != s.kind {
		spec.fail("%q must be a %s, since reports show it as one", s.name, want)
	}
	if r.flow.variable(s.name) != nil {
		r.rep.at(e.place, "%q is already a variable of the contact; collect it under another name", s.name)
	}
	return s
}

// read parses the words of a specification and returns what is wrong with it.
func (s *slot) read(words []string) string {
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	first := next()
	if first == "past" {
		s.past, first = true, next()
	}
	if !slices.Contains(slotKinds, first) {
		return fmt.Sprintf("%q is not a kind of value%s", first, orKnown(first, slotKinds))
	}
	s.kind = kind(first)
	if s.past && s.kind != kindDate {
		return "only a date can be past"
	}
	if s.kind == kindDigits && len(words) > 0 {
		if n, err := strconv.Atoi(words[0]); err == nil {
			if n < 1 || n > 20 {
				return "a number of digits lies between 1 and 20"
			}
			s.digits = n
			next()
		}
	}
	for len(words) > 0 {
		if problem := s.readLimit(next(), next); problem != "" {
			return problem
		}
	}
	return ""
}

func (s *slot) readLimit(word string, next func() string) string {
	switch word {
	case "optional":
		s.optional = true
	case "default":
		if s.fallback = next(); s.fallback == "" {
			return "\"default\" needs the name of a variable"
		}
	case "within":
		n, err := strconv.Atoi(next())
		if unit := next(); err != nil || n < 1 || n > 366 || unit != "days" && unit != "day" {
			return "write the limit as \"within 14 days\""
		}
		if s.kind != kindDate && s.kind != kindTime {
			return "only a date or a time can lie within some days"
		}
		s.within = n
	case "from", "to":
		f, err := strconv.ParseFloat(next(), 64)
		if err != nil || s.kind != kindNumber && s.kind != kindMoney {
			return "write the limits of a number as \"from 2 to 12\""
		}
		if word == "from" {
			s.least = f
		} else {
			s.most = f
		}
	case "up":
		if to := next(); to != "to" || s.kind != kindMoney {
			return "write the limit of an amount as \"up to amount_due\""
		}
		if s.mostOf = next(); s.mostOf == "" {
			return "write the limit of an amount as \"up to amount_due\""
		}
	default:
		return fmt.Sprintf("%q is not understood in a kind of value%s", word,
			meant(word, []string{"optional", "default", "within", "from", "to", "up"}))
	}
	return ""
}

func orKnown(word string, known []string) string {
	if hint := meant(word, known); hint != "" {
		return hint
	}
	return "; known are " + list(known)
}

// asked is the slot as the classifier is asked for it.
func (s *slot) asked() nlu.Slot {
	kinds := map[kind]spoken.Kind{
		kindDate: spoken.KindDate, kindTime: spoken.KindDateTime, kindMoney: spoken.KindAmount,
		kindNumber: spoken.KindNumber, kindDigits: spoken.KindDigits,
	}
	return nlu.Slot{Name: s.name, Kind: kinds[s.kind], Digits: s.digits}
}

// answer is the kind of answer that a question for the slot gets.
func (s *slot) answer() phrase.Answer {
	switch s.kind {
	case kindDate:
		return phrase.Date
	case kindTime:
		return phrase.Time
	case kindMoney:
		return phrase.Amount
	case kindNumber:
		return phrase.Number
	case kindDigits:
		return phrase.Digits
	}
	return phrase.Free
}

// fits reports whether v lies within the slot's limits. most is the value of
// the variable that bounds an amount, 0 for none.
func (s *slot) fits(v value, most float64, now time.Time) bool {
	today := midnight(now, now)
	switch s.kind {
	case kindDate:
		if s.past {
			return !midnight(v.at, now).After(today)
		}
		return !midnight(v.at, now).Before(today) && (s.within == 0 || !midnight(v.at, now).After(today.AddDate(0, 0, s.within)))
	case kindTime:
		return !v.at.Before(now) && (s.within == 0 || v.at.Before(today.AddDate(0, 0, s.within+1)))
	case kindMoney:
		f := float64(v.money.Minor) / 100
		return f > 0 && f >= s.least && (s.most == 0 || f <= s.most) && (most == 0 || f <= most)
	case kindNumber:
		return v.number >= s.least && (s.most == 0 || v.number <= s.most)
	case kindDigits:
		return s.digits == 0 || len(v.text) == s.digits
	}
	return v.text != ""
}
