package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/ladder"
	"parley/outcome"
	"parley/rules"
	"parley/sim"
	"parley/sip"
	"parley/tenant"
)

// exchange is a SIP stack with two trunks that both lead to one simulated
// carrier, which asks for a password; trunk a begins one call in ten seconds.
type exchange struct {
	t      *testing.T
	seen   *sight
	dialer call.Dialer
	stack  *sip.Stack
}

const trunkPassword = "tr0ub4dor"

func newExchange(t *testing.T) *exchange {
	t.Helper()
	anyone := &sim.Persona{Name: "anyone", Language: "en"}
	carrier, err := sim.New(sim.Options{Listen: "127.0.0.1:0", NoMedia: true, Anyone: anyone, User: "alice", Password: trunkPassword})
	if err != nil {
		t.Fatal(err)
	}
	c := Defaults()
	c.SIP.MediaPorts = "47000-47199"
	for i, name := range []string{"a", "b"} {
		c.Trunks = append(c.Trunks, TrunkConfig{
			Name: name, Host: carrier.Addr().String(), Username: "alice", Password: trunkPassword, Priority: i, Channels: 5,
		})
	}
	c.Trunks[0].CallsPerSecond = 0.1
	x := &exchange{t: t, seen: &sight{ladders: newLadders()}}
	if x.stack, err = newSIP(c, sip.Options{
		Listen: netip.MustParseAddrPort("127.0.0.1:0"), Log: slog.New(slog.DiscardHandler), Trace: x.seen.ladders.hear,
	}); err != nil {
		t.Fatal(err)
	}
	kernel, err := rules.NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	x.dialer = x.stack.Router(&gate{next: x.stack, kernel: kernel, now: time.Now, tests: []string{"+1202555*"}, seen: x.seen})
	h := newHouse()
	h.start(component{"carrier", carrier.Run})
	h.start(component{"SIP", x.stack.Run})
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func targetOf(id, to, profile string) call.Target {
	return call.Target{Call: id, Attempt: id, Tenant: tenant.Default, To: to, Case: rules.Case{Number: to, Raw: to, Profile: profile}}
}

// call places a call and hangs up once it is answered; up is told then.
func (x *exchange) call(target call.Target, up func()) call.Report {
	x.t.Helper()
	x.seen.begin(target)
	defer x.seen.end(target)
	ctx, cancel := context.WithTimeout(x.t.Context(), 20*time.Second)
	defer cancel()
	r := call.Report{ID: target.Call, Attempt: target.Attempt, To: target.To, Started: time.Now()}
	leg := x.dialer.Dial(ctx, target)
	for p := range leg.Progress() {
		x.seen.moment(target, call.Moment{At: p.At, State: string(p.Kind)})
		switch p.Kind {
		case call.Ringing:
			r.Ringing = p.At
		case call.Answered:
			r.Answered = p.At
			up()
			if err := leg.Hangup(ctx); err != nil {
				x.t.Error(err)
			}
		}
	}
	<-leg.Done()
	c := leg.Ended()
	r.Ended, r.Network, r.Trunk, r.SIP, r.HangupBy, r.Rules = time.Now(), c.Network, c.Trunk, c.SIP, c.By, c.Rules
	if !r.Answered.IsZero() {
		r.TalkMS = r.Ended.Sub(r.Answered).Milliseconds()
	}
	if c.Err != nil {
		r.Problem = c.Err.Error()
	}
	x.seen.ended(target, &r)
	return r
}

// rungs are a ladder's messages in short: ">INVITE", "<200 INVITE", ".trunk: a".
func rungs(l ladder.Ladder) string {
	var all []string
	for _, e := range l.Entries {
		way := map[ladder.Direction]string{ladder.Sent: ">", ladder.Received: "<", "": "."}[e.Direction]
		word, _, _ := strings.Cut(e.First, " ")
		if e.Direction == "" {
			word, _, _ = strings.Cut(e.Step, ";")
		} else if code, ok := strings.CutPrefix(e.First, "SIP/2.0 "); ok {
			word = code[:3] + " " + e.Method
		}
		if e.Repeats == 0 { // a busy machine repeats itself
			all = append(all, way+word)
		}
	}
	return strings.Join(all, "\n")
}

// TestTheLadderOfACall: real calls to the simulated carrier, read live and
// after their end, over HTTP, as JSON and as text.
func TestTheLadderOfACall(t *testing.T) {
	x, d := newExchange(t), newDesk(t)
	d.line.seen = x.seen
	first := targetOf("call-1", "+12025550100", "test")
	if _, err := d.books.BeginCall(t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	r := x.call(first, func() {
		d.line.mu.Lock()
		d.line.live["call-1"] = &liveCall{tenant: tenant.Default}
		d.line.mu.Unlock()
		var live ladder.Ladder
		d.do("GET", "/api/v1/calls/call-1/ladder", nil).want(200).into(&live)
		if got := rungs(live); !strings.Contains(got, "<200 INVITE") || strings.Contains(got, "BYE") {
			t.Errorf("while it is up:\n%s", got)
		}
		d.as("other", "GET", "/api/v1/calls/call-1/ladder", nil).want(404)
		d.line.mu.Lock()
		delete(d.line.live, "call-1")
		d.line.mu.Unlock()
	})
	if r.Network != outcome.Answered || r.Trunk != "a" {
		t.Fatalf("%+v", r)
	}
	if err := d.books.SettleCall(t.Context(), first, r); err != nil {
		t.Fatal(err)
	}
	var kept ladder.Ladder
	raw := d.do("GET", "/api/v1/calls/call-1/ladder", nil).want(200).into(&kept).body
	rulings := fmt.Sprintf(".gate: allowed by %d rules (%s)", len(r.Rules), r.Rules[0].Version)
	want := strings.Join([]string{
		rulings, ".trunk: a",
		">INVITE", "<407 INVITE", ">ACK", ">INVITE", "<100 INVITE", "<180 INVITE", "<200 INVITE", ">ACK",
		".answered: the conversation may begin", ">BYE", "<200 BYE", ".ended: answered, by bot",
	}, "\n")
	if got := rungs(kept); got != want {
		t.Errorf("the ladder is\n%s\nwant\n%s", got, want)
	}
	text := d.as(tenant.Default, "GET", "/api/v1/calls/call-1/ladder", nil, "Accept", "text/plain").want(200)
	if got := text.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the text is of type %q", got)
	}
	for _, want := range []string{"|--- INVITE sip:+12025550100@", "|<-- 200 OK (INVITE", "|--- BYE sip:", "trunk: a", "Proxy-Authorization: ***\n"} {
		if !strings.Contains(string(text.body), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.body)
		}
	}
	for _, body := range []string{string(raw), string(text.body)} {
		for _, secret := range []string{"response=", "cnonce", trunkPassword, `username=`} {
			if strings.Contains(body, secret) {
				t.Errorf("the ladder shows %q:\n%s", secret, body)
			}
		}
	}
	d.do("GET", "/api/v1/calls/call-2/ladder", nil).want(404, "no such ladder")
	// Trunk a takes no second call within ten seconds; nothing was sent to it.
	r = x.call(targetOf("call-2", "+12025550101", "test"), func() {})
	got := rungs(*r.Ladder)
	if moved := ".failed: the trunk takes no more calls now: trunk a begins 0.1 calls a second at most\n" + rulings + "\n.trunk: b\n>INVITE"; r.Trunk != "b" || !strings.Contains(got, moved) {
		t.Errorf("after a failover (trunk %s):\n%s", r.Trunk, got)
	}
	r = x.call(targetOf("call-3", "+12125550101", "test"), func() {})
	if got := rungs(*r.Ladder); !strings.Contains(got, ".gate: not dialled: ") || strings.Contains(got, ">") {
		t.Errorf("of a call that the rules forbid:\n%s", got)
	}
	if x.seen.ladders.of("call-1") != nil || len(x.seen.ladders.live) != 0 {
		t.Error("ladders of ended calls are kept in memory")
	}
}

// incoming is a message as the trace tells it.
func incoming(callID, first string, sent bool, at time.Time) sip.TraceMessage {
	raw := first + "\r\nCall-ID: " + callID + "\r\nCSeq: 1 " + strings.Fields(first)[0] + "\r\n\r\n"
	return sip.TraceMessage{At: at, Sent: sent, Peer: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: "UDP", CallID: callID, First: first, Raw: []byte(raw)}
}

// arrived is a leg that came in.
type arrived struct {
	call.Leg
	id string
}

func (a arrived) CallID() string { return a.id }

// TestTheLadderOfACallThatCameIn begins with its INVITE, which was heard before
// anybody knew whose call it is.
func TestTheLadderOfACallThatCameIn(t *testing.T) {
	s := &sight{ladders: newLadders()}
	now := time.Now().Add(-2 * time.Second)
	s.ladders.hear(incoming("x@far", "INVITE sip:+12025550199@us SIP/2.0", false, now))
	s.ladders.hear(incoming("x@far", "SIP/2.0 180 Ringing", true, now.Add(time.Millisecond)))
	s.ladders.hear(incoming("y@far", "BYE sip:us SIP/2.0", false, now)) // of no call
	target := call.Target{Call: "in-1", Tenant: tenant.Default, Trunk: "a", Inbound: true}
	s.came(target, arrived{id: "x@far"})
	s.begin(target)
	s.ladders.hear(incoming("x@far", "BYE sip:us SIP/2.0", false, time.Now()))
	r := call.Report{ID: "in-1", Network: outcome.Answered, HangupBy: call.PartyCustomer}
	s.ended(target, &r)
	s.end(target)
	want := "<INVITE\n>180 SIP/2.0\n.trunk: a, the customer calls\n<BYE\n.ended: answered, by customer"
	got := rungs(*r.Ladder)
	if got != want || r.Ladder.Call != "in-1" {
		t.Errorf("of %s:\n%s\nwant\n%s", r.Ladder.Call, got, want)
	}
	if len(s.ladders.came)+len(s.ladders.live) != 0 {
		t.Error("an ended call's ladder is kept")
	}
}

// TestRefusedCallersTakeNoMemory: a trunk that offers calls without end, which
// nobody takes.
func TestRefusedCallersTakeNoMemory(t *testing.T) {
	l := newLadders()
	now := time.Now()
	l.hear(incoming("taken@far", "INVITE sip:us SIP/2.0", false, now))
	l.name("taken@far", "in-1")
	for i := range 10 * maxCame {
		l.hear(incoming(fmt.Sprintf("%d@far", i), "INVITE sip:us SIP/2.0", false, now.Add(time.Duration(i)*time.Second)))
	}
	if len(l.came) > maxCame {
		t.Errorf("%d ladders of callers are kept", len(l.came))
	}
	if l.of("in-1") == nil || l.came["taken@far"] == nil || l.came[fmt.Sprintf("%d@far", 10*maxCame-1)] == nil {
		t.Error("a call that was taken, or the newest caller, has no ladder")
	}
}
