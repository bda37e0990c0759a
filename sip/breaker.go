package sip

import "time"

// Breaker says whether a trunk gets calls, as far as its failures go.
type Breaker string

// The states of a trunk's breaker.
const (
	BreakerClosed   Breaker = "closed"    // calls go there
	BreakerOpen     Breaker = "open"      // its calls kept failing: none go there
	BreakerHalfOpen Breaker = "half_open" // one call may find out whether it works again
	BreakerResting  Breaker = "resting"   // it asked for a rest (503 with Retry-After)
)

// Breakers lists every state.
var Breakers = []Breaker{BreakerClosed, BreakerOpen, BreakerHalfOpen, BreakerResting}

// breaker is the state in a word.
func (h *health) breaker(now time.Time) Breaker {
	switch {
	case now.Before(h.until) && h.asked:
		return BreakerResting
	case now.Before(h.until):
		return BreakerOpen
	case h.pause > 0:
		return BreakerHalfOpen
	}
	return BreakerClosed
}
