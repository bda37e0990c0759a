package phrase

// Answer is the kind of answer a question asks for. It tells the recogniser
// what to compile, the turn-taker how long to wait, and the understanding what
// to look for.
type Answer string

const (
	// Free: anything; the default.
	Free Answer = "free"
	// YesNo: a short confirmation; the turn ends soon after it.
	YesNo Answer = "yes_no"
	// Choice: one of a few words.
	Choice Answer = "choice"
	// Date, Time, Amount, Number and Digits are spoken with pauses inside.
	Date   Answer = "date"
	Time   Answer = "time"
	Amount Answer = "amount"
	Number Answer = "number"
	Digits Answer = "digits"
)

// Paused reports whether people pause inside such an answer, so that silence
// alone must not end it early.
func (a Answer) Paused() bool {
	switch a {
	case Date, Time, Amount, Number, Digits:
		return true
	}
	return false
}
