package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
	"parley/campaign"
	"parley/ladder"
	"parley/outcome"
	"parley/rates"
	"parley/store"
)

// ladderOf is signalling with what a hostile far side may put there.
func ladderOf(id string, messages int) *ladder.Ladder {
	at := time.Now().UTC().Truncate(time.Millisecond)
	tape := ladder.NewTape(id, at)
	tape.Step(at, "gate: allowed")
	for i := range messages {
		tape.Add(ladder.Message{
			At: at.Add(time.Duration(i) * time.Second), Sent: i%2 == 0, Peer: "192.0.2.1:5060",
			Raw: fmt.Appendf(nil, "INFO sip:\x00é 中 SIP/2.0\r\nCSeq: %d INFO\r\n\r\n", i),
		})
	}
	l := tape.Ladder()
	return &l
}

func testLadders(t *testing.T, b Bench) {
	s := running(t, b, 2)
	l := s.one()
	s.mustBegin(l)
	missing := func(when, tenant, id string) {
		t.Helper()
		if _, err := s.Ladder(s.ctx(), tenant, id); !errors.As(err, new(campaign.NotFound)) {
			t.Errorf("%s: %v, want that there is none", when, err)
		}
	}
	missing("before the end", tenantID, l.Attempt)
	r := report(l, outcome.Answered, outcome.Completed)
	r.Ladder = ladderOf(l.Attempt, 10_000)
	s.settle(l, r)
	later := r
	later.Ladder = ladderOf(l.Attempt, 1) // a settlement that comes twice changes nothing
	s.settle(l, later)
	got, err := s.Ladder(s.ctx(), tenantID, l.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r.Ladder, got); diff != "" {
		t.Errorf("the stored ladder (-want +got):\n%s", diff)
	}
	missing("another tenant's", "other", l.Attempt)
	single := call.Target{Call: "c1", Attempt: "c1", Tenant: tenantID, To: number(9)}
	if _, err := s.BeginCall(s.ctx(), single, nil); err != nil {
		t.Fatal(err)
	}
	end := call.Report{ID: "c1", To: single.To, Network: outcome.Busy, Started: time.Now(), Ended: time.Now(), Ladder: ladderOf("c1", 3)}
	if err := s.SettleCall(s.ctx(), single, end); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Ladder(s.ctx(), tenantID, "c1"); err != nil || len(got.Entries) != 4 {
		t.Errorf("a single call's: %+v, %v", got, err)
	}
	bare := s.one()
	s.mustBegin(bare)
	s.settle(bare, report(bare, outcome.Busy, ""))
	missing("without one", tenantID, bare.Attempt)
	// It holds the number, so it goes with the person.
	if err := s.DeletePerson(s.ctx(), tenantID, l.Contact.Phone); err != nil {
		t.Fatal(err)
	}
	missing("of a person forgotten", tenantID, l.Attempt)
	if _, err := s.Ladder(s.ctx(), tenantID, "c1"); err != nil {
		t.Errorf("another person's: %v", err)
	}
}

// usd is an entry of a table.
func usd(prefix string, perMinute rates.Micro) rates.Rate {
	return rates.Rate{Prefix: prefix, PerMinute: perMinute, First: 6, Next: 6, Setup: 1_000, Currency: "USD"}
}

// priced settles an answered call of 12 s by trunk a, begun then.
func (s *books) priced(trunk string, begun time.Time) call.Report {
	s.t.Helper()
	l := s.one()
	s.mustBegin(l)
	r := report(l, outcome.Answered, outcome.Completed)
	r.Trunk, r.Started = trunk, begun
	s.settle(l, r)
	got, err := s.Call(s.ctx(), tenantID, l.Attempt)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *books) wantCost(what string, r call.Report, amount, unknown string) {
	s.t.Helper()
	switch {
	case r.CostUnknown != unknown:
		s.t.Errorf("%s: no cost because %q, want %q", what, r.CostUnknown, unknown)
	case (r.Cost == nil) != (amount == ""):
		s.t.Errorf("%s: cost %+v, want %q", what, r.Cost, amount)
	case r.Cost != nil && (string(r.Cost.Amount) != amount || r.Cost.Currency != "USD" || r.Cost.BilledS != 12 || r.Cost.Rate.Table == ""):
		s.t.Errorf("%s: cost %+v, want %s", what, *r.Cost, amount)
	}
}

func testRates(t *testing.T, b Bench) {
	s := running(t, b, 9)
	hour := func(n int) time.Time {
		return time.Now().Add(time.Duration(n) * time.Hour).UTC().Truncate(time.Millisecond)
	}
	s.wantCost("without tables", s.priced("a", hour(0)), "", "trunk a had no rate table when the call began; upload one")
	// The server's own, then the tenant's: number(n) is +1212555….
	for _, want := range []bool{true, false} {
		isNew, err := s.ConfigureRates(s.ctx(), "a", []rates.Rate{usd("1", 60_000), usd("1212", 120_000)})
		if err != nil || isNew != want {
			t.Fatalf("configured: new %v, %v, want %v", isNew, err, want)
		}
	}
	s.wantCost("by the server's", s.priced("a", hour(1)), "0.025", "")
	s.wantCost("before the server's", s.priced("a", hour(-1)), "", "trunk a had no rate table when the call began; upload one")
	came := call.Target{Call: "in", Attempt: "in", Tenant: tenantID, To: number(8), Inbound: true}
	if _, err := s.BeginCall(s.ctx(), came, nil); err != nil {
		t.Fatal(err)
	}
	r := call.Report{ID: "in", Direction: call.Inbound, To: came.To, Trunk: "a", Started: hour(1), Answered: hour(1), TalkMS: 12_000, Network: outcome.Answered}
	if err := s.SettleCall(s.ctx(), came, r); err != nil {
		t.Fatal(err)
	}
	got, err := s.Call(s.ctx(), tenantID, "in")
	if err != nil {
		t.Fatal(err)
	}
	s.wantCost("an inbound call", got, "", "the customer called; rate tables price our own calls")
	s.wantCost("by another trunk", s.priced("b", hour(1)), "", "trunk b had no rate table when the call began; upload one")
	old, err := s.AddRates(s.ctx(), tenantID, "a", hour(-2), []rates.Rate{usd("12125550", 600_000), usd("44", 1)})
	if err != nil || old.Entries != 2 || old.Source != "upload" {
		t.Fatalf("%+v, %v", old, err)
	}
	s.wantCost("by the tenant's own", s.priced("a", hour(1)), "0.121", "")
	// A table of the future, with entries enough for several writes.
	var many []rates.Rate
	for i := range 1200 {
		many = append(many, usd(fmt.Sprint(44000+i), 1))
	}
	late, err := s.AddRates(s.ctx(), tenantID, "a", hour(10), many)
	if err != nil {
		t.Fatal(err)
	}
	s.wantCost("before the next", s.priced("a", hour(9)), "0.121", "")
	s.wantCost("with no prefix", s.priced("a", hour(11)), "", "the rate table of trunk a has no prefix for the number")
	if err := s.RemoveRates(s.ctx(), tenantID, late.ID); err != nil {
		t.Fatal(err)
	}
	s.wantCost("after its removal", s.priced("a", hour(11)), "0.121", "")
	// What was settled keeps its cost; a campaign's sum has them all.
	if err := s.RemoveRates(s.ctx(), tenantID, old.ID); err != nil {
		t.Fatal(err)
	}
	called := call.Target{Call: "called", Attempt: "called", Tenant: tenantID, Campaign: s.c.ID, To: number(8), Inbound: true}
	if err := s.BeginInbound(s.ctx(), called); err != nil {
		t.Fatal(err)
	}
	r.ID, r.Campaign = called.Call, called.Campaign
	if err := s.SettleInbound(s.ctx(), called, r); err != nil {
		t.Fatal(err)
	}
	st, err := s.Stats(s.ctx(), tenantID, s.c.ID)
	if diff := cmp.Diff([]store.Spent{{Amount: 25_000 + 3*121_000, Currency: "USD", Calls: 4}}, st.Spent); diff != "" || err != nil || st.Unpriced != 4 {
		t.Errorf("the campaign spent (-want +got):\n%s%d without a cost, %v", diff, st.Unpriced, err)
	}
	told, err := s.Events(s.ctx(), tenantID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	costs := 0
	for _, e := range told {
		if strings.Contains(string(e.Data), `"amount"`) {
			costs++
		}
		if strings.Contains(string(e.Data), "per_minute") {
			t.Errorf("an event tells what a carrier charges: %s", e.Data)
		}
	}
	if costs != 4 {
		t.Errorf("%d events tell what a call cost, want 4", costs)
	}
	if err := s.DeletePerson(s.ctx(), tenantID, called.To); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Call(s.ctx(), tenantID, called.Call); err != nil || got.Direction != call.Inbound || got.To != "" {
		t.Errorf("a forgotten customer's call: %+v, %v", got, err)
	}
}

func testRateTables(t *testing.T, b Bench) {
	s := opened(t, b)
	now := time.Now().UTC().Truncate(time.Millisecond)
	if _, err := s.ConfigureRates(s.ctx(), "a", []rates.Rate{usd("1", 60_000)}); err != nil {
		t.Fatal(err)
	}
	var want []rates.Rate
	for i := range 600 {
		want = append(want, usd(fmt.Sprint(10_000+i), rates.Micro(i)))
	}
	own, err := s.AddRates(s.ctx(), tenantID, "a", now.Add(time.Hour), want)
	if err != nil {
		t.Fatal(err)
	}
	s.again(b)
	all, err := s.RateTables(s.ctx(), tenantID, 10)
	if err != nil || len(all) != 2 || all[1].Source != "configuration" {
		t.Fatalf("%+v, %v", all, err)
	}
	if diff := cmp.Diff(own, all[0]); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	var got []rates.Rate
	for after := ""; ; after = got[len(got)-1].Prefix {
		page, err := s.Rates(s.ctx(), tenantID, own.ID, after, 250)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the entries (-want +got):\n%s", diff)
	}
	// Another tenant sees the server's table only, and nobody removes that.
	others, err := s.RateTables(s.ctx(), "other", 10)
	if err != nil || len(others) != 1 || others[0].ID != all[1].ID {
		t.Errorf("another tenant sees %+v, %v", others, err)
	}
	missing := map[string]error{"removed": s.RemoveRates(s.ctx(), "other", own.ID)}
	_, missing["table"] = s.RateTable(s.ctx(), "other", own.ID)
	_, missing["entries"] = s.Rates(s.ctx(), "other", own.ID, "", 1)
	for what, err := range missing {
		if !errors.As(err, new(campaign.NotFound)) {
			t.Errorf("%s by another tenant: %v", what, err)
		}
	}
	if err := s.RemoveRates(s.ctx(), tenantID, all[1].ID); !errors.As(err, new(campaign.Conflict)) {
		t.Errorf("the configuration's table removed: %v", err)
	}
	// An upload that breaks off leaves nothing.
	ctx, cancel := context.WithCancel(s.ctx())
	cancel()
	if _, err := s.AddRates(ctx, tenantID, "a", now, want); err == nil {
		t.Error("an upload that nobody waits for was kept")
	}
	if _, err := s.AddRates(s.ctx(), tenantID, "a", now, append(want, want[0])); err == nil {
		t.Error("a prefix came twice")
	}
	if all, err := s.RateTables(s.ctx(), tenantID, 10); err != nil || len(all) != 2 {
		t.Errorf("after that there are %+v, %v", all, err)
	}
}
