package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rules"
	"parley/store"
	"parley/tenant"
)

// exchange is a Placer that checks, at the moment of the INVITE, what must be
// durable by then.
type exchange struct {
	t   *testing.T
	dir string
	s   *store.Store

	mu    sync.Mutex
	calls map[string]int
}

func (x *exchange) Warm(string) {}
func (x *exchange) Release()    {}

func (x *exchange) Free() int { return 1000 }

func (x *exchange) Prepare(context.Context, call.Target) (campaign.Prepared, error) { return x, nil }

func (x *exchange) Place(ctx context.Context, t call.Target) (call.Report, error) {
	journal, err := os.ReadFile(filepath.Join(x.dir, "journal"))
	if err != nil || !bytes.Contains(journal, []byte(t.Attempt)) {
		x.t.Errorf("an INVITE without its line in the journal: %v", err)
	}
	if state, err := x.s.CallState(ctx, t.Tenant, t.Attempt); err != nil || state != "dialling" {
		x.t.Errorf("an INVITE in state %q, %v", state, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls[t.To]++
	r := call.Report{ID: t.Call, To: t.To, Campaign: t.Campaign, Contact: t.Contact, Started: t.Case.Begun, Ended: time.Now(), Network: outcome.Answered,
		AnsweredBy: outcome.Human, Disposition: outcome.PromiseToPay, Rang: true}
	if strings.HasSuffix(t.To, "7") {
		r.Network, r.AnsweredBy, r.Disposition = outcome.InvalidNumber, "", ""
	}
	return r, nil
}

// TestCampaignOnBooks runs a whole campaign over the real store.
func TestCampaignOnBooks(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	defer s.Close()
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lead(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := "phone\n"
	for i := range 30 {
		list += "+121255501" + string([]byte{byte('0' + i/10), byte('0' + i%10)}) + "\n"
	}
	l, err := s.ImportList(t.Context(), tenant.Default, "list", strings.NewReader(list+"+12125559123\n"), campaign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.CreateCampaign(t.Context(), campaign.Campaign{Tenant: tenant.Default, Name: "n", List: l.ID, Flow: "f", Profile: "test",
		AllowList: []string{"+12125550*"}, CPS: 200, Concurrency: 10})
	if err != nil {
		t.Fatal(err)
	}
	k, err := rules.NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, dir: dir, s: s, calls: map[string]int{}}
	r := campaign.NewRunner(campaign.RunnerOptions{Contacts: s, Placer: x, Kernel: k, Tick: 20 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Run(ctx) })
	if _, err := s.Move(ctx, tenant.Default, c.ID, campaign.Running, "test"); err != nil {
		t.Fatal(err)
	}
	for e, err := range s.Watch(ctx, tenant.Default, "campaign.state", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(e.Data, []byte(`"finished"`)) {
			break
		}
	}
	cancel()
	wg.Wait()
	st, err := s.Stats(t.Context(), tenant.Default, c.ID)
	if err != nil || st.Contacts.Done != 31 || st.Reasons["test_mode: in test mode only numbers of the allow-list are called"] != 1 || st.Attempts != 30 || st.Networks["invalid_number"] != 3 || st.Dispositions["promise_to_pay"] != 27 {
		t.Errorf("stats %+v, %v", st, err)
	}
	if len(x.calls) != 30 {
		t.Errorf("%d numbers were called, want 30", len(x.calls))
	}
	for to, n := range x.calls {
		if n != 1 {
			t.Errorf("%s was called %d times", to, n)
		}
	}
}
