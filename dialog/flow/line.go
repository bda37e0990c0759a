package flow

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"parley/barge"
	"parley/dialog"
)

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// disclosures are the required texts whose offset in the call is kept.
var disclosures = []string{"ai", "debt", "recording"}

// lines reads the value of a "say": a text, a line with its own settings, or a
// list of both.
func (r *reader) lines(n node, what string) []*line {
	var all []*line
	for _, item := range n.items() {
		if l := r.line(item, what); l != nil {
			all = append(all, l)
		}
	}
	if len(all) == 0 && n.isList() {
		n.fail("%s is empty", what)
	}
	return all
}

func (r *reader) line(n node, what string) *line {
	if !n.isMap() {
		return r.template(n, what)
	}
	var l *line
	mode, disclosure := barge.Mode(""), ""
	var hotwords []string
	n.fields(what, map[string]func(entry){
		"text":       func(e entry) { l = r.template(e.node, "the text") },
		"interrupt":  func(e entry) { mode = r.interrupt(e.node) },
		"hotwords":   func(e entry) { hotwords = r.words(e.node, "hotwords") },
		"disclosure": func(e entry) { disclosure = r.oneOf(e.node, "disclosure", disclosures) },
	})
	if l == nil {
		n.fail("%s needs a text", what)
		return nil
	}
	l.mode, l.hotwords, l.disclosure = mode, hotwords, disclosure
	if disclosure != "" {
		if mode != "" && mode != barge.Never {
			n.fail("a disclosure must be heard to its end; remove \"interrupt\"")
		}
		l.mode = barge.Never
	}
	return l
}

// template splits a text at its {variables}.
func (r *reader) template(n node, what string) *line {
	text := n.text(what)
	if text == "" {
		return nil
	}
	l := &line{at: n.place, question: strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？")}
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > at {
			l.parts = append(l.parts, part{text: text[at:m[0]], at: n.within(text, at)})
		}
		l.parts = append(l.parts, part{name: strings.TrimSpace(text[m[2]:m[3]]), at: n.within(text, m[0])})
		at = m[1]
	}
	if at < len(text) {
		l.parts = append(l.parts, part{text: text[at:], at: n.within(text, at)})
	}
	for _, p := range l.parts {
		if i := strings.IndexAny(p.text, "{}"); i >= 0 {
			r.rep.at(place{p.at.line, p.at.column + len([]rune(p.text[:i]))}, "a curly bracket has no partner; a variable is written {name}")
		}
		if p.text == "" && p.name == "" {
			r.rep.at(p.at, "the brackets hold no variable; write {name}")
		}
	}
	if !audible(text) {
		n.fail("%s has no words that can be spoken", what)
	}
	return l
}

// literal makes a line of our own wording; it holds no variables.
func literal(text string) *line {
	return &line{parts: []part{{text: text}}, question: strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？")}
}

// audible reports whether there is anything in the text to pronounce.
func audible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// segments renders the line; say gives the words of a variable. From the first
// variable to the last all is one segment, since a splice inside a phrase is
// heard, and text without words, such as the full stop after a name, joins it.
func (l *line) segments(say func(name string) string) []dialog.Segment {
	var before, between, after string
	for _, p := range l.parts {
		switch {
		case p.name != "":
			between += after + say(p.name)
			after = ""
		case between == "":
			before += p.text
		default:
			after += p.text
		}
	}
	if between == "" {
		return []dialog.Segment{{Text: before, Fixed: true}}
	}
	if !audible(before) {
		before, between = "", before+between
	}
	if !audible(after) {
		between, after = between+after, ""
	}
	all := []dialog.Segment{{Text: before, Fixed: true}, {Text: between}, {Text: after, Fixed: true}}
	return slices.DeleteFunc(all, func(s dialog.Segment) bool { return s.Text == "" })
}

// fixed are the literal segments of the line.
func (l *line) fixed() []string {
	var all []string
	for _, s := range l.segments(func(string) string { return "x" }) {
		if s.Fixed {
			all = append(all, s.Text)
		}
	}
	return all
}

// names are the variables and slots that the line speaks.
func (l *line) names() []part {
	var all []part
	for _, p := range l.parts {
		if p.name != "" {
			all = append(all, p)
		}
	}
	return all
}

// words is the literal text of the line, for checks on what is said.
func (l *line) words() string {
	var b strings.Builder
	for _, p := range l.parts {
		b.WriteString(p.text)
	}
	return b.String()
}
