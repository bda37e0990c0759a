package barge

import (
	"time"

	"parley/phrase"
)

// length: an open question is seldom answered in half a second; who stops so
// early has just begun ("I think…", 我想…, the first digit).
type length struct{}

const (
	// beginning and phraseLong are spans of speech that are hardly, and not
	// yet surely, a whole answer.
	beginning  = 500 * time.Millisecond
	phraseLong = 900 * time.Millisecond
)

func (length) name() string { return "length" }

func (length) weigh(e *ending) opinion {
	a := e.answerNow()
	switch {
	case a == "" || a == phrase.YesNo || a == phrase.Choice || e.words.full || e.words.kind == stop:
	case e.span < beginning:
		return opinion{odds: -4}
	case e.span < phraseLong:
		return opinion{odds: -2}
	}
	return opinion{}
}
