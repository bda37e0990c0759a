package barge

import (
	"time"

	"parley/phrase"
)

// late is the doubt about an utterance that was let go during a prompt: its
// final may still show that it was meant.
type late struct {
	until time.Duration // finals are believed until then
	words bool          // it was meant, the words are known: cut
	reply bool          // it answers the prompt, should that end soon
	turn  bool          // end the turn, not before at
	at    time.Duration
	known bool // the TurnEnd just given has its words already
}

// lateWords is how long after letting go a final may still stop the prompt.
const lateWords = 1500 * time.Millisecond

// early is how long before a prompt's end an answer may have been given.
const early = 800 * time.Millisecond

// replied ends the turn of who answered over the prompt's last words, unless
// they speak again or the next prompt of the step begins.
func (d *Detector) replied() {
	meant := d.late.words || d.late.reply && d.now-d.lapsedAt <= early
	d.late.words, d.late.reply = false, false
	if meant && !d.u.open {
		d.late.turn, d.late.at = true, d.now+settle
	}
}

// sure reports whether the words of a short utterance are worth a stop: a
// grammar finds one of its phrases in every "mm", so they must claim the floor
// outright, and the recogniser must stand by them where it says how far it does.
func sure(meant evidence, confidence float64) bool {
	return meant == stop && (confidence <= 0 || confidence >= certain)
}

// certain is the confidence from which a short word is taken as heard.
const certain = 0.8

// final takes the words of an utterance that was let go while in doubt. One
// that closed with a TurnEnd needs nothing more from here.
func (d *Detector) final(s Signal) {
	inTime := d.now < d.late.until
	d.late.until = 0
	if !inTime || s.Rejected {
		return
	}
	meant := judge(s.Text, d.prompt, d.playing)
	answers := meant >= content || meant == murmur && d.answer == phrase.YesNo
	switch {
	case d.playing && d.cuts(meant, s.Text) && (d.lapsed >= d.c.Loud || sure(meant, s.Confidence)):
		d.late.words = true
	case d.playing:
		d.late.reply = answers
	case answers && d.endedAt-d.lapsedAt <= early:
		d.late.turn, d.late.at = true, d.now
	}
}
