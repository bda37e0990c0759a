package app

import (
	"log/slog"
	"strings"
	"testing"

	"parley/call"
	"parley/dialog"
	"parley/outcome"
	"parley/sip"
)

// TestWhichCallsAreTaken: only our numbers, only over their trunk, and only
// while there is room.
func TestWhichCallsAreTaken(t *testing.T) {
	d := newDesk(t)
	c := Defaults()
	c.Inbound = []InboundConfig{{Number: "(202) 555-0100", Trunk: "a", Flow: "payment-reminder.en", UnknownFlow: "unknown-caller.en"}}
	r := newReceiver(c, slog.New(slog.DiscardHandler))
	ask := func(when, called, trunk string, want int) {
		t.Helper()
		if got := r.offered(sip.Incoming{Trunk: trunk, Called: called, Caller: "+12025550177"}); got != want {
			t.Errorf("%s, %s over %s: %d, want %d", when, called, trunk, got, want)
		}
	}
	ask("before the start", "+12025550100", "a", 503)
	r.placer.Store(d.line)
	for _, number := range []string{"+12025550100", "12025550100", "2025550100"} {
		ask("at rest", number, "a", 0)
	}
	ask("at rest", "+12025550101", "a", 403)
	ask("at rest", "+12025550100", "b", 403)
	ask("at rest", "parley", "a", 403)
	ask("at rest", "", "a", 403)
	d.line.slots <- struct{}{}
	ask("every line is in use", "+12025550100", "a", 486)
	ask("every line is in use", "+12025550101", "a", 403)
	d.line.closed = true
	ask("draining", "+12025550100", "a", 503)
}

func TestWrongInboundNumbersFailTheStart(t *testing.T) {
	d := newDesk(t)
	good := InboundConfig{Number: "+12025550100", Trunk: "a", Flow: "payment-reminder.en", UnknownFlow: "unknown-caller.en", Profile: "test"}
	for want, change := range map[string]func(*InboundConfig){
		"":                                   func(*InboundConfig) {},
		`there is no flow "nothing"`:         func(n *InboundConfig) { n.Flow = "nothing" },
		"unknown_flow: there is no flow":     func(n *InboundConfig) { n.UnknownFlow = "nothing" },
		"withheld_flow: there is no flow":    func(n *InboundConfig) { n.WithheldFlow = "nothing" },
		"withheld_flow must speak without":   func(n *InboundConfig) { n.WithheldFlow = "payment-reminder.en" },
		"must speak without variables":       func(n *InboundConfig) { n.UnknownFlow = "payment-reminder.en" },
		"in the language that is named":      func(n *InboundConfig) { n.Language = "zh" },
		`speaks "zh", not "en"`:              func(n *InboundConfig) { n.Flow, n.Language = "payment-reminder.zh", "en" },
		`there is no rules profile "strict"`: func(n *InboundConfig) { n.Profile = "strict" },
		`there is no tenant "nobody"`:        func(n *InboundConfig) { n.Tenant = "nobody" },
	} {
		n := good
		change(&n)
		c := Defaults()
		c.Inbound = []InboundConfig{n}
		err := newReceiver(c, nil).check(d.line.flows, d.line.kernel.Profiles(), []string{"default", "other"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, want %q", n, err, want)
		}
	}
}

// TestACallerWithoutANumberIsPromisedNothing: there is nothing to keep an
// opt-out by. Without a flow that says so it is an error, and the bot
// apologises.
func TestACallerWithoutANumberIsPromisedNothing(t *testing.T) {
	d := newDesk(t)
	c := Defaults()
	c.Inbound = []InboundConfig{{Number: "+12025550100", Trunk: "a", Flow: "payment-reminder.en", UnknownFlow: "unknown-caller.en"}}
	r := newReceiver(c, nil)
	if err := r.check(d.line.flows, d.line.kernel.Profiles(), []string{"default"}); err != nil {
		t.Fatal(err)
	}
	if got := r.lines[0].WithheldFlow; got != "withheld-caller.en" {
		t.Errorf("the flow is %q", got)
	}
	target := call.Target{Call: "c", Attempt: "c", Tenant: "default", Inbound: true}
	for _, kind := range []dialog.FactKind{dialog.FactOptOut, dialog.FactWrongNumber, dialog.FactDispute} {
		if err := (unkept{d.books}).Commit(t.Context(), target, dialog.Fact{Kind: kind}); err != nil {
			t.Errorf("%s, told so: %v", kind, err)
		}
		if err := d.books.Commit(t.Context(), target, dialog.Fact{Kind: kind}); err == nil {
			t.Errorf("%s was promised and is not kept", kind)
		}
	}
	if err := (unkept{d.books}).Commit(t.Context(), target, dialog.Fact{Kind: dialog.FactPromise}); err != nil {
		t.Error(err)
	}
	// Its report is kept, whatever it says.
	if err := d.books.BeginInbound(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	if err := d.books.SettleInbound(t.Context(), target, call.Report{ID: "c", Network: outcome.Answered, Disposition: outcome.OptOut}); err != nil {
		t.Error(err)
	}
}
