package barge

import "parley/phrase"

// asked: what the flow expects. A yes or a no ends soon, dates and numbers are
// spoken with pauses inside, and digits are over when as many came as were
// asked for.
type asked struct{}

func (asked) name() string { return "asked" }

func (asked) weigh(e *ending) opinion {
	a := e.answerNow()
	switch {
	case a == phrase.YesNo && e.words.form != open:
		// Also before its words come: the recogniser is slower than "yes".
		return opinion{odds: 2, most: e.pauses.YesNo}
	case a == phrase.YesNo && e.words.full:
		return opinion{odds: 4, most: e.pauses.YesNo}
	case a == phrase.Digits && e.digits > 0 && e.words.digits >= e.digits:
		return opinion{odds: 6, most: max(e.pauses.YesNo, e.pauses.Paused*2/5)}
	case a == phrase.Digits && e.digits > 0 && e.words.digits > 0:
		return opinion{odds: -4, least: e.pauses.Paused * 4 / 3}
	case a.Paused():
		return opinion{least: e.pauses.Paused, most: e.pauses.Paused + e.pauses.Open/2}
	case e.words.full:
		return opinion{odds: 3}
	}
	return opinion{}
}
