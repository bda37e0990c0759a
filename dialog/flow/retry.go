package flow

import (
	"strings"

	"parley/nlu"
)

// quiet answers silence.
func (d *answer) quiet() error {
	m := d.memory
	if m.keys != "" { // somebody stopped half way through a number
		m.keys = ""
		return d.unclear()
	}
	m.quiet++
	m.stuck++
	return d.retry(m.at.silence, d.flow.silence, m.quiet)
}

// unclear answers words that mean nothing here: each time with more help.
func (d *answer) unclear() error {
	m := d.memory
	m.unclear++
	m.stuck++
	return d.retry(m.at.unclear, d.flow.unclear, m.unclear)
}

// retry says the line for the given count and asks again, until the count is
// used up. The flow's own lines serve every question and are followed by it. A
// step's line that asks stands in place of the step's question, and of no
// other that may be open.
func (d *answer) retry(own *retry, usual retry, count int) error {
	v := usual
	if own != nil {
		v = *own
	}
	if count > v.times {
		return d.apply(v.then)
	}
	lines, asks := v.say, own != nil
	if d.memory.stage != asking {
		lines, asks = usual.say, false
	}
	if len(lines) == 0 {
		d.reask()
		return nil
	}
	l := lines[min(count, len(lines))-1]
	d.say(l)
	if !asks || !l.question {
		d.reask()
	}
	return nil
}

// reask asks what is open: the doubt, or the question.
func (d *answer) reask() {
	if m := d.memory; m.stage == doubting {
		d.say(m.pending.do.sure)
		return
	}
	d.question()
}

// outside answers a value beyond the limits of its slot.
func (d *answer) outside() error {
	m := d.memory
	if a := m.at.outside; a != nil {
		return d.apply(a)
	}
	for _, s := range m.at.collect {
		if s.kind == kindDigits {
			return d.unclear()
		}
	}
	m.unclear++
	m.stuck++
	if m.unclear > d.flow.unclear.times {
		return d.apply(d.flow.unclear.then)
	}
	d.say(literal(wordings[d.flow.Language].outside))
	d.question()
	return nil
}

// keyed answers key presses. While a number is asked for, digits belong to it.
func (d *answer) keyed() error {
	m := d.memory
	pressed := m.keys + d.turn.Keys
	if s := d.typed(); s != nil && strings.Trim(pressed, "0123456789#") == "" {
		digits, ended := pressed, false
		if i := strings.IndexByte(pressed, '#'); i >= 0 {
			digits, ended = pressed[:i], true
		}
		if s.digits > 0 && len(digits) < s.digits && !ended || s.digits == 0 && !ended {
			m.keys = digits
			return nil
		}
		m.keys = ""
		d.out.Reading = nlu.Reading{Confidence: 1, Matched: "keys"}
		v := value{kind: kindDigits, text: digits}
		if !s.fits(v, 0, d.turn.Now) {
			return d.unclear()
		}
		d.keep(map[string]value{s.name: v})
		return d.collected()
	}
	m.keys = ""
	intent := d.keyIntent(pressed)
	r := nlu.Reading{Intent: intent, Confidence: 1, Margin: 1, Matched: "keys"}
	b := find(d.branches(), intent)
	if d.confirms() && (intent == "yes" || intent == "no") {
		yes := intent == "yes"
		r.YesNo = &yes
	}
	d.out.Reading = r
	switch {
	case m.stage == doubting && r.YesNo != nil:
		return d.doubt(nil, r)
	case m.stage == confirming && r.YesNo != nil:
		return d.confirmed(nil, r)
	case b != nil:
		return d.follow(b, r)
	}
	return d.unclear()
}

// typed is the number that is asked for and can be typed.
func (d *answer) typed() *slot {
	if d.memory.stage != asking {
		return nil
	}
	for _, s := range d.memory.at.collect {
		if _, known := d.memory.values[s.name]; s.kind == kindDigits && !known {
			return s
		}
	}
	return nil
}

func (d *answer) keyIntent(pressed string) string {
	if intent, ok := d.memory.at.keys[pressed]; ok {
		return intent
	}
	return d.flow.keys[pressed]
}

// The anger in one turn's words that counts as a signal, and how many signals
// it takes: one harsh word is not a mood.
const (
	angerScore   = 0.6
	angerSignals = 2
)

// soothe watches the customer's mood and takes the flow's "angry" action on
// the second signal, once. A clear wish that ends the call goes first. It
// reports whether the turn is answered.
func (d *answer) soothe(b *branch, r nlu.Reading) (bool, error) {
	m := d.memory
	signal := r.Mood.Anger >= angerScore
	for _, l := range r.Mood.Labels {
		signal = signal || l == "insult" || l == "threat"
	}
	if signal {
		m.anger++
	}
	if m.anger < angerSignals || !signal || m.soothed || d.flow.angry == nil || b != nil && b.do.goal == goEnd {
		return false, nil
	}
	m.soothed = true
	d.note("angry")
	return true, d.apply(d.flow.angry)
}
