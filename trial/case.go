// Package trial measures turn-taking on labelled sound. It builds cases from
// any speech, replays them through the ear that live calls run, beside a plain
// rule on the same detector, and scores both.
//
//	cases.jsonl ─► compose ─► ear ─► decisions ─► score ─► table, curves
//	               ▲   ▲       │
//	 echo of what ─┘   └ loss  └► recogniser, its words at their simulated time
//	 was played
package trial

import (
	"parley/asr"
	"parley/barge"
	"parley/tts"
)

// Kind says what a case asks of the turn-taker.
type Kind string

// The kinds of a case.
const (
	// Interruption: speech over a prompt that is meant to stop it.
	Interruption Kind = "interruption"
	// Backchannel: speech over a prompt that only shows that one listens.
	Backchannel Kind = "backchannel"
	// Nothing: a prompt over noise or its own echo; nobody speaks.
	Nothing Kind = "nothing"
	// Far: a second voice far from the telephone while a prompt plays.
	Far Kind = "far"
	// Turn: an answer after a question, with or without pauses inside.
	Turn Kind = "turn"
)

// Where sound comes from; rows of a report never mix the two.
const (
	Human     = "human"
	Synthetic = "synthetic"
)

// The two parts. Thresholds are tuned on Dev alone; voices, sentences and
// noises of Test are in none of them.
const (
	Dev  = "dev"
	Test = "test"
)

// Span is a stretch of time in milliseconds.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Case is one labelled scene of seconds, on one clock in milliseconds. It is a
// recipe: the same case is composed to the same samples every time. With a
// Recording the sound is that file and the recipe's own sounds are empty.
type Case struct {
	ID       string `json:"id"`
	Kind     Kind   `json:"kind"`
	Language string `json:"language"`
	Part     string `json:"part"`
	// Condition names the row of the report: "20 dB", "ERL 12 dB" and so on.
	Condition string `json:"condition"`
	// Origin of the customer's voice; for Nothing of the prompt's.
	Origin string `json:"origin"`
	Voice  string `json:"voice,omitempty"`
	Seed   uint64 `json:"seed"`
	// Length of the whole scene.
	Length int `json:"length"`
	// Question names the entry of questions.json that says what is expected.
	Question string `json:"question,omitempty"`

	Prompts  []Prompt `json:"prompts,omitempty"`
	Customer []Placed `json:"customer,omitempty"`
	// Speech are the customer's voiced stretches; silence between two of them
	// is a pause inside the turn.
	Speech []Span `json:"speech,omitempty"`
	// Said is what the stretches say.
	Said string `json:"said,omitempty"`

	Noise *Noise  `json:"noise,omitempty"`
	Echo  *Echo   `json:"echo,omitempty"`
	Loss  float64 `json:"loss,omitempty"` // share of packets, in bursts
	// Recording is a stereo file, the customer left and the bot right.
	Recording string `json:"recording,omitempty"`
}

// Prompt is what the bot says at a time, unless it was stopped.
type Prompt struct {
	// Sound is a file of the folder; empty with a Recording, where To ends it.
	Sound string     `json:"sound,omitempty"`
	At    int        `json:"at"`
	To    int        `json:"to,omitempty"`
	Text  string     `json:"text,omitempty"`
	Mode  barge.Mode `json:"mode,omitempty"`
}

// Placed is a sound, or a part of one, on the customer's side.
type Placed struct {
	Sound string `json:"sound"`
	At    int    `json:"at"`
	// From and To cut a part out of the file, in its own milliseconds; To 0 is
	// its end.
	From int     `json:"from,omitempty"`
	To   int     `json:"to,omitempty"`
	Gain float64 `json:"gain,omitempty"` // dB
	// Far puts the voice at the other end of a room.
	Far bool `json:"far,omitempty"`
}

// Noise around the customer.
type Noise struct {
	// Kind is white, pink, babble, canteen, street, music, clicks, knocks,
	// coughs or file; babble, canteen and file are made of Sounds.
	Kind   string   `json:"kind"`
	Sounds []string `json:"sounds,omitempty"`
	// Level is the power while it sounds, in dB of full scale.
	Level float64 `json:"level"`
	// SNR is that level under the customer's speech; a label.
	SNR float64 `json:"snr,omitempty"`
}

// Echo is how our own sound comes back.
type Echo struct {
	// Kind is line (a hybrid) or speakerphone (a room and a small loudspeaker).
	Kind string `json:"kind"`
	// ERL is by how much its active level is below what we send, in dB.
	ERL float64 `json:"erl"`
	// Delay of its first sound in ms, beside the tick that everything takes.
	Delay int `json:"delay"`
	// Room is the reverberation time of a speakerphone's room in ms.
	Room int `json:"room,omitempty"`
}

// Sound describes a source file of a folder.
type Sound struct {
	File     string `json:"file"`
	Origin   string `json:"origin"`
	Language string `json:"language,omitempty"`
	Voice    string `json:"voice,omitempty"`
	Text     string `json:"text,omitempty"`
	// Speech are its voiced stretches, pauses of 200 ms and more between them.
	Speech []Span `json:"speech"`
	// Level while it sounds, in dB of full scale.
	Level float64 `json:"level"`
	// Marks are the synthesiser's own, by which a live call knows what was
	// heard; Words are where a recogniser that was given the text found its
	// words in the sound, the truth for them. A sound in which it did not find
	// them all has none.
	Marks []tts.Mark `json:"marks,omitempty"`
	Words []asr.Word `json:"words,omitempty"`
}
