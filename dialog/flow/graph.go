package flow

import (
	"maps"
	"slices"
	"strings"
)

// spot is a place where a conversation can stand: a step, with what is known
// about the person there. The same step may be reached with and without.
type spot struct {
	step     string
	verified bool // the right person has answered a check
	told     bool // the debt disclosure has been spoken
}

// graph walks every way through a flow. Its facts grow to a fixed point: a
// slot counts as known at a spot only when every way there has set it.
type graph struct {
	*reader
	known map[spot]map[string]bool
	queue []spot
	debt  bool // the flow has a debt disclosure, so it is about a debt
	final bool // the facts are complete: report now
}

// checkGraph resolves names and finds what no single line shows: steps that
// are never reached, values that are spoken before they are known, and words
// about a debt before it is clear who listens.
func (r *reader) checkGraph() {
	for _, s := range r.flow.steps {
		r.assigned(s)
	}
	for _, s := range r.flow.steps {
		if s.check != nil && s.check.source != "" {
			r.compile(s.check, s.collect)
		}
		for _, c := range s.collect {
			r.bounds(c)
		}
	}
	r.resolve()
	if r.rep.err() != nil {
		return // the graph has holes
	}
	r.opening(r.flow.steps[0])
	g := &graph{reader: r, known: map[spot]map[string]bool{}}
	g.debt = slices.ContainsFunc(r.flow.steps, func(s *step) bool {
		return slices.ContainsFunc(s.say, func(l *line) bool { return l.disclosure == "debt" })
	})
	g.reach(spot{step: r.flow.steps[0].name}, nil)
	for len(g.queue) > 0 {
		next := g.queue[0]
		g.queue = g.queue[1:]
		g.visit(next)
	}
	g.final = true
	for _, s := range r.flow.steps {
		reached := false
		for at := range g.known {
			if at.step == s.name {
				g.visit(at)
				reached = true
			}
		}
		if !reached {
			r.rep.at(s.at, "the step %q is never reached; lead to it with \"then\" or remove it", s.name)
		}
	}
	g.machines()
}

// opening: the machine says that it is one, and that the call is recorded,
// before anything else.
func (r *reader) opening(first *step) {
	has := map[string]bool{}
	for _, l := range first.say {
		has[l.disclosure] = true
	}
	switch {
	case len(first.say) == 0 || first.say[0].disclosure != "ai":
		r.rep.at(first.at, "the first words of a call must say that a machine speaks; give the first line of %q \"disclosure: ai\"", first.name)
	case !has["recording"]:
		r.rep.at(first.at, "the first step must say that the call is recorded; give a line of %q \"disclosure: recording\"", first.name)
	}
}

// assigned gives the slots that a "set" creates their kinds.
func (r *reader) assigned(s *step) {
	all := slices.Clone(s.set)
	for _, a := range r.actions(s) {
		all = append(all, a.set...)
	}
	for _, a := range r.global() {
		all = append(all, a.set...)
	}
	for _, as := range all {
		k := kindText
		if v := r.flow.variable(as.value); v != nil {
			k = v.kind
		} else if old := r.flow.slots[as.value]; old != nil {
			k = old.kind
		} else if as.value == "today" {
			k = kindDate
		}
		if want, ok := reserved[as.slot]; ok && want != k {
			r.rep.at(as.toAt, "%q must be a %s, since reports show it as one", as.slot, want)
			continue
		}
		r.keep(&slot{name: as.slot, at: as.at, kind: k})
	}
}

// bounds checks the variables that a slot's limits name.
func (r *reader) bounds(s *slot) {
	for _, name := range []string{s.fallback, s.mostOf} {
		if name == "" {
			continue
		}
		v := r.flow.variable(name)
		if v == nil {
			r.rep.at(s.at, "%q is not a variable of this flow%s", name, meant(name, r.names()))
		} else if v.kind != s.kind {
			r.rep.at(s.at, "%q is a %s and %q a %s; they must be of one kind", name, v.kind, s.name, s.kind)
		}
	}
}

// actions are all actions of a step.
func (r *reader) actions(s *step) []*action {
	all := []*action{s.right, s.wrong, s.outside, s.done}
	for _, b := range s.expect {
		all = append(all, b.do)
	}
	for _, v := range []*retry{s.silence, s.unclear} {
		if v != nil {
			all = append(all, v.then)
		}
	}
	return withFailed(all)
}

// global are the actions that belong to no step.
func (r *reader) global() []*action {
	f := r.flow
	all := []*action{f.angry, f.silence.then, f.unclear.then, f.limits.then, f.trouble, f.nobody}
	for _, b := range slices.Concat(f.anywhere, f.verified) {
		all = append(all, b.do)
	}
	return withFailed(all)
}

// withFailed leaves out what is none, and adds what follows a failed transfer.
func withFailed(actions []*action) (all []*action) {
	for _, a := range actions {
		for ; a != nil; a = a.failed {
			all = append(all, a)
		}
	}
	return all
}

// resolve checks that every step that is named exists.
func (r *reader) resolve() {
	all := r.global()
	for _, s := range r.flow.steps {
		all = append(all, r.actions(s)...)
	}
	for _, a := range all {
		if a.goal == goStep && r.flow.step(a.step) == nil {
			r.rep.at(a.toAt, "%q is not a step of this flow%s", a.step, meant(a.step, append(r.flow.Steps(), goals...)))
		}
	}
}

// reach notes a way to a spot with the slots known on it.
func (g *graph) reach(to spot, known map[string]bool) {
	old, seen := g.known[to]
	if !seen {
		g.known[to] = maps.Clone(known)
		if g.known[to] == nil {
			g.known[to] = map[string]bool{}
		}
		g.queue = append(g.queue, to)
		return
	}
	before := len(old)
	maps.DeleteFunc(old, func(name string, _ bool) bool { return !known[name] })
	if len(old) != before {
		g.queue = append(g.queue, to)
	}
}

// visit follows every way out of a spot, and reports when the facts are final.
func (g *graph) visit(at spot) {
	s := g.flow.step(at.step)
	known := maps.Clone(g.known[at])
	for _, c := range s.collect {
		delete(known, c.name) // a step asks for its values anew
	}
	for _, a := range s.set {
		known[a.slot] = true
	}
	at = g.speakAll(s.say, at, known)
	full := maps.Clone(known)
	for _, c := range s.collect {
		if c.ask != nil {
			g.speak(c.ask, at, known)
		}
		if !c.optional {
			full[c.name] = true
		}
	}
	if s.confirm != nil {
		g.speak(s.confirm, at, full)
	}
	if s.waits() {
		g.follow(s.outside, at, known)
		g.retry(s.silence, &g.flow.silence, at, known)
		g.retry(s.unclear, &g.flow.unclear, at, known)
		for _, b := range g.flow.listening(s, at.verified) {
			g.follow(b.do, at, known)
		}
		g.follow(g.flow.angry, at, known)
	}
	g.follow(g.flow.limits.then, at, known)
	g.follow(g.flow.trouble, at, known)
	g.follow(g.flow.nobody, at, known)
	g.follow(s.done, at, full)
	if s.check != nil {
		g.reads(s.check, at, full)
		g.follow(s.wrong, at, full)
		right := at
		right.verified = at.verified || s.check.identifies
		g.follow(s.right, right, full)
	}
}

func (g *graph) retry(own, usual *retry, at spot, known map[string]bool) {
	if own == nil {
		own = usual
	}
	g.speakAll(own.say, at, known)
	g.follow(own.then, at, known)
}

func (g *graph) follow(a *action, at spot, known map[string]bool) {
	if a == nil {
		return
	}
	known = maps.Clone(known)
	for _, as := range a.set {
		if v := g.flow.slots[as.value]; v != nil && !known[as.value] && g.final {
			g.rep.at(as.toAt, "%q may not be known here: the step %q can be reached without it", as.value, at.step)
		}
		known[as.slot] = true
	}
	if a.sure != nil {
		g.speak(a.sure, at, known)
	}
	at = g.speakAll(a.say, at, known)
	if a.goal == goStep && !g.final {
		to := at
		to.step = a.step
		g.reach(to, known)
	}
	g.follow(a.failed, at, known)
}

func (g *graph) speakAll(lines []*line, at spot, known map[string]bool) spot {
	for _, l := range lines {
		at = g.speak(l, at, known)
	}
	return at
}

// speak judges one line at one spot.
func (g *graph) speak(l *line, at spot, known map[string]bool) spot {
	at.told = at.told || l.disclosure == "debt"
	if !g.final {
		return at
	}
	for _, p := range l.names() {
		g.name(p, at, known)
	}
	if word := g.debtWord(l); word != "" && !at.verified {
		g.rep.at(l.at, "%q must not be said before the right person has answered a check; the step %q can be reached without one", word, at.step)
	}
	return at
}

func (g *graph) name(p part, at spot, known map[string]bool) {
	if s := g.flow.slots[p.name]; s != nil {
		switch {
		case g.flow.secret(p.name):
			g.rep.at(p.at, "{%s} answers a check and must not be said aloud", p.name)
		case !known[p.name]:
			g.rep.at(p.at, "{%s} may not be known here: the step %q can be reached without it", p.name, at.step)
		}
		return
	}
	v := g.flow.variable(p.name)
	switch {
	case v == nil:
		g.rep.at(p.at, "%q is not a variable of this flow%s", p.name, meant(p.name, g.names()))
	case g.flow.secret(p.name):
		g.rep.at(p.at, "{%s} answers a check and must not be said aloud", p.name)
	case v.optional && v.fallback == "":
		g.rep.at(p.at, "{%s} is optional and may be missing; give it a \"default\" to speak it", p.name)
	case v.private && !at.verified:
		g.rep.at(p.at, "{%s} is private and must not be said before the right person has answered a check; the step %q can be reached without one", p.name, at.step)
	case v.private && g.debt && !at.told:
		g.rep.at(p.at, "{%s} must not be said before the line with \"disclosure: debt\"; the step %q can be reached without it", p.name, at.step)
	}
}

// secret reports whether a name proves who is on the line: it is never spoken
// by the bot and never leaves the call.
func (f *Flow) secret(name string) bool {
	return slices.ContainsFunc(f.steps, func(s *step) bool {
		return s.check != nil && slices.Contains(s.check.secrets, name)
	})
}

func (g *graph) reads(c *check, at spot, known map[string]bool) {
	if !g.final {
		return
	}
	for _, n := range c.names {
		v := g.flow.variable(n)
		if v == nil && !known[n] {
			g.rep.at(c.at, "the condition reads %q, which may not be known here: the step %q can be reached without it", n, at.step)
		}
		if v != nil && v.optional && v.fallback == "" {
			g.rep.at(c.at, "the condition reads %q, which is optional and may be missing; give it a \"default\"", n)
		}
	}
}

// debtWords betray what a call is about.
var debtWords = map[string][]string{
	"en": {"debt", "owe", "owed", "owes", "overdue", "due", "payment", "payments", "pay", "paid", "repay", "instalment",
		"instalments", "installment", "loan", "bill", "invoice", "arrears", "balance", "creditor", "collector", "reminder"},
	"zh": {"债", "欠", "还款", "还钱", "付款", "账单", "逾期", "贷款", "催收", "分期", "应还", "到期", "支付", "缴费", "金额"},
}

// debtWord is a word of the line that a stranger or a machine must not hear.
func (g *graph) debtWord(l *line) string {
	if !g.debt {
		return ""
	}
	text := strings.ToLower(l.words())
	words := strings.FieldsFunc(text, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz'", r) })
	for _, w := range debtWords[g.flow.Language] {
		if g.flow.Language == "en" && slices.Contains(words, w) || g.flow.Language == "zh" && strings.Contains(text, w) {
			return w
		}
	}
	return ""
}

// machines checks what is said to machines: nothing private, nothing about a
// debt.
func (g *graph) machines() {
	for _, l := range slices.Concat(g.flow.machine.leave, g.flow.machine.screen) {
		for _, p := range l.names() {
			v := g.flow.variable(p.name)
			switch {
			case v == nil:
				g.rep.at(p.at, "%q is not a variable of this flow%s", p.name, meant(p.name, g.names()))
			case v.private:
				g.rep.at(p.at, "{%s} is private and must not be said to a machine", p.name)
			}
		}
		if word := g.debtWord(l); word != "" {
			g.rep.at(l.at, "%q must not be said to a machine", word)
		}
	}
}

// listening are the branches understood in a step: its own, then those of the
// whole flow that it does not answer itself.
func (f *Flow) listening(s *step, verified bool) []*branch {
	all := slices.Clone(s.expect)
	more := f.anywhere
	if verified {
		more = slices.Concat(f.verified, f.anywhere)
	}
	for _, b := range more {
		if find(all, b.intent) == nil {
			all = append(all, b)
		}
	}
	return all
}
