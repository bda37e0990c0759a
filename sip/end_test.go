package sip

import (
	"context"
	"crypto/md5"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"parley/call"
)

// leftUp is a call that the first stack leaves answered: its leg as kept, and
// its INVITE.
func leftUp(t *testing.T, r *rig, extra ...string) (string, message) {
	t.Helper()
	l := r.dial(byTrunk)
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	if p := step(t, l, call.Ringing); p.Leg != "" {
		t.Errorf("a leg that rings has %q to end it", p.Leg)
	}
	r.far.reply(invite, "200 OK", sdp, extra...)
	r.far.expect("ACK")
	leg := step(t, l, call.Answered).Leg
	t.Cleanup(func() { // what the far side thinks of the first stack is no matter
		r.far.ask("BYE", invite, "")
		ended(t, l)
	})
	return leg, invite
}

func (r *rig) end(leg string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.End(context.Background(), leg) }()
	return done
}

// TestAnotherStackEndsTheLeg: the process that dialled is gone, the next one
// has what was kept, a socket of its own and the same trunks.
func TestAnotherStackEndsTheLeg(t *testing.T) {
	first := newTrunkRig(t, func(o *Options) { o.Trunks[0].Realm = "r" })
	leg, invite := leftUp(t, first, "Record-Route: <sip:"+first.far.addr()+";lr>", "Record-Route: <sip:edge.invalid;lr=on>")
	far := first.far
	second := newRig(t, toTrunk(first))

	// The first route's host is nobody's: it goes where the INVITE went.
	done := second.end(leg)
	bye := far.expect("BYE")
	if bye.src.Port != int(second.Addr().Port()) || !strings.Contains(bye.get("Via"), second.Addr().String()) {
		t.Errorf("the BYE came from %v with Via %q, want %v", bye.src, bye.get("Via"), second.Addr())
	}
	if bye.get("Call-ID") != invite.get("Call-ID") || bye.get("From") != invite.get("From") || bye.get("To") != invite.get("To")+";tag=far1" {
		t.Errorf("the BYE belongs to another dialog: %v", bye.header)
	}
	if bye.first != "BYE sip:far@"+far.addr()+" SIP/2.0" {
		t.Errorf("request line is %q", bye.first)
	}
	if got := strings.Join(bye.header["route"], " "); got != "<sip:edge.invalid;lr=on> <sip:"+far.addr()+";lr>" {
		t.Errorf("route set is %q", got)
	}
	if got := bye.get("CSeq"); got != "4 BYE" { // 2 and 3 may have been the first stack's own BYE
		t.Errorf("CSeq is %q", got)
	}
	const ask = `Proxy-Authenticate: Digest realm="r", nonce="n1", qop="auth", algorithm=MD5`
	far.reply(bye, "407 Proxy Authentication Required", "", ask)
	again := far.expect("BYE")
	checkDigest(t, again.get("Proxy-Authorization"), "BYE", md5.New())
	if again.get("CSeq") != "5 BYE" {
		t.Errorf("CSeq of the second BYE is %q", again.get("CSeq"))
	}
	far.reply(again, "200 OK", "")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEndOfALegThatIsGone(t *testing.T) {
	first := newTrunkRig(t)
	leg, _ := leftUp(t, first)
	// Without trunks the far side is a stranger, but for this BYE.
	second := newRig(t)
	done := second.end(leg)
	first.far.reply(first.far.expect("BYE"), "481 Call/Transaction Does Not Exist", "")
	if err := <-done; err != nil {
		t.Error(err)
	}
	second.mu.Lock()
	if len(second.peers) != 0 {
		t.Errorf("%d peers are kept", len(second.peers))
	}
	second.mu.Unlock()
	// It is ended once.
	if err := second.End(t.Context(), leg); err != nil {
		t.Error(err)
	}
}

func TestEndIsBounded(t *testing.T) {
	first := newTrunkRig(t)
	leg, _ := leftUp(t, first)
	second := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := second.End(ctx, leg); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the far side says nothing: %v", err)
	}
	first.far.expect("BYE")
	for _, text := range []string{"", "{}", "null", "x", strings.Replace(leg, `"sip:`, `"`, 1)} {
		if err := second.End(t.Context(), text); !errors.Is(err, ErrTarget) {
			t.Errorf("%q: %v", text, err)
		}
	}
	second.stop()
	if err := second.End(t.Context(), leg); !errors.Is(err, ErrClosed) {
		t.Errorf("after the stack's end: %v", err)
	}
}

// TestAnswerToTheLastRun: a phone rang when the last run ended, and is answered
// now.
func TestAnswerToTheLastRun(t *testing.T) {
	secret := [32]byte{1, 2, 3}
	first := newTrunkRig(t, func(o *Options) { o.Secret = secret })
	l := first.dial(byTrunk)
	far := first.far
	invite := far.expect("INVITE")
	for name, c := range map[string]struct {
		secret [32]byte
		late   int64
	}{"with its secret": {secret, 1}, "with another": {[32]byte{9}, 0}} {
		t.Run(name, func(t *testing.T) {
			second := newRig(t, toTrunk(first), func(o *Options) { o.Secret = c.secret })
			was := invite.src
			invite.src = net.UDPAddrFromAddrPort(second.Addr())
			defer func() { invite.src = was }()
			far.reply(invite, "200 OK", sdp)
			if c.late > 0 {
				far.expect("ACK")
				far.reply(far.expect("BYE"), "200 OK", "")
			} else {
				// It is passed over; the answer to this says that it was read.
				far.expectReply(481, far.ask("BYE", invite, ""))
			}
			if got := second.Stats().Late; got != c.late {
				t.Errorf("%d late answers, want %d", got, c.late)
			}
		})
	}
	far.reply(invite, "486 Busy Here", "")
	far.expect("ACK")
	ended(t, l)
}
