package app

import "time"

// windowMinutes is how far the figures of a trunk look back: long enough to
// have calls in it, short enough to show that a route has just died.
const windowMinutes = 15

// window sums the calls that ended in the last windowMinutes, by the minute. Its
// zero value is empty. It is pure: times are passed in.
type window struct {
	minutes [windowMinutes]windowMinute
}

type windowMinute struct {
	at                 int64 // since 1970
	attempts, answered int
	talk               time.Duration
}

// minute is the place of this moment, emptied when it was of an earlier one.
func (w *window) minute(now time.Time) *windowMinute {
	at := now.Unix() / 60
	m := &w.minutes[at%windowMinutes]
	if m.at != at {
		*m = windowMinute{at: at}
	}
	return m
}

// attempt notes that a call given to the trunk is over, and whether it was
// answered; talked, how long an answered one lasted.
func (w *window) attempt(now time.Time, answered bool) {
	m := w.minute(now)
	m.attempts++
	if answered {
		m.answered++
	}
}

func (w *window) talked(now time.Time, talk time.Duration) { w.minute(now).talk += talk }

// sum is over the window as it is at a moment.
func (w *window) sum(now time.Time) (attempts, answered int, talk time.Duration) {
	newest := now.Unix() / 60
	for _, m := range w.minutes {
		if m.at > newest-windowMinutes && m.at <= newest {
			attempts, answered, talk = attempts+m.attempts, answered+m.answered, talk+m.talk
		}
	}
	return attempts, answered, talk
}
