//go:build !race

package main

import (
	"testing"
	"time"

	"parley/campaign"
	"parley/store"
	"parley/tenant"
)

// TestACampaignPresentsTheNearNumber: of three caller IDs the one of the
// customers' own area is presented, and none that was resting when the server
// was started; once its rest is ended it has its calls.
func TestACampaignPresentsTheNearNumber(t *testing.T) {
	t.Parallel()
	const near, resting, far = "+12025550198", "+12025550199", "+442079460000"
	data := t.TempDir()
	books, err := store.Open(t.Context(), store.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	err = books.RestCaller(t.Context(), tenant.Default, campaign.CallerRest{Number: resting, From: now, Until: now.Add(time.Hour), Why: "nobody answers", Times: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := books.Close(); err != nil {
		t.Fatal(err)
	}

	c := simulate(t, "--no-media", "--personas", "testdata/control")
	s := serve(t, data, against(t, c, ""))
	called := func(first int) map[string]int {
		t.Helper()
		before := len(c.records("invite"))
		id := s.campaign(map[string]any{"list": s.upload(numbers(first, 6)), "cps": 20, "concurrency": 6, "caller_ids": []string{far, resting, near}})
		s.start(id)
		until(t, 15*time.Second, "every customer was called", func() bool { return s.state(id) == "finished" })
		presented := map[string]int{}
		for _, r := range c.records("invite")[before:] {
			presented["+"+digits(r.Caller)]++
		}
		return presented
	}
	if got := called(3000); len(got) != 1 || got[near] != 6 {
		t.Errorf("the carrier saw %v, want six calls from %s", got, near)
	}
	states := func() map[string]string {
		t.Helper()
		var page struct {
			Items []struct{ Number, State, Why string }
		}
		s.must("GET", "/caller-ids", nil, &page)
		all := map[string]string{}
		for _, n := range page.Items {
			all[n.Number] = n.State + " " + n.Why
		}
		return all
	}
	if got := states(); len(got) != 3 || got[near] != "ready " || got[resting] != "resting nobody answers" {
		t.Errorf("the caller IDs are %v", got)
	}
	s.must("POST", "/caller-ids/"+resting+"/ready", nil, nil)
	if got := states(); got[resting] != "trial " {
		t.Errorf("after its rest the caller IDs are %v", got)
	}
	if got := called(3100); got[resting] == 0 || got[far] != 0 || got[near]+got[resting] != 6 {
		t.Errorf("the carrier saw %v, want %s among six near calls", got, resting)
	}
}
