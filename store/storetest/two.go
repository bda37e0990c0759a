package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"parley/campaign"
	"parley/store"
)

// RunTwo is the suite for databases that several servers share. open opens a
// store of the one shared database for a node with its own data folder.
func RunTwo(t *testing.T, open func(t testing.TB, node, dir string) *store.Store) {
	one := &books{t: t, dir: t.TempDir()}
	one.Store = open(t, "one", one.dir)
	defer func() { _ = one.Close() }()
	two := &books{t: t, Store: open(t, "two", t.TempDir())}
	defer two.Close()
	one.lead()
	one.c = one.campaign(csvOf(20))
	two.c = one.c

	if got := two.claim(5); len(got) != 0 {
		t.Errorf("a node without the lead claimed %d", len(got))
	}
	held := one.claim(2)
	two.lead()
	if err := one.begin(held[0]); !errors.Is(err, campaign.ErrRefused) {
		t.Errorf("the node that lost the lead begins: %v", err)
	}
	if got := one.claim(5); len(got) != 0 {
		t.Errorf("the node that lost the lead claimed %d", len(got))
	}

	// The same numbers in a second campaign, dialled by both at the same time:
	// each number gets one leg.
	other := two.campaign(csvOf(20))
	first, second := two.claim(10), two.claimOf(other, 20, time.Minute)
	var mu sync.Mutex
	legs := map[string]int{}
	var wg sync.WaitGroup
	for i, l := range append(first, second...) {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				err = two.begin(l)
			} else {
				// One writes as a call of no campaign, which asks for no lease.
				_, err = one.BeginCall(t.Context(), campaign.TargetOf(l, ""), nil)
			}
			if err != nil && !errors.Is(err, campaign.ErrRefused) {
				t.Errorf("beginning: %v", err)
			}
			if err == nil {
				mu.Lock()
				legs[l.Contact.Phone]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for phone, n := range legs {
		if n != 1 {
			t.Errorf("%s has %d legs", phone, n)
		}
	}
	if len(legs) != 20 {
		t.Errorf("%d numbers were called, want 20", len(legs))
	}

	// One node's events reach the other's watchers, in order.
	after, err := two.LastEvent(t.Context(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for e, err := range two.Watch(t.Context(), tenantID, "campaign.state", after) {
			if err == nil && e.Seq <= after {
				err = errors.New("an old event came again")
			}
			done <- err
			return
		}
	}()
	if _, err := one.Move(t.Context(), tenantID, one.c.ID, campaign.Stopped, "test"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the other node was not told")
	}

	// A node that restarts recovers its own calls and leaves the other's alone.
	got := one.crash(Bench{Open: func(t testing.TB, dir string) *store.Store { return open(t, "one", dir) }}, func() {})
	if got.Returned != 2 || got.Released != 0 || got.Uncertain == 0 {
		t.Errorf("recovered %+v", got)
	}
	live, lost := 0, 0
	for _, l := range append(first, second...) {
		switch state, err := two.CallState(t.Context(), tenantID, l.Attempt); {
		case err == nil && state == "dialling":
			live++
		case err == nil && state == "uncertain":
			lost++
		}
	}
	if lost != got.Uncertain || live+lost != 20 {
		t.Errorf("%d calls live and %d uncertain, want %d uncertain of 20", live, lost, got.Uncertain)
	}
}
