package sip

import "time"

// alarm is a timer that may be off; its zero value is. One goroutine owns it.
type alarm struct{ timer *time.Timer }

// C never delivers while the alarm is off.
func (a *alarm) C() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

// set starts it anew; 0 turns it off.
func (a *alarm) set(d time.Duration) {
	a.stop()
	if d > 0 {
		a.timer = time.NewTimer(d)
	}
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}
