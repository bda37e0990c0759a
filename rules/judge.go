package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a callee's zone must be known on any machine

	"parley/phone"
)

// slack is how long after it became durable a permission to dial holds.
const slack = time.Second

// rule is one question; it answers Allow with the fact that satisfied it, so
// that an audit sees why.
type rule struct {
	name string
	ask  func(p Profile, c Case, now time.Time) Ruling
}

// rules are asked in this order and all of them always are: the record must
// show every reason.
var kernel = []rule{
	{"number_class", numberClass},
	{"test_mode", testMode},
	{"opt_out", optOut},
	{"dnc", dnc},
	{"consent", consent},
	{"terminal", terminal},
	{"expiry", expiry},
	{"campaign_window", campaignWindow},
	{"calling_hours", callingHours},
	{"one_leg", oneLeg},
	{"frequency", frequency},
	{"fuse", fuse},
	{"fresh", fresh},
}

// Judge asks every rule of the case's profile. It is pure: the same case and
// instant give the same rulings.
func (k *Kernel) Judge(c Case, now time.Time) []Ruling {
	p, ok := k.profiles[c.Profile]
	if !ok {
		return []Ruling{{Rule: "profile", Decision: Block, Version: "none",
			Reason: fmt.Sprintf("there is no rules profile %q", c.Profile)}}
	}
	out := make([]Ruling, 0, len(kernel))
	for _, r := range kernel {
		ruling := r.ask(p, c, now)
		ruling.Rule, ruling.Version = r.name, p.Version
		out = append(out, ruling)
	}
	return out
}

// Decide sums rulings up: one block blocks, else one wait waits, until the
// latest; no rulings at all block. The reason is the deciding ruling's.
func Decide(all []Ruling) (Decision, time.Time, string) {
	if len(all) == 0 {
		return Block, time.Time{}, "no rule was asked"
	}
	verdict, until, reason := Allow, time.Time{}, ""
	for _, r := range all {
		switch {
		case r.Decision == Allow:
		case r.Decision == Wait && !r.Until.IsZero():
			if verdict == Allow || verdict == Wait && r.Until.After(until) {
				verdict, until, reason = Wait, r.Until, r.Rule+": "+r.Reason
			}
		default: // a wait without an end is a block, and so is what nobody knows
			return Block, time.Time{}, r.Rule + ": " + r.Reason
		}
	}
	return verdict, until, reason
}

func allow(reason string, a ...any) Ruling {
	return Ruling{Decision: Allow, Reason: fmt.Sprintf(reason, a...)}
}

func block(reason string, a ...any) Ruling {
	return Ruling{Decision: Block, Reason: fmt.Sprintf(reason, a...)}
}

func wait(until time.Time, reason string, a ...any) Ruling {
	return Ruling{Decision: Wait, Until: until, Reason: fmt.Sprintf(reason, a...)}
}

func numberClass(p Profile, c Case, _ time.Time) Ruling {
	if phone.IsURI(c.Number) {
		if p.Loopback && phone.IsLoopback(c.Number) {
			return allow("a SIP address of this machine")
		}
		return block("a SIP address may be called only under profile test and only on this machine")
	}
	if c.Raw != "" && !phone.IsURI(c.Raw) {
		if class := phone.Classify(c.Raw, c.Region); forbidden(class) {
			return block("as it was written, the number is %s", class)
		}
	}
	if !strings.HasPrefix(c.Number, "+") {
		return block("the number has no country code")
	}
	class := phone.Classify(c.Number, "")
	if forbidden(class) || class == phone.Invalid && !p.OnlyAllowed {
		return block("the number is %s", class)
	}
	return allow("%s", class)
}

// forbidden classes are never dialled, by any profile.
func forbidden(c phone.Class) bool {
	switch c {
	case phone.Emergency, phone.Premium, phone.Satellite, phone.ShortCode, phone.Pager, phone.VoicemailBox:
		return true
	}
	return false
}

func testMode(p Profile, c Case, _ time.Time) Ruling {
	switch {
	case !p.OnlyAllowed && !c.TestMode:
		return allow("not in test mode")
	case p.Loopback && phone.IsLoopback(c.Number):
		return allow("a SIP address of this machine")
	case slices.ContainsFunc(c.AllowList, func(a string) bool { return matches(a, c.Number) }):
		return allow("on the allow-list")
	}
	return block("in test mode only numbers of the allow-list are called")
}

// matches compares with a number or with a prefix ending in "*"; a prefix
// shorter than a country code would allow the world.
func matches(allowed, number string) bool {
	prefix, ok := strings.CutSuffix(allowed, "*")
	if !ok {
		return allowed == number
	}
	return len(prefix) >= 3 && strings.HasPrefix(number, prefix)
}

func optOut(_ Profile, c Case, _ time.Time) Ruling {
	if c.OptedOut {
		return block("the person asked not to be called")
	}
	return allow("no opt-out on record")
}

func dnc(_ Profile, c Case, _ time.Time) Ruling {
	if c.DNC != "" {
		return block("the number is on the %s's do-not-call list", c.DNC)
	}
	return allow("on no do-not-call list")
}

func consent(p Profile, c Case, now time.Time) Ruling {
	switch {
	case len(p.Consent) == 0:
		return allow("none asked for")
	case c.Consent == nil:
		return block("no consent is on record")
	case !slices.Contains(p.Consent, c.Consent.Kind):
		return block("consent of kind %q does not suffice; one of %s does", c.Consent.Kind, strings.Join(p.Consent, ", "))
	case c.Consent.At.After(now):
		return block("the consent begins in the future")
	case !c.Consent.Expires.IsZero() && !c.Consent.Expires.After(now):
		return block("the consent has expired")
	}
	return allow("%s consent", c.Consent.Kind)
}

func terminal(_ Profile, c Case, _ time.Time) Ruling {
	switch {
	case c.Paid:
		return block("the debt is paid")
	case c.Closed != "":
		return block("the matter is closed: %s", c.Closed)
	}
	return allow("open")
}

func expiry(_ Profile, c Case, now time.Time) Ruling {
	if !c.Expires.IsZero() && !c.Expires.After(now) {
		return block("the contact's data have expired")
	}
	return allow("valid")
}

func campaignWindow(_ Profile, c Case, now time.Time) Ruling {
	switch {
	case !c.To.IsZero() && !c.To.After(now):
		return block("the campaign is over")
	case c.From.After(now):
		return wait(c.From, "the campaign has not begun")
	}
	return allow("the campaign is on")
}

func callingHours(p Profile, c Case, now time.Time) Ruling {
	var weeks []Week
	if !p.NoClock {
		weeks = append(weeks, p.Hours)
	}
	if c.Windows != nil {
		weeks = append(weeks, c.Windows)
	}
	if len(weeks) == 0 {
		return allow("no calling hours in this profile")
	}
	zones, source, err := zonesOf(c)
	if err != nil {
		return block("%v", err)
	}
	at, ok := nextOpen(weeks, zones, now, p.EndMargin)
	switch {
	case !ok:
		return block("there is no common calling hour in the callee's possible zones")
	case at.After(now):
		return wait(at, "outside the calling hours of %s", source)
	}
	return allow("inside the calling hours of %s", source)
}

// zonesOf finds the callee's possible zones: the contact's own, else the
// contact's place, else the number's.
func zonesOf(c Case) (zones []*time.Location, source string, err error) {
	names, source := []string{c.Zone}, "the contact's zone"
	if c.Zone == "" {
		names, source = phone.RegionZones(c.Place), "the contact's region"
	}
	if len(names) == 0 {
		names, source = phone.Zones(c.Number), "the number's zones"
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("the callee's time zone is unknown")
	}
	for _, n := range names {
		z, err := location(n)
		if err != nil {
			return nil, "", fmt.Errorf("the callee's time zone %q is not known; use an IANA name such as America/Chicago", n)
		}
		zones = append(zones, z)
	}
	return zones, source, nil
}

// locations keeps the zones that were asked for, of which the world has some
// six hundred: loading one parses its whole history.
var locations sync.Map

func location(name string) (*time.Location, error) {
	if z, ok := locations.Load(name); ok {
		return z.(*time.Location), nil
	}
	// "Local" would be the server's zone, not the callee's.
	if name == "Local" {
		return nil, fmt.Errorf("no zone of a callee")
	}
	z, err := time.LoadLocation(name)
	if err == nil {
		locations.Store(name, z)
	}
	return z, err
}

func oneLeg(_ Profile, c Case, now time.Time) Ruling {
	if c.Live {
		return wait(now.Add(time.Minute), "a call to this number is under way")
	}
	return allow("no call to this number is under way")
}

func frequency(p Profile, c Case, now time.Time) Ruling {
	var latest time.Time // the latest moment any cap asks for
	hold := func(t time.Time) {
		if t.After(now) && t.After(latest) {
			latest = t
		}
	}
	hold(capped(c.Calls, p.PerDay, 24*time.Hour, now, every))
	hold(capped(c.Calls, p.AnsweredPerDay, 24*time.Hour, now, Call.answered))
	hold(capped(c.Calls, p.UnansweredPerDay, 24*time.Hour, now, Call.unanswered))
	if p.PerWeek > 0 {
		// Calls of an older dialer have no times: they hold for the whole week.
		if left := p.PerWeek - c.Earlier; left > 0 {
			hold(capped(c.Calls, left, 7*24*time.Hour, now, every))
		} else {
			hold(now.Add(24 * time.Hour))
		}
	}
	talked := c.LastTalk
	for _, call := range c.Calls {
		if p.Interval > 0 {
			hold(call.At.Add(p.Interval))
		}
		if call.Talked && call.At.After(talked) {
			talked = call.At
		}
	}
	if p.TalkPause > 0 && !talked.IsZero() {
		hold(talked.Add(p.TalkPause))
	}
	if !latest.IsZero() {
		return wait(latest, "called often enough: %d attempts in the last 7 days", len(c.Calls)+c.Earlier)
	}
	return allow("%d attempts in the last 7 days", len(c.Calls)+c.Earlier)
}

func every(Call) bool           { return true }
func (c Call) answered() bool   { return c.Answered }
func (c Call) unanswered() bool { return !c.Answered }

// capped tells when fewer than limit of the calls of a kind lie in the window
// before that moment; zero when that is so now or when there is no limit.
func capped(calls []Call, limit int, window time.Duration, now time.Time, kind func(Call) bool) time.Time {
	if limit <= 0 {
		return time.Time{}
	}
	var at []time.Time
	for _, c := range calls {
		if kind(c) && c.At.Add(window).After(now) {
			at = append(at, c.At)
		}
	}
	if len(at) < limit {
		return time.Time{}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at[len(at)-limit].Add(window)
}

func fuse(p Profile, c Case, now time.Time) Ruling {
	if until := capped(c.Calls, p.PerHour, time.Hour, now, every); until.After(now) {
		return wait(until, "%d calls to one number in an hour: the fuse holds", p.PerHour)
	}
	return allow("fuse")
}

func fresh(_ Profile, c Case, now time.Time) Ruling {
	switch {
	case c.Begun.IsZero():
		return allow("not begun")
	case now.Sub(c.Begun) > slack || c.Begun.Sub(now) > slack:
		return block("the permission to dial is older than a second")
	}
	return allow("begun just now")
}
