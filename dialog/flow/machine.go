package flow

import (
	"time"

	"parley/barge"
	"parley/dialog"
	"parley/outcome"
)

// machineSilence ends a machine's greeting whose beep was not heard.
const machineSilence = 4 * time.Second

// machine answers that no human is there. Nothing private is ever said: the
// lines for machines were checked with the flow.
func (d *answer) machine() {
	m := d.memory
	if m.stage == ended {
		d.out.End = true
		return
	}
	switch m.waits++; {
	case m.waits > maxWaits:
	case d.turn.AnsweredBy == outcome.Voicemail && d.flow.machine.leave != nil:
		m.stage = beeping
		return
	case d.turn.AnsweredBy == outcome.Screening && d.flow.machine.screen != nil:
		m.stage = screened
		d.sayToMachine(d.flow.machine.screen)
		return
	}
	d.giveUp()
}

// leave speaks the message after the beep, once.
func (d *answer) leave() {
	m := d.memory
	if m.stage == ended || d.flow.machine.leave == nil {
		d.giveUp()
		return
	}
	d.sayToMachine(d.flow.machine.leave)
	d.state.Outcome.Disposition = outcome.MessageLeft
	m.stage = ended
	d.out.End = true
}

// behindScreener is what a person says who was put through. Their first words
// are answered by the greeting, which says nothing private.
var behindScreener = []*branch{{intent: "hello"}, {intent: "yes"}, {intent: "ask_identity"}}

// waitForMachine goes on while a machine talks. Silence after its greeting
// stands for a beep that nobody heard.
func (d *answer) waitForMachine() error {
	m := d.memory
	m.waits++
	switch {
	case m.stage == beeping && d.turn.Kind == dialog.Quiet:
		d.leave()
	case m.stage == screened && d.turn.Kind == dialog.Said:
		r, err := d.classify(behindScreener, nil)
		if err != nil {
			return err
		}
		if d.out.Reading = r; d.chosen(behindScreener, r) != nil {
			m.stage = asking
			return d.enter(d.flow.steps[0])
		}
	}
	if m.waits > maxWaits {
		d.giveUp()
	}
	return nil
}

func (d *answer) giveUp() {
	if d.state.Outcome.Disposition == d.flow.hungUp {
		d.state.Outcome.Disposition = outcome.NoResponse
	}
	d.memory.stage = ended
	d.out.End = true
}

// sayToMachine speaks to the end: a machine's own sounds interrupt nothing.
func (d *answer) sayToMachine(lines []*line) {
	d.sayAll(lines)
	for i := range d.out.Prompts {
		d.out.Prompts[i].Mode = barge.Never
	}
}
