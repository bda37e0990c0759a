package call

import "time"

// timer is a timer that may be unset; its zero value is. It belongs to one
// goroutine.
type timer struct{ t *time.Timer }

// C is nil, which never fires, while the timer is not set.
func (t *timer) C() <-chan time.Time {
	if t.t == nil {
		return nil
	}
	return t.t.C
}

func (t *timer) set(d time.Duration) {
	t.stop()
	t.t = time.NewTimer(d)
}

func (t *timer) stop() {
	if t.t != nil {
		t.t.Stop()
		t.t = nil
	}
}

func (t *timer) isSet() bool { return t.t != nil }
