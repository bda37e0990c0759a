package flow

import (
	"maps"
	"slices"
	"strings"
	"time"

	"parley/barge"
	"parley/nlu/keyword"
	"parley/outcome"
	"parley/phrase"
	"parley/tts"
)

// reader builds a Flow from its file and notes every mistake on the way.
type reader struct {
	rep     *reporter
	flow    *Flow
	intents []string // all that can be understood: built in or by examples
}

// Parse reads and checks a flow. name stands in errors and is usually the file
// name. The error is a Problems with one sentence for each mistake; the flow
// is nil then.
func Parse(name string, source []byte) (*Flow, error) {
	rep := &reporter{file: name}
	root, ok := load(rep, source)
	if !ok {
		return nil, rep.err()
	}
	r := &reader{rep: rep, flow: &Flow{
		file: name, slots: map[string]*slot{}, understand: map[string][]string{}, keys: map[string]string{},
		hungUp: outcome.HungUpEarly,
	}}
	r.read(root)
	if err := rep.err(); err != nil {
		return nil, err
	}
	r.checkGraph()
	if err := rep.err(); err != nil {
		return nil, err
	}
	return r.flow, nil
}

var topFields = []string{
	"flow", "language", "about", "voice", "currency", "variables", "keys", "silence", "unclear", "limits", "machine",
	"trouble", "nobody", "filler", "hung_up", "angry", "anywhere", "once_verified", "steps", "understand",
}

// read takes the parts in the order in which they need each other, whatever
// their order in the file.
func (r *reader) read(root node) {
	top := map[string]entry{}
	for _, e := range root.entries("a flow") {
		if !slices.Contains(topFields, e.key) {
			e.unknown("a flow", topFields)
			continue
		}
		top[e.key] = e
	}
	for _, k := range []string{"flow", "language", "steps"} {
		if _, ok := top[k]; !ok {
			root.fail("the flow has no %q", k)
		}
	}
	take := func(key string, f func(entry)) {
		if e, ok := top[key]; ok {
			f(e)
		}
	}
	f := r.flow
	take("flow", func(e entry) { f.Name = e.node.text("the name of the flow") })
	take("language", func(e entry) {
		f.Language = r.oneOf(e.node, "language", slices.Sorted(maps.Keys(wordings)))
	})
	if f.Language == "" {
		return // without it nothing else can be judged
	}
	take("currency", func(e entry) { f.currency = r.currency(e.node) })
	f.voice = tts.Voice{Language: f.Language}
	take("voice", r.voice)
	take("variables", r.variables)
	r.intents = append(r.intents, "yes", "no")
	for intent := range keyword.Builtin(f.Language) {
		r.intents = append(r.intents, intent)
	}
	take("understand", r.understand)
	slices.Sort(r.intents)
	r.intents = slices.Compact(r.intents)

	r.defaults()
	take("keys", func(e entry) { f.keys = r.keys(e.node) })
	take("silence", func(e entry) { f.silence = r.retry(e.node, "silence", f.silence) })
	take("unclear", func(e entry) { f.unclear = r.retry(e.node, "unclear", f.unclear) })
	take("limits", r.limits)
	take("machine", r.machine)
	take("trouble", func(e entry) { f.trouble = r.ending(e, outcome.Failed, f.trouble.say) })
	take("nobody", func(e entry) { f.nobody = r.ending(e, "", f.nobody.say) })
	take("filler", r.fillers)
	take("hung_up", func(e entry) { f.hungUp = r.disposition(e.node) })
	take("angry", func(e entry) { f.angry = r.action(e.node, "angry") })
	take("anywhere", func(e entry) { f.anywhere = r.branches(e.node, "anywhere") })
	take("once_verified", func(e entry) { f.verified = r.branches(e.node, "once_verified") })
	take("steps", r.steps)
}

// defaults are the wordings and limits of a flow that sets none.
func (r *reader) defaults() {
	f, w := r.flow, wordings[r.flow.Language]
	say := func(texts ...string) (all []*line) {
		for _, t := range texts {
			all = append(all, literal(t))
		}
		return all
	}
	f.silence = retry{after: 6 * time.Second, say: say(w.silence...), times: 2,
		then: &action{say: say(w.noAnswer), goal: goEnd, end: outcome.NoResponse}}
	f.unclear = retry{say: say(w.unclear...), times: 2,
		then: &action{say: say(w.noAnswer), goal: goEnd, end: outcome.NoResponse}}
	f.limits = limits{turns: 30, stuck: 8, then: &action{say: say(w.limit), goal: goEnd, end: outcome.NoResponse}}
	f.trouble = &action{say: say(w.trouble), goal: goEnd, end: outcome.Failed}
	f.nobody = &action{say: say(w.nobody), goal: goEnd}
	f.fillers = say(w.filler...)
}

// fillers are said before it is known what comes, so they hold nothing of the
// contact's; "none" is silence.
func (r *reader) fillers(e entry) {
	if !e.node.isList() && !e.node.isMap() && e.node.text("the filler") == "none" {
		r.flow.fillers = nil
		return
	}
	r.flow.fillers = nil
	for _, item := range e.node.items() {
		l := r.template(item, "the filler")
		if l == nil {
			continue
		}
		if len(l.names()) > 0 {
			item.fail("a filler is the same in every call; remove the variable")
			continue
		}
		r.flow.fillers = append(r.flow.fillers, l)
	}
}

func (r *reader) voice(e entry) {
	v := &r.flow.voice
	e.node.fields("voice", map[string]func(entry){
		"engine": func(e entry) { v.Engine = e.node.text("the engine") },
		"name":   func(e entry) { v.Name = e.node.text("the name of the voice") },
		"speed":  func(e entry) { v.Speed = e.node.number("speed", 0.5, 2) },
	})
}

func (r *reader) variables(e entry) {
	for _, e := range e.node.entries("variables") {
		v := &variable{name: e.key, at: e.place}
		private, said, typed := false, false, false
		e.node.fields("a variable", map[string]func(entry){
			"type": func(e entry) {
				v.kind, typed = kind(r.oneOf(e.node, "type", variableKinds)), true
			},
			"sample":   func(e entry) { v.sample = e.node.text("the sample") },
			"from":     func(e entry) { v.from = e.node.text("the column") },
			"default":  func(e entry) { v.fallback = e.node.text("the default") },
			"optional": func(e entry) { v.optional = e.node.truth("optional") },
			"private":  func(e entry) { private, said = e.node.truth("private"), true },
		})
		if !nameForm.MatchString(e.key) {
			r.rep.at(e.place, "%q cannot name a variable; use small letters, digits and _", e.key)
		}
		if v.kind == "" {
			if e.node.isMap() && !typed {
				e.node.fail("the variable %q needs a type: %s", e.key, list(variableKinds))
			}
			continue
		}
		v.private = v.kind != kindName && v.kind != kindText
		if said {
			v.private = private
		}
		for what, raw := range map[string]string{"sample": v.sample, "default": v.fallback} {
			if raw == "" {
				continue
			}
			if _, err := parseValue(v.kind, raw, r.flow.currency); err != nil {
				e.node.fail("the %s of %q is not a %s: %v", what, e.key, v.kind, err)
			}
		}
		r.flow.variables = append(r.flow.variables, v)
	}
}

// understand reads the examples of intents; they add to the built-in ones.
func (r *reader) understand(e entry) {
	for _, e := range e.node.entries("understand") {
		if !nameForm.MatchString(e.key) {
			r.rep.at(e.place, "%q cannot name an intent; use small letters, digits and _", e.key)
		}
		for _, item := range e.node.items() {
			text := item.text("an example")
			if text == "" {
				continue
			}
			if _, err := phrase.Parse(text); err != nil {
				r.badPattern(item, text, err)
				continue
			}
			r.flow.understand[e.key] = append(r.flow.understand[e.key], text)
		}
		r.intents = append(r.intents, e.key)
	}
}

func (r *reader) currency(n node) string {
	s := strings.ToUpper(n.text("currency"))
	if s != "" && (len(s) != 3 || strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })) {
		n.fail("a currency is three letters, such as USD or CNY")
	}
	return s
}

// oneOf reads a word out of a few.
func (r *reader) oneOf(n node, what string, known []string) string {
	s := n.text(what)
	if s == "" || slices.Contains(known, s) {
		return s
	}
	n.fail("%s cannot be %q%s", what, s, orKnown(s, known))
	return ""
}

func (r *reader) interrupt(n node) barge.Mode {
	return barge.Mode(r.oneOf(n, "interrupt", []string{string(barge.Always), string(barge.Hotword), string(barge.Never)}))
}

func (r *reader) words(n node, what string) []string {
	var all []string
	for _, item := range n.items() {
		if s := item.text(what); s != "" {
			all = append(all, s)
		}
	}
	return all
}
