package barge

// syntax: a sentence that wants to go on ("and", 然后, 那个…) is waited for, one
// that is closed ("please", 了, 吗) is not.
type syntax struct{}

func (syntax) name() string { return "syntax" }

func (syntax) weigh(e *ending) opinion {
	a := e.answerNow()
	switch e.words.form {
	case open:
		// A lone "mm" answers a yes/no question; anywhere else it opens a sentence.
		if e.words.full {
			return opinion{}
		}
		return opinion{odds: -6, least: e.pauses.base(a) + e.pauses.Open}
	case closed:
		return opinion{odds: 2}
	}
	return opinion{}
}
