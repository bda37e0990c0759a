package sip

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/outcome"
)

func TestNextOf(t *testing.T) {
	for _, c := range []struct {
		code   int
		method sip.RequestMethod
		tries  int
		want   next
	}{
		{200, sip.INVITE, 1, nextDone}, {202, sip.UPDATE, 1, nextDone},
		{0, sip.INVITE, 1, nextDead}, {408, sip.UPDATE, 1, nextDead}, {481, sip.INVITE, maxTries, nextDead},
		{491, sip.INVITE, 1, nextLater}, {491, sip.UPDATE, maxTries, nextFailed},
		{500, sip.UPDATE, 1, nextLater}, {500, sip.INVITE, 1, nextFailed},
		{422, sip.UPDATE, 1, nextNow}, {401, sip.INVITE, 1, nextProve}, {407, sip.UPDATE, 1, nextProve},
		{405, sip.UPDATE, 1, nextInvite}, {501, sip.UPDATE, 2, nextInvite}, {405, sip.INVITE, 1, nextFailed},
		{488, sip.INVITE, 1, nextFailed}, {603, sip.INVITE, 1, nextFailed},
	} {
		if got := nextOf(c.code, c.method, c.tries); got != c.want {
			t.Errorf("%d to %s, try %d: %d, want %d", c.code, c.method, c.tries, got, c.want)
		}
	}
}

func TestGlare(t *testing.T) {
	offer, renewal := &exchange{method: sip.INVITE, offer: true}, &exchange{method: sip.UPDATE}
	answered, asked := &reinvite{}, &reinvite{asked: true}
	for name, c := range map[string]struct {
		method sip.RequestMethod
		offers bool
		ours   *exchange
		theirs *reinvite
		want   int
	}{
		"nothing in the way":                     {sip.INVITE, true, nil, nil, 0},
		"re-INVITEs meet":                        {sip.INVITE, true, offer, nil, 491},
		"an INVITE without an offer as well":     {sip.INVITE, false, offer, nil, 491},
		"UPDATE meets our offer":                 {sip.UPDATE, true, offer, nil, 491},
		"a bare UPDATE meets our offer":          {sip.UPDATE, false, offer, nil, 0},
		"re-INVITE meets our bare UPDATE":        {sip.INVITE, true, renewal, nil, 0},
		"our 200 waits for its ACK":              {sip.INVITE, true, nil, answered, 491},
		"UPDATE after our answer":                {sip.UPDATE, true, nil, answered, 0},
		"UPDATE while our offer waits in a 200":  {sip.UPDATE, true, nil, asked, 491},
		"bare UPDATE while our offer is waiting": {sip.UPDATE, false, nil, asked, 0},
	} {
		if got := glare(c.method, c.offers, c.ours, c.theirs); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	for _, c := range []struct {
		owner bool
		dice  float64
		want  time.Duration
	}{
		{true, 0, 2100 * time.Millisecond}, {true, 0.9999, 4 * time.Second},
		{false, 0, 0}, {false, 0.9999, 2 * time.Second},
	} {
		if got := glareWait(c.owner, c.dice); got != c.want {
			t.Errorf("owner %v with %v waits %v, want %v", c.owner, c.dice, got, c.want)
		}
	}
}

// ack acknowledges the 2xx to a request of our side.
func (f *far) expectACK(seq string) {
	f.t.Helper()
	if ack := f.expect("ACK"); ack.get("CSeq") != seq+" ACK" {
		f.t.Errorf("ACK has CSeq %q, want %s", ack.get("CSeq"), seq)
	}
}

// doing runs something that waits for the far side.
func doing(f func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- f(ctx)
	}()
	return done
}

func told(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("nobody told how it ended")
		return nil
	}
}

func TestHoldByUs(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	h := l.(call.Holder)
	done := doing(h.Hold)
	hold := r.far.expect("INVITE")
	if hold.get("CSeq") != "2 INVITE" || !strings.Contains(hold.get("To"), "tag=far1") || !strings.Contains(hold.body, "a=sendonly") {
		t.Errorf("hold has CSeq %q, To %q, body %q", hold.get("CSeq"), hold.get("To"), hold.body)
	}
	// Glare: theirs is refused while ours is out, and theirs is not ended by it.
	cseq := r.far.ask("INVITE", invite, sdp)
	r.far.expectReply(491, cseq)
	r.far.send(r.far.request("ACK", invite, strings.TrimSuffix(cseq, " INVITE")+" ACK", ""), invite.src)
	r.far.reply(hold, "200 OK", sdp+"a=recvonly\r\n")
	r.far.expectACK("2")
	if err := told(t, done); err != nil {
		t.Fatal(err)
	}
	// The ACK was lost.
	r.far.reply(hold, "200 OK", sdp+"a=recvonly\r\n")
	if again := r.far.next(); again.method() != "ACK" || again.get("CSeq") != "2 ACK" {
		t.Errorf("got %q, want the ACK again", again.first)
	}
	// What they offer meanwhile is answered on hold.
	if ok := retry491(r, invite, sdp); !strings.Contains(ok.body, "a=sendonly") {
		t.Errorf("their offer is answered with %q", ok.body)
	}
	done = doing(h.Resume)
	resume := r.far.expect("INVITE")
	if !strings.Contains(resume.body, "a=sendrecv") {
		t.Errorf("resume offers %q", resume.body)
	}
	r.far.reply(resume, "488 Not Acceptable Here", "")
	r.far.expectACK("3")
	if err := told(t, done); err == nil {
		t.Error("a refused change is no error")
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
	if err := told(t, doing(h.Hold)); !errors.Is(err, errNotUp) {
		t.Errorf("holding what has ended: %v", err)
	}
}

// TestGlareIsTriedAgain: our change meets theirs, waits, and is made.
func TestGlareIsTriedAgain(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	done := doing(l.(call.Holder).Hold)
	begun := time.Now()
	r.far.reply(r.far.expect("INVITE"), "491 Request Pending", "")
	r.far.expectACK("2")
	again := r.far.expect("INVITE")
	if waited := time.Since(begun); waited < 2*time.Second || waited > 5*time.Second {
		t.Errorf("tried again after %v", waited)
	}
	r.far.reply(again, "200 OK", sdp)
	r.far.expectACK("3")
	if err := told(t, done); err != nil {
		t.Error(err)
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}

func TestHeldByThem(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	m := <-r.media
	for _, c := range []struct {
		theirs, ours string
		held         bool
	}{
		{"sendonly", "recvonly", true}, {"inactive", "inactive", true}, {"sendrecv", "sendrecv", false},
	} {
		ok := retry491(r, invite, sdp+"a="+c.theirs+"\r\n")
		if !strings.Contains(ok.body, "a="+c.ours+"\r\n") {
			t.Errorf("%s is answered with %q", c.theirs, ok.body)
		}
		if got := m.negotiated(); got[len(got)-1].Mute != c.held {
			t.Errorf("%s: the media is mute: %v", c.theirs, !c.held)
		}
	}
	if held := <-l.(call.Holder).Held(); held {
		t.Error("the newest word is that the call is held")
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}

// fast makes session timers run a hundred times as fast.
func fast(o *Options) { o.second = 10 * time.Millisecond }

// timed brings a call up whose 200 says this about the timer.
func timed(t *testing.T, r *rig, headers ...string) (call.Leg, message) {
	t.Helper()
	l := r.dial()
	invite := r.far.expect("INVITE")
	if invite.get("Session-Expires") != "1800" || invite.get("Min-SE") != "90" || !strings.Contains(invite.get("Supported"), "timer") {
		t.Errorf("Session-Expires %q, Min-SE %q, Supported %q", invite.get("Session-Expires"), invite.get("Min-SE"), invite.get("Supported"))
	}
	r.far.reply(invite, "200 OK", sdp, headers...)
	r.far.expect("ACK")
	step(t, l, call.Answered)
	return l, invite
}

func TestWeRenew(t *testing.T) {
	r := newRig(t, fast)
	l, invite := timed(t, r, "Session-Expires: 90;refresher=uac", "Require: timer", "Allow: INVITE, UPDATE")
	update := r.far.expect("UPDATE")
	if update.get("Session-Expires") != "90;refresher=uac" || update.body != "" {
		t.Errorf("UPDATE has Session-Expires %q and body %q", update.get("Session-Expires"), update.body)
	}
	r.far.reply(update, "200 OK", "", "Session-Expires: 90;refresher=uac", "Require: timer")
	// This time it lost its UPDATE.
	r.far.reply(r.far.expect("UPDATE"), "405 Method Not Allowed", "")
	again := r.far.expect("INVITE")
	if again.body != invite.body {
		t.Errorf("the renewal changes the description from %q to %q", invite.body, again.body)
	}
	r.far.reply(again, "200 OK", sdp, "Session-Expires: 90;refresher=uas")
	r.far.expectACK(strings.TrimSuffix(again.get("CSeq"), " INVITE"))
	// Now it is theirs, and they do not.
	bye := r.far.expect("BYE")
	r.far.reply(bye, "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyNetwork || !errors.Is(c.Err, errExpired) {
		t.Errorf("cause is %+v", c)
	}
}

func TestRenewalOfACallThatIsGone(t *testing.T) {
	r := newRig(t, fast)
	l, _ := timed(t, r, "Session-Expires: 90;refresher=uac")
	r.far.reply(r.far.expect("INVITE"), "481 Call/Transaction Does Not Exist", "")
	r.far.expect("ACK")
	r.far.reply(r.far.expect("BYE"), "481 Call/Transaction Does Not Exist", "")
	if c := ended(t, l); c.By != call.PartyNetwork || c.Err == nil {
		t.Errorf("cause is %+v", c)
	}
}

func TestTheyRenew(t *testing.T) {
	r := newRig(t, fast)
	l, invite := timed(t, r, "Session-Expires: 100;refresher=uas")
	r.far.expectReply(422, r.far.ask("UPDATE", invite, "", "Session-Expires: 30", "Supported: timer"))
	if no := r.far.expectReply(420, r.far.ask("UPDATE", invite, "", "Require: timer, foo")); no.get("Unsupported") != "foo" {
		t.Errorf("Unsupported is %q", no.get("Unsupported"))
	}
	for range 3 { // the last of these is later than the first agreement would last
		<-time.After(300 * time.Millisecond)
		ok := r.far.expectReply(200, r.far.ask("UPDATE", invite, "", "Session-Expires: 100;refresher=uac", "Supported: timer", "Require: timer"))
		if ok.get("Session-Expires") != "100;refresher=uac" || ok.get("Require") != "timer" {
			t.Errorf("Session-Expires %q, Require %q", ok.get("Session-Expires"), ok.get("Require"))
		}
	}
	select {
	case <-l.Done():
		t.Fatalf("the call ended: %+v", l.Ended())
	default:
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}

func TestIntervalTooSmall(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	r.far.reply(r.far.expect("INVITE"), "422 Session Interval Too Small", "", "Min-SE: 3600")
	r.far.expect("ACK")
	second := r.far.expect("INVITE")
	if second.get("Session-Expires") != "3600" || second.get("Min-SE") != "3600" || second.get("CSeq") != "2 INVITE" {
		t.Errorf("Session-Expires %q, Min-SE %q, CSeq %q", second.get("Session-Expires"), second.get("Min-SE"), second.get("CSeq"))
	}
	r.far.reply(second, "486 Busy Here", "")
	r.far.expect("ACK")
	if c := ended(t, l); c.Network != outcome.Busy || c.Rang {
		t.Errorf("cause is %+v", c)
	}
}

// TestCalleesChallenge: whoever was called asks for a digest inside the call.
func TestCalleesChallenge(t *testing.T) {
	r := newTrunkRig(t)
	l := r.dial(byTrunk)
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "200 OK", sdp)
	r.far.expect("ACK")
	step(t, l, call.Answered)
	done := doing(l.(call.Holder).Hold)
	const ask = `Digest realm="r", nonce="n", qop="auth"`
	r.far.reply(r.far.expect("INVITE"), "407 Proxy Authentication Required", "", "Proxy-Authenticate: "+ask)
	r.far.expect("ACK")
	if err := told(t, done); !errors.Is(err, ErrAuth) {
		t.Errorf("hold: %v", err)
	}
	hang(l)
	r.far.reply(r.far.expect("BYE"), "401 Unauthorized", "", "WWW-Authenticate: "+ask)
	if c := ended(t, l); !errors.Is(c.Err, ErrAuth) {
		t.Errorf("cause is %+v", c)
	}
	select {
	case m := <-r.far.got:
		t.Errorf("something followed: %q", m.first)
	case <-time.After(100 * time.Millisecond):
	}
}
