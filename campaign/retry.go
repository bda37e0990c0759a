package campaign

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"parley/call"
	"parley/outcome"
)

// Result is what decides about another attempt: a network result, or for an
// answered call what answered or what the conversation came to.
type Result string

// Results beside the network's own words.
const (
	ByMachine   Result = "machine"       // a voicemail or another machine answered
	EarlyHangup Result = "hung_up_early" // the customer left before the matter was said
	NoResponse  Result = "no_response"   // nobody spoke
	OurFailure  Result = "failed"        // our own side could not go on
	NeverSent   Result = "never_sent"    // refused or failed before a phone could ring
)

// RetryRule says how often a result is followed by another attempt and after
// how long; 0 times means never.
type RetryRule struct {
	Times int      `json:"times"`
	Delay Duration `json:"delay"`
}

// RetryTable holds a rule per result. What a table leaves out is taken from
// the default table.
type RetryTable map[Result]RetryRule

const (
	defaultAttempts = 3
	// failures on our own side use up no attempt but end at this many.
	maxFailures = 20
)

var defaults = RetryTable{
	Result(outcome.Busy):          {3, Duration(30 * time.Minute)},
	Result(outcome.NoAnswer):      {3, Duration(2 * time.Hour)},
	Result(outcome.Rejected):      {1, Duration(24 * time.Hour)},
	Result(outcome.PowerOff):      {3, Duration(4 * time.Hour)},
	Result(outcome.Suspended):     {1, Duration(72 * time.Hour)},
	Result(outcome.Unreachable):   {3, Duration(2 * time.Hour)},
	Result(outcome.Congestion):    {5, Duration(30 * time.Minute)},
	Result(outcome.TrunkFailed):   {5, Duration(30 * time.Minute)},
	Result(outcome.Timeout):       {2, Duration(2 * time.Hour)},
	Result(outcome.Cancelled):     {3, Duration(30 * time.Minute)},
	Result(outcome.InvalidNumber): {},
	Result(outcome.CallBarred):    {},
	Result(outcome.Uncertain):     {},
	ByMachine:                     {2, Duration(4 * time.Hour)},
	EarlyHangup:                   {1, Duration(4 * time.Hour)},
	NoResponse:                    {1, Duration(4 * time.Hour)},
	OurFailure:                    {2, Duration(time.Hour)},
	NeverSent:                     {maxFailures, Duration(time.Minute)},
}

// Check refuses results that nobody knows and values out of bounds.
func (t RetryTable) Check() error {
	for result, rule := range t {
		if _, ok := defaults[result]; !ok {
			return fmt.Errorf("retry: %q is no result; choose one of %v", result, slices.Sorted(maps.Keys(defaults)))
		}
		if rule.Times < 0 || rule.Times > 50 || rule.Delay < 0 || rule.Delay > Duration(30*24*time.Hour) {
			return fmt.Errorf("retry: %s: at most 50 times, at most 720h apart", result)
		}
	}
	return nil
}

// Tried is what a contact has behind it, the present attempt included.
type Tried struct {
	// Attempts that count; Failures are those that did not.
	Attempts, Failures int
}

// Next is what follows an attempt.
type Next struct {
	// Final: nobody calls again in this campaign, because of Reason.
	Final  bool      `json:"final"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at,omitzero"`
}

// Counted reports whether an attempt uses up one of the contact's: all do but
// those that failed before a phone could ring.
func Counted(r call.Report) bool {
	return r.Network == outcome.Answered || r.Network == outcome.Uncertain || r.Rang || !onOurSide(r.Network)
}

func onOurSide(n outcome.Network) bool {
	switch n {
	case outcome.TrunkFailed, outcome.Congestion, outcome.Cancelled, outcome.Timeout, "":
		return true
	}
	return false
}

// ResultOf names what decides about another attempt.
func ResultOf(r call.Report) Result {
	switch {
	case r.Network == "", r.Network == outcome.Cancelled && r.Retryable:
		return NeverSent
	case r.Network != outcome.Answered:
		return Result(r.Network)
	case r.AnsweredBy.Machine():
		return ByMachine
	}
	switch r.Disposition {
	case outcome.HungUpEarly:
		return EarlyHangup
	case outcome.NoResponse, "":
		return NoResponse
	case outcome.Failed:
		return OurFailure
	}
	return Result(r.Disposition)
}

// After decides what follows a call: pure, a table and a clock in, a moment or
// the end out. A customer's wish to be called back goes before the table; a
// conversation that came to anything else is the end.
func (t RetryTable) After(r call.Report, tried Tried, maxAttempts int, now time.Time) Next {
	if maxAttempts <= 0 {
		maxAttempts = defaultAttempts
	}
	result := ResultOf(r)
	counted := Counted(r)
	if r.Disposition == outcome.Callback && r.Callback.After(now) {
		// The customer's own wish may go one beyond the limit, not further.
		if tried.Attempts <= maxAttempts {
			return Next{At: r.Callback, Reason: "the customer asked to be called then"}
		}
		return Next{Final: true, Reason: "attempts used up"}
	}
	rule, ok := t[result]
	if !ok {
		rule, ok = defaults[result]
	}
	used := tried.Attempts
	if !counted {
		used = tried.Failures
	}
	switch {
	case !ok:
		return Next{Final: true, Reason: string(result)}
	case counted && tried.Attempts >= maxAttempts, !counted && tried.Failures >= maxFailures:
		return Next{Final: true, Reason: "attempts used up, last " + string(result)}
	case used > rule.Times:
		return Next{Final: true, Reason: string(result)}
	}
	return Next{At: now.Add(time.Duration(rule.Delay)), Reason: string(result)}
}
