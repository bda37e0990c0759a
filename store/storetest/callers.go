package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
)

// testCallers: what a caller ID did is read from the attempts, and its rest
// outlives the process.
func testCallers(t *testing.T, b Bench) {
	s := running(t, b, 9)
	const ours, other = "+12125558801", "+12125558802"
	q := campaign.CallerQuery{Window: time.Hour, Short: 6 * time.Second, Most: 100}
	use := func(tenant, number string, change ...func(*campaign.CallerQuery)) campaign.CallerUse {
		t.Helper()
		q := q
		q.Now = time.Now()
		for _, c := range change {
			c(&q)
		}
		u, err := s.CallerUse(s.ctx(), tenant, number, q)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if got := use(tenantID, ours); got != (campaign.CallerUse{CallerID: campaign.CallerID{Number: ours}}) {
		t.Errorf("a number that never called: %+v", got)
	}
	ended := func(from string, n outcome.Network, by outcome.AnsweredBy, talk time.Duration) {
		t.Helper()
		l := s.one()
		if _, err := s.Begin(s.ctx(), l, campaign.TargetOf(l, from), nil); err != nil {
			t.Fatal(err)
		}
		r := report(l, n, "")
		r.AnsweredBy, r.TalkMS = by, talk.Milliseconds()
		s.settle(l, r)
	}
	ended(ours, outcome.Answered, outcome.Human, time.Minute)
	ended(ours, outcome.Answered, outcome.Human, 2*time.Second)
	ended(ours, outcome.Answered, outcome.Voicemail, 2*time.Second)
	ended(ours, outcome.NoAnswer, "", 0)
	ended(ours, outcome.TrunkFailed, "", 0)
	ended(other, outcome.Rejected, "", 0)
	first := s.one()
	if _, err := s.Begin(s.ctx(), first, campaign.TargetOf(first, ours), nil); err != nil {
		t.Fatal(err)
	}
	want := campaign.CallerSamples{Calls: 4, Answered: 3, Talked: 2, Short: 1}
	if got := use(tenantID, ours); got.Samples != want || got.Day != 6 || got.Live != 0 || !got.Again.IsZero() {
		t.Errorf("the books say %+v, want %+v of a day's 6", got, want)
	}
	if got := use(tenantID, other); got.Samples.Calls != 1 || got.Day != 1 {
		t.Errorf("the other number: %+v", got)
	}
	if got := use("somebody", ours); got.Day != 0 || got.Samples.Calls != 0 {
		t.Errorf("another tenant sees %+v", got)
	}
	if got := use(tenantID, ours, func(q *campaign.CallerQuery) { q.Most = 2 }); got.Samples.Calls > 2 {
		t.Errorf("of two calls come %+v", got.Samples)
	}
	// The bound of a day is free again a day after the call that fills it.
	if got := use(tenantID, ours, func(q *campaign.CallerQuery) { q.Daily = 6 }); time.Until(got.Again) < 23*time.Hour || time.Until(got.Again) > 24*time.Hour {
		t.Errorf("a spent number may be presented again at %v", got.Again)
	}
	if got := use(tenantID, ours, func(q *campaign.CallerQuery) { q.Daily = 7 }); !got.Again.IsZero() {
		t.Errorf("a number that is not spent: %+v", got)
	}
	// The same customer is known by what they saw.
	r := report(first, outcome.Busy, "")
	settled := settlement(first, r)
	settled.Next = campaign.Next{At: time.Now().Add(-time.Second)}
	if err := s.Settle(s.ctx(), first, settled); err != nil {
		t.Fatal(err)
	}
	if again := s.one(); again.Contact.ID != first.Contact.ID || again.From != ours {
		t.Errorf("the contact comes again with %q, want the caller ID it saw", again.From)
	}
	if fresh := s.one(); fresh.From != "" {
		t.Errorf("a contact that was never called saw %q", fresh.From)
	}

	last, err := s.LastEvent(s.ctx(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	rest := campaign.CallerRest{Number: ours, From: now, Until: now.Add(time.Hour), Why: "nobody answers", Times: 2}
	if err := s.RestCaller(s.ctx(), tenantID, rest); err != nil {
		t.Fatal(err)
	}
	s.again(b)
	if got := use(tenantID, ours); got.Rest != rest || got.Samples.Calls != 0 || got.Day != 6 {
		t.Errorf("after a restart the number is %+v, want the rest %+v", got, rest)
	}
	events, err := s.Events(s.ctx(), tenantID, last, 10)
	var told campaign.CallerRest
	if err != nil || len(events) != 1 || events[0].Subject != "caller_id.resting" || json.Unmarshal(events[0].Data, &told) != nil || told != rest {
		t.Errorf("the rest is told as %+v, %v", events, err)
	}
	if err := s.WakeCaller(s.ctx(), "somebody", ours, now); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("another tenant ends the rest: %v", err)
	}
	if err := s.WakeCaller(s.ctx(), tenantID, ours, now); err != nil {
		t.Error(err)
	}
	if err := s.WakeCaller(s.ctx(), tenantID, ours, now); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("a rest ended twice: %v", err)
	}
	if got := use(tenantID, ours); !got.Rest.Until.Equal(now) || got.Rest.Times != 2 {
		t.Errorf("after its rest was ended the number is %+v", got.Rest)
	}
	// What came after the rest is what counts.
	target := call.Target{Call: "c-last", Attempt: "c-last", Tenant: tenantID, To: number(500), From: ours}
	if _, err := s.BeginCall(s.ctx(), target, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.SettleCall(s.ctx(), target, call.Report{ID: "c-last", To: target.To, Network: outcome.Busy, Started: now, Ended: now}); err != nil {
		t.Fatal(err)
	}
	if got := use(tenantID, ours); got.Samples != (campaign.CallerSamples{Calls: 1}) {
		t.Errorf("on trial the number has %+v", got.Samples)
	}
}
