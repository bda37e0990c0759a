package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/outcome"
	"parley/rules"
	"parley/store"
)

func testWay(t *testing.T, b Bench) {
	s := running(t, b, 3)
	s.wantCounts(3, 0, 0, 0, 0)
	l := s.one()
	s.wantCounts(2, 1, 0, 0, 0)
	if l.Contact.Variables["amount_due"] != "10.00 USD" || l.Case.Number != l.Contact.Phone || l.Case.Profile != "test" || l.Contact.Name == "" {
		t.Errorf("the lease lacks what the call needs: %+v", l)
	}
	before := time.Now()
	begun, err := s.Begin(s.ctx(), l, campaign.TargetOf(l, ""), []rules.Ruling{{Rule: "fuse", Decision: rules.Allow, Version: "test/1"}})
	if err != nil || begun.Before(before) || time.Since(begun) > time.Minute {
		t.Fatalf("begun at %v, %v", begun, err)
	}
	s.wantCounts(2, 0, 1, 0, 0)
	if state, err := s.CallState(s.ctx(), tenantID, l.Attempt); err != nil || state != "dialling" {
		t.Errorf("the call is %q, %v", state, err)
	}
	want := report(l, outcome.Answered, outcome.PromiseToPay, call.Turn{By: call.PartyBot, Text: "Hello", ToMS: 900}, call.Turn{By: call.PartyCustomer, FromMS: 1000, ToMS: 1500, Text: "on Friday", Intent: "promise"})
	want.Promise = &call.Promise{Date: "2026-12-11", Amount: &call.Money{Value: "128.50", Currency: "USD"}, ReadBack: true}
	want.Intents, want.Emotion = []string{"promise"}, &call.Emotion{Peak: 0.25}
	s.settle(l, want)
	s.wantCounts(2, 0, 0, 1, 0)
	got, err := s.Call(s.ctx(), tenantID, l.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	want.Rules = []rules.Ruling{{Rule: "fuse", Decision: rules.Allow, Version: "test/1"}}
	want.CostUnknown = "the call left by no trunk"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the stored report differs (-want +got):\n%s", diff)
	}
	st, err := s.Stats(s.ctx(), tenantID, s.c.ID)
	if err != nil || st.Attempts != 1 || st.Answered != 1 || st.Dispositions["promise_to_pay"] != 1 || st.TalkMS != 12_000 || st.Contacts.Total() != 3 {
		t.Errorf("stats %+v, %v", st, err)
	}
}

func testClaimsApart(t *testing.T, b Bench) {
	s := running(t, b, 40)
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				leases, err := s.Claim(s.ctx(), s.c, 3, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if len(leases) == 0 || err != nil {
					return
				}
				mu.Lock()
				for _, l := range leases {
					seen[l.Contact.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 40 {
		t.Errorf("%d contacts claimed, want 40", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("contact %s was claimed %d times", id, n)
		}
	}
}

func testOrder(t *testing.T, b Bench) {
	s := opened(t, b)
	s.c = s.campaign("phone,priority\n+12125550001,0\n+12125550002,5\n+12125550003,-5\n")
	if c := s.counts(); c.Waiting != 3 || !c.NextDue.IsZero() {
		t.Errorf("of %d contacts that were never tried the next is due at %v, want no moment", c.Waiting, c.NextDue)
	}
	first := s.one()
	if first.Contact.Phone != "+12125550002" {
		t.Errorf("first came %s, not the one of the best priority", first.Contact.Phone)
	}
	// Its callback is due: it goes before the untried.
	if err := s.Return(s.ctx(), first, []rules.Ruling{}, campaign.Next{At: time.Now().Add(-time.Second), Reason: "callback"}); err != nil {
		t.Fatal(err)
	}
	if again := s.one(); again.Contact.ID != first.Contact.ID {
		t.Errorf("next came %s, not the one whose moment has come", again.Contact.Phone)
	}
	second := s.one()
	if second.Contact.Phone != "+12125550001" {
		t.Errorf("then came %s", second.Contact.Phone)
	}
	// One that is due later waits; one given back unjudged keeps its place.
	if err := s.Return(s.ctx(), second, nil, campaign.Next{At: time.Now(), Reason: "beyond the pace"}); err != nil {
		t.Fatal(err)
	}
	if l := s.one(); l.Contact.ID != second.Contact.ID {
		t.Errorf("%s overtook", l.Contact.Phone)
	}
	third := s.one()
	if err := s.Return(s.ctx(), third, []rules.Ruling{}, campaign.Next{At: time.Now().Add(time.Hour), Reason: "calling_hours"}); err != nil {
		t.Fatal(err)
	}
	if got := s.claim(5); len(got) != 0 {
		t.Errorf("claimed %d that are not due", len(got))
	}
	if c := s.counts(); c.NextDue.Before(time.Now().Add(50 * time.Minute)) {
		t.Errorf("next due at %v", c.NextDue)
	}
}

func testLeaseEnds(t *testing.T, b Bench) {
	s := running(t, b, 1)
	dead := s.claimOf(s.c, 1, -time.Second) // over when it begins
	if len(dead) != 1 {
		t.Fatal("nothing claimed")
	}
	if err := s.begin(dead[0]); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("a dead lease begins: %v", err)
	}
	alive := s.one()
	if alive.Contact.ID != dead[0].Contact.ID || alive.Attempt == dead[0].Attempt {
		t.Errorf("the contact was not claimed anew: %+v", alive)
	}
	s.mustBegin(alive)
}

func testEpoch(t *testing.T, b Bench) {
	s := running(t, b, 2)
	old := s.one()
	first, err := s.Lead(s.ctx())
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Lead(s.ctx())
	if err != nil || second <= first {
		t.Errorf("epochs %d, %d, %v: they must grow", first, second, err)
	}
	if err := s.begin(old); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("a lease of an older epoch begins: %v", err)
	}
	s.again(b)
	if third, err := s.Lead(s.ctx()); err != nil || third <= second {
		t.Errorf("after a restart the epoch is %d, %v", third, err)
	}
}

func testStop(t *testing.T, b Bench) {
	s := running(t, b, 4)
	leases := s.claim(2)
	for i, to := range []campaign.State{campaign.Paused, campaign.Stopped} {
		if _, err := s.Move(s.ctx(), tenantID, s.c.ID, to, "test"); err != nil {
			t.Fatal(err)
		}
		if err := s.begin(leases[i]); !errors.Is(err, campaign.ErrRefused) {
			t.Errorf("%s: a claimed contact begins: %v", to, err)
		}
		if got := s.claim(1); len(got) != 0 {
			t.Errorf("%s: a contact can be claimed", to)
		}
	}
	s.again(b)
	if c, err := s.Campaign(s.ctx(), tenantID, s.c.ID); err != nil || c.State != campaign.Stopped {
		t.Errorf("after a restart it is %s, %v", c.State, err)
	}
	if _, err := s.Move(s.ctx(), tenantID, s.c.ID, campaign.Running, "test"); err != nil {
		t.Fatal(err)
	}
	other := s.campaign(csvOf(1))
	if n, err := s.StopAll(s.ctx(), tenantID, "test"); err != nil || n != 2 {
		t.Errorf("stop-all stopped %d, %v", n, err)
	}
	if active, err := s.Active(s.ctx()); err != nil || len(active) != 0 {
		t.Errorf("still active: %v, %v; one was %s", active, err, other.ID)
	}
}

func testOneLeg(t *testing.T, b Bench) {
	s := running(t, b, 1)
	other := s.campaign(csvOf(1))
	first, second := s.one(), s.claimOf(other, 1, time.Minute)[0]
	s.mustBegin(first)
	if err := s.begin(second); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("two legs to one number: %v", err)
	}
	if err := s.Return(s.ctx(), second, nil, campaign.Next{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	s.settle(first, report(first, outcome.NoAnswer, ""))
	// What was judged before that call may not begin after it.
	stale := s.claimOf(other, 1, time.Minute)[0]
	stale.Claimed = second.Claimed
	if err := s.begin(stale); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("a contact begins that was judged before the last call: %v", err)
	}
	if err := s.Return(s.ctx(), stale, nil, campaign.Next{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	// Now the number is free again, and the rules see the earlier call.
	third := s.claimOf(other, 1, time.Minute)
	if len(third) != 1 || len(third[0].Case.Calls) != 1 || third[0].Case.Live {
		t.Fatalf("after the first call: %+v", third)
	}
	s.mustBegin(third[0])
}

func testBeginObeys(t *testing.T, b Bench) {
	for name, speak := range map[string]func(*books, campaign.Lease) error{
		"opt-out": func(s *books, l campaign.Lease) error {
			return s.OptOut(s.ctx(), tenantID, l.Contact.Phone, "", "letter")
		},
		"dnc": func(s *books, l campaign.Lease) error {
			return s.AddDNC(s.ctx(), tenantID, store.DNCEntry{Phone: l.Contact.Phone})
		},
		"dnc of the campaign": func(s *books, l campaign.Lease) error {
			return s.AddDNC(s.ctx(), tenantID, store.DNCEntry{Phone: l.Contact.Phone, Campaign: s.c.ID})
		},
		"payment": func(s *books, l campaign.Lease) error {
			_, err := s.Payment(s.ctx(), tenantID, "", l.Contact.ExternalID, "")
			return err
		},
		"removal": func(s *books, l campaign.Lease) error {
			return s.RemoveContact(s.ctx(), tenantID, s.c.ID, l.Contact.ID)
		},
	} {
		s := running(t, b, 1)
		l := s.one()
		if err := speak(s, l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.begin(l); !errors.Is(err, campaign.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		if page, err := s.Calls(s.ctx(), store.CallFilter{Tenant: tenantID}); err != nil || len(page.Calls) != 0 {
			t.Errorf("%s: a refused contact left an attempt: %+v, %v", name, page, err)
		}
		s.Close()
	}
}

func testOptOut(t *testing.T, b Bench) {
	s := running(t, b, 2)
	other := s.campaign(csvOf(2))
	l := s.one()
	s.mustBegin(l)
	target := campaign.TargetOf(l, "")
	if err := s.Commit(s.ctx(), target, dialog.Fact{Kind: dialog.FactOptOut, Text: "stop calling me"}); err != nil {
		t.Fatal(err)
	}
	// Before the call has ended, no other campaign can reach the person.
	for _, lease := range s.claimOf(other, 2, time.Minute) {
		if lease.Contact.Phone == l.Contact.Phone {
			t.Error("the person can still be claimed elsewhere")
		}
	}
	// A hang-up that the table would retry is final all the same.
	s.settle(l, report(l, outcome.Answered, outcome.HungUpEarly))
	s.wantCounts(1, 0, 0, 1, 0)
	s.again(b)
	s.c = s.campaign(csvOf(2)) // imported again
	for _, lease := range s.claim(2) {
		if blocked := lease.Contact.Phone == l.Contact.Phone; lease.Case.OptedOut != blocked {
			t.Errorf("%s: opted out is %v", lease.Contact.Phone, lease.Case.OptedOut)
		} else if blocked {
			if err := s.begin(lease); !errors.Is(err, campaign.ErrRefused) {
				t.Errorf("after a re-import: %v", err)
			}
		}
	}
	// The same person under another number.
	s.c = s.campaign("phone,external_id\n+12125559999," + l.Contact.ExternalID + "\n")
	if lease := s.one(); !lease.Case.OptedOut {
		t.Error("the person's other number is called")
	}
}

func testPayments(t *testing.T, b Bench) {
	s := opened(t, b)
	s.c = s.campaign("phone,account_id,external_id\n+12125550001,A1,p1\n+12125550002,A2,p2\n+12125550003,A3,p3\n")
	if n, err := s.Payment(s.ctx(), tenantID, "", "", "A2"); err != nil || n != 1 {
		t.Errorf("the payment ended %d, %v", n, err)
	}
	if n, err := s.Payment(s.ctx(), tenantID, "+12125550003", "", ""); err != nil || n != 1 {
		t.Errorf("the payment ended %d, %v", n, err)
	}
	if _, err := s.Payment(s.ctx(), tenantID, "", "", ""); !errors.As(err, new(campaign.Invalid)) {
		t.Errorf("a payment of nobody: %v", err)
	}
	if leases := s.claim(3); len(leases) != 1 || leases[0].Contact.AccountID != "A1" {
		t.Errorf("left are %+v", leases)
	}
	// A debt that is imported after the payment is another one.
	s.c = s.campaign("phone,account_id,external_id\n+12125550002,A2,p2\n")
	l := s.one()
	if l.Case.Paid {
		t.Error("a new debt counts as paid")
	}
	s.mustBegin(l)
}

func testFacts(t *testing.T, b Bench) {
	s := running(t, b, 1)
	l := s.one()
	s.mustBegin(l)
	target := campaign.TargetOf(l, "")
	last, err := s.LastEvent(s.ctx(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Commit(s.ctx(), target, dialog.Fact{Kind: dialog.FactPromise, Promise: &dialog.Promise{Method: "card"}}); err != nil {
			t.Fatal(err)
		}
	}
	if events, err := s.Events(s.ctx(), tenantID, last, 10); err != nil || len(events) != 1 || events[0].Subject != "call.fact" {
		t.Errorf("one fact three times told %+v, %v", events, err)
	}
	if err := s.Answered(s.ctx(), target, time.Now(), "leg"); err != nil {
		t.Fatal(err)
	}
	s.settle(l, report(l, outcome.Answered, outcome.Dispute))
	s.c = s.campaign(csvOf(1))
	if again := s.one(); again.Case.Closed != outcome.Dispute {
		t.Errorf("a disputed matter is called about: %+v", again.Case)
	}
	if err := s.Reopen(s.ctx(), tenantID, l.Contact.Phone, "dispute"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(s.ctx(), tenantID, l.Contact.Phone, "dispute"); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("reopened twice: %v", err)
	}
}

func testSingleCall(t *testing.T, b Bench) {
	s := running(t, b, 1)
	target := call.Target{Call: "c1", Attempt: "c1", Tenant: tenantID, To: number(0), From: "+12125558888"}
	if _, err := s.BeginCall(s.ctx(), target, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.begin(s.one()); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("a campaign calls a number with a leg up: %v", err)
	}
	if err := s.SettleCall(s.ctx(), target, call.Report{ID: "c1", To: target.To, Network: outcome.Busy, Started: time.Now(), Ended: time.Now()}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Call(s.ctx(), tenantID, "c1")
	if err != nil || got.Network != outcome.Busy || got.From != target.From {
		t.Errorf("the call is %+v, %v", got, err)
	}
	c, err := s.Case(s.ctx(), campaign.Campaign{Tenant: tenantID, Profile: "test"}, campaign.Contact{Phone: target.To})
	if err != nil || len(c.Calls) != 1 || c.Live {
		t.Errorf("the rules see %+v, %v", c, err)
	}
}

func testSettleTwice(t *testing.T, b Bench) {
	s := running(t, b, 1)
	l := s.one()
	s.mustBegin(l)
	r := report(l, outcome.Busy, "")
	s.settle(l, r)
	s.settle(l, r)
	s.wantCounts(1, 0, 0, 0, 0)
	page, err := s.CampaignContacts(s.ctx(), tenantID, s.c.ID, "", "", 10)
	if err != nil || len(page) != 1 || page[0].Attempts != 1 || page[0].Network != "busy" || page[0].Due.Before(time.Now()) {
		t.Errorf("the contact stands %+v, %v", page, err)
	}
}
