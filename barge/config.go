package barge

import (
	"time"

	"parley/phrase"
)

// Config holds the times of turn-taking. The zero value means the defaults,
// field by field.
type Config struct {
	// Duck after this much voiced sound.
	Duck time.Duration
	// Decide is how much speech it takes for words that claim the floor to cut;
	// other words ask for Loud or Long.
	Decide time.Duration
	// Loud cuts without words when the voice is as loud as this customer's
	// usual turns; Long cuts without words whatever the level.
	Loud, Long time.Duration
	// Murmur is how long nothing but backchannel words may go on.
	Murmur time.Duration
	// Resume after this much silence when the sound so far was nothing.
	Resume time.Duration
	// Guard at a prompt's start, during which twice the evidence is asked.
	Guard time.Duration
	// Silence until a Timeout, when Expect does not say.
	Silence time.Duration
	// Least voiced sound that makes a turn while the bot listens.
	Least time.Duration
	// Likely: a silence after words that stand, from which a turn is probably
	// over.
	Likely time.Duration
	// MaxTurn bounds a turn: a customer, or a radio, who never pauses.
	MaxTurn time.Duration
	// Pauses end a turn, by what was asked.
	Pauses Pauses
	// Tonal: the customer's language has tones, so that the pitch of the last
	// syllable says little about the end of a turn.
	Tonal bool
}

// Pauses are the silences that end a turn.
type Pauses struct {
	YesNo  time.Duration // a short confirmation
	Choice time.Duration // one of a few words
	Free   time.Duration // anything
	Paused time.Duration // dates, amounts, digits: spoken with pauses inside
	// Open is added when the words so far want a continuation ("and", 然后).
	Open time.Duration
}

func (c Config) withDefaults() Config {
	or := func(v *time.Duration, ms int) {
		if *v <= 0 {
			*v = time.Duration(ms) * time.Millisecond
		}
	}
	or(&c.Duck, 140)
	or(&c.Decide, 420)
	or(&c.Loud, 560)
	or(&c.Long, 640)
	or(&c.Murmur, 1400)
	or(&c.Resume, 200)
	or(&c.Guard, 300)
	or(&c.Silence, 5000)
	or(&c.Least, 100)
	or(&c.Likely, 180)
	or(&c.MaxTurn, 20000)
	or(&c.Pauses.YesNo, 420)
	or(&c.Pauses.Choice, 560)
	or(&c.Pauses.Free, 700)
	or(&c.Pauses.Paused, 1200)
	or(&c.Pauses.Open, 600)
	return c
}

// base is the silence that ends a turn of which only the question is known.
func (p *Pauses) base(a phrase.Answer) time.Duration {
	switch {
	case a == phrase.YesNo:
		return p.YesNo
	case a == phrase.Choice:
		return p.Choice
	case a.Paused():
		return p.Paused
	}
	return p.Free
}
