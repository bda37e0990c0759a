package storetest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/store"
)

// journal is the file of a data folder.
func (s *books) journal() string { return filepath.Join(s.dir, "journal") }

func (s *books) lines() [][]byte {
	s.t.Helper()
	raw, err := os.ReadFile(s.journal())
	if err != nil {
		s.t.Fatal(err)
	}
	return bytes.SplitAfter(raw, []byte("\n"))
}

// crash ends the store and lets change do to the folder what the crash did.
func (s *books) crash(b Bench, change func()) store.Recovered {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	change()
	s.Store = b.Open(s.t, s.dir)
	r, err := s.Recover(s.ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	s.lead()
	return r
}

func (s *books) writeLines(lines ...[]byte) {
	s.t.Helper()
	if err := os.WriteFile(s.journal(), bytes.Join(lines, nil), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func testCrash(t *testing.T, b Bench) {
	s := running(t, b, 4)
	leases := s.claim(4)
	unsent, sent, ended := leases[0], leases[1], leases[2]
	s.mustBegin(ended)
	if err := s.Answered(s.ctx(), campaign.TargetOf(ended, ""), time.Now(), "settled"); err != nil {
		t.Fatal(err)
	}
	s.settle(ended, report(ended, outcome.Answered, outcome.PromiseToPay))
	s.mustBegin(sent)
	at := time.UnixMilli(time.Now().UnixMilli()).UTC()
	if err := s.Answered(s.ctx(), campaign.TargetOf(sent, ""), at, `{"to":"sip:é@x"}`); err != nil {
		t.Fatal(err)
	}
	s.mustBegin(unsent)
	lines := s.lines()
	if len(lines) != 4 || len(lines[3]) != 0 {
		t.Fatalf("the journal has %d lines, want 3", len(lines)-1)
	}
	// The power went between the database's commit and the journal's line.
	got := s.crash(b, func() { s.writeLines(lines[:2]...) })
	if got.Returned != 1 || got.Released != 1 || got.Uncertain != 1 || got.Unknown != 0 || got.Damaged != 0 {
		t.Errorf("recovered %+v", got)
	}
	orphan := store.Orphan{Tenant: tenantID, Attempt: sent.Attempt, Answered: at, Leg: `{"to":"sip:é@x"}`}
	if !slices.Equal(got.Orphans, []store.Orphan{orphan}) {
		t.Errorf("orphans %+v, want %+v", got.Orphans, orphan)
	}
	s.wantCounts(2, 0, 0, 1, 1)
	r, err := s.Call(s.ctx(), tenantID, sent.Attempt)
	if err != nil || r.Network != outcome.Uncertain || r.To != sent.Contact.Phone {
		t.Errorf("the uncertain call: %+v, %v", r, err)
	}
	if state, err := s.CallState(s.ctx(), tenantID, unsent.Attempt); err != nil || state != "released" {
		t.Errorf("the unsent attempt is %q, %v", state, err)
	}
	for _, l := range s.claim(4) {
		if l.Contact.ID == sent.Contact.ID || l.Contact.ID == ended.Contact.ID {
			t.Errorf("%s is called again", l.Contact.ID)
		}
		if l.Contact.ID == unsent.Contact.ID && len(l.Case.Calls) != 0 {
			t.Errorf("an attempt that was never sent counts: %+v", l.Case.Calls)
		}
	}
	// What may have rung counts for every other campaign.
	s.c = s.campaign(csvOf(4))
	for _, l := range s.claim(4) {
		if l.Contact.Phone == sent.Contact.Phone && len(l.Case.Calls) != 1 {
			t.Errorf("the uncertain attempt does not count: %+v", l.Case)
		}
	}
	// A second start finds nothing more than the leg that nobody has ended, and
	// a late settlement still counts once.
	if got := s.crash(b, func() {}); got.Uncertain+got.Released+got.Unknown != 0 || !slices.Equal(got.Orphans, []store.Orphan{orphan}) {
		t.Errorf("a second recovery found %+v", got)
	}
	for range 2 {
		if err := s.LegEnded(s.ctx(), orphan); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.crash(b, func() {}); len(got.Orphans) != 0 {
		t.Errorf("a leg that was ended is told again: %+v", got.Orphans)
	}
	s.settle(sent, report(sent, outcome.Answered, outcome.PromiseToPay))
	if r, err := s.Call(s.ctx(), tenantID, sent.Attempt); err != nil || r.Disposition != outcome.PromiseToPay {
		t.Errorf("after a late settlement: %+v, %v", r, err)
	}
}

// testOlderDatabase: the journal knows an attempt that the database lacks.
func testOlderDatabase(t *testing.T, b Bench) {
	s := running(t, b, 1)
	l := s.one()
	s.mustBegin(l)
	s.settle(l, report(l, outcome.Answered, outcome.PromiseToPay))
	lines := s.lines()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// An empty database beside yesterday's journal.
	s = &books{t: t, dir: t.TempDir()}
	s.writeLines(lines...)
	s.Store = b.Open(t, s.dir)
	t.Cleanup(func() { _ = s.Close() })
	got, err := s.Recover(s.ctx())
	if err != nil || got.Unknown != 1 {
		t.Fatalf("recovered %+v, %v", got, err)
	}
	s.lead()
	s.c = s.campaign(csvOf(1))
	if again := s.one(); len(again.Case.Calls) != 1 || again.Case.Calls[0].At.Before(time.Now().Add(-time.Minute)) {
		t.Errorf("yesterday's call is forgotten: %+v", again.Case)
	}
	page, err := s.Calls(s.ctx(), store.CallFilter{Tenant: tenantID, Network: "uncertain"})
	if err != nil || len(page.Calls) != 1 || page.Calls[0].State != "uncertain" || page.Calls[0].To != l.Contact.Phone {
		t.Errorf("the books have %+v, %v", page, err)
	}
}

func testTornJournal(t *testing.T, b Bench) {
	s := running(t, b, 3)
	first, second := s.one(), s.one()
	s.mustBegin(first)
	s.mustBegin(second)
	lines := s.lines()
	for _, cut := range []int{1, 9, len(lines[1]) - 1} {
		got := s.crash(b, func() { s.writeLines(lines[0], lines[1][:cut]) })
		if got.Damaged != 0 {
			t.Errorf("a torn end counts as damage: %+v", got)
		}
	}
	s.wantCounts(2, 0, 0, 0, 1) // the first may have rung, the second was never sent
	third := s.one()
	s.mustBegin(third)
	if got := s.lines(); len(got) != 3 || !bytes.Equal(got[0], lines[0]) || !bytes.Contains(got[1], []byte(third.Attempt)) {
		t.Errorf("after a torn end the journal is %q", got)
	}
}

func testDamagedJournal(t *testing.T, b Bench) {
	s := running(t, b, 3)
	for _, l := range s.claim(3) {
		s.mustBegin(l)
	}
	lines := s.lines()
	bad := bytes.Clone(lines[1])
	bad[len(bad)/2] ^= 1
	got := s.crash(b, func() { s.writeLines(lines[0], bad, lines[2]) })
	// The attempt whose line is unreadable cannot be told from one that was
	// never sent, but the damage is told.
	if got.Damaged != 1 || got.Uncertain+got.Released != 3 {
		t.Errorf("recovered %+v", got)
	}
	kept, err := filepath.Glob(s.journal() + ".damaged-*")
	if err != nil || len(kept) != 1 {
		t.Errorf("the evidence is not kept: %v, %v", kept, err)
	}
	s.crash(b, func() { s.writeLines(bytes.Repeat([]byte("x"), 100_000), []byte("\n"), lines[0]) })
}

func testFolderInUse(t *testing.T, b Bench) {
	s := opened(t, b)
	_, err := store.Open(s.ctx(), store.Options{Dir: s.dir})
	if !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second server: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	s.Store = b.Open(t, s.dir)
	if err := s.Ping(s.ctx()); err != nil {
		t.Error(err)
	}
	if _, err := s.BeginCall(s.ctx(), call.Target{Call: "c", Attempt: "c", Tenant: "nobody", To: number(1)}, nil); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("a tenant that does not exist calls: %v", err)
	}
}
