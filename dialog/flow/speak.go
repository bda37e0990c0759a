package flow

import (
	"maps"
	"slices"
	"strings"

	"parley/dialog"
	"parley/spoken"
)

func (d *answer) sayAll(lines []*line) {
	for _, l := range lines {
		d.say(l)
	}
}

func (d *answer) say(l *line) {
	d.out.Prompts = append(d.out.Prompts, dialog.Prompt{
		Segments: l.segments(d.words), Mode: l.mode, Hotwords: l.hotwords, Disclosure: l.disclosure,
	})
}

// words is how a variable or a slot is spoken.
func (d *answer) words(name string) string {
	v, known := d.memory.values[name]
	if !known {
		if variable := d.flow.variable(name); variable != nil {
			return variable.fallback
		}
		return ""
	}
	return v.words(d.flow.Language, d)
}

// words speaks a value in the language, days and moments as seen from now.
func (v value) words(language string, d *answer) string {
	now := d.turn.Now
	switch v.kind {
	case kindMoney:
		return spoken.SayMoney(language, v.money)
	case kindDate:
		return spoken.SayDate(language, midnight(v.at, now), now)
	case kindTime:
		day, clock := spoken.SayDate(language, midnight(v.at, now), now), spoken.SayTime(language, v.at)
		if language == "zh" {
			return day + clock
		}
		return day + " at " + clock
	case kindDigits:
		return spoken.SayDigits(language, v.text)
	case kindPhone:
		return spoken.SayPhone(language, v.text)
	case kindNumber:
		return spoken.SayNumber(language, v.number)
	}
	return v.text
}

// question asks again what the bot now waits for, in the shortest form: the
// reading back, the one missing value, or the last line of the step. What a
// customer did not hear because of talking over it is said as well.
func (d *answer) question() {
	m := d.memory
	if m.at == nil {
		return
	}
	if m.stage == confirming {
		d.say(m.at.confirm)
		return
	}
	if missing := d.missing(); missing != nil && missing.ask != nil {
		d.say(missing.ask)
		return
	}
	n := len(m.at.say)
	if n == 0 {
		return
	}
	d.sayStep(d.unheard(m.at.say[n-1:]))
}

// unheard are the lines of the last answer from the one that an interruption
// cut off, or the usual ones when nothing was. Heard may begin anywhere in
// those lines, so it is its end that tells where the cut was.
func (d *answer) unheard(usual []*line) []*line {
	if !d.turn.Interrupted {
		return usual
	}
	heard := plainWords(d.turn.Heard)
	for i, l := range slices.Backward(d.memory.spoken) {
		switch full := plainWords(d.text(l)); {
		case strings.HasSuffix(heard, full):
			return orUsual(d.memory.spoken[i+1:], usual)
		case i == 0 || cutIn(full, heard):
			return orUsual(slices.DeleteFunc(slices.Clone(d.memory.spoken[i:]), func(l *line) bool { return l.disclosure != "" }), usual)
		}
	}
	return usual
}

// cutIn reports whether heard ends inside the line full.
func cutIn(full, heard string) bool {
	for n := range full {
		if n > 0 && strings.HasSuffix(heard, full[:n]) && (n == len(heard) || strings.Contains(full[:n], " ") || full[0] >= 0x80) {
			return true
		}
	}
	return false
}

func orUsual(lines, usual []*line) []*line {
	if len(lines) == 0 {
		return usual
	}
	return lines
}

// text is the line as it is spoken now.
func (d *answer) text(l *line) string {
	return dialog.Prompt{Segments: l.segments(d.words)}.Text()
}

// sayStep says lines of the present step and remembers that it did.
func (d *answer) sayStep(lines []*line) {
	d.sayAll(lines)
	d.lines = lines
}

// repeat says the whole step again, without the disclosures, which were heard
// to their end.
func (d *answer) repeat() {
	m := d.memory
	if m.at == nil || m.stage == confirming {
		d.question()
		return
	}
	var lines []*line
	for i, l := range m.at.say {
		if l.disclosure == "" || i == len(m.at.say)-1 {
			lines = append(lines, l)
		}
	}
	d.sayStep(lines)
}

// assign carries out "set": the value of a variable or slot, today, or a word.
func (d *answer) assign(all []assignment) {
	m := d.memory
	for _, a := range all {
		switch v, known := m.values[a.value]; {
		case known:
			m.values[a.slot] = v
		case a.value == "today":
			m.values[a.slot] = value{kind: kindDate, at: d.today()}
		default:
			m.values[a.slot] = value{kind: kindText, text: a.value}
		}
	}
}

func (d *answer) keep(found map[string]value) {
	if len(found) == 0 {
		return
	}
	d.used = true
	maps.Copy(d.memory.values, found)
}

// forget drops what a step collects, so that it can be asked anew.
func (d *answer) forget(s *step) {
	if s == nil {
		return
	}
	maps.DeleteFunc(d.memory.values, func(name string, _ value) bool {
		return slices.ContainsFunc(s.collect, func(c *slot) bool { return c.name == name })
	})
}
