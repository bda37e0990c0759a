package sip

import (
	"context"
	"strings"
	"testing"

	"parley/call"
)

// TestPathOfACall: the trunk's settings reach the wire as they reach the draft,
// and the CANCEL goes the way of its INVITE.
func TestPathOfACall(t *testing.T) {
	proxy := newFar(t)
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{
			Name: "t1", Host: "sip.carrier.example", Proxy: proxy.addr(), CallerID: "+12025550199",
			FromDomain: "from.example", ContactDomain: "contact.example", Domain: "called.example",
			Dial: DialPlan{
				Callee: []Rewrite{{Prefix: "+44", Strip: 1, Prepend: "00"}}, Caller: []Rewrite{{Prefix: "+", Strip: 1}}, UserPhone: true,
			},
		}}
	})
	r.far = proxy
	target := call.Target{Call: "c1", Trunk: "t1", To: "+441632960000"}
	draft, err := r.Draft(context.Background(), target)
	if err != nil {
		t.Fatal(err)
	}
	(<-r.media).mu.Lock() // the draft's own
	l := r.Dial(context.Background(), target)
	invite := proxy.expect("INVITE")
	for name, m := range map[string]message{"draft": readMessage(draft.Text), "wire": invite} {
		if m.first != "INVITE sip:00441632960000@called.example;user=phone SIP/2.0" {
			t.Errorf("%s: the request line is %q", name, m.first)
		}
		for header, want := range map[string]string{
			"To":      "<sip:00441632960000@called.example;user=phone>",
			"From":    "<sip:12025550199@from.example;user=phone>;tag=",
			"Contact": "<sip:parley@contact.example:",
			"Route":   "<sip:" + proxy.addr() + ";lr>",
		} {
			if got := m.get(header); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
	if draft.Peer.String() != proxy.addr() {
		t.Errorf("the draft goes to %s", draft.Peer)
	}
	proxy.reply(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	hang(l)
	cancel := proxy.expect("CANCEL")
	if cancel.get("Route") != invite.get("Route") || strings.Fields(cancel.first)[1] != strings.Fields(invite.first)[1] {
		t.Errorf("the CANCEL goes another way: %q, Route %q", cancel.first, cancel.get("Route"))
	}
	proxy.reply(cancel, "200 OK", "")
	proxy.reply(invite, "487 Request Terminated", "")
	if ack := proxy.expect("ACK"); ack.get("Route") != invite.get("Route") {
		t.Errorf("the ACK goes another way: Route %q", ack.get("Route"))
	}
	ended(t, l)
}

func TestTrunkThatDoesNotTakeTheNumber(t *testing.T) {
	r := newTrunkRig(t, func(o *Options) { o.Trunks[0].Dial.Callee = []Rewrite{{Prefix: "+44"}} })
	c := ended(t, r.dial(byTrunk))
	if c.Rang || c.SIP != 0 || c.Err == nil || strings.Contains(c.Err.Error(), "15550009") {
		t.Errorf("cause is %+v", c)
	}
}
