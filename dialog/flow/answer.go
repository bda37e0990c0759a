package flow

import (
	"context"
	"strings"
	"time"

	"parley/dialog"
	"parley/nlu"
	"parley/outcome"
)

// answer is the making of one Step. It writes into the conversation's memory
// and outcome as it goes.
type answer struct {
	ctx    context.Context
	policy *Policy
	flow   *Flow
	state  *dialog.State
	memory *memory
	turn   dialog.Turn
	out    dialog.Step
	// used: a value was already read from this turn's words, so the next step
	// must not read another one from them.
	used bool
	hops int
	// lines of the present step that this answer speaks.
	lines []*line
}

// The bounds of what a single conversation may ask of the policy.
const (
	maxHops     = 20 // steps passed within one turn
	maxConfirms = 4  // corrections of one reading back
	maxWaits    = 12 // turns while a machine plays its greeting
)

func (d *answer) take() error {
	m := d.memory
	if d.turn.Aside {
		d.lines = m.spoken
		return d.aside()
	}
	switch d.turn.Kind {
	case dialog.Machine:
		d.machine()
		return nil
	case dialog.Beep:
		d.leave()
		return nil
	case dialog.Trouble:
		return d.apply(d.flow.trouble)
	case dialog.HandedOver:
		d.handedOver()
		return nil
	}
	switch {
	case m.stage == ended:
		d.out.End = true
		return nil
	case m.stage == transferring, m.stated != nil && d.turn.Kind == dialog.NoAgent:
		if err := d.aside(); err != nil { // words that came before the far side was asked
			return err
		}
		return d.nobody()
	case m.at == nil && m.stage == asking, m.stage == screened && d.turn.Kind == dialog.Start:
		m.stage = asking
		return d.enter(d.flow.steps[0])
	case m.stage == beeping || m.stage == screened:
		return d.waitForMachine()
	}
	m.turns++
	d.state.Turns = m.turns
	if m.turns > d.flow.limits.turns || m.stuck >= d.flow.limits.stuck {
		return d.apply(d.flow.limits.then)
	}
	switch d.turn.Kind {
	case dialog.Start: // somebody else came to the phone
		m.verified = false
		return d.enter(d.flow.steps[0])
	case dialog.Said:
		return d.said()
	case dialog.Keyed:
		return d.keyed()
	case dialog.Quiet:
		return d.quiet()
	}
	return d.unclear()
}

// said answers words.
func (d *answer) said() error {
	if strings.TrimSpace(d.turn.Text) == "" {
		return d.unclear()
	}
	m := d.memory
	branches := d.branches()
	r, err := d.classify(branches, d.slots())
	if err != nil {
		return err
	}
	d.out.Reading = r
	b := d.chosen(branches, r)
	if calm, err := d.soothe(b, r); calm || err != nil {
		return err
	}
	switch m.stage {
	case doubting:
		return d.doubt(b, r)
	case confirming:
		return d.confirmed(b, r)
	}
	return d.answered(b, r)
}

// answered takes an answer to the step's own question. What leads away from
// the question counts more than a value ("I already paid on Monday"), and a
// value more than what does not ("yes, on Friday").
func (d *answer) answered(b *branch, r nlu.Reading) error {
	found, outside := d.fill(r)
	switch {
	case b != nil && b.do.leaves():
		return d.follow(b, r)
	case len(found) > 0:
		d.keep(found)
		return d.collected()
	case outside:
		return d.outside()
	case b != nil:
		return d.follow(b, r)
	}
	for _, s := range d.memory.at.collect {
		if _, known := d.memory.values[s.name]; s.kind == kindText && !known {
			d.keep(map[string]value{s.name: {kind: kindText, text: strings.TrimSpace(d.turn.Text)}})
			return d.collected()
		}
	}
	return d.unclear()
}

// confirmed takes the answer to a reading back: yes, no, or a correction.
func (d *answer) confirmed(b *branch, r nlu.Reading) error {
	m := d.memory
	found, outside := d.fill(r)
	yes := r.YesNo != nil && *r.YesNo || b != nil && b.intent == "yes"
	no := r.YesNo != nil && !*r.YesNo || b != nil && b.intent == "no"
	corrected := false
	for name, v := range found {
		if old := m.values[name]; !old.same(v) {
			corrected = true
		}
	}
	switch {
	case b != nil && b.intent != "yes" && b.intent != "no" && b.do.leaves() && !corrected:
		return d.follow(b, r)
	case corrected:
		if m.confirms++; m.confirms > maxConfirms {
			return d.apply(d.flow.limits.then)
		}
		m.stuck = 0
		d.keep(found)
		d.say(m.at.confirm)
		return nil
	case outside:
		return d.outside()
	case no && len(m.at.collect) == 0:
		return d.follow(find(m.at.expect, "no"), r)
	case no:
		if m.confirms++; m.confirms > maxConfirms {
			return d.apply(d.flow.limits.then)
		}
		d.forget(m.at)
		m.stage = asking
		d.question()
		return nil
	case yes || len(found) > 0:
		return d.finish(true)
	case b != nil:
		return d.follow(b, r)
	}
	return d.unclear()
}

// follow takes a branch, after asking once when the understanding is in doubt.
func (d *answer) follow(b *branch, r nlu.Reading) error {
	if b.do.sure != nil && d.memory.stage == asking && doubtful(r) {
		d.memory.stage, d.memory.pending = doubting, b
		d.say(b.do.sure)
		return nil
	}
	d.note(b.intent)
	return d.apply(b.do)
}

// The score and the distance to the next intent under which a branch with a
// "sure" question asks it.
const (
	sureScore  = 0.75
	sureMargin = 0.15
)

func doubtful(r nlu.Reading) bool {
	return r.Confidence < sureScore || len(r.Ranked) > 1 && r.Margin < sureMargin
}

// doubt takes the answer to a "sure" question.
func (d *answer) doubt(b *branch, r nlu.Reading) error {
	m := d.memory
	pending := m.pending
	m.stage, m.pending = asking, nil
	switch {
	case r.YesNo != nil && *r.YesNo, b != nil && (b.intent == "yes" || b.intent == pending.intent):
		d.note(pending.intent)
		return d.apply(pending.do)
	case r.YesNo != nil, b != nil && b.intent == "no":
		d.question()
		return nil
	}
	return d.answered(b, r)
}

// intents that state something which must be durable at once.
var facts = map[string]dialog.FactKind{
	"opt_out": dialog.FactOptOut, "dispute": dialog.FactDispute, "wrong_number": dialog.FactWrongNumber,
	"third_party": dialog.FactThirdParty, "already_paid": dialog.FactPaymentClaim, "paid": dialog.FactPaymentClaim,
}

// dispositions that an intent of the same name means, should the customer hang
// up before the flow has said so itself.
var dispositions = func() map[string]bool {
	known := map[string]bool{}
	for _, d := range outcome.Dispositions {
		known[string(d)] = true
	}
	return known
}()

// note records what an intent or an outcome of this name states.
func (d *answer) note(name string) {
	if kind, ok := facts[name]; ok && !d.memory.facts[kind] {
		d.memory.facts[kind] = true
		d.out.Facts = append(d.out.Facts, dialog.Fact{Kind: kind, Text: d.turn.Text})
	}
	if dispositions[name] {
		d.state.Outcome.Disposition = outcome.Disposition(name)
	}
}

// settle completes the step: where the dialog stands, what it listens for, and
// the outcome so far.
func (d *answer) settle() {
	m := d.memory
	d.out.Node = m.stepName()
	slots := map[string]any{}
	for name, v := range m.values {
		if d.flow.slots[name] != nil && !d.flow.secret(name) {
			slots[name] = v.export()
		}
	}
	if m.sms != "" {
		slots["sms"] = m.sms
	}
	d.state.Outcome.Slots, d.state.Outcome.Callback = nil, nil
	if len(slots) > 0 {
		d.state.Outcome.Slots = slots
	}
	if v, ok := m.values["callback"]; ok && v.kind == kindTime {
		d.state.Outcome.Callback = &v.at
	}
	m.spoken = d.lines
	if !d.out.End {
		d.out.Expect = d.expect()
	}
}

// today is the customer's present day.
func (d *answer) today() time.Time { return midnight(d.turn.Now, d.turn.Now) }
