package sip

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Registration says how a trunk wants to be told where we are (RFC 3261
// section 10). The zero value is none.
type Registration struct {
	// Registrar is the domain to register in, "host" or "host:port"; empty for
	// no registration. With Trunk.Proxy the request takes that way.
	Registrar string
	// User is the user part of the address of record; empty for Trunk.Username.
	User string
	// Contact is the user part of our Contact; empty for User.
	Contact string
	// Expires is how long a registration shall stand, in whole seconds; 0 for an
	// hour. The registrar has the last word.
	Expires time.Duration
}

// Bounds of Registration.Expires, and its default, in seconds.
const (
	leastExpires = 30
	maxExpires   = 24 * 3600
	usualExpires = 3600
)

// ErrNotRegistered: the trunk wants a registration, and none stands.
var ErrNotRegistered = errors.New("the trunk wants a registration and none stands")

// binding is a registration as we know it, and when to ask for it next: a pure
// function of what the registrar said.
type binding struct {
	unit     time.Duration // a second
	ask      int           // seconds to ask for
	until    time.Time     // it stands before; zero: it never did
	next     time.Time     // of the next REGISTER
	failures int           // in a row
	raised   bool          // ask was raised for a 423 that no success followed
	err      error         // why the last REGISTER failed, nil after a success
}

// reply is what came of a REGISTER, repeated for a challenge or not.
type reply struct {
	granted int           // seconds, 0: refused
	least   int           // seconds: the registrar takes no less (423), else 0
	rest    time.Duration // its Retry-After, 0 without one
	denied  bool          // it knows us and says no, or we must not answer
	err     error         // why it failed; nil when granted
}

// Pauses, in seconds. A refused account waits longer: trying a wrong password
// again and again gets our address banned.
const (
	refreshLead = 60 // before the end of a registration
	firstRetry  = 2
	maxRetry    = 5 * 60
	firstDenied = 60
	maxDenied   = 30 * 60
)

// stands reports whether calls may count on the registration.
func (b *binding) stands(now time.Time) bool { return now.Before(b.until) }

// hear takes a reply and sets when to ask next. roll, from 0 to below 1, spreads
// many accounts over time.
func (b *binding) hear(now time.Time, r reply, roll float64) {
	switch {
	case r.granted > 0:
		whole := time.Duration(min(r.granted, maxExpires)) * b.unit
		b.until, b.next = now.Add(whole), now.Add(b.refreshAfter(whole, roll))
		b.failures, b.raised, b.err = 0, false, nil
		return
	case r.least > b.ask && !b.raised:
		b.ask, b.raised, b.next = min(r.least, maxExpires), true, now
		return
	}
	b.failures++
	b.err = r.err
	begin, most := firstRetry, maxRetry
	if r.denied {
		begin, most = firstDenied, maxDenied
	}
	pause := min(begin<<min(b.failures-1, 16), most)
	wait := time.Duration(pause) * b.unit
	wait -= time.Duration(roll / 2 * float64(wait))
	b.next = now.Add(max(wait, min(r.rest, maxRest)))
}

// refreshAfter leaves time for a few tries before the end: a minute, or half of
// a short registration.
func (b *binding) refreshAfter(whole time.Duration, roll float64) time.Duration {
	after := max(whole/2, whole-refreshLead*b.unit)
	after -= time.Duration(roll / 10 * float64(after))
	return max(after, b.unit)
}

// replyOf reads the final response to a REGISTER that asked for so many seconds
// under this Contact. A challenge is for the sender; here it is a refusal.
func replyOf(res *sip.Response, contact sip.Uri, asked int) reply {
	code := res.StatusCode
	r := reply{err: fmt.Errorf("the registrar refused: %w", &Failure{Code: code, Reason: res.Reason})}
	if h := res.GetHeader("Retry-After"); h != nil {
		r.rest = retryAfter(h.Value())
	}
	switch {
	case res.IsSuccess():
		if r.granted = grantedTo(res, contact, asked); r.granted == 0 {
			r.err = errors.New("the registrar took the request and keeps no Contact of ours; check registrar and contact")
		} else {
			r.err = nil
		}
	case code == statusIntervalTooBrief:
		r.least, _ = deltaSeconds(headerValue(res, "Min-Expires"))
	case code == sip.StatusUnauthorized, code == sip.StatusForbidden, code == sip.StatusProxyAuthRequired, code == sip.StatusNotFound:
		r.denied = true
	}
	return r
}

// statusIntervalTooBrief refuses an Expires below the registrar's Min-Expires.
const statusIntervalTooBrief = 423

// grantedTo is how many seconds the 2xx gives our Contact, 0 when it is not
// among those that stand. A Contact that lost its address on the way, as NAT
// gateways have it, is still ours when its user is and it is the only such one.
// A registrar that lists nothing is taken at its word.
func grantedTo(res *sip.Response, contact sip.Uri, asked int) int {
	seconds := asked
	if n, ok := deltaSeconds(headerValue(res, "Expires")); ok {
		seconds = n
	}
	var own, similar []*sip.ContactHeader
	all := 0
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			continue
		}
		all++
		switch {
		case c.Address.User != contact.User:
		case strings.EqualFold(c.Address.Host, contact.Host) && c.Address.Port == contact.Port:
			own = append(own, c)
		default:
			similar = append(similar, c)
		}
	}
	if len(own) == 0 && len(similar) == 1 {
		own = similar
	}
	switch {
	case all == 0:
		return seconds
	case len(own) == 0:
		return 0
	}
	if v, ok := own[0].Params.Get("expires"); ok {
		seconds, _ = deltaSeconds(v)
	}
	return seconds
}
