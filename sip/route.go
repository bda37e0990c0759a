package sip

import (
	"cmp"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// choice is a trunk that a call may leave by, as the choice between several
// needs to know it.
type choice struct {
	name string
	// priority: lower ones come first, as in SRV records (RFC 2782); weight is
	// the share of the calls among equals.
	priority, weight int
	// takes: its dial plan has a place for the number.
	takes bool
	// admits: it is up, registered if need be, and not resting.
	admits bool
	// live and channels in use and in all; 0 channels are without bound.
	live, channels int
}

// rank is in which order the trunks are tried: by priority, and among equals
// drawn by weight, without those that do not take the number, are down or full.
// roll gives a number from 0 up to, not including, n. It is a pure function
// but for roll.
func rank(all []choice, roll func(n int) int) []string {
	var usable []choice
	for _, c := range all {
		if c.takes && c.admits && (c.channels == 0 || c.live < c.channels) {
			usable = append(usable, c)
		}
	}
	slices.SortStableFunc(usable, func(a, b choice) int { return cmp.Compare(a.priority, b.priority) })
	var names []string
	for len(usable) > 0 {
		n := 1
		for n < len(usable) && usable[n].priority == usable[0].priority {
			n++
		}
		i := draw(usable[:n], roll)
		names = append(names, usable[i].name)
		usable = slices.Delete(usable, i, i+1)
	}
	return names
}

// draw picks one by weight; with weights of 0 alone, the first.
func draw(equals []choice, roll func(n int) int) int {
	sum := 0
	for _, c := range equals {
		sum += max(c.weight, 0)
	}
	if sum == 0 {
		return 0
	}
	at := roll(sum)
	for i, c := range equals {
		if at -= max(c.weight, 0); at < 0 {
			return i
		}
	}
	return 0
}

// maxTrunks bounds the trunks that one call is offered to.
const maxTrunks = 4

// failover is how far a call that began on several trunks has come.
type failover struct {
	tries int
	told  bool // a step was told: 18x or the answer
}

// next reports whether the next trunk may be tried after this end of the last
// try: when nothing was sent to it, or it answered 503 (RFC 3263 section 4.3).
// Never after anything that may have rung a phone: a step that was told, a
// cause that says so, silence; other refusals may come from further along. Not
// for what is the call's own fault, which every trunk would find too.
func (f failover) next(c ending) bool {
	return f.tries < maxTrunks && !f.told && (c.code == 0 || c.code == sip.StatusServiceUnavailable) &&
		!c.rang && c.retryable && !c.wished && !c.ours
}

// ending is what a try's end says to this question.
type ending struct {
	code            int // the final status, 0 without one
	rang, retryable bool
	wished          bool // somebody hung up, or the set-up's time is over
	ours            bool // the gate, the target or this machine refused it
}

// retryAfter reads the Retry-After of a response in seconds (RFC 3261 section
// 20.33), 0 without one.
func retryAfter(value string) time.Duration {
	n := 0
	for i, r := range value {
		if r < '0' || r > '9' {
			break
		}
		if i >= 9 {
			return maxRest
		}
		n = 10*n + int(r-'0')
	}
	return time.Duration(n) * time.Second
}
