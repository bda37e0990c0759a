// Package storetest is the conformance suite of the store: what must hold on
// every database, whatever its SQL. Only tests import it.
package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rules"
	"parley/store"
	"parley/tenant"
)

// Bench is a database under test.
type Bench struct {
	// Open opens the store of a data folder; the same folder gives the same
	// database again, a new folder an empty one.
	Open func(t testing.TB, dir string) *store.Store
}

// Run runs the whole suite.
func Run(t *testing.T, b Bench) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Bench)
	}{
		{"a contact's way", testWay},
		{"claims never overlap", testClaimsApart},
		{"retries before the untried", testOrder},
		{"a lease ends", testLeaseEnds},
		{"a zombie begins nothing", testEpoch},
		{"stop and pause", testStop},
		{"one live leg a number", testOneLeg},
		{"begin obeys the latest word", testBeginObeys},
		{"an opt-out is for ever", testOptOut},
		{"payments", testPayments},
		{"facts once", testFacts},
		{"calls of no campaign", testSingleCall},
		{"settle twice", testSettleTwice},
		{"a crash between claim and settle", testCrash},
		{"an older database", testOlderDatabase},
		{"a torn journal", testTornJournal},
		{"a damaged journal", testDamagedJournal},
		{"a folder in use", testFolderInUse},
		{"states", testStates},
		{"imports", testImports},
		{"search", testSearch},
		{"pages", testPages},
		{"events", testEvents},
		{"a bad request spares its group", testGroup},
		{"tenants do not meet", testTenants},
		{"keys, flows and settings", testShelf},
		{"caller IDs", testCallers},
		{"a person forgotten", testForget},
		{"ladders", testLadders},
		{"calls that come in", testInbound},
		{"who calls", testMatters},
		{"a crash in a call that came in", testInboundCrash},
		{"rates", testRates},
		{"rate tables", testRateTables},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

// books is an opened store with a running campaign.
type books struct {
	*store.Store
	t   *testing.T
	dir string
	c   campaign.Campaign
}

const tenantID = tenant.Default

// number gives the n-th number of a range kept for fiction.
func number(n int) string { return fmt.Sprintf("+1212555%04d", n) }

// csvOf is a list of n contacts.
func csvOf(n int) string {
	var b strings.Builder
	b.WriteString("phone,name,amount_due,currency,external_id\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Person %d,10.00,USD,person-%d\n", number(i), i, i)
	}
	return b.String()
}

// opened is a store on a new folder, leading, without any campaign.
func opened(t *testing.T, b Bench) *books {
	t.Helper()
	s := &books{t: t, dir: t.TempDir()}
	s.Store = b.Open(t, s.dir)
	t.Cleanup(func() { _ = s.Close() })
	s.lead()
	return s
}

// running has a campaign over n contacts, under profile test, started.
func running(t *testing.T, b Bench, n int) *books {
	t.Helper()
	s := opened(t, b)
	s.c = s.campaign(csvOf(n))
	return s
}

func (s *books) lead() {
	s.t.Helper()
	if _, err := s.Lead(s.ctx()); err != nil {
		s.t.Fatal(err)
	}
}

// again closes the store and opens its folder anew, as a restart does.
func (s *books) again(b Bench) {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.Store = b.Open(s.t, s.dir)
	s.lead()
}

func (s *books) ctx() context.Context { return s.t.Context() }

func (s *books) campaign(list string) campaign.Campaign {
	s.t.Helper()
	l, err := s.ImportList(s.ctx(), tenantID, "list", strings.NewReader(list), campaign.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := s.CreateCampaign(s.ctx(), campaign.Campaign{
		Tenant: tenantID, Name: "campaign", List: l.ID, Flow: "payment-reminder.en", Profile: "test", AllowList: []string{"+1212555*"},
	})
	if err == nil {
		c, err = s.Move(s.ctx(), tenantID, c.ID, campaign.Running, "test")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *books) claim(n int) []campaign.Lease {
	s.t.Helper()
	return s.claimOf(s.c, n, time.Minute)
}

func (s *books) claimOf(c campaign.Campaign, n int, lease time.Duration) []campaign.Lease {
	s.t.Helper()
	leases, err := s.Claim(s.ctx(), c, n, lease)
	if err != nil {
		s.t.Fatal(err)
	}
	return leases
}

// one claims exactly one contact.
func (s *books) one() campaign.Lease {
	s.t.Helper()
	leases := s.claim(1)
	if len(leases) != 1 {
		s.t.Fatalf("%d leases, want 1", len(leases))
	}
	return leases[0]
}

func (s *books) begin(l campaign.Lease) error {
	_, err := s.Begin(s.ctx(), l, campaign.TargetOf(l, ""), []rules.Ruling{{Rule: "number_class", Decision: rules.Allow, Reason: "mobile", Version: "test/1"}})
	return err
}

func (s *books) mustBegin(l campaign.Lease) {
	s.t.Helper()
	if err := s.begin(l); err != nil {
		s.t.Fatal(err)
	}
}

func (s *books) settle(l campaign.Lease, r call.Report) {
	s.t.Helper()
	if err := s.Settle(s.ctx(), l, settlement(l, r)); err != nil {
		s.t.Fatal(err)
	}
}

func settlement(l campaign.Lease, r call.Report) campaign.Settlement {
	counted := campaign.Counted(r)
	tried := l.Tried
	if counted {
		tried.Attempts++
	} else {
		tried.Failures++
	}
	return campaign.Settlement{Report: r, Counted: counted, Next: l.Campaign.Retry.After(r, tried, l.Campaign.MaxAttempts, time.Now())}
}

// report is an ended call of a lease.
func report(l campaign.Lease, network outcome.Network, d outcome.Disposition, turns ...call.Turn) call.Report {
	now := time.Now().UTC().Truncate(time.Millisecond)
	r := call.Report{
		ID: l.Attempt, Direction: call.Outbound, Campaign: l.Campaign.ID, Contact: l.Contact.ID, Attempt: l.Attempt, To: l.Contact.Phone,
		Started: now, Ended: now, Network: network, Disposition: d, Rang: true, Turns: turns,
	}
	if network == outcome.Answered {
		r.Answered, r.AnsweredBy, r.TalkMS = now, outcome.Human, 12_000
	}
	return r
}

func (s *books) counts() campaign.Counts {
	s.t.Helper()
	c, err := s.Counts(s.ctx(), tenantID, s.c.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// wantCounts compares waiting, claimed, dialling, done, uncertain.
func (s *books) wantCounts(want ...int) {
	s.t.Helper()
	c := s.counts()
	got := fmt.Sprint([]int{c.Waiting, c.Claimed, c.Dialling, c.Done, c.Uncertain})
	if got != fmt.Sprint(want) {
		s.t.Errorf("waiting, claimed, dialling, done, uncertain = %s, want %v", got, want)
	}
}
