package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/nlu"
	"parley/nlu/keyword"
	"parley/phrase"
	"parley/spoken"
)

// least is the score under which an intent counts as not understood.
const least = 0.4

// branches are what is understood now, the step's own first.
func (d *answer) branches() []*branch {
	if d.memory.at == nil {
		return nil
	}
	return d.flow.listening(d.memory.at, d.memory.verified)
}

// slots are the values that may be said now.
func (d *answer) slots() []*slot {
	if d.memory.at == nil || d.memory.stage == doubting {
		return nil
	}
	return d.memory.at.collect
}

// classify asks the classifier about this turn's words.
func (d *answer) classify(branches []*branch, slots []*slot) (nlu.Reading, error) {
	u := nlu.Utterance{
		Text: d.turn.Text, Language: d.flow.Language, Confidence: d.turn.Confidence, Now: d.turn.Now,
		Answer: d.awaits(),
	}
	u.Candidates = d.policy.candidates(d.memory.at, branches, d.confirms())
	for _, s := range slots {
		if s.kind != kindText {
			u.Slots = append(u.Slots, s.asked())
		}
	}
	r, err := d.policy.classifier.Classify(d.ctx, u)
	if err != nil {
		return r, fmt.Errorf("understand the customer: %w", err)
	}
	return r, nil
}

// confirms reports whether yes and no are answers now.
func (d *answer) confirms() bool {
	return d.memory.stage == confirming || d.memory.stage == doubting
}

// candidates are the branches as a classifier takes them: with the flow's own
// examples. Classifiers know the built-in ones themselves.
func (p *Policy) candidates(at *step, branches []*branch, confirms bool) []nlu.Candidate {
	var all []nlu.Candidate
	add := func(intent string, global bool) {
		all = append(all, nlu.Candidate{Intent: intent, Patterns: p.flow.understand[intent], Global: global})
	}
	for _, b := range branches {
		add(b.intent, at == nil || find(at.expect, b.intent) == nil)
	}
	for _, intent := range []string{"yes", "no"} {
		if confirms && find(branches, intent) == nil {
			add(intent, false)
		}
	}
	return all
}

// patterns are what an intent may sound like: the flow's examples, then the
// built-in ones.
func (f *Flow) patterns(intent string) []string {
	return slices.Concat(f.understand[intent], keyword.Builtin(f.Language)[intent])
}

// chosen is the branch that the reading asks for; nil when none is.
func (d *answer) chosen(branches []*branch, r nlu.Reading) *branch {
	intent := r.Intent
	if r.Confidence < least {
		intent = ""
	}
	if b := find(branches, intent); b != nil {
		return b
	}
	if r.YesNo != nil && *r.YesNo {
		return find(branches, "yes")
	}
	if r.YesNo != nil {
		return find(branches, "no")
	}
	return nil
}

// fill takes the values of a reading that fit their slots. It also reports
// whether a value was said that fits in none of its readings.
func (d *answer) fill(r nlu.Reading) (map[string]value, bool) {
	found, outside := map[string]value{}, false
	for _, f := range r.Slots {
		s := d.slotNamed(f.Slot)
		if s == nil {
			continue
		}
		if _, filled := found[s.name]; filled {
			continue
		}
		v, fits := d.best(s, append([]spoken.Value{f.Value}, f.Others...))
		if fits {
			found[s.name] = v
		}
		outside = outside || !fits
	}
	return found, outside && len(found) == 0
}

// The hours in which somebody who says "at six" may mean to be called.
const firstHour, lastHour = 8, 21

// best is the first reading that fits the slot; for a moment the first by day.
func (d *answer) best(s *slot, readings []spoken.Value) (value, bool) {
	var first value
	fitting := false
	for _, reading := range readings {
		v, fits := d.read(s, reading)
		if !fits {
			continue
		}
		if s.kind != kindTime || v.at.Hour() >= firstHour && v.at.Hour() < lastHour {
			return v, true
		}
		if !fitting {
			first, fitting = v, true
		}
	}
	return first, fitting
}

func (d *answer) slotNamed(name string) *slot {
	if d.memory.at == nil {
		return nil
	}
	for _, s := range d.memory.at.collect {
		if s.name == name {
			return s
		}
	}
	return nil
}

// moment is when the customer wants something to happen: a time of day that
// has passed is tomorrow's, a day alone is meant at ten in the morning.
func (d *answer) moment(v spoken.Value) time.Time {
	now := d.turn.Now
	switch v.Kind {
	case spoken.KindDuration:
		return now.Add(v.Duration).Truncate(time.Minute)
	case spoken.KindDate:
		return midnight(v.At, now).Add(10 * time.Hour)
	case spoken.KindTime:
		at := time.Date(now.Year(), now.Month(), now.Day(), v.At.Hour(), v.At.Minute(), 0, 0, now.Location())
		if at.Before(now) {
			at = at.AddDate(0, 0, 1)
		}
		return at
	}
	return v.At
}

// awaits is the kind of answer that is awaited.
func (d *answer) awaits() phrase.Answer {
	m := d.memory
	if m.at == nil || m.stage == beeping || m.stage == screened || m.stage == transferring {
		return phrase.Free
	}
	if d.confirms() {
		return phrase.YesNo
	}
	if s := d.missing(); s != nil {
		return s.answer()
	}
	if len(m.at.collect) > 0 {
		return m.at.collect[0].answer()
	}
	if find(m.at.expect, "yes") != nil {
		return phrase.YesNo
	}
	return phrase.Free
}

// ear is all that decides what is listened for.
type ear struct {
	step     string
	stage    stage
	verified bool
	answer   phrase.Answer
}

// awaited is an expectation and the day it was made for: which dates can be
// meant changes with it.
type awaited struct {
	asr.Expectation
	day string
}

// expect is what the recogniser is told to expect now.
func (d *answer) expect() dialog.Expect {
	m := d.memory
	e := dialog.Expect{Silence: d.silence().after}
	switch m.stage {
	case beeping:
		e.Silence = machineSilence
		return e
	case screened:
		e.Silence = machineSilence
		e.Expectation = d.policy.expectation(listening{branches: behindScreener, answer: phrase.Free})
		return e
	}
	if m.at == nil {
		return e
	}
	key := ear{m.at.name, m.stage, m.verified, d.awaits()}
	day := d.turn.Now.Format(time.DateOnly)
	if known, ok := d.policy.expectations.Load(key); ok && known.(awaited).day == day {
		e.Expectation = known.(awaited).Expectation
		return e
	}
	e.Expectation = d.policy.expectation(listening{
		at: m.at, branches: d.branches(), slots: d.slots(), confirms: d.confirms(), answer: key.answer, now: d.turn.Now,
	})
	d.policy.expectations.Store(key, awaited{e.Expectation, day})
	return e
}

// listening is what an expectation is made of.
type listening struct {
	at       *step
	branches []*branch
	slots    []*slot
	confirms bool
	answer   phrase.Answer
	now      time.Time
}

func (p *Policy) expectation(l listening) asr.Expectation {
	e := asr.Expectation{Answer: l.answer}
	seen := map[string]bool{}
	add := func(patterns ...string) {
		for _, text := range patterns {
			if !seen[text] {
				seen[text] = true
				e.Phrases = append(e.Phrases, text)
			}
		}
	}
	for _, s := range l.slots {
		add(s.patterns(p.flow.Language, l.now)...)
	}
	for _, c := range p.candidates(l.at, l.branches, l.confirms) {
		add(p.flow.patterns(c.Intent)...)
	}
	if l.at != nil {
		add(keyword.Listening(p.flow.Language)...)
		if p.flow.angry != nil {
			add(p.flow.patterns("angry")...)
		}
	}
	sum := sha256.Sum256([]byte(string(l.answer) + "\n" + strings.Join(e.Phrases, "\n")))
	e.ID = p.flow.Name + "." + hex.EncodeToString(sum[:8])
	return e
}

func (d *answer) silence() retry {
	if d.memory.at != nil && d.memory.at.silence != nil {
		return *d.memory.at.silence
	}
	return d.flow.silence
}
