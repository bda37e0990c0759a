package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
	"parley/campaign"
	"parley/event"
	"parley/outcome"
	"parley/store"
	"parley/tenant"
)

func testStates(t *testing.T, b Bench) {
	s := opened(t, b)
	if _, err := s.CreateCampaign(s.ctx(), campaign.Campaign{Tenant: tenantID, List: "none"}); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("a campaign over no list: %v", err)
	}
	s.c = s.campaign(csvOf(2))
	if _, err := s.Move(s.ctx(), tenantID, s.c.ID, campaign.Draft, ""); !errors.As(err, new(campaign.Conflict)) {
		t.Errorf("running became draft: %v", err)
	}
	changed := s.c
	changed.CPS, changed.State = 9, campaign.Finished
	if _, err := s.UpdateCampaign(s.ctx(), changed); !errors.As(err, new(campaign.Conflict)) {
		t.Errorf("a running campaign was changed: %v", err)
	}
	if _, err := s.Move(s.ctx(), tenantID, s.c.ID, campaign.Paused, ""); err != nil {
		t.Fatal(err)
	}
	if c, err := s.UpdateCampaign(s.ctx(), changed); err != nil || c.CPS != 9 || c.State != campaign.Paused || c.Started.IsZero() {
		t.Errorf("changed to %+v, %v", c, err)
	}
	all, err := s.Campaigns(s.ctx(), tenantID, 10)
	if err != nil || len(all) != 1 || all[0].CPS != 9 {
		t.Errorf("campaigns %+v, %v", all, err)
	}
	added, err := s.AddContacts(s.ctx(), tenantID, s.c.ID, []campaign.Contact{{Phone: number(1)}, {Phone: number(7), Name: "late"}})
	if err != nil || len(added) != 1 || added[0].Name != "late" {
		t.Errorf("added %+v, %v", added, err)
	}
	s.wantCounts(3, 0, 0, 0, 0)
	if leases, err := s.Preview(s.ctx(), tenantID, s.c.ID, 10); err != nil || len(leases) != 3 || leases[0].Case.Number == "" {
		t.Errorf("preview %+v, %v", leases, err)
	}
	s.wantCounts(3, 0, 0, 0, 0)
}

func testImports(t *testing.T, b Bench) {
	s := opened(t, b)
	file := csvOf(1200) + "911,police,,,\n" + number(0) + ",again,,,\n"
	l, err := s.ImportList(s.ctx(), tenantID, "many", strings.NewReader(file), campaign.Options{Region: "US"})
	if err != nil || l.Summary.Accepted != 1200 || l.Summary.Rejected != 2 || l.Summary.Duplicates != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	got, err := s.List(s.ctx(), tenantID, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, got); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	errs, err := s.ListErrors(s.ctx(), tenantID, l.ID)
	if err != nil || len(errs) != 2 || errs[0].Row != 1202 || errs[1].Column != "phone" {
		t.Errorf("row errors %+v, %v", errs, err)
	}
	n, after := 0, ""
	for {
		page, err := s.ListContacts(s.ctx(), tenantID, l.ID, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			if c.Phone != number(n) {
				t.Fatalf("contact %d is %s", n, c.Phone)
			}
			n++
		}
		after = page[len(page)-1].ID
	}
	if n != 1200 {
		t.Errorf("%d contacts, want 1200", n)
	}
	// A broken upload leaves nothing.
	broken := strings.NewReader(csvOf(700) + "\"" + strings.Repeat("x", 2<<20))
	if _, err := s.ImportList(s.ctx(), tenantID, "broken", broken, campaign.Options{}); !errors.As(err, new(campaign.Invalid)) {
		t.Errorf("a broken file: %v", err)
	}
	if lists, err := s.Lists(s.ctx(), tenantID, 10); err != nil || len(lists) != 1 {
		t.Errorf("lists %+v, %v", lists, err)
	}
	if err := s.DeleteList(s.ctx(), tenantID, l.ID); err != nil {
		t.Error(err)
	}
	used := s.campaign(csvOf(1))
	if err := s.DeleteList(s.ctx(), tenantID, used.List); !errors.As(err, new(campaign.Conflict)) {
		t.Errorf("a used list was removed: %v", err)
	}
}

func testSearch(t *testing.T, b Bench) {
	s := running(t, b, 3)
	for i, words := range []string{"I already paid that on Monday", "我已经还款了，昨天付的", "PAID? No. 还没有"} {
		l := s.one()
		s.mustBegin(l)
		r := report(l, outcome.Answered, outcome.Completed, call.Turn{By: call.PartyCustomer, Text: words})
		r.Intents, r.Emotion = []string{fmt.Sprintf("intent_%d", i), "common"}, &call.Emotion{Peak: float64(i) / 2}
		s.settle(l, r)
	}
	for _, c := range []struct {
		f    store.CallFilter
		want int
	}{
		{store.CallFilter{Text: "paid"}, 2}, {store.CallFilter{Text: "already PAID"}, 1}, {store.CallFilter{Text: "unheard"}, 0},
		{store.CallFilter{Text: "还款"}, 1}, {store.CallFilter{Text: "还"}, 2}, {store.CallFilter{Text: "款还"}, 0}, {store.CallFilter{Text: "paid 还没有"}, 1},
		{store.CallFilter{Text: "?!"}, 0}, {store.CallFilter{Text: " "}, 3},
		{store.CallFilter{Intent: "intent_1"}, 1}, {store.CallFilter{Intent: "common"}, 3}, {store.CallFilter{Intent: "%"}, 0}, {store.CallFilter{Intent: "commo"}, 0},
		{store.CallFilter{MinAnger: 0.5}, 2}, {store.CallFilter{Network: "answered", Disposition: "completed", Campaign: s.c.ID}, 3},
		{store.CallFilter{Disposition: "paid"}, 0}, {store.CallFilter{From: time.Now().Add(time.Hour)}, 0}, {store.CallFilter{To: time.Now().Add(time.Hour)}, 3},
		{store.CallFilter{Phone: number(1), Text: "还款"}, 1}, {store.CallFilter{Phone: "' OR 1=1 --"}, 0},
	} {
		c.f.Tenant = tenantID
		page, err := s.Calls(s.ctx(), c.f)
		if err != nil || len(page.Calls) != c.want {
			t.Errorf("%+v: %d calls, %v, want %d", c.f, len(page.Calls), err, c.want)
		}
	}
}

func testPages(t *testing.T, b Bench) {
	s := running(t, b, 7)
	for range 7 {
		l := s.one()
		s.mustBegin(l)
		s.settle(l, report(l, outcome.Busy, ""))
	}
	seen := map[string]bool{}
	f := store.CallFilter{Tenant: tenantID, Limit: 3}
	var last time.Time
	for pages := 0; ; pages++ {
		page, err := s.Calls(s.ctx(), f)
		if err != nil || pages > 3 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, c := range page.Calls {
			if seen[c.ID] || !last.IsZero() && c.Started.After(last) {
				t.Errorf("call %s comes twice or out of order", c.ID)
			}
			seen[c.ID], last = true, c.Started
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d calls on all pages, want 7", len(seen))
	}
	if _, err := s.Calls(s.ctx(), store.CallFilter{Tenant: tenantID, Cursor: "nonsense"}); !errors.As(err, new(campaign.Invalid)) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

func testEvents(t *testing.T, b Bench) {
	s := opened(t, b)
	start, err := s.LastEvent(s.ctx(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	put := func(subject string) {
		if err := s.Publish(s.ctx(), event.Event{Tenant: tenantID, Subject: subject, Data: json.RawMessage(`{"n":1}`)}); err != nil {
			t.Error(err)
		}
	}
	put("call.started")
	put("callback.due")
	ctx, cancel := context.WithTimeout(s.ctx(), 30*time.Second)
	defer cancel()
	got := make(chan event.Event)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(got)
		for e, err := range s.Watch(ctx, tenantID, "call", start) {
			if err != nil {
				t.Error(err)
				return
			}
			got <- e
		}
	})
	first := <-got
	if first.Subject != "call.started" || first.Seq <= start || string(first.Data) != `{"n":1}` || first.ID == "" {
		t.Errorf("first came %+v", first)
	}
	for range 40 {
		wg.Go(func() { put("call.ended") })
	}
	last := first.Seq
	for range 40 {
		e, ok := <-got
		if !ok || e.Seq <= last || e.Subject != "call.ended" {
			t.Fatalf("then came %+v, %v", e, ok)
		}
		last = e.Seq
	}
	cancel()
	for range got { // until the watcher has left
	}
	wg.Wait()
	// The same ID is kept once; a watcher resumes after its last.
	e := event.Event{Tenant: tenantID, ID: "same", Subject: "x"}
	for range 2 {
		if err := s.Publish(s.ctx(), e); err != nil {
			t.Fatal(err)
		}
	}
	rest, err := s.Events(s.ctx(), tenantID, last, 10)
	if err != nil || len(rest) != 1 || rest[0].ID != "same" {
		t.Errorf("after %d came %+v, %v", last, rest, err)
	}
	if err := s.ForgetEvents(s.ctx(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if rest, err := s.Events(s.ctx(), tenantID, 0, 10); err != nil || len(rest) != 0 {
		t.Errorf("forgotten events remain: %v, %v", rest, err)
	}
}

// testGroup: requests of one group commit, the bad ones among them fail alone.
func testGroup(t *testing.T, b Bench) {
	s := opened(t, b)
	var wg sync.WaitGroup
	errs := make([]error, 60)
	for i := range errs {
		id := fmt.Sprintf("key-%d", i)
		if i%3 == 0 {
			id = "the same"
		}
		wg.Go(func() {
			errs[i] = s.AddKey(s.ctx(), tenant.Key{ID: id, Tenant: tenantID, Name: "n", Created: time.Now()})
		})
	}
	wg.Wait()
	failed := 0
	for i, err := range errs {
		if err != nil {
			failed++
			if i%3 != 0 {
				t.Errorf("a good request failed: %v", err)
			}
		}
	}
	keys, err := s.ListKeys(s.ctx(), tenantID)
	if err != nil || failed != 19 || len(keys) != 41 {
		t.Errorf("%d failed and %d keys are kept, %v; want 19 and 41", failed, len(keys), err)
	}
	ended, cancel := context.WithCancel(s.ctx())
	cancel()
	if err := s.SetSetting(ended, tenantID, "a", "b"); err == nil {
		t.Error("a request that nobody waits for was acknowledged")
	}
}

func testTenants(t *testing.T, b Bench) {
	s := running(t, b, 1)
	l := s.one()
	s.mustBegin(l)
	s.settle(l, report(l, outcome.Answered, outcome.OptOut, call.Turn{By: call.PartyCustomer, Text: "stop"}))
	const other = "other"
	if err := s.CreateTenant(s.ctx(), other, "Other"); err != nil {
		t.Fatal(err)
	}
	missing := map[string]error{}
	_, missing["campaign"] = s.Campaign(s.ctx(), other, s.c.ID)
	_, missing["stats"] = s.Stats(s.ctx(), other, s.c.ID)
	_, missing["list"] = s.List(s.ctx(), other, s.c.List)
	_, missing["contact"] = s.Contact(s.ctx(), other, l.Contact.ID)
	_, missing["call"] = s.Call(s.ctx(), other, l.Attempt)
	_, missing["move"] = s.Move(s.ctx(), other, s.c.ID, campaign.Stopped, "")
	missing["remove"] = s.RemoveContact(s.ctx(), other, s.c.ID, l.Contact.ID)
	for what, err := range missing {
		if !errors.As(err, new(campaign.NotFound)) {
			t.Errorf("%s of another tenant: %v", what, err)
		}
	}
	if page, err := s.Calls(s.ctx(), store.CallFilter{Tenant: other, Text: "stop"}); err != nil || len(page.Calls) != 0 {
		t.Errorf("another tenant finds %+v, %v", page, err)
	}
	if events, err := s.Events(s.ctx(), other, 0, 10); err != nil || len(events) != 0 {
		t.Errorf("another tenant is told %+v, %v", events, err)
	}
	c, err := s.Case(s.ctx(), campaign.Campaign{Tenant: other}, campaign.Contact{Phone: l.Contact.Phone})
	if err != nil || c.OptedOut || len(c.Calls) != 0 {
		t.Errorf("another tenant's rules see %+v, %v", c, err)
	}
	if n, err := s.StopAll(s.ctx(), other, ""); err != nil || n != 0 {
		t.Errorf("another tenant stops %d, %v", n, err)
	}
}

func testShelf(t *testing.T, b Bench) {
	s := opened(t, b)
	k, secret := tenant.NewKey(tenantID, "first", tenant.Admin, time.Now())
	if err := s.AddKey(s.ctx(), k); err != nil {
		t.Fatal(err)
	}
	if got, err := tenant.Open(s.ctx(), s, secret, time.Now()); err != nil || got.Role != tenant.Admin {
		t.Errorf("the key opens %+v, %v", got, err)
	}
	if err := s.RemoveKey(s.ctx(), tenantID, k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Open(s.ctx(), s, secret, time.Now()); !errors.Is(err, tenant.ErrUnknownKey) {
		t.Errorf("a removed key: %v", err)
	}
	for want := 1; want <= 2; want++ {
		if v, err := s.SaveFlow(s.ctx(), tenantID, "payment", fmt.Sprintf("flow: v%d", want)); err != nil || v != want {
			t.Errorf("version %d, %v, want %d", v, err, want)
		}
	}
	if _, err := s.Flow(s.ctx(), tenantID, "payment", 0); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("nothing is published: %v", err)
	}
	for _, v := range []int{2, 1} { // publish, roll back
		if err := s.PublishFlow(s.ctx(), tenantID, "payment", v); err != nil {
			t.Fatal(err)
		}
		if f, err := s.Flow(s.ctx(), tenantID, "payment", 0); err != nil || f.Version != v || !f.Published || f.Source != fmt.Sprintf("flow: v%d", v) {
			t.Errorf("published is %+v, %v", f, err)
		}
	}
	if err := s.PublishFlow(s.ctx(), tenantID, "payment", 9); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("a version that is not: %v", err)
	}
	if f, err := s.Flow(s.ctx(), tenantID, "payment", 0); err != nil || f.Version != 1 {
		t.Errorf("a failed publication changed it: %+v, %v", f, err)
	}
	if all, err := s.Flows(s.ctx(), tenantID); err != nil || len(all) != 2 {
		t.Errorf("flows %+v, %v", all, err)
	}
	for _, v := range []string{"one", "two \x00\xff"} {
		if err := s.SetSetting(s.ctx(), tenantID, "n", v); err != nil {
			t.Error(err)
		}
	}
	if v, err := s.Setting(s.ctx(), tenantID, "n"); err != nil || v != "two \ufffd" {
		t.Errorf("setting %q, %v", v, err)
	}
	if v, err := s.Setting(s.ctx(), tenantID, "never"); err != nil || v != "" {
		t.Errorf("setting %q, %v", v, err)
	}
	for _, p := range []string{number(2), number(1)} {
		if err := s.AddDNC(s.ctx(), tenantID, store.DNCEntry{Phone: p, Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.DNC(s.ctx(), tenantID, number(1), 10); err != nil || len(all) != 1 || all[0].Phone != number(2) {
		t.Errorf("do-not-call %+v, %v", all, err)
	}
	if err := s.RemoveDNC(s.ctx(), tenantID, "", number(2)); err != nil {
		t.Error(err)
	}
	if err := s.RemoveDNC(s.ctx(), tenantID, "", number(2)); !errors.As(err, new(campaign.NotFound)) {
		t.Errorf("removed twice: %v", err)
	}
}

func testForget(t *testing.T, b Bench) {
	s := running(t, b, 1)
	l := s.one()
	s.mustBegin(l)
	if err := s.DeletePerson(s.ctx(), tenantID, l.Contact.Phone); !errors.As(err, new(campaign.Conflict)) {
		t.Errorf("forgotten during a call: %v", err)
	}
	s.settle(l, report(l, outcome.Answered, outcome.OptOut, call.Turn{By: call.PartyCustomer, Text: "my secret"}))
	p, err := s.Person(s.ctx(), tenantID, l.Contact.Phone)
	if err != nil || len(p.Contacts) != 1 || len(p.Queues) != 1 || len(p.Calls) != 1 || len(p.Closures) != 2 {
		t.Errorf("the person's history %+v, %v", p, err)
	}
	if err := s.DeletePerson(s.ctx(), tenantID, l.Contact.Phone); err != nil {
		t.Fatal(err)
	}
	p, err = s.Person(s.ctx(), tenantID, l.Contact.Phone)
	if err != nil || len(p.Contacts)+len(p.Queues)+len(p.Calls) != 0 || len(p.Closures) != 1 {
		t.Errorf("what is left %+v, %v", p, err)
	}
	if page, err := s.Calls(s.ctx(), store.CallFilter{Tenant: tenantID, Text: "secret"}); err != nil || len(page.Calls) != 0 {
		t.Errorf("the transcript is found: %+v, %v", page, err)
	}
	s.c = s.campaign(csvOf(1))
	if again := s.one(); !again.Case.OptedOut {
		t.Error("forgetting the person forgot the opt-out")
	}
}
