package probe

import (
	"slices"

	"parley/outcome"
	"parley/progress"
)

// result sums the verdicts up.
func (l *listener) result() Result {
	steps := l.steps
	if l.early != nil && isEarly(l.before, l.steps) {
		steps = l.before
	}
	r := Result{Text: l.text, BeepMS: l.beep.Milliseconds(), OnsetMS: -1, Steps: steps}
	if l.spoke {
		r.OnsetMS = l.onset.Milliseconds()
	}
	r.Step = last(steps)
	r.DecidedMS = r.AtMS
	for _, s := range slices.Backward(steps) {
		if s.Network != r.Network || s.AnsweredBy != r.AnsweredBy {
			break
		}
		r.DecidedMS = s.AtMS
	}
	if l.o.Ended != "" {
		r.join(l.o.Ended)
	}
	if r.Network == "" && r.AnsweredBy == "" && l.answered && l.o.AnsweredAt != Unknown {
		r.AnsweredBy = outcome.Unknown
	}
	return r
}

// join lets the network's cause be the second witness.
func (r *Result) join(ended outcome.Network) {
	j := progress.Join(progress.Verdict{Network: r.Network, Class: r.Class, Confidence: r.Confidence}, ended)
	r.Network, r.Confidence, r.Conflict = j.Network, j.Confidence, j.Conflict
}

// last is the verdict that counts in the end: the latest that says more than
// that there was a beep.
func last(steps []Step) Step {
	for i, s := range slices.Backward(steps) {
		if s.Class == "beep" && i > 0 && steps[i-1].AnsweredBy == s.AnsweredBy {
			continue
		}
		return s
	}
	return Step{}
}

// isEarly tells early media from the sound after an answer when nobody says
// which it is: the network's tones, music and announcements are early media,
// all else was answered.
func isEarly(before, answered []Step) bool {
	b, a := last(before), last(answered)
	switch {
	case b.Network != "":
		return a.AnsweredBy == "" || a.Network != "" || !machine(a)
	case b.Class == "":
		return false
	}
	return a.AnsweredBy == "" || !machine(a) && a.AnsweredBy != outcome.Human || a.Class == "recital"
}

// machine reports whether words or a beep, not only the length of the speech,
// say that a machine answered.
func machine(s Step) bool { return s.AnsweredBy.Machine() && s.Class != "recital" }
