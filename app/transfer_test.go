package app

import (
	"strings"
	"testing"

	"parley/call"
	"parley/rules"
)

// TestWhomACallIsHandedTo passes the rules of any number that is dialled.
func TestWhomACallIsHandedTo(t *testing.T) {
	d := newDesk(t)
	d.line.transfers = []TransferConfig{
		{Queue: "collections", To: "202-555-0190"}, {Queue: "disputes", To: "+12035550190"},
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
}
