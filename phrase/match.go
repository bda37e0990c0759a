package phrase

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUnits bounds the text that is matched; what is longer is cut.
const maxUnits = 256

// Text is an utterance cut into units: an English word, or one Chinese
// character, since Chinese is written without spaces. It is immutable and may
// be matched against any number of patterns.
type Text struct {
	// Units are folded as the words of a pattern are.
	Units []string
	// Starts and Ends are the byte offsets of each unit in the source.
	Starts, Ends []int
}

// Read cuts an utterance. Punctuation is dropped, hyphens join two words.
func Read(source string) Text {
	var t Text
	start := -1
	flush := func(end int) {
		if start < 0 {
			return
		}
		t.add(source, start, end)
		start = -1
	}
	for i, r := range source {
		if len(t.Units) >= maxUnits {
			return t
		}
		switch {
		case unicode.Is(unicode.Han, r):
			flush(i)
			t.add(source, i, i+utf8.RuneLen(r))
		case unicode.IsSpace(r) || r == '-':
			flush(i)
		case start < 0:
			start = i
		}
	}
	flush(len(source))
	return t
}

func (t *Text) add(source string, start, end int) {
	unit := Fold(source[start:end])
	if unit == "" || len(t.Units) >= maxUnits {
		return
	}
	t.Units = append(t.Units, unit)
	t.Starts = append(t.Starts, start)
	t.Ends = append(t.Ends, end)
}

// Classes says where a class may end when it begins at unit from: unit
// indexes greater than from, none when it does not begin there. It must not
// keep t.
type Classes func(class string, t Text, from int) []int

// Match is where a pattern was found, in units.
type Match struct {
	From, To int
	// Coverage is the share of the text that was matched, up to 1.
	Coverage float64
}

// Whole reports whether the pattern is all of the text.
func (p *Pattern) Whole(t Text, classes Classes) bool {
	if len(t.Units) == 0 {
		return false
	}
	m := matcher{t: t, classes: classes}
	var from set
	from.add(0)
	return m.step(&p.steps, from).has(len(t.Units))
}

// Find is the longest place in the text where the pattern is said, the first
// of equal ones. Classes may be nil when patterns without classes are enough.
func (p *Pattern) Find(t Text, classes Classes) (Match, bool) {
	m := matcher{t: t, classes: classes}
	var best Match
	for from, unit := range t.Units {
		if !p.begins.with(unit) {
			continue
		}
		var in set
		in.add(from)
		to := m.step(&p.steps, in).last()
		if to-from > best.To-best.From {
			best = Match{From: from, To: to}
		}
	}
	if best.To == best.From {
		return Match{}, false
	}
	best.Coverage = float64(best.To-best.From) / float64(len(t.Units))
	return best, true
}

// step is a Node with its words cut into units, made once by Parse.
type step struct {
	kind     Kind
	units    []string // of a Word
	class    string
	children []step
}

func stepOf(n Node) step {
	s := step{kind: n.Kind}
	switch n.Kind {
	case Word:
		s.units = Read(n.Text).Units
	case Class:
		s.class = n.Text
	}
	for _, c := range n.Children {
		s.children = append(s.children, stepOf(c))
	}
	return s
}

// opening is what a pattern may begin with; it saves most of the walking.
type opening struct {
	words map[string]bool
	sieve uint64 // the bits of all words: most units fall through it
	class bool
}

func (o *opening) with(unit string) bool {
	return o.class || (o.sieve&bit(unit) != 0 && o.words[unit])
}

// bit is a cheap hash of a unit; the last byte tells Chinese characters apart.
func bit(unit string) uint64 {
	n := len(unit) - 1
	return 1 << ((unit[n] ^ unit[n/2]<<2) & 63)
}

// open adds what s may begin with and reports whether s may be nothing.
func (o *opening) open(s *step) (nullable bool) {
	switch s.kind {
	case Word:
		if len(s.units) > 0 {
			o.words[s.units[0]] = true
			o.sieve |= bit(s.units[0])
		}
		return len(s.units) == 0
	case Class:
		o.class = true
	case Optional:
		o.open(&s.children[0])
		return true
	case Choices:
		for i := range s.children {
			nullable = o.open(&s.children[i]) || nullable
		}
	case Sequence:
		for i := range s.children {
			if !o.open(&s.children[i]) {
				return false
			}
		}
		return true
	}
	return nullable
}

// set is a set of unit indexes, 0 to maxUnits.
type set [maxUnits/64 + 1]uint64

func (s *set) add(i int)     { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s set) empty() bool    { return s == set{} }

func (s set) or(o set) set {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// last is the greatest member, -1 when there is none.
func (s set) last() int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return i*64 + bits.Len64(s[i]) - 1
		}
	}
	return -1
}

// each calls f with every member in order.
func (s set) each(f func(int)) {
	for i, word := range s {
		for word != 0 {
			f(i*64 + bits.TrailingZeros64(word))
			word &= word - 1
		}
	}
}

// matcher walks a pattern with sets of places instead of backtracking, so the
// time is bounded by pattern times text whatever the pattern is.
type matcher struct {
	t       Text
	classes Classes
}

// step is where the text may stand after s when it stood at one of in.
func (m *matcher) step(s *step, in set) set {
	var out set
	switch s.kind {
	case Word:
		in.each(func(from int) {
			if m.said(s.units, from) {
				out.add(from + len(s.units))
			}
		})
	case Class:
		in.each(func(from int) {
			if m.classes == nil || from >= len(m.t.Units) {
				return
			}
			for _, to := range m.classes(s.class, m.t, from) {
				if to > from && to <= len(m.t.Units) {
					out.add(to)
				}
			}
		})
	case Choices:
		for i := range s.children {
			out = out.or(m.step(&s.children[i], in))
		}
	case Optional:
		out = in.or(m.step(&s.children[0], in))
	case Sequence:
		out = in
		for i := range s.children {
			if out.empty() {
				return out
			}
			out = m.step(&s.children[i], out)
		}
	}
	return out
}

func (m *matcher) said(units []string, from int) bool {
	if from+len(units) > len(m.t.Units) {
		return false
	}
	for i, u := range units {
		if m.t.Units[from+i] != u {
			return false
		}
	}
	return true
}

// Strings are at most limit of the strings the pattern stands for, classes as
// "<date>", the fullest first. Words are joined as they are written: with
// spaces, but none between Chinese characters.
func (p *Pattern) Strings(limit int) []string {
	var out []string
	for _, words := range expand(p.Root, limit) {
		if len(words) > 0 {
			out = append(out, join(words))
		}
	}
	return out
}

func expand(n Node, limit int) [][]string {
	if limit <= 0 {
		return nil
	}
	switch n.Kind {
	case Word:
		return [][]string{{n.Text}}
	case Class:
		return [][]string{{"<" + n.Text + ">"}}
	case Optional:
		all := expand(n.Children[0], limit-1)
		return append(all, nil)
	case Choices:
		var all [][]string
		for _, c := range n.Children {
			all = append(all, expand(c, limit-len(all))...)
		}
		return all
	}
	all := [][]string{nil}
	for _, c := range n.Children {
		tails := expand(c, limit)
		var next [][]string
		for _, head := range all {
			for _, tail := range tails {
				if len(next) == limit {
					break
				}
				next = append(next, append(head[:len(head):len(head)], tail...))
			}
		}
		all = next
	}
	return all
}

func join(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 && (!endsHan(words[i-1]) || !beginsHan(w)) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

func beginsHan(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.Is(unicode.Han, r)
}

func endsHan(w string) bool {
	r, _ := utf8.DecodeLastRuneInString(w)
	return unicode.Is(unicode.Han, r)
}
