package sip

import "time"

// health is whether calls should be given to a trunk now: a pure function of
// what was heard of it. Three things speak against one: it asked for a rest
// (503 with Retry-After), its calls or probes keep failing (the breaker), or it
// wants a registration that does not stand.
//
// The breaker opens after breakAfter failures in a row and lets one call or
// probe through after a pause that doubles with each one that fails. A call
// that the callee refuses is a success of the trunk. A probe takes back only
// what probes said: a trunk may answer OPTIONS and carry no call.
type health struct {
	failures int           // in a row
	pause    time.Duration // of the breaker, 0 while it is closed
	until    time.Time     // no calls before
	asked    bool          // the trunk asked for this rest itself
	trial    bool          // one call or probe is on its way to find out
	probed   bool          // all failures in a row were of probes
}

// Bounds of a rest. A trunk may ask for more than maxRest and does not get it:
// a mistake there must not silence us for a day.
const (
	breakAfter = 5
	firstPause = 2 * time.Second
	maxPause   = time.Minute
	maxRest    = 10 * time.Minute
)

// admits reports whether a call may be given to the trunk at now.
func (h *health) admits(now time.Time) bool {
	if now.Before(h.until) {
		return false
	}
	return h.pause == 0 || !h.trial
}

// begin notes that a call or probe goes there.
func (h *health) begin() {
	if h.pause > 0 {
		h.trial = true
	}
}

// drop notes that what began says nothing about the trunk after all.
func (h *health) drop() { h.trial = false }

// good notes that the trunk did its work.
func (h *health) good(now time.Time) {
	if now.Before(h.until) && h.asked {
		return // an older call's: the trunk's own word stands
	}
	*h = health{}
}

// bad notes that the trunk itself failed: it did not answer, could not be
// reached, or refused with 5xx. rest is what its Retry-After asks for, 0
// without one.
func (h *health) bad(now time.Time, rest time.Duration) {
	h.failures++
	h.probed = false
	was := h.trial
	h.trial = false
	if rest > 0 {
		h.asked = true
		h.extend(now.Add(min(rest, maxRest)))
		return
	}
	switch {
	case h.pause > 0 && was:
		h.pause = min(2*h.pause, maxPause)
	case h.pause == 0 && h.failures >= breakAfter:
		h.pause = firstPause
	default:
		return
	}
	h.asked = false
	h.extend(now.Add(h.pause))
}

// missed notes that a probe failed, as bad does for a call.
func (h *health) missed(now time.Time, rest time.Duration) {
	probes := h.failures == 0 || h.probed
	h.bad(now, rest)
	h.probed = probes
}

// answered notes that a probe was answered well.
func (h *health) answered(now time.Time) {
	if h.probed {
		h.good(now)
	}
}

func (h *health) extend(until time.Time) {
	if until.After(h.until) {
		h.until = until
	}
}
