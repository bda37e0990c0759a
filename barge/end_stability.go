package barge

import "time"

// stability: words that have stood for a while are what was said; while they
// still change the recogniser is behind, and so is everybody who reads it.
type stability struct{}

// settled is how long a partial must have stood to be believed.
const settled = 240 * time.Millisecond

func (stability) name() string { return "stability" }

func (stability) weigh(e *ending) opinion {
	switch {
	case e.words.text == "":
		return opinion{}
	case e.stood < settled:
		return opinion{odds: -2}
	}
	return opinion{}
}
