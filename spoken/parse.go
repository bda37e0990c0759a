package spoken

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxReadings is how many readings of the same words are reported.
const maxReadings = 3

// reader reads one text.
type reader struct {
	toks []token
	now  time.Time
	asks map[Kind]bool // nil: every kind, nothing in particular
}

// asked reports whether the kind may be reported at all.
func (r *reader) asked(k Kind) bool { return r.asks == nil || r.asks[k] }

// wanted reports whether the dialog asked for this very kind, so that bare
// words ("six", "three twenty") may be read as one.
func (r *reader) wanted(k Kind) bool { return r.asks != nil && r.asks[k] }

// reading is what the tokens from somewhere up to next mean, likeliest first.
type reading struct {
	values []Value
	next   int
}

// grammar is one language's readers. Each looks at the tokens from i and
// returns false when they are not of its kind.
type grammar map[Kind]func(r *reader, i int) (reading, bool)

// order decides between readings of equal length.
var order = []Kind{KindDateTime, KindDate, KindTime, KindDuration, KindAmount, KindDigits, KindNumber, KindYesNo}

// Parse finds the values spoken in text, in the order they were said. Language
// is "en" or "zh" (a region may follow, "en-GB"); any other language has no
// values. Kinds limits what is looked for, and says what was asked: bare words
// such as "six" or "three twenty" are read as a time or an amount only when
// that was asked. Nil kinds look for everything.
//
// Dates and times are in now's zone: a date at its midnight, a time on now's
// day. A past month or day without a year is taken as the coming one. Words
// with several readings give up to three values over the same text, each
// Ambiguous, the likeliest first.
func Parse(language, text string, kinds []Kind, now time.Time) []Value {
	g, ok := grammarOf(language)
	if !ok {
		return nil
	}
	r := &reader{toks: tokens(text), now: now}
	if kinds != nil {
		r.asks = make(map[Kind]bool, len(kinds))
		for _, k := range kinds {
			r.asks[k] = true
		}
	}
	var all []Value
	for i := 0; i < len(r.toks); {
		best, found := r.best(g, i)
		if !found {
			i++
			continue
		}
		all = append(all, r.finish(best, i, text)...)
		i = best.next
	}
	return all
}

func grammarOf(language string) (grammar, bool) {
	primary, _, _ := strings.Cut(language, "-")
	switch primary {
	case "en":
		return english, true
	case "zh":
		return chinese, true
	}
	return nil, false
}

// best is the longest reading at i.
func (r *reader) best(g grammar, i int) (reading, bool) {
	var best reading
	for _, k := range order {
		if !r.asked(k) {
			continue
		}
		if got, ok := g[k](r, i); ok && got.next > best.next && len(got.values) > 0 {
			best = got
		}
	}
	return best, best.next > i
}

// finish bounds the readings and fills what all of them share.
func (r *reader) finish(got reading, i int, text string) []Value {
	values := slices.Clone(got.values)
	if len(values) > maxReadings {
		values = values[:maxReadings]
	}
	for n := range values {
		values[n].Ambiguous = len(values) > 1
		values[n].Start, values[n].End = r.toks[i].start, r.toks[got.next-1].end
		values[n].Text = text[values[n].Start:values[n].End]
	}
	return values
}

// at is the text of token i, "" outside.
func (r *reader) at(i int) string {
	if i < 0 || i >= len(r.toks) {
		return ""
	}
	return r.toks[i].text
}

func (r *reader) written(i int) bool { return i >= 0 && i < len(r.toks) && r.toks[i].written }

// clause reports whether a clause begins at i; the end of the text counts.
func (r *reader) clause(i int) bool { return i >= len(r.toks) || r.toks[i].clause }

// words matches space-separated English words at i.
func (r *reader) words(i int, s string) (int, bool) {
	for w := range strings.FieldsSeq(s) {
		if r.at(i) != w {
			return 0, false
		}
		i++
	}
	return i, true
}

// anyWords is the longest of several word sequences at i, or i itself.
func (r *reader) anyWords(i int, all ...string) (int, bool) {
	best := i
	for _, s := range all {
		if next, ok := r.words(i, s); ok && next > best {
			best = next
		}
	}
	return best, best > i
}

// runs matches a run of Chinese characters at i; punctuation inside breaks it.
func (r *reader) runs(i int, s string) (int, bool) {
	for first := i; s != ""; i++ {
		if i >= len(r.toks) || (i > first && r.toks[i].clause) {
			return 0, false
		}
		rest, ok := strings.CutPrefix(s, r.toks[i].text)
		if !ok || r.toks[i].text == "" {
			return 0, false
		}
		s = rest
	}
	return i, true
}

// anyRun is the longest of several character runs at i, or i itself.
func (r *reader) anyRun(i int, all ...string) (int, bool) {
	best := i
	for _, s := range all {
		if next, ok := r.runs(i, s); ok && next > best {
			best = next
		}
	}
	return best, best > i
}

// table is a map from runs of characters, filed by their first character, the
// longer run first.
type table[V any] map[string][]run[V]

type run[V any] struct {
	text  string
	value V
}

func tableOf[V any](all map[string]V) table[V] {
	t := table[V]{}
	for text, value := range all {
		first, _ := utf8.DecodeRuneInString(text)
		t[string(first)] = append(t[string(first)], run[V]{text, value})
	}
	for _, runs := range t {
		slices.SortFunc(runs, func(a, b run[V]) int { return cmp.Or(len(b.text)-len(a.text), strings.Compare(a.text, b.text)) })
	}
	return t
}

// get is the value of a run that is known to be there.
func (t table[V]) get(text string) V {
	first, _ := utf8.DecodeRuneInString(text)
	for _, run := range t[string(first)] {
		if run.text == text {
			return run.value
		}
	}
	var none V
	return none
}

// longest is the entry whose run is the longest at i.
func longest[V any](r *reader, i int, t table[V]) (v V, next int, ok bool) {
	for _, run := range t[r.at(i)] {
		if next, ok := r.runs(i, run.text); ok {
			return run.value, next, true
		}
	}
	return v, 0, false
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

func dateValue(t time.Time, precision string) Value {
	return Value{Kind: KindDate, At: t, Precision: precision}
}

func dateValues(precision string, days ...time.Time) []Value {
	var vs []Value
	for _, d := range days {
		vs = append(vs, dateValue(d, precision))
	}
	return vs
}

// maxNumber keeps amounts in minor units and durations far from overflow.
const maxNumber = 1e13

func moneyValue(major float64, currency, precision string) Value {
	return Value{Kind: KindAmount, Money: Money{Minor: int64(math.Round(major * 100)), Currency: currency}, Precision: precision}
}

func exactness(about bool) string {
	if about {
		return "about"
	}
	return "exact"
}
