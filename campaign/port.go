package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/rules"
)

// Contacts are the durable writes of a contact's way to its call. The database
// is the truth: nothing here is remembered by the runner.
type Contacts interface {
	// Active lists the running, paused and scheduled campaigns of all tenants.
	// One that is missing here was ended: its ringing calls are cancelled.
	Active(ctx context.Context) ([]Campaign, error)
	// Move changes a campaign's state if it is in one from which it may.
	Move(ctx context.Context, tenant, id string, to State, why string) (Campaign, error)
	// Claim takes up to limit due contacts of a running campaign for the
	// lease's length, best priority first, each with what the rules need.
	Claim(ctx context.Context, c Campaign, limit int, lease time.Duration) ([]Lease, error)
	// Begin makes the attempt durable, database first, then the journal, and
	// tells when. ErrRefused: this contact may not be called now. After any
	// error no call is placed.
	Begin(ctx context.Context, l Lease, t call.Target, ruled []rules.Ruling) (time.Time, error)
	// Return gives a claimed contact back without an attempt.
	Return(ctx context.Context, l Lease, ruled []rules.Ruling, next Next) error
	// Settle writes attempt, outcome and next step in one transaction.
	Settle(ctx context.Context, l Lease, s Settlement) error
	// Counts tells how the contacts of a campaign stand.
	Counts(ctx context.Context, tenant, id string) (Counts, error)
}

// ErrRefused is Begin's answer when the campaign no longer runs, the lease is
// over, another leads, the person opted out, or a call to the number is up.
var ErrRefused = errors.New("the contact may not be called now")

// Lease is one claimed contact.
type Lease struct {
	Campaign Campaign
	Contact  Contact
	// Attempt is the identifier of the attempt and of its call.
	Attempt string
	// Tried is what lies behind the contact in this campaign, this attempt
	// left out.
	Tried Tried
	Epoch int64
	// Claimed is when Case was gathered: Begin refuses when the number was
	// called since. Until is the lease's end.
	Claimed, Until time.Time
	Case           rules.Case
	// From is the caller ID that the number or its person saw last, within a
	// week; "" for none.
	From string
}

// Settlement is how an attempt ended and what follows.
type Settlement struct {
	Report call.Report
	// Counted: it uses up one of the contact's attempts.
	Counted bool
	Next    Next
}

// Counts of a campaign's contacts by state; their sum is constant.
type Counts struct {
	Waiting   int `json:"waiting"`
	Claimed   int `json:"claimed"`
	Dialling  int `json:"dialling"`
	Done      int `json:"done"`
	Uncertain int `json:"uncertain"`
	// NextDue is the earliest moment at which a waiting contact is due; zero
	// when one was never tried and so is due at once.
	NextDue time.Time `json:"next_due,omitzero"`
}

// Total is all of them.
func (c Counts) Total() int { return c.Waiting + c.Claimed + c.Dialling + c.Done + c.Uncertain }

// Open are those for which the campaign is not over.
func (c Counts) Open() int { return c.Waiting + c.Claimed + c.Dialling }

// Placer is what calls are made with.
type Placer interface {
	// Warm begins to synthesise what a flow says in every call, once. It
	// returns at once.
	Warm(flow string)
	// Free is the number of calls for which there is room now, whoever has the
	// others: customers who call and single calls take lines too.
	Free() int
	// Prepare takes all that a call needs beside the line. It may wait some
	// seconds for it. Place or Release must follow. ErrFull: there is no room.
	Prepare(ctx context.Context, t call.Target) (Prepared, error)
}

// ErrFull is Prepare's answer while every line is taken. It says nothing about
// the contact, which is called when there is room.
var ErrFull error = Conflict{Why: "every line of this server is in use; raise limits.calls"}

// Prepared is a call that can be placed at once.
type Prepared interface {
	// Place places the call and waits for its end. ctx bounds the set-up: when
	// it ends before the answer the leg is cancelled, an answered call goes on.
	// The INVITE leaves within a second of t.Case.Begun or not at all; nothing
	// else of t may have changed. An error means that no INVITE was sent; what
	// happened after one is in the report.
	Place(ctx context.Context, t call.Target) (call.Report, error)
	// Release gives back what Place did not use. It may be called in any case.
	Release()
}

// History is what the tenant's books say about a number and its person.
type History struct {
	DNC      string
	OptedOut bool
	Paid     bool
	Closed   outcome.Disposition
	Calls    []rules.Call
	Live     bool
	// LastTalk is the last conversation that the customer began, which is none
	// of Calls; zero for none.
	LastTalk time.Time
	// From is the caller ID of the last of Calls that had one.
	From string
}

// CaseOf gathers what the rules look at. What an older dialer did in the last
// seven days before the import is forgotten a week after it.
func CaseOf(c Campaign, p Contact, h History, now time.Time) rules.Case {
	earlier := p.Earlier
	if !p.Imported.IsZero() && now.Sub(p.Imported) > 7*24*time.Hour {
		earlier = 0
	}
	talked := p.LastTalk
	if h.LastTalk.After(talked) {
		talked = h.LastTalk
	}
	return rules.Case{
		Number: p.Phone, Raw: p.RawPhone, Region: p.Country, Profile: c.Profile,
		Zone: p.Timezone, Place: p.Region,
		DNC: h.DNC, OptedOut: h.OptedOut, Consent: p.Consent, Paid: h.Paid, Closed: h.Closed, Expires: p.Expires,
		Calls: h.Calls, Earlier: earlier, LastTalk: talked, Live: h.Live,
		From: c.Schedule.From, To: c.Schedule.To, Windows: c.Windows,
		TestMode: c.TestMode, AllowList: c.AllowList,
	}
}

// TargetOf says whom to call on whose account, and from which caller ID; "" for
// the trunk's own.
func TargetOf(l Lease, from string) call.Target {
	c, p := l.Campaign, l.Contact
	t := call.Target{
		Call: l.Attempt, Tenant: c.Tenant, Campaign: c.ID, Contact: p.ID, Attempt: l.Attempt,
		To: p.Phone, From: from, Trunk: c.Trunk, RingTimeout: time.Duration(c.RingTimeout), MaxTalk: time.Duration(c.MaxTalk),
		Flow: c.Flow, Language: p.Language, Variables: map[string]string{}, Case: l.Case,
	}
	if t.Language == "" {
		t.Language = c.Language
	}
	for _, vars := range []map[string]string{c.Variables, p.Variables} {
		for k, v := range vars {
			t.Variables[k] = v
		}
	}
	return t
}

// NotFound, Conflict and Invalid are the kinds of error that a store gives for
// a request it understood; anything else is a fault of ours.
type (
	NotFound struct{ What string }
	Conflict struct{ Why string }
	Invalid  struct{ Why string }
)

func (e NotFound) Error() string { return fmt.Sprintf("there is no such %s", e.What) }
func (e Conflict) Error() string { return e.Why }
func (e Invalid) Error() string  { return e.Why }

// Unavailable is a fault outside of this program that may pass: a full disk, a
// database that is away. Why is a sentence for the operator.
type Unavailable struct {
	Why   string
	Cause error
}

func (e Unavailable) Error() string { return e.Why }
func (e Unavailable) Unwrap() error { return e.Cause }
