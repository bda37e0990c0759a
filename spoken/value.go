// Package spoken turns values into the words people say for them and the words
// back into values, in English and Chinese. Both directions live in one room
// because each is the other's test.
package spoken

import "time"

// Kind is a kind of value.
type Kind string

const (
	KindDate     Kind = "date"
	KindTime     Kind = "time"
	KindDateTime Kind = "datetime"
	KindDuration Kind = "duration"
	KindAmount   Kind = "amount"
	KindNumber   Kind = "number"
	KindDigits   Kind = "digits"
	KindYesNo    Kind = "yes_no"
)

// Money is an amount in the currency's minor unit (cents, 分).
type Money struct {
	Minor    int64
	Currency string // ISO 4217; "" when not said
}

// Value is one reading of a stretch of speech. Exactly the field of its kind
// is set.
type Value struct {
	Kind Kind
	// At is a date (midnight in the asked zone), a time or both.
	At       time.Time
	Duration time.Duration
	Money    Money
	Number   float64
	Digits   string
	Yes      bool
	// Precision is what was said: "day", "week", "month", "hour", "minute",
	// "exact", "about".
	Precision string
	// Ambiguous: other readings of the same words are as likely; they follow
	// as further values over the same text.
	Ambiguous bool
	// Text is the words it was read from; Start and End are byte offsets.
	Text       string
	Start, End int
}
