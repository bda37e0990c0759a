// Package dialog is the port to whatever decides what the bot says next: a
// flow graph, a language model, a merchant's own brain. It also defines what a
// conversation comes to.
package dialog

import (
	"context"
	"time"

	"parley/asr"
	"parley/barge"
	"parley/nlu"
	"parley/outcome"
	"parley/spoken"
	"parley/tts"
)

// TurnKind says what happened that the policy must answer.
type TurnKind string

const (
	// Start: somebody is there; the conversation begins.
	Start TurnKind = "start"
	// Said: the customer's turn ended with these words.
	Said TurnKind = "said"
	// Keyed: the customer pressed keys.
	Keyed TurnKind = "keyed"
	// Quiet: nothing was said within the step's silence time.
	Quiet TurnKind = "quiet"
	// Unclear: somebody spoke and nothing expected was recognised.
	Unclear TurnKind = "unclear"
	// Machine: a machine answered, see AnsweredBy.
	Machine TurnKind = "machine"
	// Beep: the machine now records; a message may be left once.
	Beep TurnKind = "beep"
	// Trouble: a part of ours failed; say the fallback line and end politely.
	Trouble TurnKind = "trouble"
	// NoAgent: the last step's Transfer could not be served.
	NoAgent TurnKind = "no_agent"
	// HandedOver: the party was transferred, by the last step's Transfer or by an
	// operator. Nothing more can be said; the answer is the outcome.
	HandedOver TurnKind = "handed_over"
)

// Turn is one thing that happened on the customer's side.
type Turn struct {
	Kind       TurnKind
	Text       string
	Confidence float64
	Keys       string
	AnsweredBy outcome.AnsweredBy
	// Interrupted: it began while the bot spoke and stopped the bot.
	Interrupted bool
	// Heard is what the customer heard of the bot's last prompts.
	Heard string
	// Aside: it was said while the party is being handed on. Nothing of the
	// answer is spoken; only its facts count, whatever comes of the transfer.
	Aside bool
	// Now is the customer's present, in the customer's zone.
	Now time.Time
}

// Segment is a piece of a prompt: fixed text is the same in every call of the
// campaign, other text holds personal data and is forgotten with the call.
type Segment = tts.Segment

// Prompt is what the bot says in one go.
type Prompt struct {
	Segments []Segment
	Mode     barge.Mode
	Hotwords []string
	// Disclosure names the required text this prompt is ("ai", "recording",
	// "debt"); its offset in the call is kept.
	Disclosure string
}

// Text is the whole prompt as it is read.
func (p Prompt) Text() string {
	var text string
	for _, s := range p.Segments {
		text += s.Text
	}
	return text
}

// FactKind names something that must be durable before the bot's next word.
type FactKind string

const (
	FactOptOut       FactKind = "opt_out"
	FactDispute      FactKind = "dispute"
	FactWrongNumber  FactKind = "wrong_number"
	FactThirdParty   FactKind = "third_party"
	FactPromise      FactKind = "promise"
	FactPaymentClaim FactKind = "payment_claim"
)

// Fact is committed when it happens, not when the call ends.
type Fact struct {
	Kind FactKind
	// Promise is set for FactPromise.
	Promise *Promise
	// Text is the customer's own words.
	Text string
}

// Expect is what the bot listens for after its prompts.
type Expect struct {
	asr.Expectation
	// Silence after the prompt until a Quiet turn; 0 for the default.
	Silence time.Duration
}

// Step is the policy's answer to a turn.
type Step struct {
	// Prompts are spoken in order. Empty with Expect set: listen on.
	Prompts []Prompt
	Expect  Expect
	Facts   []Fact
	// End hangs up after the prompts. Transfer names the queue to hand over
	// to after the prompts; when nobody there can take the call, the policy is
	// asked again with a NoAgent turn.
	End      bool
	Transfer string
	// Node is where the dialog now stands, for the trace.
	Node string
	// Reading is what the policy understood of the turn, for the transcript.
	Reading nlu.Reading
}

// Promise is a promise to pay.
type Promise struct {
	Date     time.Time
	Amount   spoken.Money
	Method   string
	ReadBack bool
}

// Outcome is what the conversation came to so far.
type Outcome struct {
	Disposition outcome.Disposition
	Promise     *Promise
	// Callback is when the customer asked to be called.
	Callback *time.Time
	// Slots are the values collected, by name, as they are written in JSON.
	Slots map[string]any
}

// State belongs to one conversation. Only the policy's goroutine touches it.
type State struct {
	Language string
	// Variables of the contact, by name, as the list gave them.
	Variables map[string]string
	Outcome   Outcome
	Turns     int
	// Memory is the policy's own.
	Memory any
}

// Voiced is a policy that knows beforehand who speaks and what is fixed.
type Voiced interface {
	Voice() tts.Voice
	// Fixed are all fixed prompt segments, for synthesis before the campaign.
	Fixed() []string
}

// Filling is a policy that has words for a silence while its answer, or the sound
// of it, is not ready: "one moment, please".
type Filling interface {
	// Fillers are fixed texts, said in turn; none means silence.
	Fillers() []string
}

// Foreseeing is a policy whose Next has no effect but on the state, so that it may
// be asked before a turn has ended and its answer thrown away.
type Foreseeing interface {
	// Fork is a copy of the state: what Next does to one shows in no other.
	Fork(s *State) *State
	// Same reports whether the answer to the turn that was foreseen, of the same
	// words, is the answer to the final one.
	Same(foreseen, final Turn) bool
}

// Policy decides what the bot does next. Next may wait for a model, bounded by
// ctx; an error means Trouble and is answered by the session's fallback line.
// When ctx is cancelled before the step is made, because the customer speaks on,
// Next returns soon, with an error and the state as it was: the words come again
// with the next turn.
// A policy is shared by many calls; all that belongs to one is in State.
type Policy interface {
	Voiced
	// Open prepares a conversation's state; it fails when a variable that the
	// policy needs is missing, before anything is dialled.
	Open(language string, variables map[string]string) (*State, error)
	Next(ctx context.Context, s *State, t Turn) (Step, error)
}
