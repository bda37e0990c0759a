package flow

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"parley/barge"
	"parley/outcome"
	"parley/phrase"
)

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	slotForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$`)
	keyForm  = regexp.MustCompile(`^[0-9*#]{1,4}$`)
)

var goals = []string{"again", "back", "listen"}

func (r *reader) steps(e entry) {
	for _, e := range e.node.entries("steps") {
		if !nameForm.MatchString(e.key) || slices.Contains(goals, e.key) {
			r.rep.at(e.place, "%q cannot name a step; use small letters, digits and _, and not %s", e.key, list(goals))
		}
		r.flow.steps = append(r.flow.steps, r.step(e))
	}
	if len(r.flow.steps) == 0 {
		e.node.fail("the flow has no steps")
	}
}

func (r *reader) step(e entry) *step {
	s := &step{name: e.key, at: e.place}
	mode, hotwords := barge.Mode(""), []string(nil)
	tail := &action{at: e.place}
	hasTail, saidBy := false, ""
	say := func(e entry) {
		if saidBy != "" {
			r.rep.at(e.place, "a step has either \"say\" or \"ask\"")
		}
		saidBy, s.say = e.key, r.lines(e.node, e.key)
	}
	read := map[string]func(entry){
		"say": say, "ask": say,
		"set":     func(e entry) { s.set = r.assignments(e.node) },
		"collect": func(e entry) { s.collect = r.slots(e.node) },
		"expect":  func(e entry) { s.expect = r.branches(e.node, "expect") },
		"keys":    func(e entry) { s.keys = r.keys(e.node) },
		"check":   func(e entry) { s.check = &check{source: e.node.text("check"), at: e.node.within("", 0)} },
		"right":   func(e entry) { s.right = r.action(e.node, "right") },
		"wrong":   func(e entry) { s.wrong = r.action(e.node, "wrong") },
		"outside": func(e entry) { s.outside = r.action(e.node, "outside") },
		"confirm": func(e entry) { s.confirm = r.line(e.node, "confirm") },
		"done":    func(e entry) { s.done = r.action(e.node, "done") },
		"silence": func(e entry) {
			v := r.retry(e.node, "silence", r.flow.silence)
			s.silence = &v
		},
		"unclear": func(e entry) {
			v := r.retry(e.node, "unclear", r.flow.unclear)
			s.unclear = &v
		},
		"interrupt": func(e entry) { mode = r.interrupt(e.node) },
		"hotwords":  func(e entry) { hotwords = r.words(e.node, "hotwords") },
	}
	for key, f := range r.consequences(tail) {
		if key != "say" && key != "set" && key != "again" && key != "sure" {
			read[key] = func(e entry) { hasTail = true; f(e) }
		}
	}
	e.node.fields("a step", read)
	for _, l := range s.say {
		if l.disclosure == "" && l.mode == "" {
			l.mode, l.hotwords = mode, hotwords
		}
	}
	r.finish(e, s, tail, hasTail)
	return s
}

// finish checks that the parts of a step go together.
func (r *reader) finish(e entry, s *step, tail *action, hasTail bool) {
	if hasTail && s.done != nil {
		r.rep.at(s.done.at, "a step has either \"done\" or its own \"then\", \"end\" or \"transfer\"")
	}
	if hasTail {
		r.settle(tail, "a step")
		s.done = tail
	}
	decides := s.check != nil
	switch {
	case decides && (s.right == nil || s.wrong == nil):
		r.rep.at(e.place, "the step %q checks something and needs both \"right\" and \"wrong\"", s.name)
	case !decides && (s.right != nil || s.wrong != nil):
		r.rep.at(e.place, "the step %q has \"right\" or \"wrong\" without a \"check\"", s.name)
	case decides && s.done != nil:
		r.rep.at(e.place, "the step %q goes on by \"right\" or \"wrong\"; remove its \"done\", \"then\" or \"end\"", s.name)
	case decides:
	case (len(s.collect) > 0 || s.confirm != nil) && s.done == nil:
		r.rep.at(e.place, "the step %q needs a \"done\": what happens after the answer", s.name)
	case !s.waits() && s.done == nil:
		r.rep.at(e.place, "the step %q leads nowhere; add \"expect\", \"collect\", \"then\" or \"end\"", s.name)
	case len(s.collect) == 0 && s.confirm == nil && len(s.expect) > 0 && s.done != nil:
		r.rep.at(e.place, "the step %q waits for an answer and has a \"then\" or \"end\" of its own; put it under \"expect\"", s.name)
	}
	if s.waits() && len(s.say) == 0 && s.confirm == nil {
		r.rep.at(e.place, "the step %q listens but asks nothing; add \"ask\"", s.name)
	}
	if s.outside != nil && len(s.collect) == 0 {
		r.rep.at(s.outside.at, "\"outside\" needs a \"collect\" whose limits it answers")
	}
	yes, no := find(s.expect, "yes"), find(s.expect, "no")
	if s.confirm != nil && len(s.collect) == 0 && no == nil {
		r.rep.at(s.confirm.at, "the step %q asks for a yes and says nothing about \"no\"; add it under \"expect\"", s.name)
	}
	if s.confirm == nil && (yes == nil) != (no == nil) {
		missing, has := "yes", no
		if no == nil {
			missing, has = "no", yes
		}
		r.rep.at(has.at, "the step %q expects %q and says nothing about %q; add it under \"expect\"", s.name, has.intent, missing)
	}
}

func find(all []*branch, intent string) *branch {
	i := slices.IndexFunc(all, func(b *branch) bool { return b.intent == intent })
	if i < 0 {
		return nil
	}
	return all[i]
}

func (r *reader) slots(n node) []*slot {
	var all []*slot
	for _, e := range n.entries("collect") {
		if !slotForm.MatchString(e.key) {
			r.rep.at(e.place, "%q cannot name a value; use small letters, digits and _, with one dot at most", e.key)
			continue
		}
		s := r.slot(e)
		if s == nil {
			continue
		}
		all = append(all, s)
		r.keep(s)
	}
	return all
}

// keep notes a slot of the flow; the same name has one kind everywhere.
func (r *reader) keep(s *slot) {
	if old := r.flow.slots[s.name]; old != nil && old.kind != s.kind {
		r.rep.at(s.at, "%q is a %s in another step; one name has one kind", s.name, old.kind)
		return
	}
	r.flow.slots[s.name] = s
}

func (r *reader) branches(n node, what string) []*branch {
	var all []*branch
	for _, e := range n.entries(what) {
		if !slices.Contains(r.intents, e.key) {
			hint := meant(e.key, r.intents)
			if hint == "" {
				hint = "; give examples of it under \"understand\""
			}
			r.rep.at(e.place, "%q is not an intent that can be understood%s", e.key, hint)
		}
		all = append(all, &branch{intent: e.key, at: e.place, do: r.action(e.node, e.key)})
	}
	return all
}

// action reads a consequence: the name of a step, a goal, or a map.
func (r *reader) action(n node, what string) *action {
	a := &action{at: n.place}
	if !n.isMap() {
		r.target(n, a)
		return a
	}
	n.fields(what, r.consequences(a))
	r.settle(a, what)
	return a
}

func (r *reader) consequences(a *action) map[string]func(entry) {
	return map[string]func(entry){
		"say":      func(e entry) { a.say = r.lines(e.node, "say") },
		"sure":     func(e entry) { a.sure = r.line(e.node, "sure") },
		"set":      func(e entry) { a.set = r.assignments(e.node) },
		"sms":      func(e entry) { a.sms = e.node.text("the name of the message") },
		"again":    func(e entry) { a.again = e.node.count("again", 1, 5) },
		"then":     func(e entry) { r.target(e.node, a) },
		"transfer": func(e entry) { a.transfer = e.node.text("the queue") },
		"failed":   func(e entry) { a.failed = r.action(e.node, "failed") },
		"end":      func(e entry) { a.end = r.disposition(e.node) },
	}
}

func (r *reader) target(n node, a *action) {
	s := n.text("where to go")
	a.toAt = n.place
	switch {
	case slices.Contains(goals, s):
		a.goal = goal(s)
	case s != "":
		a.goal, a.step = goStep, s
	}
}

// settle checks that an action says where it leads, once.
func (r *reader) settle(a *action, what string) {
	switch {
	case a.end != "" && a.goal != "":
		r.rep.at(a.toAt, "%s has both \"then\" and \"end\"; keep one", what)
	case a.failed != nil && a.transfer == "":
		r.rep.at(a.at, "%s has \"failed\" and no \"transfer\" that could fail", what)
	case a.failed != nil && a.failed.transfer != "":
		r.rep.at(a.failed.at, "%s has a transfer after a transfer that failed; lead to a step or end there", what)
	case a.transfer != "" && a.goal != "":
		r.rep.at(a.toAt, "%s has both \"then\" and \"transfer\"; keep one", what)
	case a.transfer != "":
		a.goal = goEnd
		if a.end == "" {
			a.end = outcome.AgentRequested
		}
	case a.end != "":
		a.goal = goEnd
	case a.goal == "":
		r.rep.at(a.at, "%s leads nowhere; add \"then\", \"end\" or \"transfer\"", what)
	}
}

// ending reads an action that can only end the call.
func (r *reader) ending(e entry, usual outcome.Disposition, say []*line) *action {
	a := &action{at: e.node.place, goal: goEnd, end: usual, say: say}
	if !e.node.isMap() {
		a.say = r.lines(e.node, e.key)
		return a
	}
	e.node.fields(e.key, map[string]func(entry){
		"say": func(e entry) { a.say = r.lines(e.node, "say") },
		"end": func(e entry) { a.end = r.disposition(e.node) },
	})
	return a
}

// disposition reads a built-in outcome or one of the flow's own, which is any
// other plain word that is not a slip of a built-in one.
func (r *reader) disposition(n node) outcome.Disposition {
	s := n.text("the outcome")
	if s == "" || slices.Contains(outcome.Dispositions, outcome.Disposition(s)) {
		return outcome.Disposition(s)
	}
	known := make([]string, len(outcome.Dispositions))
	for i, d := range outcome.Dispositions {
		known[i] = string(d)
	}
	if !nameForm.MatchString(s) || nearest(s, known, 1+len(s)/10) != "" {
		n.fail("%q is not an outcome%s", s, orKnown(s, known))
		return ""
	}
	return outcome.Disposition(s)
}

func (r *reader) assignments(n node) []assignment {
	var all []assignment
	for _, e := range n.entries("set") {
		if !slotForm.MatchString(e.key) {
			r.rep.at(e.place, "%q cannot name a value; use small letters, digits and _, with one dot at most", e.key)
			continue
		}
		all = append(all, assignment{slot: e.key, value: e.node.text("the value"), at: e.place, toAt: e.node.place})
	}
	return all
}

func (r *reader) keys(n node) map[string]string {
	keys := map[string]string{}
	for _, e := range n.entries("keys") {
		intent := e.node.text("the intent")
		if !keyForm.MatchString(e.key) {
			r.rep.at(e.place, "%q is not on a telephone's keys", e.key)
		}
		if intent != "" && !slices.Contains(r.intents, intent) {
			e.node.fail("%q is not an intent that can be understood%s", intent, meant(intent, r.intents))
		}
		keys[e.key] = intent
	}
	return keys
}

func (r *reader) retry(n node, what string, usual retry) retry {
	v := usual
	end := &action{at: n.place}
	read := map[string]func(entry){
		"say":   func(e entry) { v.say = r.lines(e.node, "say"); v.times = len(v.say) },
		"times": func(e entry) { v.times = e.node.count("times", 1, 5) },
		"end":   func(e entry) { end.end, end.goal = r.disposition(e.node), goEnd },
		"then":  func(e entry) { r.target(e.node, end) },
		"last":  func(e entry) { end.say = r.lines(e.node, "last") },
	}
	if what == "silence" {
		read["after"] = func(e entry) { v.after = e.node.duration("after", time.Second, 30*time.Second) }
	}
	// "say" sets how often, "times" decides: read it after, whatever the order.
	times := 0
	inner := read["times"]
	read["times"] = func(e entry) { inner(e); times = v.times }
	n.fields(what, read)
	if times > 0 {
		v.times = times
	}
	switch {
	case end.goal == "" && end.say != nil:
		end.goal, end.end = goEnd, usual.then.end
		v.then = end
	case end.goal != "":
		if end.say == nil && end.goal == goEnd {
			end.say = usual.then.say
		}
		v.then = end
	}
	return v
}

func (r *reader) limits(e entry) {
	l := &r.flow.limits
	then := *l.then
	e.node.fields("limits", map[string]func(entry){
		"turns": func(e entry) { l.turns = e.node.count("turns", 3, 200) },
		"stuck": func(e entry) { l.stuck = e.node.count("stuck", 2, 50) },
		"say":   func(e entry) { then.say = r.lines(e.node, "say") },
		"end":   func(e entry) { then.end = r.disposition(e.node) },
	})
	l.then = &then
}

func (r *reader) machine(e entry) {
	m := &r.flow.machine
	e.node.fields("machine", map[string]func(entry){
		"voicemail": func(e entry) { m.leave = r.orHangUp(e.node, "leave") },
		"screening": func(e entry) { m.screen = r.orHangUp(e.node, "say") },
	})
}

// orHangUp reads "hang_up" or a map of one line.
func (r *reader) orHangUp(n node, key string) []*line {
	if !n.isMap() {
		if s := n.text("what to do"); s != "" && s != "hang_up" {
			n.fail("write \"hang_up\", or {%s: \"…\"}", key)
		}
		return nil
	}
	var lines []*line
	n.fields("a machine", map[string]func(entry){
		key: func(e entry) { lines = r.lines(e.node, key) },
	})
	return lines
}

// badPattern reports a pattern that does not parse, at the place in the file.
func (r *reader) badPattern(n node, text string, err error) {
	var syntax *phrase.SyntaxError
	if !errors.As(err, &syntax) {
		n.fail("this example cannot be read: %v", err)
		return
	}
	runes := []rune(text)
	before := string(runes[:min(max(syntax.Column-1, 0), len(runes))])
	r.rep.at(n.within(text, len(before)), "this example cannot be read: %s", strings.TrimSpace(syntax.Problem))
}
