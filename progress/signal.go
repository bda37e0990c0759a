// Package progress decides what answered: the tones and announcements of early
// media, and in the first seconds after the answer a human, a voicemail, a
// menu, a call screener, an assistant or a fax. It is pure: signals with their
// time go in, typed and timed verdicts come out.
package progress

import (
	"time"

	"parley/outcome"
)

// Kind says which fields of a Signal are set.
type Kind uint8

const (
	// Sound is one tick of the far side: Speech, and Tone when one was found.
	Sound Kind = iota
	// Words came from the recogniser: Text, Final.
	Words
	// Answered: the network said so; early media is over.
	Answered
	// Talk: the conversation began; what is said from here on answers the bot.
	Talk
	// Own: the speech heard last was the bot's own, sent back.
	Own
)

// Tone is a signalling tone that was found to have its cadence. It is told
// once for each time it sounds, in the tick in which that is certain.
type Tone uint8

const (
	NoTone Tone = iota
	Ringback
	Busy
	Congestion
	SIT
	// Beep is told when it has ended: from then on a machine records.
	Beep
	// Fax is the calling or answering tone of a machine (ITU-T T.30).
	Fax
	// The SIT with its reason.
	SITIntercept
	SITVacant
	SITReorder
	SITNoCircuit
	// Unobtainable is a steady tone: there is no such number.
	Unobtainable
)

// Signal is one thing that happened, or one tick of sound.
type Signal struct {
	Kind Kind
	// At is the start of the frame or of the tick of the event.
	At     time.Duration
	Speech bool
	Tone   Tone
	Text   string
	Final  bool
	// Confidence of the recogniser in Text, 0 to 1. Half is where it would
	// reject a final; what is said on the way there needs more, and so does a
	// reason of the network.
	Confidence float64
}

// Verdict is what is known about the far side, as soon as it is known. A later
// verdict corrects an earlier one.
type Verdict struct {
	// Network is set by tones and announcements of the network; empty for
	// what says nothing about the attempt's result (ringback, "connecting").
	Network outcome.Network
	// AnsweredBy is set for what answered; empty before the answer.
	AnsweredBy outcome.AnsweredBy
	// Class is the finer reason: "empty", "power_off", "voicemail_full",
	// "ivr_menu", "greeting", "ringback", …
	Class string
	// Country whose plan a tone follows, "CN", "US", …; empty where several do.
	Country string
	// Confidence from 0 to 1.
	Confidence float64
	// At is when it was decided, on the clock of the frames.
	At time.Duration
}

// Final reports whether the verdict ends the attempt before a conversation:
// the network's result is known and nobody will come to the phone.
func (v Verdict) Final() bool { return v.Network != "" && v.Network != outcome.Answered }
