package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/outcome"
)

func TestReinvite(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	m := <-r.media

	// The sound moves.
	moved := strings.Replace(sdp, "40000", "40002", 1)
	cseq := r.far.ask("INVITE", invite, moved)
	ok := r.far.expectReply(200, cseq)
	if !strings.Contains(ok.body, "m=audio 30000 RTP/AVP 8 101\r\n") || !strings.Contains(ok.body, "a=sendrecv") {
		t.Errorf("answer is %q", ok.body)
	}
	if ok.get("Contact") != invite.get("Contact") {
		t.Errorf("Contact is %q", ok.get("Contact"))
	}
	// Without an ACK the 200 is repeated.
	r.far.expectReply(200, cseq)
	// Another offer has to wait for it.
	r.far.expectReply(491, r.far.ask("INVITE", invite, moved))
	ack := fmt.Sprintf("%s ACK", strings.TrimSuffix(cseq, " INVITE"))
	r.far.send(r.far.request("ACK", invite, ack, ""), invite.src)

	// On hold, the old way: nowhere to send to, so the address stays. The ACK
	// may still be under way, and then this has to be asked again.
	held := strings.Replace(sdp, "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1) + "a=sendonly\r\n"
	ok = retry491(r, invite, held)
	if !strings.Contains(ok.body, "a=recvonly") {
		t.Errorf("answer on hold is %q", ok.body)
	}

	got := m.negotiated()
	if len(got) != 3 || got[1].Addr.Port() != 40002 || got[1].Mute || got[2].Addr != got[1].Addr || !got[2].Mute {
		t.Errorf("negotiated %+v", got)
	}
	hang(l)
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	ended(t, l)
}

// retry491 sends a re-INVITE until it is taken, and acknowledges it.
func retry491(r *rig, invite message, body string) message {
	r.far.t.Helper()
	for range 50 {
		cseq := r.far.ask("INVITE", invite, body)
		for {
			m := r.far.next()
			if m.get("CSeq") != cseq || strings.HasPrefix(m.first, "SIP/2.0 100") {
				continue
			}
			ack := strings.TrimSuffix(cseq, " INVITE") + " ACK"
			r.far.send(r.far.request("ACK", invite, ack, ""), invite.src)
			if strings.HasPrefix(m.first, "SIP/2.0 200") {
				return m
			}
			break
		}
	}
	r.far.t.Fatal("the re-INVITE was never taken")
	return message{}
}

func TestReinviteWithoutOffer(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	m := <-r.media
	cseq := r.far.ask("INVITE", invite, "")
	ok := r.far.expectReply(200, cseq)
	if !strings.Contains(ok.body, "m=audio 30000 RTP/AVP 0 8 9 101\r\n") {
		t.Errorf("our offer is %q", ok.body)
	}
	ack := strings.TrimSuffix(cseq, " INVITE") + " ACK"
	r.far.send(r.far.request("ACK", invite, ack, strings.Replace(sdp, "40000", "40004", 1)), invite.src)
	// Handled after the ACK, because it comes after it or is answered 491.
	retry491(r, invite, strings.Replace(sdp, "40000", "40006", 1))
	if got := m.negotiated(); len(got) != 3 || got[1].Addr.Port() != 40004 || got[2].Addr.Port() != 40006 {
		t.Errorf("negotiated %+v", got)
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}

func TestReinviteRefused(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	for body, code := range map[string]int{
		strings.ReplaceAll(sdp, "8 101\r\na=rtpmap:8 PCMA", "18\r\na=rtpmap:18 G729"): 488,
		"nonsense": 488,
	} {
		cseq := r.far.ask("INVITE", invite, body)
		r.far.expectReply(code, cseq)
		r.far.send(r.far.request("ACK", invite, strings.TrimSuffix(cseq, " INVITE")+" ACK", ""), invite.src)
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if c := ended(t, l); c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
}

func TestOtherRequestsInside(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	r.far.expectReply(200, r.far.ask("OPTIONS", invite, ""))
	r.far.expectReply(200, r.far.ask("UPDATE", invite, ""))
	if ok := r.far.expectReply(200, r.far.ask("UPDATE", invite, sdp)); !strings.Contains(ok.body, "m=audio 30000") {
		t.Errorf("answer to UPDATE is %q", ok.body)
	}
	r.far.expectReply(200, r.far.ask("INFO", invite, "Signal=5\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay"))
	if d := <-l.Digits(); d != '5' {
		t.Errorf("digit %q", d)
	}
	r.far.expectReply(415, r.far.ask("INFO", invite, "<x/>", "Content-Type: application/media_control+xml"))
	r.far.expectReply(501, r.far.ask("PUBLISH", invite, ""))

	// A stranger's tag, and a CSeq of the past.
	mine := r.far.tag
	r.far.tag = "somebody"
	r.far.expectReply(481, r.far.ask("BYE", invite, ""))
	r.far.tag = mine
	r.far.send(r.far.request("OPTIONS", invite, "1 OPTIONS", ""), invite.src)
	r.far.expectReply(500, "1 OPTIONS")
	select {
	case <-l.Done():
		t.Fatal("the call ended")
	default:
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if c := ended(t, l); c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
	// The dialog is gone.
	r.far.expectReply(481, r.far.ask("OPTIONS", invite, ""))
}

func TestRecordRoute(t *testing.T) {
	r := newRig(t)
	proxy := newFar(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "200 OK", sdp, fmt.Sprintf("Record-Route: <sip:%s;lr>", proxy.addr()))
	ack := proxy.expect("ACK")
	if !strings.HasPrefix(ack.first, "ACK sip:far@"+r.far.addr()+" ") || ack.get("Route") != fmt.Sprintf("<sip:%s;lr>", proxy.addr()) {
		t.Errorf("ACK is %q with Route %q", ack.first, ack.get("Route"))
	}
	hang(l)
	bye := proxy.expect("BYE")
	proxy.tag = r.far.tag
	proxy.reply(bye, "200 OK", "")
	ended(t, l)
}

// TestFarSideThatMoves: the requests of either side go on from its new address.
func TestFarSideThatMoves(t *testing.T) {
	for _, how := range []string{"INVITE", "UPDATE"} {
		r := newRig(t)
		l, invite := answered(t, r)
		there := newFarAt(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
		moved := strings.NewReplacer("<sip:far@"+r.far.addr()+">", "<sip:far@"+there.addr()+">")
		r.far.send(moved.Replace(r.far.request(how, invite, "200 "+how, sdp)), invite.src)
		r.far.expectReply(200, "200 "+how)
		if how == "INVITE" {
			there.send(moved.Replace(r.far.request("ACK", invite, "200 ACK", "")), invite.src)
		}
		there.send(there.request("OPTIONS", invite, "201 OPTIONS", ""), invite.src)
		there.expectReply(200, "201 OPTIONS")
		hang(l)
		there.reply(there.expect("BYE"), "200 OK", "")
		if c := ended(t, l); c.Err != nil || c.Network != outcome.Answered || r.Stats().Strangers != 0 {
			t.Errorf("%s: cause is %+v, %d messages of strangers", how, c, r.Stats().Strangers)
		}
		r.stop()
		r.mu.Lock()
		if n := r.peers[netip.MustParseAddr("127.0.0.2")]; n > 1 { // the grave's
			t.Errorf("%s: the new address is held %d times after the call", how, n)
		}
		r.mu.Unlock()
	}
}

// TestAskedIsHeard: who is sent a request is listened to until it has answered,
// whoever it is, and not longer.
func TestAskedIsHeard(t *testing.T) {
	r := newRig(t)
	there := newFarAt(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	to := hop{addr: netip.MustParseAddrPort(there.addr())}
	d := r.newDialog(path{to: sip.Uri{Scheme: "sip", Host: "127.0.0.2"}}, "x", "y", to)
	d.remoteTag, d.target = "z", sip.Uri{Scheme: "sip", Host: "127.0.0.2", Port: int(to.addr.Port())}
	done := make(chan error, 1)
	go func() { done <- r.goodbye(context.Background(), d, nil) }()
	there.reply(there.expect("BYE"), "200 OK", "")
	if err := <-done; err != nil || r.isPeer(to.addr.Addr()) {
		t.Errorf("goodbye: %v; still listened to: %v", err, r.isPeer(to.addr.Addr()))
	}
}
