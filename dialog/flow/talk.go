package flow

import (
	"maps"
	"slices"
	"strings"
	"time"

	"parley/dialog"
	"parley/outcome"
	"parley/spoken"
)

// Test is a file of conversations and what each must come to.
type Test struct {
	// Flow is the file of the flow, beside the test's own.
	Flow string

	file  string
	with  map[string]string
	now   time.Time
	talks []*talk
}

// Titles are the conversations in the order of the file.
func (t *Test) Titles() []string {
	all := make([]string, len(t.talks))
	for i, k := range t.talks {
		all[i] = k.title
	}
	return all
}

// talk is one conversation.
type talk struct {
	title string
	at    place
	with  map[string]string
	now   time.Time
	never []string
	lines []talkLine
	want  expected
}

// talkLine is one line of the script: a turn of the customer's side, or words
// that the bot must say.
type talkLine struct {
	at      place
	bot     string
	hangsUp bool
	turn    dialog.Turn
}

// expected is the outcome that a talk names; only what is named is compared.
type expected struct {
	at          place
	disposition outcome.Disposition
	promise     map[string]string
	callback    string
	transfer    string
	slots       map[string]string
	facts       []string
	factsSaid   bool
}

// ParseTest reads conversation tests. The error is a Problems.
func ParseTest(name string, source []byte) (*Test, error) {
	rep := &reporter{file: name}
	root, ok := load(rep, source)
	if !ok {
		return nil, rep.err()
	}
	t := &Test{file: name, with: map[string]string{}}
	var talks entry
	root.fields("a test", map[string]func(entry){
		"flow":  func(e entry) { t.Flow = e.node.text("the flow's file") },
		"with":  func(e entry) { t.with = e.node.pairs("with") },
		"now":   func(e entry) { t.now = e.node.moment() },
		"talks": func(e entry) { talks = e },
	})
	if t.Flow == "" {
		root.fail("the test names no \"flow\"")
	}
	if t.now.IsZero() {
		root.fail("the test has no \"now\", such as 2026-12-03T10:00:00-05:00; without it \"tomorrow\" means nothing")
	}
	if talks.node.rep == nil || talks.node.value == nil {
		root.fail("the test has no \"talks\"")
		return nil, rep.err()
	}
	for _, n := range talks.node.items() {
		t.talks = append(t.talks, t.talk(n))
	}
	return t, rep.err()
}

func (t *Test) talk(n node) *talk {
	k := &talk{at: n.place, now: t.now, with: maps.Clone(t.with)}
	n.fields("a talk", map[string]func(entry){
		"title": func(e entry) { k.title = e.node.text("the title") },
		"with":  func(e entry) { maps.Copy(k.with, e.node.pairs("with")) },
		"now":   func(e entry) { k.now = e.node.moment() },
		"never": func(e entry) {
			for _, item := range e.node.items() {
				k.never = append(k.never, item.text("never"))
			}
		},
		"lines": func(e entry) {
			for _, item := range e.node.items() {
				k.lines = append(k.lines, readLine(item))
			}
		},
		"outcome": func(e entry) { k.want = readExpected(e.node) },
	})
	if k.title == "" {
		n.fail("the talk has no title")
	}
	if len(k.lines) == 0 {
		n.fail("the talk has no lines")
	}
	return k
}

func readLine(n node) talkLine {
	l := talkLine{at: n.place}
	turn := func(k dialog.TurnKind) func(entry) {
		return func(entry) { l.turn.Kind = k }
	}
	n.fields("a line", map[string]func(entry){
		"bot": func(e entry) { l.bot = e.node.text("the bot's words") },
		"customer": func(e entry) {
			l.turn = dialog.Turn{Kind: dialog.Said, Text: e.node.text("the customer's words"), Confidence: 1}
		},
		"keys": func(e entry) {
			l.turn = dialog.Turn{Kind: dialog.Keyed, Keys: e.node.text("the keys")}
		},
		"machine": func(e entry) {
			l.turn = dialog.Turn{Kind: dialog.Machine, AnsweredBy: outcome.AnsweredBy(e.node.text("the machine"))}
		},
		"silence": turn(dialog.Quiet), "unclear": turn(dialog.Unclear), "beep": turn(dialog.Beep),
		"trouble": turn(dialog.Trouble), "no_agent": turn(dialog.NoAgent), "handed_over": turn(dialog.HandedOver), "person": turn(dialog.Start),
		"hangs_up": func(entry) { l.hangsUp = true },
	})
	return l
}

func readExpected(n node) expected {
	want := expected{at: n.place}
	n.fields("an outcome", map[string]func(entry){
		"disposition": func(e entry) { want.disposition = outcome.Disposition(e.node.text("the disposition")) },
		"promise": func(e entry) {
			want.promise = e.node.pairs("promise")
			for k := range want.promise {
				if known := []string{"amount", "date", "method", "read_back"}; !slices.Contains(known, k) {
					e.node.fail("a promise has no %q%s", k, orKnown(k, known))
				}
			}
			if raw, ok := want.promise["amount"]; ok {
				m, err := spoken.ParseMoney(raw)
				if err != nil {
					e.node.fail("%v", err)
				}
				want.promise["amount"] = moneyDigits(m) + " " + m.Currency
			}
		},
		"callback": func(e entry) { want.callback = e.node.moment().Format(time.RFC3339) },
		"transfer": func(e entry) { want.transfer = e.node.text("the queue") },
		"slots":    func(e entry) { want.slots = e.node.pairs("slots") },
		"facts": func(e entry) {
			want.factsSaid = true
			if e.node.value == nil {
				return
			}
			for _, item := range e.node.items() {
				want.facts = append(want.facts, item.text("a fact"))
			}
		},
	})
	return want
}

// pairs reads a map of plain values.
func (n node) pairs(what string) map[string]string {
	all := map[string]string{}
	for _, e := range n.entries(what) {
		all[e.key] = e.node.text(e.key)
	}
	return all
}

// moment reads a point in time with its zone.
func (n node) moment() time.Time {
	s := n.text("the time")
	at, err := time.Parse(time.RFC3339, s)
	if s != "" && err != nil {
		n.fail("%q is not a time such as 2026-12-03T10:00:00-05:00", s)
	}
	return at
}

// plainWords folds a text for comparison: small letters and digits, no marks,
// single spaces, and none at all between Chinese characters.
func plainWords(text string) string {
	var b strings.Builder
	space, last := false, rune(0)
	for _, r := range strings.ToLower(text) {
		if !audible(string(r)) {
			space = space || r != '\'' && r != '’'
			continue
		}
		if space && last != 0 && (r < 0x2E80 || last < 0x2E80) {
			b.WriteByte(' ')
		}
		space, last = false, r
		b.WriteRune(r)
	}
	return b.String()
}
