package flow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/dialog"
	"parley/nlu"
	"parley/spoken"
	"parley/tts"
)

// Policy follows a flow. It is shared by many calls and safe for concurrent
// use; all that belongs to one call is in its State.
type Policy struct {
	flow       *Flow
	classifier nlu.Classifier
	// expectations by place; their number is bounded by the flow's own size.
	expectations sync.Map
}

var (
	_ dialog.Policy     = (*Policy)(nil)
	_ dialog.Filling    = (*Policy)(nil)
	_ dialog.Foreseeing = (*Policy)(nil)
)

// NewPolicy follows f and understands through c.
func NewPolicy(f *Flow, c nlu.Classifier) *Policy {
	return &Policy{flow: f, classifier: c}
}

// Policy follows the flow and understands through c.
func (f *Flow) Policy(c nlu.Classifier) dialog.Policy { return NewPolicy(f, c) }

// Flow is what the policy follows.
func (p *Policy) Flow() *Flow { return p.flow }

// Voice is the flow's voice.
func (p *Policy) Voice() tts.Voice { return p.flow.voice }

// Fillers implements dialog.Filling.
func (p *Policy) Fillers() []string {
	all := make([]string, 0, len(p.flow.fillers))
	for _, l := range p.flow.fillers {
		all = append(all, l.words())
	}
	return all
}

// Fork implements dialog.Foreseeing.
func (p *Policy) Fork(s *dialog.State) *dialog.State {
	forked := *s
	forked.Outcome.Slots = maps.Clone(s.Outcome.Slots)
	if s.Outcome.Promise != nil {
		promise := *s.Outcome.Promise
		forked.Outcome.Promise = &promise
	}
	if m, ok := s.Memory.(*memory); ok {
		copied := *m
		copied.values, copied.again, copied.facts = maps.Clone(m.values), maps.Clone(m.again), maps.Clone(m.facts)
		copied.spoken = slices.Clone(m.spoken)
		forked.Memory = &copied
	}
	return &forked
}

// Same implements dialog.Foreseeing: the score counts, and what day it is.
func (p *Policy) Same(foreseen, final dialog.Turn) bool {
	day := foreseen.Now.Format(time.DateOnly) == final.Now.Format(time.DateOnly)
	foreseen.Now = final.Now
	return day && foreseen == final
}

// Fixed are the texts that are the same in every call, each once.
func (p *Policy) Fixed() []string {
	var all []string
	for _, l := range p.flow.lines() {
		all = append(all, l.fixed()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// lines are all prompts of the flow, the default wordings included.
func (f *Flow) lines() []*line {
	var all []*line
	ofAction := func(a *action) {
		for ; a != nil; a = a.failed {
			all = append(append(all, a.say...), a.sure)
		}
	}
	ofRetry := func(v *retry) {
		if v != nil {
			all = append(all, v.say...)
			ofAction(v.then)
		}
	}
	for _, s := range f.steps {
		all = append(append(all, s.say...), s.confirm)
		for _, c := range s.collect {
			all = append(all, c.ask)
		}
		for _, b := range s.expect {
			ofAction(b.do)
		}
		for _, a := range []*action{s.right, s.wrong, s.outside, s.done} {
			ofAction(a)
		}
		ofRetry(s.silence)
		ofRetry(s.unclear)
	}
	for _, b := range slices.Concat(f.anywhere, f.verified) {
		ofAction(b.do)
	}
	for _, a := range []*action{f.angry, f.limits.then, f.trouble, f.nobody} {
		ofAction(a)
	}
	ofRetry(&f.silence)
	ofRetry(&f.unclear)
	all = append(append(append(all, f.machine.leave...), f.machine.screen...), f.fillers...)
	all = append(all, literal(wordings[f.Language].outside))
	return slices.DeleteFunc(all, func(l *line) bool { return l == nil })
}

// Open reads the contact's variables into their types. The error names every
// one that is missing or cannot be spoken.
func (p *Policy) Open(language string, variables map[string]string) (*dialog.State, error) {
	f := p.flow
	if language != "" && language != f.Language {
		return nil, fmt.Errorf("the flow %q speaks %q and the contact %q; choose a flow of the contact's language", f.Name, f.Language, language)
	}
	m := &memory{values: map[string]value{}, again: map[*action]int{}, facts: map[dialog.FactKind]bool{}}
	currency := variables["currency"]
	if currency == "" {
		currency = f.currency
	}
	var wrong []error
	for _, v := range f.variables {
		raw := pick(variables, v)
		if raw == "" {
			if !v.optional {
				wrong = append(wrong, fmt.Errorf("the contact has no %q, which the flow %q speaks", v.name, f.Name))
			}
			continue
		}
		parsed, err := parseValue(v.kind, raw, currency)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("the contact's %q cannot be used: %w", v.name, err))
			continue
		}
		m.values[v.name] = parsed
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	s := &dialog.State{Language: f.Language, Variables: variables, Memory: m}
	s.Outcome.Disposition = f.hungUp
	return s, nil
}

func pick(variables map[string]string, v *variable) string {
	for _, name := range []string{v.name, v.from} {
		if raw := variables[name]; name != "" && raw != "" {
			return raw
		}
	}
	return v.fallback
}

// Next answers a turn. It is pure but for the classifier, and makes its step
// whole or not at all: an error leaves the state as it was.
func (p *Policy) Next(ctx context.Context, s *dialog.State, t dialog.Turn) (dialog.Step, error) {
	m, ok := s.Memory.(*memory)
	if !ok {
		return dialog.Step{}, errors.New("answer a turn: the state was not opened by a flow")
	}
	d := &answer{ctx: ctx, policy: p, flow: p.flow, state: s, memory: m, turn: t}
	before := p.Fork(s)
	if err := d.take(); err != nil {
		*s = *before
		return dialog.Step{}, fmt.Errorf("answer a turn at the step %q: %w", m.stepName(), err)
	}
	d.settle()
	return d.out, nil
}

// stage is what the bot waits for inside a step.
type stage int

const (
	asking       stage = iota // for the step's own answer
	confirming                // for yes or no to what was read back
	doubting                  // for yes or no to a "sure" question
	transferring              // for a human agent
	beeping                   // for the beep of a voicemail
	screened                  // for a call screener to connect a human
	ended
)

// memory is the state of one conversation.
type memory struct {
	at       *step
	stage    stage
	values   map[string]value // variables and slots
	verified bool
	keys     string  // digits pressed so far
	spoken   []*line // lines of the step in the last answer
	pending  *branch
	nextEnd  *action // what a transfer ends with when nobody is there
	stated   *branch // a fact told during a transfer; it answers when nobody is there

	turns, stuck    int
	quiet, unclear  int
	confirms, waits int
	again           map[*action]int
	anger           int
	soothed         bool
	facts           map[dialog.FactKind]bool
	sms             string
}

func (m *memory) stepName() string {
	if m.at == nil {
		return ""
	}
	return m.at.name
}

// most is the value of a slot's upper limit, 0 for none.
func (m *memory) most(s *slot) float64 {
	if s.mostOf == "" {
		return 0
	}
	return float64(m.values[s.mostOf].money.Minor) / 100
}

// currency is what an amount without one is meant in.
func (d *answer) currency() string {
	for _, v := range d.flow.variables {
		if known := d.memory.values[v.name]; known.kind == kindMoney {
			return known.money.Currency
		}
	}
	return d.flow.currency
}

// read turns what the classifier found into a value of the slot.
func (d *answer) read(s *slot, found spoken.Value) (value, bool) {
	v := value{kind: s.kind}
	switch s.kind {
	case kindDate:
		v.at = found.At
		if s.past {
			v.at = past(found, d.turn.Now)
		}
	case kindTime:
		v.at = d.moment(found)
	case kindMoney:
		v.money = found.Money
		if found.Kind == spoken.KindNumber {
			v.money = spoken.Money{Minor: int64(found.Number*100 + 0.5)}
		}
		if v.money.Currency == "" {
			v.money.Currency = d.currency()
		}
	case kindNumber:
		v.number = found.Number
	case kindDigits:
		v.text = found.Digits
	default:
		v.text = found.Text
	}
	return v, s.fits(v, d.memory.most(s), d.turn.Now)
}

// past is the day that somebody means who speaks of what has been: "on Monday"
// is the last one, and a day of a month the last such day.
func past(found spoken.Value, now time.Time) time.Time {
	at, today := midnight(found.At, now), midnight(now, now)
	switch words := strings.ToLower(found.Text); {
	case !at.After(today):
		return at
	case strings.Contains(words, "day") || strings.ContainsAny(words, "周礼") || strings.Contains(words, "星期"):
		for at.After(today) {
			at = at.AddDate(0, 0, -7)
		}
	case at.Before(today.AddDate(0, 1, 1)):
		at = at.AddDate(0, -1, 0)
	case at.Before(today.AddDate(1, 0, 1)):
		at = at.AddDate(-1, 0, 0)
	}
	return at
}
