package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley/call"
	"parley/outcome"
)

func TestReferOf(t *testing.T) {
	for _, c := range []struct {
		code  int
		ended bool
		want  referStep
	}{
		{100, false, referWait}, {180, false, referWait}, {0, false, referWait}, {200, false, referReached},
		{200, true, referReached}, {486, true, referFailed}, {603, false, referFailed}, {100, true, referFailed},
	} {
		if got := referOf(c.code, c.ended); got != c.want {
			t.Errorf("%d, ended %v: %d, want %d", c.code, c.ended, got, c.want)
		}
	}
	for body, want := range map[string]int{
		"SIP/2.0 200 OK\r\n": 200, "SIP/2.0 100": 100, "SIP/2.0 180 Ringing\r\nTo: x\r\n": 180,
		"": 0, "SIP/2.0 99 x": 0, "HTTP/1.1 200 OK": 0, "SIP/2.0 abc": 0,
	} {
		if got := fragment([]byte(body)); got != want {
			t.Errorf("%q is %d, want %d", body, got, want)
		}
	}
}

// notify sends one about a transfer.
func (f *far) notify(invite message, status, state string) string {
	f.t.Helper()
	return f.ask("NOTIFY", invite, "SIP/2.0 "+status+"\r\n", "Event: refer", "Subscription-State: "+state, "Content-Type: message/sipfrag;version=2.0")
}

func transfer(l call.Leg, to string, with call.Leg) <-chan error {
	return doing(func(ctx context.Context) error { return l.(call.Referrer).Transfer(ctx, to, with) })
}

func TestBlindTransfer(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	r.far.expectReply(481, r.far.notify(invite, "200 OK", "active")) // of nothing
	done := transfer(l, "sip:agents@pbx.example", nil)
	refer := r.far.expect("REFER")
	if got := refer.get("Refer-To"); got != "<sip:agents@pbx.example>" || !strings.Contains(refer.get("Referred-By"), "15550001") {
		t.Errorf("Refer-To %q, Referred-By %q", got, refer.get("Referred-By"))
	}
	r.far.reply(refer, "202 Accepted", "")
	r.far.expectReply(200, r.far.notify(invite, "100 Trying", "active;expires=60"))
	r.far.expectReply(200, r.far.notify(invite, "200 OK", "terminated;reason=noresource"))
	if err := told(t, done); err != nil {
		t.Error(err)
	}
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot {
		t.Errorf("cause is %+v", c)
	}
}

func TestTransferFails(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	done := transfer(l, "sip:agents@pbx.example", nil)
	r.far.reply(r.far.expect("REFER"), "603 Decline", "")
	var f *Failure
	if err := told(t, done); !errors.Is(err, ErrTransfer) || !errors.As(err, &f) || f.Code != 603 {
		t.Errorf("declined: %v", err)
	}
	done = transfer(l, "sip:agents@pbx.example", nil)
	r.far.reply(r.far.expect("REFER"), "202 Accepted", "")
	if err := told(t, transfer(l, "sip:others@pbx.example", nil)); !errors.Is(err, errReferring) {
		t.Errorf("two at a time: %v", err)
	}
	r.far.expectReply(200, r.far.notify(invite, "486 Busy Here", "terminated"))
	if err := told(t, done); !errors.As(err, &f) || f.Code != 486 {
		t.Errorf("busy: %v", err)
	}
	for _, to := range []string{"sip:a@b\r\nX: y", "tel:+1555", "hello"} {
		if err := told(t, transfer(l, to, nil)); !errors.Is(err, ErrTarget) {
			t.Errorf("transfer to %q: %v", to, err)
		}
	}
	// The call goes on; a far side that hangs up after its 202 is on its way.
	done = transfer(l, "sip:agents@pbx.example", nil)
	r.far.reply(r.far.expect("REFER"), "202 Accepted", "")
	r.far.expectReply(200, r.far.notify(invite, "100 Trying", "active"))
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if err := told(t, done); err != nil {
		t.Error(err)
	}
	ended(t, l)
	if err := told(t, transfer(l, "sip:a@b", nil)); !errors.Is(err, errNotUp) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAttendedTransfer(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	// The second call is to somebody at the same far side.
	r.far.tag = "far2"
	second, consult := answered(t, r)
	r.far.tag = "far1"
	done := transfer(l, "", second)
	refer := r.far.expect("REFER")
	_, ourTag, _ := strings.Cut(consult.get("From"), "tag=")
	want := fmt.Sprintf("<sip:far@%s?Replaces=%s%%3Bto-tag%%3Dfar2%%3Bfrom-tag%%3D%s>", r.far.addr(), consult.get("Call-ID"), ourTag)
	if got := refer.get("Refer-To"); got != want {
		t.Errorf("Refer-To is %q, want %q", got, want)
	}
	r.far.reply(refer, "202 Accepted", "")
	r.far.expectReply(200, r.far.notify(invite, "200 OK", "terminated"))
	if err := told(t, done); err != nil {
		t.Error(err)
	}
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	ended(t, l)
	r.far.tag = "far2"
	r.far.expectReply(200, r.far.ask("BYE", consult, "")) // replaced
	ended(t, second)
}

// TestReferOfTheFarSide: nobody makes us call anybody.
func TestReferOfTheFarSide(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	r.far.expectReply(603, r.far.ask("REFER", invite, "", "Refer-To: <sip:premium@127.0.0.1>"))
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}
