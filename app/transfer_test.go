package app

import (
	"strings"
	"testing"

	"parley/api"
	"parley/call"
	"parley/rules"
)

// TestWhomACallIsHandedTo passes the rules of any number that is dialled.
func TestWhomACallIsHandedTo(t *testing.T) {
	d := newDesk(t)
	d.line.transfers = []TransferConfig{
		{Queue: "collections", To: "202-555-0190"}, {Queue: "disputes", To: "+12035550190"}, {Queue: "alarm", To: "+1911"},
		{Queue: "here", To: "sip:desk@127.0.0.1:5070"}, {Queue: "away", To: "sip:desk@192.0.2.1"}, {Queue: "tested", To: "+12025550191", Profile: "test"},
	}
	for _, c := range []struct{ queue, profile, to, err string }{
		{"collections", "test", "+12025550190", ""},
		{"disputes", "test", "", "test mode"}, // a number that the server does not allow
		{"collections", "", "", "no rules profile"},
		{"tested", "", "+12025550191", ""},
		{"nowhere", "test", "", `queue "nowhere"`},
		{"here", "test", "sip:desk@127.0.0.1:5070", ""},
		{"away", "test", "", "only on this machine"},
		{"collections", "us-collection", "+12025550190", ""}, // a desk gives no consent and keeps no hours
		{"alarm", "us-collection", "", "emergency"},
		{"away", "us-collection", "sip:desk@192.0.2.1", ""}, // the operator's own address, no number
	} {
		to, err := d.line.reach(t.Context(), call.Target{Case: rules.Case{Profile: c.profile}}, c.queue)
		if to != c.to || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s under %q: %q, %v; want %q, %q", c.queue, c.profile, to, err, c.to, c.err)
		}
	}
}

// TestTransfersOverTheAPI: only live calls of the tenant, only numbers that the
// rules allow, only when the call is up.
func TestTransfersOverTheAPI(t *testing.T) {
	d := newDesk(t)
	target := call.Target{Call: "live", Tenant: "default", Case: rules.Case{Profile: "test"}}
	if !d.line.enter(target, call.New(call.Parts{})) {
		t.Fatal("the line is closed")
	}
	defer d.line.leave(target)
	ask := func(id, to string) answer {
		return d.do("POST", "/api/v1/calls/"+id+"/transfer", map[string]string{"to": to})
	}
	ask("other", "+12025550190").want(404)
	d.as("other", "POST", "/api/v1/calls/live/transfer", strings.NewReader(`{"to":"+12025550190"}`), "Content-Type", "application/json").want(404)
	ask("live", "+12035550190").want(409, "test mode")
	ask("live", "sip:x@192.0.2.1").want(409, "only on this machine")
	ask("live", "nobody").want(409, "number")
	if err := d.books.OptOut(t.Context(), "default", "+12025550192", "", "letter"); err != nil {
		t.Fatal(err)
	}
	ask("live", "+12025550192").want(409, "asked not to be called")
	// Whom somebody asks for is rung on our wish: with consent, at an hour.
	r := api.TransferRequest{To: "+12025550190"}
	if _, err := d.line.mayRing(t.Context(), "default", "us-collection", r); err == nil || !strings.Contains(err.Error(), "no consent") {
		t.Errorf("without consent: %v", err)
	}
	r.ConsentKind = "express"
	if _, err := d.line.mayRing(t.Context(), "default", "us-collection", r); err != nil && !strings.Contains(err.Error(), "calling hours") {
		t.Errorf("with consent: %v", err)
	}
}

func TestQueuesNameRulesThatExist(t *testing.T) {
	err := checkProfiles([]TransferConfig{{Profile: ""}, {Profile: "us-colection"}}, []string{"us-collection"})
	if err == nil || !strings.Contains(err.Error(), `transfers[1]: there is no rules profile "us-colection"`) {
		t.Errorf("a profile that is none: %v", err)
	}
}
