package sim

import (
	"time"

	"parley/outcome"
	"parley/tts"
)

// Persona is a customer of the simulated carrier: how the phone is answered,
// how the customer sounds, and what is said when something was heard.
type Persona struct {
	// Name says what the customer does, "pays on Friday".
	Name string `yaml:"persona"`
	// Number is the customer's telephone number in E.164, of a range where
	// nobody lives.
	Number   string    `yaml:"number"`
	Language string    `yaml:"language"`
	Answers  Answers   `yaml:"answers"`
	Voice    VoiceSpec `yaml:"voice"`
	Noise    Noise     `yaml:"noise"`
	// Variables are the customer's row of the sample list, by column.
	Variables map[string]string `yaml:"variables"`
	// Lines are what the customer says and does; the later in the bot's words
	// a line's cue stands, the more it counts.
	Lines []Line `yaml:"lines"`
	// Otherwise is said when the bot waits and nothing of it was understood.
	Otherwise Words `yaml:"otherwise"`
	// Expect is what a campaign should come to with this customer.
	Expect Expect `yaml:"expect"`

	file string
	ears []string // what a customer of this language may be told
}

// How says what happens when the number is called.
type How string

const (
	Talks     How = "talks"     // a person answers; the default
	Voicemail How = "voicemail" // a machine answers, greets and beeps
	Busy      How = "busy"      // 486
	Rejects   How = "rejects"   // 603
	NoAnswer  How = "no_answer" // rings until the caller gives up
	Announced How = "announced" // the network says why in 183, then refuses
	Fails     How = "fails"     // refused with Code
)

// Answers is what happens at the phone.
type Answers struct {
	How How `yaml:"how"`
	// After is how long it rings.
	After time.Duration `yaml:"after"`
	// Says is the announcement or the greeting of the voicemail.
	Says string `yaml:"says"`
	// Code is the final answer of Announced (480) and Fails.
	Code int `yaml:"code"`
	// Talk bounds a call, by the customer's own hang-up; 3 minutes by default.
	// Without media it is how long the call lasts.
	Talk time.Duration `yaml:"talk"`
}

// longestTalk is the default bound of a call.
const longestTalk = 3 * time.Minute

// VoiceSpec chooses the customer's voice.
type VoiceSpec struct {
	Engine string  `yaml:"engine"`
	Name   string  `yaml:"name"`
	Speed  float64 `yaml:"speed"`
}

func (p *Persona) voice() tts.Voice {
	return tts.Voice{Engine: p.Voice.Engine, Name: p.Voice.Name, Speed: p.Voice.Speed, Language: p.Language}
}

// Noise is what lies under the customer's voice all the time.
type Noise struct {
	Kind NoiseKind `yaml:"kind"`
	// SNR is the distance to the level of the voice.
	SNR Decibel `yaml:"snr"`
}

// NoiseKind names a noise.
type NoiseKind string

const (
	LineNoise   NoiseKind = "line"   // hiss and hum of a bad line
	PinkNoise   NoiseKind = "pink"   // a street, a fan
	BabbleNoise NoiseKind = "babble" // other people talking
)

// Line is one thing the customer does. Exactly one of Hears and During is its
// cue; Says, Keys, Silent and HangsUp are the act.
type Line struct {
	// Hears waits until the bot has stopped; any of these word sequences in
	// what was heard is the cue.
	Hears Words `yaml:"hears"`
	// During acts while the bot is still talking, once a call.
	During Words `yaml:"during"`
	// Unless: with one of these in what was heard the line does not count;
	// without, it counts more than another with the same cue. So a customer can
	// put right what the bot misunderstood.
	Unless Words `yaml:"unless"`
	// After is the pause between cue and act.
	After time.Duration `yaml:"after"`
	// Says holds what is said at the first, second … time; the last repeats.
	Says Words `yaml:"says"`
	// Keys are pressed on the telephone.
	Keys string `yaml:"keys"`
	// Silent does nothing: the customer heard it and waits.
	Silent bool `yaml:"silent"`
	// HangsUp puts the phone down, after Says if there is one.
	HangsUp bool `yaml:"hangs_up"`
}

// Expect is what the server should report of a call with this customer. Empty
// fields are not compared.
type Expect struct {
	Network    outcome.Network    `yaml:"network" json:"network,omitempty"`
	AnsweredBy outcome.AnsweredBy `yaml:"answered_by" json:"answered_by,omitempty"`
	// Disposition; several, where more than one is right.
	Disposition Words `yaml:"disposition" json:"disposition,omitempty"`
	// BargeIns is a number or ">=1".
	BargeIns Count           `yaml:"barge_ins" json:"barge_ins,omitempty"`
	Promise  *ExpectPromise  `yaml:"promise" json:"promise,omitempty"`
	Callback *ExpectCallback `yaml:"callback" json:"callback,omitempty"`
}

// ExpectPromise is what a promise to pay should hold.
type ExpectPromise struct {
	Weekday string `yaml:"weekday" json:"weekday,omitempty"` // "friday"
	Amount  string `yaml:"amount" json:"amount,omitempty"`   // "128.50 USD"
}

// ExpectCallback is when a callback should be.
type ExpectCallback struct {
	Hour *int `yaml:"hour" json:"hour,omitempty"`
}
