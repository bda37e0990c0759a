package sip

import (
	"strings"
	"testing"

	"parley/call"
	"parley/outcome"
)

func TestReliableOrder(t *testing.T) {
	var b branch
	for _, c := range []struct {
		rseq  uint32
		taken bool
	}{
		{0, false}, {700, true}, {700, false}, {702, false}, {701, true}, {699, false}, {702, true},
	} {
		if got := b.takes(c.rseq); got != c.taken {
			t.Errorf("RSeq %d is taken: %v", c.rseq, got)
		}
	}
	b = branch{}
	for n := range uint32(2 * maxReliable) {
		b.takes(n + 1)
	}
	if b.taken != maxReliable {
		t.Errorf("%d reliable responses were taken", b.taken)
	}
}

// TestPRACK: two reliable responses, the second of them first; a repeated one;
// then the answer.
func TestPRACK(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	if got := invite.get("Supported"); !strings.Contains(got, "100rel") {
		t.Errorf("Supported is %q", got)
	}
	reliable := func(rseq string, body string) {
		r.far.reply(invite, "183 Session Progress", body, "Require: 100rel", "RSeq: "+rseq)
	}
	reliable("9", "")
	first := r.far.expect("PRACK")
	if first.get("RAck") != "9 1 INVITE" || first.get("CSeq") != "2 PRACK" || !strings.Contains(first.get("To"), "tag=far1") {
		t.Errorf("PRACK has RAck %q, CSeq %q, To %q", first.get("RAck"), first.get("CSeq"), first.get("To"))
	}
	r.far.reply(first, "200 OK", "")
	step(t, l, call.Ringing)
	reliable("11", sdp) // 10 was lost
	reliable("9", sdp)  // and this is a repetition
	reliable("10", "")
	second := r.far.expect("PRACK")
	if second.get("RAck") != "10 1 INVITE" {
		t.Errorf("the second PRACK has RAck %q", second.get("RAck"))
	}
	r.far.reply(second, "200 OK", "")
	reliable("11", sdp)
	third := r.far.expect("PRACK")
	r.far.reply(third, "200 OK", "")
	step(t, l, call.EarlyMedia)
	// Offer and answer are complete, so the callee may change them before it
	// answers the call (RFC 3311).
	r.far.expectReply(200, r.far.ask("UPDATE", invite, strings.Replace(sdp, "40000", "40008", 1)))
	r.far.reply(invite, "200 OK", "")
	if ack := r.far.expect("ACK"); ack.get("CSeq") != "1 ACK" {
		t.Errorf("ACK has CSeq %q", ack.get("CSeq"))
	}
	step(t, l, call.Answered)
	if got := (<-r.media).negotiated(); got[len(got)-1].Addr.Port() != 40008 {
		t.Errorf("negotiated %+v", got)
	}
	hang(l)
	bye := r.far.expect("BYE")
	if bye.get("CSeq") != "5 BYE" {
		t.Errorf("BYE has CSeq %q, want the one after the PRACKs", bye.get("CSeq"))
	}
	r.far.reply(bye, "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
}

// TestEarlyForks: two phones ring with sound of their own; the answer of the
// second without a description means its own earlier one.
func TestEarlyForks(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	early := func(tag, port string) {
		r.far.send(r.far.response(invite, "183 Session Progress", tag, strings.Replace(sdp, "40000", port, 1)), invite.src)
		step(t, l, call.EarlyMedia)
	}
	early("b1", "40010")
	early("b2", "40012")
	early("b1", "40010")
	r.far.send(r.far.response(invite, "200 OK", "b2", ""), invite.src)
	if ack := r.far.expect("ACK"); !strings.Contains(ack.get("To"), "tag=b2") {
		t.Errorf("ACK goes to %q", ack.get("To"))
	}
	step(t, l, call.Answered)
	if got := (<-r.media).negotiated(); got[len(got)-1].Addr.Port() != 40012 {
		t.Errorf("negotiated %+v", got)
	}
	// The first answers as well, and is ended at once.
	r.far.send(r.far.response(invite, "200 OK", "b1", sdp), invite.src)
	if ack := r.far.expect("ACK"); !strings.Contains(ack.get("To"), "tag=b1") {
		t.Errorf("the second ACK goes to %q", ack.get("To"))
	}
	bye := r.far.expect("BYE")
	if !strings.Contains(bye.get("To"), "tag=b1") {
		t.Errorf("the BYE goes to %q", bye.get("To"))
	}
	r.far.reply(bye, "200 OK", "")
	hang(l)
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	ended(t, l)
}
