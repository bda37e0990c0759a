package sip

import (
	"testing"
	"time"
)

func TestTheBreakerInAWord(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	var h health
	want := func(when string, w Breaker) {
		t.Helper()
		if got := h.breaker(now); got != w {
			t.Errorf("%s the breaker is %s, want %s", when, got, w)
		}
	}
	want("at first", BreakerClosed)
	for range breakAfter {
		h.bad(now, 0)
	}
	want("after failures", BreakerOpen)
	now = now.Add(firstPause)
	want("after its pause", BreakerHalfOpen)
	h.begin()
	want("with a trial on its way", BreakerHalfOpen)
	h.good(now)
	want("after a good trial", BreakerClosed)
	h.bad(now, time.Minute)
	want("after a 503 with Retry-After", BreakerResting)
	now = now.Add(time.Minute)
	want("after that rest", BreakerClosed)
}
