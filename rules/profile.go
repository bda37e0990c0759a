package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Profile is a named set of rules with their parameters. A tenant may tighten
// one, never loosen it. None of it is legal advice.
type Profile struct {
	Name string
	// Version changes with every parameter; it is kept with each ruling.
	Version string
	// NoClock: calling hours do not matter, as for calls to this machine.
	NoClock bool
	// Hours are the calling windows in the callee's zone; EndMargin is the
	// time before a window's end in which no call begins any more, so that
	// the talk ends inside it.
	Hours     Week
	EndMargin time.Duration
	// Consent lists the kinds that suffice; empty when none is asked for.
	Consent []string
	// PerDay attempts in any 24 hours, at least Interval apart.
	PerDay   int
	Interval time.Duration
	// PerWeek attempts in any seven days; TalkPause after a conversation.
	PerWeek   int
	TalkPause time.Duration
	// AnsweredPerDay and UnansweredPerDay bound each kind in any 24 hours.
	AnsweredPerDay, UnansweredPerDay int
	// PerHour is the fuse: more attempts to one number in an hour are a fault
	// of ours, whatever the other rules say.
	PerHour int
	// Loopback: SIP URIs of this machine may be called. OnlyAllowed: numbers
	// must be on the allow-list.
	Loopback, OnlyAllowed bool
}

// PerDay, Interval and PerHour are the house's own first values (rules table,
// "frequency" and "fuse"); stricter law comes on top of them.
const (
	perDay   = 3
	interval = 30 * time.Minute
	perHour  = 3
	// endMargin leaves room for an ordinary talk; house value.
	endMargin = 5 * time.Minute
)

// anyConsent are the kinds that say "yes" to an automated call.
var anyConsent = []string{"written", "express"}

// contract kinds suffice where calling one's own debtor is the purpose.
var contract = append([]string{"contract", "implied"}, anyConsent...)

func builtIn() []Profile {
	return []Profile{
		{
			// Calls to this machine and to numbers that were named one by one.
			Name: "test", Version: "test/1", NoClock: true, Loopback: true, OnlyAllowed: true, PerHour: 1000,
		},
		{
			// Hours: 47 CFR 64.1200(c)(1) and 16 CFR 310.4(c), 8 a.m. to 9 p.m. of the
			// called party. Seven calls in seven days and seven days after a talk:
			// 12 CFR 1006.14(b)(2) (Reg F). Consent: an AI voice is an artificial
			// voice, FCC 24-17, 47 CFR 64.1200(a)(1): prior express consent.
			Name: "us-collection", Version: "us-collection/1", Hours: Daily("08:00-21:00"), EndMargin: endMargin,
			Consent: anyConsent, PerDay: perDay, Interval: interval, PerWeek: 7, TalkPause: 7 * 24 * time.Hour, PerHour: perHour,
		},
		{
			// As above; marketing by an artificial voice wants it in writing,
			// 47 CFR 64.1200(a)(2).
			Name: "us-marketing", Version: "us-marketing/1", Hours: Daily("08:00-21:00"), EndMargin: endMargin,
			Consent: []string{"written"}, PerDay: perDay, Interval: interval, PerHour: perHour,
		},
		{
			// Never 22 to 8 by the internet-finance collection convention; 8 to 21 is
			// our narrower value. Three connected and six unanswered calls a day:
			// secondary source, to be confirmed.
			Name: "cn-collection", Version: "cn-collection/1", Hours: Daily("08:00-21:00"), EndMargin: endMargin,
			Consent: contract, PerDay: perDay, Interval: interval, AnsweredPerDay: 3, UnansweredPerDay: 6, PerHour: perHour,
		},
		{
			// Hours of common practice, general knowledge to be confirmed.
			Name: "cn-marketing", Version: "cn-marketing/1", Hours: Daily("09:00-12:00", "14:00-20:00"), EndMargin: endMargin,
			Consent: anyConsent, PerDay: perDay, Interval: interval, PerHour: perHour,
		},
		{
			// No hours in the law: FCA practice for debt calls, general knowledge to
			// be confirmed. Automated calls want consent (PECR regulation 19).
			Name: "uk", Version: "uk/1", EndMargin: endMargin,
			Hours:   week(Daily("08:00-21:00"), "sat", "09:00-18:00", "sun", "10:00-17:00"),
			Consent: anyConsent, PerDay: perDay, Interval: interval, PerHour: perHour,
		},
		{
			// Hours differ by member state; the narrowest we know of, general
			// knowledge to be confirmed. Consent: directive 2002/58/EC article 13(1).
			Name: "eu", Version: "eu/1", EndMargin: endMargin,
			Hours:   week(Daily("10:00-13:00", "14:00-20:00"), "sat", "", "sun", ""),
			Consent: anyConsent, PerDay: perDay, Interval: interval, PerHour: perHour,
		},
	}
}

// week replaces days: pairs of a weekday and its window, "" for closed.
func week(base Week, pairs ...string) Week {
	for p := range slices.Chunk(pairs, 2) {
		delete(base, p[0])
		if p[1] != "" {
			base[p[0]] = Daily(p[1])[p[0]]
		}
	}
	return base
}

// Kernel holds the rule sets. It is immutable and safe for concurrent use.
type Kernel struct{ profiles map[string]Profile }

// NewKernel has the built-in profiles and the given further ones.
func NewKernel(more ...Profile) (*Kernel, error) {
	k := &Kernel{profiles: map[string]Profile{}}
	for _, p := range slices.Concat(builtIn(), more) {
		if p.Name == "" || p.Version == "" {
			return nil, fmt.Errorf("a rules profile needs a name and a version")
		}
		if _, twice := k.profiles[p.Name]; twice {
			return nil, fmt.Errorf("the rules profile %q is defined twice", p.Name)
		}
		if err := p.Hours.Check(); err != nil {
			return nil, fmt.Errorf("rules profile %s: %w", p.Name, err)
		}
		k.profiles[p.Name] = p
	}
	return k, nil
}

// Profiles lists the names in order.
func (k *Kernel) Profiles() []string { return slices.Sorted(maps.Keys(k.profiles)) }

// Profile gives a rule set by name.
func (k *Kernel) Profile(name string) (Profile, bool) {
	p, ok := k.profiles[name]
	return p, ok
}
