package flow

import (
	"strings"

	"parley/dialog"
	"parley/outcome"
)

// apply carries out an action.
func (d *answer) apply(a *action) error {
	m := d.memory
	if a.again > m.again[a] {
		m.again[a]++
		m.stuck++
		d.sayAll(a.say)
		d.forget(m.at)
		m.stage = asking
		d.question()
		return nil
	}
	d.assign(a.set)
	if a.sms != "" {
		m.sms = a.sms
	}
	if a.goal == goEnd {
		d.note(string(a.end))
	}
	d.sayAll(a.say)
	switch a.goal {
	case goStep:
		m.stuck = 0
		return d.enter(d.flow.step(a.step))
	case goEnd:
		d.end(a)
		return nil
	case goBack:
		d.question()
	case goAgain:
		d.repeat()
	}
	m.stuck++
	return nil
}

// end finishes the call, or hands it over first.
func (d *answer) end(a *action) {
	if a.end != "" {
		d.state.Outcome.Disposition = a.end
	}
	if a.transfer != "" {
		d.memory.stage, d.memory.nextEnd = transferring, a
		d.out.Transfer = a.transfer
		return
	}
	d.memory.stage = ended
	d.out.End = true
}

// handedOver ends the conversation of somebody who now talks to another party.
// An outcome that the flow gave to the transfer stays.
func (d *answer) handedOver() {
	if o := &d.state.Outcome; o.Disposition == outcome.AgentRequested || d.memory.stage != transferring {
		o.Disposition = outcome.Transferred
	}
	d.memory.stage = ended
	d.out.End = true
}

// aside takes words of somebody who is being handed on. A fact among them holds
// at once, also one that the flow would ask about again when it can: nobody is
// called once more because a question could not be put.
func (d *answer) aside() error {
	if d.memory.at == nil {
		return nil
	}
	branches := d.branches()
	var b *branch
	switch d.turn.Kind {
	case dialog.Said:
		r, err := d.classify(branches, nil)
		if err != nil {
			return err
		}
		d.out.Reading = r
		b = d.chosen(branches, r)
	case dialog.Keyed:
		b = find(branches, d.keyIntent(d.turn.Keys))
	}
	if b == nil || facts[b.intent] == "" {
		return nil
	}
	d.note(b.intent)
	if b.do.transfer == "" {
		d.memory.stated = b
	}
	return nil
}

// nobody goes on after a transfer that reached no one: with what was stated
// meanwhile, else as its action says, else the flow's last words for that case
// end the call.
func (d *answer) nobody() error {
	if b := d.memory.stated; b != nil {
		d.memory.stage, d.memory.stated = asking, nil
		return d.apply(b.do)
	}
	if a := d.memory.nextEnd; a != nil && a.failed != nil {
		d.memory.stage = asking
		return d.apply(a.failed)
	}
	d.sayAll(d.flow.nobody.say)
	if d.flow.nobody.end != "" {
		d.state.Outcome.Disposition = d.flow.nobody.end
	}
	d.memory.stage = ended
	d.out.End = true
	return nil
}

// enter goes to a step: it speaks, or passes on when its values were already
// in the customer's words.
func (d *answer) enter(s *step) error {
	m := d.memory
	if d.hops++; d.hops > maxHops {
		return d.apply(d.flow.limits.then)
	}
	m.at, m.stage, m.keys = s, asking, ""
	m.quiet, m.unclear, m.confirms = 0, 0, 0
	d.forget(s)
	d.assign(s.set)
	ready, err := d.prefill(s)
	if err != nil {
		return err
	}
	if ready {
		return d.collected()
	}
	d.sayStep(s.say)
	switch {
	case len(s.collect) > 0 || len(s.expect) > 0 && s.confirm == nil:
		return nil
	case s.confirm != nil:
		m.stage = confirming
		d.say(s.confirm)
		return nil
	}
	return d.finish(false)
}

// prefill looks for the step's values in the words that led to it. It reports
// whether nothing is left to ask.
func (d *answer) prefill(s *step) (bool, error) {
	if d.turn.Kind != dialog.Said || d.used || len(s.collect) == 0 {
		return false, nil
	}
	for _, l := range s.say {
		if l.disclosure != "" {
			return false, nil
		}
	}
	r, err := d.classify(nil, s.collect)
	if err != nil {
		return false, err
	}
	found, _ := d.fill(r)
	d.keep(found)
	return len(found) > 0 && d.missing() == nil, nil
}

// collected goes on after an answer brought values.
func (d *answer) collected() error {
	m := d.memory
	m.stuck, m.unclear, m.quiet = 0, 0, 0
	if d.missing() != nil {
		d.question()
		return nil
	}
	for _, s := range m.at.collect {
		if _, known := m.values[s.name]; !known && s.fallback != "" {
			v := m.values[s.fallback]
			v.kind = s.kind
			m.values[s.name] = v
		}
	}
	if m.at.confirm != nil {
		m.stage = confirming
		d.say(m.at.confirm)
		return nil
	}
	return d.finish(false)
}

// missing is the first value that the step still needs.
func (d *answer) missing() *slot {
	for _, s := range d.memory.at.collect {
		if _, known := d.memory.values[s.name]; !known && s.required() {
			return s
		}
	}
	return nil
}

// finish leaves a step whose question is answered.
func (d *answer) finish(readBack bool) error {
	m := d.memory
	s := m.at
	d.promise(s, readBack)
	if s.check == nil {
		return d.apply(s.done)
	}
	right, err := d.holds(s.check)
	if err != nil {
		return err
	}
	if !right {
		return d.apply(s.wrong)
	}
	m.verified = m.verified || s.check.identifies
	return d.apply(s.right)
}

// promise makes what was just settled durable, if it was a promise.
func (d *answer) promise(s *step, readBack bool) {
	m := d.memory
	own := false
	for _, c := range s.collect {
		own = own || strings.HasPrefix(c.name, "promise.")
	}
	for _, a := range s.set {
		own = own || strings.HasPrefix(a.slot, "promise.")
	}
	date, dated := m.values["promise.date"]
	if !own || !dated {
		return
	}
	p := &dialog.Promise{
		Date: midnight(date.at, d.turn.Now), Amount: m.values["promise.amount"].money,
		Method: m.values["promise.method"].text, ReadBack: readBack,
	}
	d.state.Outcome.Promise = p
	d.state.Outcome.Disposition = outcome.PromiseToPay
	copied := *p
	d.out.Facts = append(d.out.Facts, dialog.Fact{Kind: dialog.FactPromise, Promise: &copied, Text: d.turn.Text})
}
