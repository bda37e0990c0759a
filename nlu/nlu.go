// Package nlu is the port through which parley understands a customer's words:
// the intent among those the dialog can use now, the values spoken, and the
// mood. Classifiers live in folders below it and are built only by app.
package nlu

import (
	"context"
	"time"

	"parley/phrase"
	"parley/spoken"
)

// Candidate is an intent the dialog can use now.
type Candidate struct {
	Intent string
	// Patterns are what it may sound like, in the notation of package phrase.
	Patterns []string
	// Global: understood at every step; loses a tie against one of the step.
	Global bool
}

// Slot is a value the dialog asks for now.
type Slot struct {
	Name string
	Kind spoken.Kind
	// Digits is the exact count of a digits slot; 0 for any.
	Digits int
}

// Utterance is what the customer said and what was asked.
type Utterance struct {
	Text       string
	Language   string // "en" or "zh"
	Confidence float64
	Answer     phrase.Answer
	Candidates []Candidate
	Slots      []Slot
	// Now is the customer's present, in the customer's zone.
	Now time.Time
}

// Scored is an intent with its score from 0 to 1.
type Scored struct {
	Intent string
	Score  float64
}

// Filled is a slot that was found.
type Filled struct {
	Slot  string
	Value spoken.Value
	// Others are further readings when the words are ambiguous, at most two.
	Others []spoken.Value
}

// Mood is what the words tell of the customer's state.
type Mood struct {
	// Labels found in the words: insult, complaint, threat, hardship, sarcasm, thanks.
	Labels []string
	// Anger from 0 to 1.
	Anger float64
}

// Reading is what was understood. An empty Intent with no slots means nothing
// was.
type Reading struct {
	Intent     string
	Confidence float64
	// Margin is the distance to the next best intent; small means confirm.
	Margin  float64
	Ranked  []Scored
	Slots   []Filled
	YesNo   *bool
	Mood    Mood
	Matched string // the pattern or word that decided, for the trace
}

// Classifier understands. It is safe for concurrent use and answers in about a
// millisecond; slower ones watch ctx.
type Classifier interface {
	Classify(ctx context.Context, u Utterance) (Reading, error)
}
