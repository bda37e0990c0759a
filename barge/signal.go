// Package barge decides who has the floor: when the customer talks over the
// bot, whether that is meant to stop it, and when a turn of the customer is
// over. It is pure: signals with their time go in, one decision comes out, and
// the same signals give the same decisions in a live call, an evaluation and a
// replay.
package barge

import (
	"time"

	"parley/phrase"
)

// Kind says which fields of a Signal are set.
type Kind uint8

// Sound comes once a tick and is the only kind that is answered by a decision
// other than Hold; the others change what the next Sound is judged by.
const (
	// Sound is one tick of the customer's side: Voice, Level, Pitch, Echo.
	Sound Kind = iota
	// Words came from the recogniser: Text, Final, Rejected, Confidence.
	Words
	// Key: the customer pressed a key.
	Key
	// PromptStart: a prompt's first frame goes out with the next tick: Prompt.
	PromptStart
	// PromptEnd: its last frame is out, or it was cut.
	PromptEnd
	// Expect: what the bot listens for: Answer, Digits, Silence.
	Expect
)

// Prompt is what the bot is saying.
type Prompt struct {
	// Mode: empty is Always.
	Mode     Mode
	Hotwords []string
	// Text is what is being said; the recogniser hearing it back is echo.
	Text string
	// Guard raises the bar at the prompt's start; 0 for the default.
	Guard time.Duration
}

// Signal is one thing that happened, or one tick of sound. Values are whole
// numbers so that a written log replays to the very same decisions.
type Signal struct {
	Kind Kind
	// At is the start of the frame, or of the tick in which the event came.
	// It never runs backwards.
	At time.Duration

	// Voice is the chance in percent that this frame holds speech.
	Voice int
	// Level of the frame in dB over the noise floor.
	Level int
	// Pitch of the frame in quarter semitones over 50 Hz; 0 for unvoiced.
	Pitch int
	// Echo: what was heard is explained by what the bot is saying.
	Echo bool
	// Learnt: with this frame it became known that there is an echo at all;
	// what was heard just before was it.
	Learnt bool

	// Text is the recogniser's view of the whole utterance so far.
	Text       string
	Final      bool
	Rejected   bool
	Confidence float64

	Prompt Prompt

	Answer phrase.Answer
	// Digits is how many digits were asked for; 0 for any number of them.
	Digits  int
	Silence time.Duration
}

// Decision is what to do with the floor.
type Decision uint8

const (
	// Hold: leave everything as it is.
	Hold Decision = iota
	// Duck: lower the prompt, the customer may want the floor.
	Duck
	// Resume: raise it again, it was nothing.
	Resume
	// Cut: stop the prompt in this very frame.
	Cut
	// TurnEnd: the customer's turn is over; answer it.
	TurnEnd
	// Timeout: nothing was said for the time that was given.
	Timeout
)

var decisionNames = [...]string{"hold", "duck", "resume", "cut", "turn_end", "timeout"}

func (d Decision) String() string {
	if int(d) < len(decisionNames) {
		return decisionNames[d]
	}
	return "unknown"
}
