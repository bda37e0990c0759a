package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
	"parley/campaign"
	"parley/ladder"
	"parley/outcome"
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
