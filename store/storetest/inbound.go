package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/outcome"
)

// inbound is a call from the n-th number of the campaign.
func (s *books) inbound(id string, n int) call.Target {
	s.t.Helper()
	t := call.Target{Call: id, Attempt: id, Tenant: tenantID, To: number(n), From: "+12125559999", Inbound: true, Trunk: "carrier"}
	if of, contact, err := s.OpenMatter(s.ctx(), tenantID, t.To); err == nil {
		t.Campaign, t.Contact = of.ID, contact.ID
	}
	if err := s.BeginInbound(s.ctx(), t); err != nil {
		s.t.Fatal(err)
	}
	return t
}

// came ends a call that came in.
func (s *books) came(t call.Target, d outcome.Disposition, change ...func(*call.Report)) {
	s.t.Helper()
	r := call.Report{
		ID: t.Call, Direction: call.Inbound, Network: outcome.Answered, Disposition: d,
		Started: time.Now(), Answered: time.Now(), Ended: time.Now(), Rang: true,
	}
	for _, c := range change {
		c(&r)
	}
	if err := s.SettleInbound(s.ctx(), t, r); err != nil {
		s.t.Fatal(err)
	}
}

func (s *books) waits(n int) campaignState {
	s.t.Helper()
	p, err := s.Person(s.ctx(), tenantID, number(n))
	if err != nil || len(p.Queues) != 1 {
		s.t.Fatalf("%+v, %v", p, err)
	}
	q := p.Queues[0]
	return campaignState{q.State, q.Attempts, q.Due}
}

type campaignState struct {
	state    string
	attempts int
	due      time.Time
}

func testInbound(t *testing.T, b Bench) {
	s := running(t, b, 6)
	// While the customer talks with us nobody rings there, and two calls of one
	// number may come at a time.
	l := s.one()
	in := s.inbound("in1", 0)
	if l.Contact.Phone != in.To || in.Contact != l.Contact.ID || in.Campaign != s.c.ID {
		t.Fatalf("the caller is %+v, the lease's is %s", in, l.Contact.ID)
	}
	if _, err := s.Begin(s.ctx(), l, campaign.TargetOf(l, ""), nil); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("dialled a number that is calling us: %v", err)
	}
	again := s.inbound("in2", 0)
	// It counts against nothing, and what settled nothing leaves the turn.
	s.came(in, outcome.HungUpEarly)
	s.came(again, outcome.HungUpEarly)
	if got := s.waits(0); got.state != "claimed" || got.attempts != 0 {
		t.Errorf("after two calls of the customer: %+v", got)
	}
	s.mustBegin(l)
	// And one may come in while we dial.
	s.came(s.inbound("in3", 0), outcome.HungUpEarly)
	s.settle(l, report(l, outcome.Busy, ""))
	// A talk that the customer began is one, and no attempt of ours.
	talk := s.inbound("in8", 5)
	about := campaign.Contact{Phone: number(5)}
	if c, err := s.Case(s.ctx(), s.c, about); err != nil || !c.Live || len(c.Calls) != 0 || !c.LastTalk.IsZero() {
		t.Errorf("while the customer talks: %+v, %v", c, err)
	}
	began := time.Now()
	s.came(talk, outcome.HungUpEarly, func(r *call.Report) { r.AnsweredBy = outcome.Human })
	if c, err := s.Case(s.ctx(), s.c, about); err != nil || c.Live || len(c.Calls) != 0 || c.LastTalk.Before(began.Add(-time.Minute)) {
		t.Errorf("after the customer's talk: %+v, %v", c, err)
	}
	// Our leg that outlasts a call with a promise does not take it back.
	l = s.one()
	s.mustBegin(l)
	beside := s.inbound("in9", 1)
	if beside.Contact != l.Contact.ID {
		t.Fatalf("the lease is for %s, the call of %s", l.Contact.ID, beside.Contact)
	}
	if err := s.Commit(s.ctx(), beside, dialog.Fact{Kind: dialog.FactPromise}); err != nil {
		t.Fatal(err)
	}
	s.came(beside, outcome.PromiseToPay)
	s.settle(l, report(l, outcome.Busy, ""))
	if got := s.waits(1); got.state != "done" || got.attempts != 1 {
		t.Errorf("after a promise beside our own call: %+v", got)
	}
	// A promise ends the contact's turn as one of our own call does; a wish to be
	// called sets it.
	s.came(s.inbound("in4", 4), outcome.PromiseToPay)
	if got := s.waits(4); got.state != "done" || got.attempts != 0 {
		t.Errorf("after a promise: %+v", got)
	}
	at := time.Now().Add(2 * time.Hour).Truncate(time.Millisecond)
	s.came(s.inbound("in5", 2), outcome.Callback, func(r *call.Report) { r.Callback = at })
	if got := s.waits(2); got.state != "waiting" || !got.due.Equal(at) {
		t.Errorf("after the wish for %v: %+v", at, got)
	}
	// "Do not call me any more" holds from the moment it was said.
	stop := s.inbound("in6", 3)
	if err := s.Commit(s.ctx(), stop, dialog.Fact{Kind: dialog.FactOptOut, Text: "stop calling me"}); err != nil {
		t.Fatal(err)
	}
	if got := s.waits(3); got.state != "done" {
		t.Errorf("after an opt-out: %+v", got)
	}
	s.came(stop, outcome.OptOut)
	if _, err := s.BeginCall(s.ctx(), call.Target{Call: "c", Attempt: "c", Tenant: tenantID, To: number(3)}, nil); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("dialled after an opt-out: %v", err)
	}
	s.came(s.inbound("in7", 3), outcome.Completed) // whoever opted out may call
	page, err := s.CallState(s.ctx(), tenantID, "in7")
	if err != nil || page != "ended" {
		t.Errorf("state %q, %v", page, err)
	}
	got, err := s.Call(s.ctx(), tenantID, "in4")
	if err != nil || got.Direction != call.Inbound || got.To != number(4) || got.From != "+12125559999" || got.Disposition != outcome.PromiseToPay {
		t.Errorf("report %+v, %v", got, err)
	}
	st, err := s.Stats(s.ctx(), tenantID, s.c.ID)
	if err != nil || st.Attempts != 2 {
		t.Errorf("the campaign counts %d attempts, %v", st.Attempts, err)
	}
}

func testMatters(t *testing.T, b Bench) {
	s := running(t, b, 3)
	open := func(n int) string {
		t.Helper()
		of, contact, err := s.OpenMatter(s.ctx(), tenantID, number(n))
		if errors.As(err, new(campaign.NotFound)) {
			return "none"
		}
		if err != nil {
			t.Fatal(err)
		}
		return of.ID + " " + contact.Name
	}
	if got, want := open(0), s.c.ID+" Person 0"; got != want {
		t.Errorf("the matter is %q, want %q", got, want)
	}
	if got := open(7); got != "none" {
		t.Errorf("a number of nobody's has %q", got)
	}
	// A turn to come counts more than a newer list, and that one more than an
	// older. What has expired is nobody's matter. Without identifiers two names
	// are two people.
	newer := "phone,name,amount_due,currency,external_id,expires_at\n" + number(0) + ",Newer,20.00,USD,person-0,\n" + number(2) + ",Other,20.00,USD,person-9,\n" +
		number(8) + ",Newest,20.00,USD,person-8,2020-01-01T00:00:00Z\n" + number(9) + ",Lee,20.00,USD,,\n" + number(10) + ",Lee,20.00,USD,,\n"
	older := "phone,name,amount_due,currency,external_id\n" + number(8) + ",Older,20.00,USD,person-8\n" + number(9) + ",Kim,20.00,USD,\n" + number(10) + ",lee,20.00,USD,\n"
	for i, file := range []string{older, newer} {
		at := time.Now().Add(time.Duration(i) * time.Minute)
		if _, err := s.ImportList(s.ctx(), tenantID, fmt.Sprint("list ", i), strings.NewReader(file), campaign.Options{Now: at}); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]string{0: s.c.ID + " Person 0", 8: " Older", 9: "none", 10: " Lee"} {
		if got := open(n); got != want {
			t.Errorf("the matter of number %d is %q, want %q", n, got, want)
		}
	}
	if got := open(2); got != "none" {
		t.Errorf("a number of two people has %q", got)
	}
	if _, err := s.Payment(s.ctx(), tenantID, number(1), "", ""); err != nil {
		t.Fatal(err)
	}
	if got := open(1); got != "none" {
		t.Errorf("a paid matter is open: %q", got)
	}
	if _, _, err := s.OpenMatter(s.ctx(), "other", number(0)); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("another tenant sees the matter: %v", err)
	}
	// A withheld number is nobody's.
	if _, _, err := s.OpenMatter(s.ctx(), tenantID, ""); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("a withheld number has a matter: %v", err)
	}
}

// testInboundCrash: a call that a crash cut off counts for nothing, and its leg
// is ended at the next start.
func testInboundCrash(t *testing.T, b Bench) {
	s := running(t, b, 2)
	in := s.inbound("in1", 0)
	promise := s.inbound("in2", 1)
	if err := s.Commit(s.ctx(), promise, dialog.Fact{Kind: dialog.FactPromise}); err != nil {
		t.Fatal(err)
	}
	if err := s.Answered(s.ctx(), in, time.Now(), "leg of in1"); err != nil {
		t.Fatal(err)
	}
	s.again(b)
	found, err := s.Recover(context.Background())
	if err != nil || found.Cut != 2 || found.Released+found.Uncertain+found.Unknown != 0 || len(found.Orphans) != 1 || found.Orphans[0].Leg != "leg of in1" {
		t.Fatalf("recovered %+v, %v", found, err)
	}
	r, err := s.Call(s.ctx(), tenantID, "in1")
	if err != nil || r.Direction != call.Inbound || r.Network != outcome.Uncertain {
		t.Errorf("report %+v, %v", r, err)
	}
	if got := s.waits(0); got.state != "waiting" || got.attempts != 0 {
		t.Errorf("the contact is %+v", got)
	}
	if got := s.waits(1); got.state != "done" {
		t.Errorf("who promised before the crash is %+v", got)
	}
	s.mustBegin(s.one())
}
