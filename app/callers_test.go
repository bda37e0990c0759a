package app

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"parley/api"
	"parley/campaign"
	"parley/sip"
	"parley/tenant"
)

// callerIDs are the numbers that the API shows a tenant.
func (d *desk) callerIDs(of, query string) (all []api.CallerID, next string) {
	d.t.Helper()
	var page struct {
		Items []api.CallerID
		Next  string
	}
	d.as(of, "GET", "/api/v1/caller-ids"+query, nil).want(200).into(&page)
	return page.Items, page.Next
}

func TestCallerIDsOverHTTP(t *testing.T) {
	const first, second, third = "+12025550197", "+12025550198", "+442079460000"
	d := newDesk(t)
	if all, _ := d.callerIDs(tenant.Default, ""); len(all) != 0 {
		t.Errorf("without campaigns there are %+v", all)
	}
	list := d.list(threeNumbers)
	for want, ids := range map[string][]string{
		"entry 2: the number has no country code": {first, "2025550198"},
		"entry 1: a caller ID must be a line":     {"+19005550123"},
		"entry 2 is the same as entry 1":          {first, first},
	} {
		body := draft(list)
		body["caller_ids"] = ids
		a := d.do("POST", "/api/v1/campaigns", body).want(422, want)
		if strings.Contains(string(a.body), ids[0]) {
			t.Errorf("the problem holds a number: %s", a.body)
		}
	}
	body := draft(list)
	body["caller_ids"] = []string{third, first, second}
	d.do("POST", "/api/v1/campaigns", body).want(200)
	now := time.Now().UTC().Truncate(time.Millisecond)
	rest := campaign.CallerRest{Number: second, From: now, Until: now.Add(time.Hour), Why: "nobody answers", Times: 1}
	if err := d.books.RestCaller(t.Context(), tenant.Default, rest); err != nil {
		t.Fatal(err)
	}
	all, next := d.callerIDs(tenant.Default, "?limit=2")
	if len(all) != 2 || next != second || all[0].Number != first || all[0].State != "ready" || all[1].State != "resting" || all[1].Why != rest.Why || !all[1].Until.Equal(rest.Until) {
		t.Errorf("the first page is %+v, next %q", all, next)
	}
	if all, next = d.callerIDs(tenant.Default, "?limit=2&cursor="+strings.ReplaceAll(next, "+", "%2B")); len(all) != 1 || all[0].Number != third || next != "" {
		t.Errorf("the second page is %+v, next %q", all, next)
	}
	if all, _ := d.callerIDs("other", ""); len(all) != 0 {
		t.Errorf("another tenant sees %+v", all)
	}
	wake := "/api/v1/caller-ids/" + second + "/ready"
	d.as("other", "POST", wake, nil).want(404)
	d.do("POST", "/api/v1/caller-ids/nobody/ready", nil).want(422, "number")
	d.do("POST", wake, nil).want(204)
	d.do("POST", wake, nil).want(404)
	if all, _ = d.callerIDs(tenant.Default, ""); all[1].State != "trial" {
		t.Errorf("after its rest was ended it is %+v", all[1])
	}
	events, err := d.books.Events(t.Context(), tenant.Default, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range events {
		if strings.HasPrefix(e.Subject, "caller_id.") {
			told = append(told, e.Subject)
		}
	}
	if strings.Join(told, " ") != "caller_id.resting caller_id.trial" {
		t.Errorf("told was %v", told)
	}
}

// TestPresentOfASingleCall: a call outside any campaign keeps the bounds of its
// caller ID too.
func TestPresentOfASingleCall(t *testing.T) {
	d := newDesk(t)
	c := defaultCallerIDs()
	c.Parallel = 2
	c.Numbers = []CallerIDConfig{{Number: "+12025550197", Parallel: 1}, {Number: "+442079460000"}, {Number: "+12025550150", Tenant: "other"}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	if err := c.checkTenants([]string{tenant.Default}); err == nil || !strings.Contains(err.Error(), "entry 3: there is no tenant \"other\"") {
		t.Errorf("numbers of nobody: %v", err)
	}
	if err := c.checkTenants([]string{tenant.Default, "other"}); err != nil {
		t.Error(err)
	}
	l := &placer{callers: newCallers(c, d.books, slog.New(slog.DiscardHandler))}
	to := campaign.Callee{Contact: "p", Phone: "+12025550100"}
	take := func(from string) (string, func(), string) {
		number, release, err := l.present(t.Context(), tenant.Default, from, to)
		if err != nil {
			return "", nil, err.Error()
		}
		return number, release, ""
	}
	near, release, _ := take("")
	if near != "+12025550197" {
		t.Errorf("presented is %q, want the near one", near)
	}
	if _, _, why := take("+12025550197"); !strings.Contains(why, "GET /api/v1/caller-ids") {
		t.Errorf("a busy number was presented: %q", why)
	}
	if next, _, _ := take(""); next != "+442079460000" {
		t.Errorf("then presented is %q", next)
	}
	release()
	if again, _, _ := take("+12025550197"); again != "+12025550197" {
		t.Errorf("the number that is free again: %q", again)
	}
	if _, _, why := take("+12025550150"); !strings.HasPrefix(why, "from: this is none") || !strings.Contains(why, "caller_ids.numbers") {
		t.Errorf("another tenant's number: %q", why)
	}
	if hidden, _, _ := take(sip.Anonymous); hidden != sip.Anonymous {
		t.Errorf("who hides presents %q", hidden)
	}
	text, err := json.Marshal(api.CallerID{})
	if err != nil || strings.Contains(string(text), "until") {
		t.Errorf("a ready number is written %s, %v", text, err)
	}
}
