package barge

import (
	"time"

	"parley/phrase"
)

// ending is a silence inside an utterance that may be the turn's end: all that
// the strategies look at.
type ending struct {
	pauses *Pauses
	// answer and digits are what was asked; 0 digits when their number is open.
	answer phrase.Answer
	digits int
	words  words
	// stood is how long the words have not changed, span how long the customer
	// has spoken, pauses included.
	stood, span time.Duration
	// tail is how the last sounds before the silence went; pace how long this
	// customer pauses inside a turn.
	tail tail
	pace *pace
}

// opinion is what one strategy makes of an ending.
type opinion struct {
	// odds that the turn is over, in decibans (tenths of the logarithm of the
	// odds; Turing's unit of evidence): 3 make the end twice as likely, -3 half.
	odds int
	// least and most bound the budget; 0 for no bound.
	least, most time.Duration
}

// strategy is one way to tell a pause from an end. It holds nothing.
type strategy interface {
	name() string
	weigh(e *ending) opinion
}

// strategies in the order in which their bounds are applied: a later one wins.
var strategies = [...]strategy{stability{}, contour{}, length{}, syntax{}, asked{}}

// base is the silence that ends a turn of which nothing else is known.
const base = "silence"

// budget is the silence that ends the turn, and the name of the strategy that
// had most to do with it.
//
// The pauses inside people's turns have about an exponential distribution
// (Ferrer, Shriberg and Stolcke, 2003; Raux and Eskenazi, 2008), so the silence
// after which the chance of cutting somebody off has fallen to a given risk is
// the mean pause times the logarithm of the odds: every deciban of evidence is
// worth the same milliseconds, more of them with a customer of long pauses.
func (e *ending) budget() (wait time.Duration, by string) {
	wait = e.pace.stretch(e.pauses.base(e.answerNow()))
	by = base
	var sum, strongest int
	var bounds [len(strategies)]opinion
	for i, s := range &strategies {
		o := s.weigh(e)
		bounds[i] = o
		sum += o.odds
		if size := max(o.odds, -o.odds); size > strongest {
			strongest, by = size, s.name()
		}
	}
	// With the evidence it is between a half and twice of the base.
	shift := time.Duration(-int64(sum) * int64(e.pace.deciban()) * int64(e.pauses.Free) / int64(usualFree))
	wait += max(-wait/2, min(shift, wait))
	for i, o := range &bounds {
		if o.least > 0 && wait < o.least {
			wait, by = o.least, strategies[i].name()
		}
		if o.most > 0 && wait > o.most {
			wait, by = o.most, strategies[i].name()
		}
	}
	return max(time.Duration(int64(shortest)*int64(e.pauses.Free)/int64(usualFree)), wait), by
}

// answerNow is what is being said: an answer to a yes/no question that has
// become a story is free talk.
func (e *ending) answerNow() phrase.Answer {
	if e.answer == phrase.YesNo && e.span > longYesNo && !e.words.full {
		return phrase.Free
	}
	return e.answer
}

// longYesNo is how long a yes or a no takes at most, with its "um" and "please".
const longYesNo = 1600 * time.Millisecond

// usualFree is the silence that ends free talk where nobody configured another:
// who wants longer ones wants evidence to count for more as well.
const usualFree = 700 * time.Millisecond

// shortest is the least silence that ends any turn: below it lie the stops
// inside words.
const shortest = 360 * time.Millisecond
