package barge

import (
	"time"

	"parley/phrase"
)

// quickDigit is how fast digits are said; more of them than fit the time were
// never spoken.
const quickDigit = 250 * time.Millisecond

// asked: what the flow expects. A yes or a no ends soon, dates and numbers are
// spoken with pauses inside, and digits are over when as many came as were
// asked for.
type asked struct{}

func (asked) name() string { return "asked" }

func (asked) weigh(e *ending) opinion {
	a := e.answerNow()
	p := e.pauses
	switch {
	case a == phrase.YesNo && (e.words.form != open || e.words.full):
		// Also before its words come: the recogniser is slower than "yes".
		return opinion{odds: 4, most: p.YesNo * 8 / 7}
	case a == phrase.Digits && e.digits > 0 && e.words.digits == e.digits && e.span >= time.Duration(e.digits)*quickDigit:
		return opinion{odds: 6, most: max(p.YesNo, p.Paused*2/5)}
	case a == phrase.Digits && e.digits > e.words.digits && e.words.digits > 0:
		return opinion{odds: -4, least: p.Paused * 4 / 3}
	case a.Paused():
		return opinion{least: p.Paused, most: p.Paused * 4 / 3}
	case e.words.full:
		return opinion{odds: 3}
	}
	return opinion{}
}
