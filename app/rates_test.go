package app

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rates"
	"parley/tenant"
)

const rateFile = "prefix,per_minute,increment,currency,setup\n1,0.01,60/60,USD,\n1202555,0.0125,6/6,USD,0.001\n"

// role adds a key with a role and gives the name to ask with.
func (d *desk) role(r tenant.Role) string {
	d.t.Helper()
	key, secret := tenant.NewKey(tenant.Default, string(r), r, time.Now())
	if err := d.books.AddKey(d.t.Context(), key); err != nil {
		d.t.Fatal(err)
	}
	d.keys[string(r)] = secret
	return string(r)
}

// talked puts an answered call of 13 s by a trunk into the books.
func (d *desk) talked(id, to, trunk string) {
	d.t.Helper()
	target := call.Target{Call: id, Attempt: id, Tenant: tenant.Default, To: to}
	begun, err := d.books.BeginCall(d.t.Context(), target, nil)
	if err == nil {
		err = d.books.SettleCall(d.t.Context(), target, call.Report{
			ID: id, To: to, Trunk: trunk, Started: begun, Answered: begun, Ended: begun.Add(13 * time.Second), TalkMS: 13_000,
			Network: outcome.Answered, AnsweredBy: outcome.Human, Disposition: outcome.Completed,
		})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestRatesOverHTTP(t *testing.T) {
	d := newDesk(t)
	var table struct {
		ID, Trunk, Source string
		Entries           int
		From              time.Time
	}
	d.do("POST", "/api/v1/rates?trunk=a", strings.NewReader(rateFile)).want(201).into(&table)
	if table.Trunk != "a" || table.Source != "upload" || table.Entries != 2 || time.Since(table.From) > time.Minute {
		t.Errorf("uploaded %+v", table)
	}
	d.talked("call-1", "+12025550100", "a")
	d.talked("call-2", "+442071234567", "a")
	d.talked("call-3", "+12025550101", "b")
	var r struct {
		Cost *struct {
			Amount   json.Number
			Currency string
			BilledS  int `json:"billed_s"`
			Rate     struct {
				Prefix, Increment, Table string
				PerMinute                json.Number `json:"per_minute"`
				Setup                    json.Number
			}
		}
		CostUnknown string `json:"cost_unknown"`
	}
	d.do("GET", "/api/v1/calls/call-1", nil).want(200).into(&r)
	if c := r.Cost; c == nil || c.Amount != "0.00475" || c.Currency != "USD" || c.BilledS != 18 ||
		c.Rate.Prefix != "1202555" || c.Rate.Increment != "6/6" || c.Rate.PerMinute != "0.0125" || c.Rate.Setup != "0.001" || c.Rate.Table != table.ID {
		t.Errorf("the cost is %+v", c)
	}
	for role, reads := range map[tenant.Role]bool{tenant.Operator: true, tenant.Merchant: false, tenant.QA: false, tenant.Agent: false} {
		raw := d.as(d.role(role), "GET", "/api/v1/calls/call-1", nil).want(200).into(&r).body
		if r.Cost == nil || r.Cost.Amount != "0.00475" || strings.Contains(string(raw), "per_minute") != reads {
			t.Errorf("%s reads %s", role, raw)
		}
	}
	for id, want := range map[string]string{
		"call-2": "the rate table of trunk a has no prefix for the number", "call-3": "trunk b had no rate table when the call began; upload one",
	} {
		raw := d.do("GET", "/api/v1/calls/"+id, nil).want(200).into(&r).body
		if r.CostUnknown != want || strings.Contains(string(raw), `"cost":`) {
			t.Errorf("%s: %q of %s", id, r.CostUnknown, raw)
		}
		r.CostUnknown = ""
	}
	// The tables, their entries and their file.
	next := "/api/v1/rates?trunk=a&from=" + time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)
	body, kind := form(t, "rates.csv", "prefix;price;increment;currency\n1;0.02;60/60;USD\n")
	var later struct{ ID string }
	d.as(tenant.Default, "POST", next, body, "Content-Type", kind).want(201).into(&later)
	var page struct {
		Items []struct {
			ID, Prefix string
			PerMinute  json.Number `json:"per_minute"`
		}
		Next string
	}
	d.do("GET", "/api/v1/rates", nil).want(200).into(&page)
	if len(page.Items) != 2 || page.Items[0].ID != later.ID || page.Items[1].ID != table.ID {
		t.Errorf("the tables are %+v", page.Items)
	}
	d.do("GET", "/api/v1/rates/"+table.ID+"?limit=1", nil).want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Prefix != "1" || page.Items[0].PerMinute != "0.01" || page.Next != "1" {
		t.Errorf("the first entry: %+v", page)
	}
	page.Next = ""
	d.do("GET", "/api/v1/rates/"+table.ID+"?cursor=1", nil).want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Prefix != "1202555" || page.Next != "" {
		t.Errorf("the second: %+v", page)
	}
	file := d.do("GET", "/api/v1/rates/"+table.ID+"/rates.csv", nil).want(200)
	if want := strings.Replace(rateFile, "USD,\n", "USD,0.00\n", 1); string(file.body) != want || !strings.HasPrefix(file.header.Get("Content-Type"), "text/csv") {
		t.Errorf("the file is %q, want %q", file.body, want)
	}
	d.do("DELETE", "/api/v1/rates/"+later.ID, nil).want(204)
	d.do("DELETE", "/api/v1/rates/"+later.ID, nil).want(404, "no such rate table")
	for _, path := range []string{"/rates/" + table.ID, "/rates/" + table.ID + "/rates.csv"} {
		d.as("other", "GET", "/api/v1"+path, nil).want(404)
	}
	d.as("other", "DELETE", "/api/v1/rates/"+table.ID, nil).want(404)
}

func TestWrongUploadsOfRates(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		path, body string
		want       []string
	}{
		"no trunk":      {"/rates", rateFile, []string{`name one with ?trunk=, of a, b`}},
		"unknown trunk": {"/rates?trunk=c", rateFile, []string{`There is no trunk \"c\"`}},
		"from":          {"/rates?trunk=a&from=tomorrow", rateFile, []string{"2026-12-01T00:00:00Z"}},
		"rows": {"/rates?trunk=a", "prefix,price,increment,currency\n1,0.01,60/60,USD\n,free,60/60,USD\n", []string{
			"errors in 2 places, the first: line 3, prefix", `"location":"line 3, per_minute"`, "write it like 0.0125",
		}},
		"empty": {"/rates?trunk=a", "", []string{"the file is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			d.do("POST", "/api/v1"+c.path, strings.NewReader(c.body)).want(422, c.want...)
		})
	}
	d.t = t
	var page struct{ Items []json.RawMessage }
	if d.do("GET", "/api/v1/rates", nil).want(200).into(&page); len(page.Items) != 0 {
		t.Errorf("wrong files left %s", page.Items)
	}
}

// TestWhoSeesTheLine: carriers, their prices and their signalling are the
// operator's; only an admin sets prices.
func TestWhoSeesTheLine(t *testing.T) {
	d := newDesk(t)
	d.talked("call-1", "+12025550100", "a")
	for role, want := range map[tenant.Role][3]int{ // ladder (there is none), reading rates, writing them
		tenant.Admin: {404, 200, 201}, tenant.Operator: {404, 200, 403}, tenant.Merchant: {403, 403, 403}, tenant.QA: {403, 403, 403}, tenant.Agent: {403, 403, 403},
	} {
		name := d.role(role)
		got := [3]int{
			d.as(name, "GET", "/api/v1/calls/call-1/ladder", nil).status,
			d.as(name, "GET", "/api/v1/rates", nil).status,
			d.as(name, "POST", "/api/v1/rates?trunk=a", strings.NewReader(rateFile)).status,
		}
		if got != want {
			t.Errorf("%s gets %v, want %v", role, got, want)
		}
	}
}

func TestACampaignsCostIsSummed(t *testing.T) {
	d := newDesk(t)
	id := d.campaign(d.list(threeNumbers))
	d.do("POST", "/api/v1/rates?trunk=a", strings.NewReader(rateFile)).want(201)
	c, err := d.books.Move(t.Context(), tenant.Default, id, campaign.Running, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.books.Lead(t.Context()); err != nil {
		t.Fatal(err)
	}
	leases, err := d.books.Claim(t.Context(), c, 3, time.Minute)
	if err != nil || len(leases) != 3 {
		t.Fatalf("%d leases, %v", len(leases), err)
	}
	for i, l := range leases {
		begun, err := d.books.Begin(t.Context(), l, campaign.TargetOf(l, ""), nil)
		if err == nil {
			err = d.books.Settle(t.Context(), l, campaign.Settlement{Counted: true, Next: campaign.Next{Final: true}, Report: call.Report{
				ID: l.Attempt, Campaign: id, To: l.Contact.Phone, Trunk: []string{"a", "a", "b"}[i], Started: begun, Answered: begun,
				Ended: begun.Add(time.Minute), TalkMS: 60_000, Network: outcome.Answered,
			}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var st struct {
		Outcomes struct {
			Cost []struct {
				Amount   json.Number
				Currency string
				Calls    int
			}
			Unpriced int
		}
	}
	d.do("GET", "/api/v1/campaigns/"+id+"/stats", nil).want(200).into(&st)
	if o := st.Outcomes; len(o.Cost) != 1 || o.Cost[0].Amount != "0.027" || o.Cost[0].Currency != "USD" || o.Cost[0].Calls != 2 || o.Unpriced != 1 {
		t.Errorf("the campaign's cost is %+v", o)
	}
}

// TestRatesOfTheConfiguration: kept once, however often the server starts, and
// wrong ones are told with file and line.
func TestRatesOfTheConfiguration(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "a.csv")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "parley.yaml"), "trunks:\n  - {name: a, host: h, rates: a.csv}\n  - {name: b, host: h}\n")
	c, err := Load(filepath.Join(dir, "parley.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	for i, text := range []string{rateFile, rateFile, rateFile + "44,0.02,1/1,GBP,\n"} {
		write(file, text)
		if err := configureRates(t.Context(), c.Trunks, d.books, log); err != nil {
			t.Fatal(err)
		}
		all, err := d.books.RateTables(t.Context(), "other", 10)
		if want := []int{1, 1, 2}[i]; err != nil || len(all) != want || all[0].Source != "configuration" {
			t.Errorf("after start %d the tables are %+v, %v", i+1, all, err)
		}
	}
	d.talked("call-1", "+447912345678", "a")
	if r, err := d.books.Call(t.Context(), tenant.Default, "call-1"); err != nil || r.Cost == nil || r.Cost.Currency != "GBP" {
		t.Errorf("the call cost %+v, %v", r.Cost, err)
	}
	write(file, "prefix,price,increment,currency\n1,x,1/1,USD\n")
	err = configureRates(t.Context(), c.Trunks, d.books, log)
	if bad := (rates.FileError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), "trunk a: rates: "+file) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a wrong file: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := configureRates(t.Context(), c.Trunks, d.books, log); err == nil || !strings.Contains(err.Error(), "trunk a: rates") {
		t.Errorf("a missing file: %v", err)
	}
}
