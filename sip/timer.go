package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Session timers (RFC 4028): both sides agree on an interval within which one
// of them, the refresher, renews the session. A side that dies without a BYE
// is found out by it, and its call is not billed for ever.

// The intervals we ask for and accept, in seconds.
const (
	wantedInterval = 1800
	minInterval    = 90 // RFC 4028 section 5: nobody may ask for less
	maxInterval    = 24 * 3600
)

// sessionTimer is what two sides agreed on; a value with pure methods. The zero
// value asks for wantedInterval and has agreed on nothing.
type sessionTimer struct {
	interval int  // seconds, 0: no timer
	ours     bool // we are the refresher
	least    int  // the far side's Min-SE, 0 until it refused us
}

// headers are those of a request of ours that sets or renews the timer.
func (t sessionTimer) headers() []sip.Header {
	want := wantedInterval
	if t.interval > 0 {
		want = t.interval
	}
	value := strconv.Itoa(max(want, t.least))
	if t.interval > 0 { // the role stays where it is
		value += ";refresher=" + map[bool]string{true: "uac", false: "uas"}[t.ours]
	}
	return []sip.Header{
		sip.NewHeader("Session-Expires", value),
		sip.NewHeader("Min-SE", strconv.Itoa(max(minInterval, t.least))),
	}
}

// accepted reads the 2xx to a request of ours (section 7.2): without
// Session-Expires there is no timer.
func (t *sessionTimer) accepted(res sip.Message) {
	seconds, refresher, ok := sessionExpires(res)
	if !ok {
		t.interval, t.ours = 0, false
		return
	}
	t.interval, t.ours = max(seconds, minInterval), refresher != "uas"
}

// refused reads a 422: true when another try with its Min-SE makes sense.
func (t *sessionTimer) refused(res sip.Message) bool {
	least, ok := deltaSeconds(headerValue(res, "Min-SE"))
	if !ok || least <= max(t.least, minInterval) && t.least != 0 || least > maxInterval {
		return false
	}
	t.least = least
	if t.interval != 0 {
		t.interval = max(t.interval, least)
	}
	return true
}

// asked takes the far side's INVITE, re-INVITE or UPDATE (section 9) and gives
// the headers of our 2xx; a status other than 0 refuses it instead, with those
// headers.
func (t *sessionTimer) asked(req sip.Message) ([]sip.Header, int) {
	seconds, refresher, ok := sessionExpires(req)
	knows := lists(req, "Supported", "timer") || lists(req, "Require", "timer")
	if ok && seconds < minInterval {
		if knows {
			return []sip.Header{sip.NewHeader("Min-SE", strconv.Itoa(minInterval))}, statusIntervalTooSmall
		}
		seconds = minInterval // a 422 would mean nothing to it; ours is longer
	}
	switch {
	case ok:
		t.interval = seconds
		switch {
		case !knows, refresher == "uas":
			t.ours = true
		case refresher == "uac":
			t.ours = false
		}
		// With neither named, the role stays; at the first time it is theirs,
		// whose wish it is.
	case t.interval > 0:
		// A renewal that forgot the header does not end a running timer; one
		// that does not know timers leaves the work to us.
		t.ours = t.ours || !knows
	default:
		return nil, 0
	}
	if t.ours {
		return []sip.Header{sip.NewHeader("Session-Expires", strconv.Itoa(t.interval)+";refresher=uas")}, 0
	}
	return []sip.Header{
		sip.NewHeader("Require", "timer"),
		sip.NewHeader("Session-Expires", strconv.Itoa(t.interval)+";refresher=uac"),
	}, 0
}

// due says when we renew the session, and when we give it up: half the
// interval, and the third of it, at most 32 s, before its end (section 10).
// Zero: never.
func (t sessionTimer) due(second time.Duration) (renew, expire time.Duration) {
	if t.interval == 0 {
		return 0, 0
	}
	whole := time.Duration(t.interval) * second
	expire = whole - min(32*second, whole/3)
	if t.ours {
		renew = whole / 2
	}
	return renew, expire
}

// statusIntervalTooSmall refuses a Session-Expires below our Min-SE.
const statusIntervalTooSmall = 422

func sessionExpires(m sip.Message) (seconds int, refresher string, ok bool) {
	value := headerValue(m, "Session-Expires", "x")
	seconds, ok = deltaSeconds(value)
	if !ok {
		return 0, "", false
	}
	for p := range strings.SplitSeq(value, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return seconds, refresher, true
}

// deltaSeconds reads the number that begins a header value.
func deltaSeconds(value string) (int, bool) {
	number, _, _ := strings.Cut(value, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	return int(min(n, maxInterval)), err == nil && n > 0
}

// headerValue is the first value of a header by any of its names, "" without.
func headerValue(m sip.Message, names ...string) string {
	for _, name := range names {
		if all := m.GetHeaders(name); len(all) > 0 {
			return all[0].Value()
		}
	}
	return ""
}

// lists reports whether a list header (Supported, Require, Allow) holds an
// item, in any of its lines.
func lists(m sip.Message, header, item string) bool {
	for _, h := range headersOf(m, header) {
		for v := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(v), item) {
				return true
			}
		}
	}
	return false
}

// headersOf finds a header by its name or its compact form (RFC 3261 section
// 7.3.3).
func headersOf(m sip.Message, name string) []sip.Header {
	all := m.GetHeaders(name)
	if short := map[string]string{"Supported": "k", "Refer-To": "r", "Event": "o"}[name]; short != "" {
		all = append(all, m.GetHeaders(short)...)
	}
	return all
}
