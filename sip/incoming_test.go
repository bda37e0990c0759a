package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/media"
	"parley/outcome"
)

// caller is the far side in the other role: it calls us.
type caller struct {
	*far
	us     *net.UDPAddr
	id     string
	branch string
	caller string // From's address
	to     string // the To header, with our tag once there is one
	bare   string // the same as the INVITE has it
	isUp   bool
	target string // our Contact
	cseq   int
}

// openTo lets the far side's address be a trunk and takes these numbers.
func openTo(f *far, numbers ...string) func(*Options) {
	return func(o *Options) {
		o.Trunks = append(o.Trunks, Trunk{Name: "carrier", Host: "127.0.0.1", Port: f.conn.LocalAddr().(*net.UDPAddr).Port})
		o.Inbound = func(in Incoming) int {
			for _, n := range numbers {
				if in.Trunk == "carrier" && in.Called == n {
					return 0
				}
			}
			return 403
		}
	}
}

// newCaller is a running stack and somebody who calls one of its numbers.
func newCaller(t *testing.T, change ...func(*Options)) (*rig, *caller) {
	t.Helper()
	r := newRig(t, append([]func(*Options){openTo(newFar(t), "+12025550100")}, change...)...)
	return r, r.caller("in1", "+12025550100")
}

func (r *rig) caller(id, number string) *caller {
	us := net.UDPAddrFromAddrPort(r.Addr())
	to := fmt.Sprintf("<sip:%s@%s>", number, us)
	return &caller{
		far: r.far, us: us, id: id, branch: "z9hG4bK" + id, caller: "<sip:+12025550177@carrier.example>",
		to: to, bare: to, target: fmt.Sprintf("sip:%s@%s", number, us), cseq: 1,
	}
}

// text writes a request of the caller.
func (c *caller) text(method, body string, extra ...string) string {
	var b strings.Builder
	to := c.to
	if !c.isUp && (method == "INVITE" || method == "CANCEL") {
		to = c.bare
	}
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\n", method, c.target, c.addr(), c.branch)
	fmt.Fprintf(&b, "From: %s;tag=caller1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\nContact: <sip:caller@%s>\r\n",
		c.caller, to, c.id, c.cseq, method, c.addr())
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" && !strings.Contains(strings.Join(extra, ""), "Content-Type") {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// says sends a request of the caller.
func (c *caller) says(method, body string, extra ...string) {
	c.t.Helper()
	c.send(c.text(method, body, extra...), c.us)
}

// later begins another request inside the dialog.
func (c *caller) later(method, body string, extra ...string) string {
	c.t.Helper()
	c.cseq++
	c.branch = fmt.Sprintf("z9hG4bK%s%d", c.id, c.cseq)
	c.says(method, body, extra...)
	return fmt.Sprintf("%d %s", c.cseq, method)
}

// hears waits for this response to the latest request; a 100 and others of the
// same request before it are passed over only if they are provisional.
func (c *caller) hears(code int) message {
	c.t.Helper()
	for {
		m := c.next()
		if !strings.HasPrefix(m.first, "SIP/2.0 ") || m.get("Call-ID") != c.id {
			continue
		}
		if strings.HasPrefix(m.first, fmt.Sprintf("SIP/2.0 %d ", code)) {
			if to := m.get("To"); code > 100 && !strings.Contains(c.to, "tag=") {
				c.to = to
			} else if code > 100 && to != c.to {
				c.t.Errorf("the To of %q is %q, was %q", m.first, to, c.to)
			}
			return m
		}
		if !strings.HasPrefix(m.first, "SIP/2.0 1") {
			c.t.Fatalf("expected %d, got %q", code, m.first)
		}
	}
}

// acks acknowledges the 200, or what else ended the INVITE.
func (c *caller) acks(res message, body string) {
	c.t.Helper()
	if strings.HasPrefix(res.first, "SIP/2.0 2") {
		c.target, c.isUp = strings.Trim(res.get("Contact"), "<>"), true
		c.branch += "ack"
	}
	c.says("ACK", body)
}

// accepted is the next call that came in.
func (r *rig) accepted(t *testing.T) (call.Leg, call.Target) {
	t.Helper()
	l, target, err := r.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l, target
}

// answerCall writes sound, as the beat does.
func answerCall(t *testing.T, l call.Leg) {
	t.Helper()
	for range 3 {
		if err := l.WriteFrame(media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACallComesIn(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp, "Record-Route: <sip:p1@"+c.addr()+";lr>, <sip:p2@"+c.addr()+";lr>", "Supported: timer", "Session-Expires: 1800")
	c.hears(100)
	ringing := c.hears(180)
	if ringing.get("Contact") == "" || ringing.get("Record-Route") == "" {
		t.Errorf("the 180 begins no dialog: %+v", ringing.header)
	}
	l, target := r.accepted(t)
	if !target.Inbound || target.Trunk != "carrier" || target.To != "+12025550177" || target.From != "+12025550100" {
		t.Errorf("target %+v", target)
	}
	m := <-r.media
	if got := m.negotiated(); len(got) != 0 {
		t.Errorf("sound flows before the answer: %+v", got)
	}
	answerCall(t, l)
	ok := c.hears(200)
	if !strings.Contains(ok.body, "m=audio 30000 RTP/AVP 8 101\r\n") || ok.get("Require") != "timer" ||
		ok.get("Session-Expires") != "1800;refresher=uac" || ok.get("Contact") != ringing.get("Contact") {
		t.Errorf("the answer is %+v %s", ok.header, ok.body)
	}
	c.hears(200) // again, until the ACK
	c.acks(ok, "")
	if p := step(t, l, call.Answered); p.SIP != 200 || p.Leg == "" {
		t.Errorf("progress %+v", p)
	}
	if got := m.negotiated(); len(got) != 1 || got[0].Addr.Port() != 40000 || got[0].Codec != "PCMA" {
		t.Errorf("negotiated %+v", got)
	}
	// From here it is a call like any other: hold, a key, and the BYE along the
	// caller's own route.
	cseq := c.later("INVITE", sdp+"a=sendonly\r\n")
	if held := c.expectReply(200, cseq); !strings.Contains(held.body, "a=recvonly") {
		t.Errorf("the answer on hold is %q", held.body)
	}
	c.branch += "ack"
	c.says("ACK", "")
	if !<-l.(call.Holder).Held() {
		t.Error("the hold was not told")
	}
	c.expectReply(200, c.later("INFO", "Signal=5\r\n", "Content-Type: application/dtmf-relay"))
	if k := <-l.Digits(); k != '5' {
		t.Errorf("key %q", k)
	}
	hang(l)
	bye := c.expect("BYE")
	if want := "<sip:p1@" + c.addr() + ";lr>"; bye.get("Route") != want || len(bye.header["route"]) != 2 {
		t.Errorf("the BYE's route is %v, want %s first", bye.header["route"], want)
	}
	if !strings.HasSuffix(bye.get("To"), ";tag=caller1") || bye.get("From") != c.to || !strings.HasPrefix(bye.first, "BYE sip:caller@") {
		t.Errorf("the BYE is %q %+v", bye.first, bye.header)
	}
	c.reply(bye, "200 OK", "")
	if got := ended(t, l); got.Network != outcome.Answered || got.By != call.PartyBot || got.Err != nil || got.Trunk != "carrier" {
		t.Errorf("cause %+v", got)
	}
	if s := r.Stats(); s.Received != 1 || s.Live != 0 || s.Dialed != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestTheCallerHangsUp(t *testing.T) {
	r, c := newCaller(t)
	l := c.up(t, r)
	c.expectReply(200, c.later("BYE", "", `Reason: Q.850;cause=16`))
	if got := ended(t, l); got.Network != outcome.Answered || got.By != call.PartyCustomer || got.Q850 != 16 {
		t.Errorf("cause %+v", got)
	}
}

// up brings the call to its answer.
func (c *caller) up(t *testing.T, r *rig) call.Leg {
	t.Helper()
	c.says("INVITE", sdp)
	c.hears(180)
	l, _ := r.accepted(t)
	answerCall(t, l)
	c.acks(c.hears(200), "")
	step(t, l, call.Answered)
	return l
}

// TestALateOffer: the INVITE makes none, so ours is in the 200 and the answer
// in the ACK.
func TestALateOffer(t *testing.T) {
	for body, fits := range map[string]bool{strings.Replace(sdp, "40000", "40008", 1): true, "": false, strings.Replace(sdp, "audio", "video", 1): false} {
		r, c := newCaller(t)
		c.says("INVITE", "")
		c.hears(180)
		l, _ := r.accepted(t)
		answerCall(t, l)
		ok := c.hears(200)
		if !strings.Contains(ok.body, "m=audio 30000 RTP/AVP 0 8 9 101\r\n") {
			t.Errorf("our offer is %q", ok.body)
		}
		c.acks(ok, body)
		m := <-r.media
		if fits {
			step(t, l, call.Answered)
			if got := m.negotiated(); len(got) != 1 || got[0].Addr.Port() != 40008 {
				t.Errorf("negotiated %+v", got)
			}
			c.expectReply(200, c.later("BYE", ""))
		} else {
			c.reply(c.expect("BYE"), "200 OK", "")
		}
		if got := ended(t, l); got.Network != outcome.Answered || fits != (got.Err == nil) {
			t.Errorf("%q: cause %+v", body, got)
		}
	}
}

func TestTheCallerGivesUp(t *testing.T) {
	for name, tagged := range map[string]bool{"": false, "with our tag": true} { // which some write into the CANCEL
		t.Run(name, func(t *testing.T) { givesUp(t, tagged) })
	}
}

func givesUp(t *testing.T, tagged bool) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	l, _ := r.accepted(t)
	c.isUp = tagged
	c.says("CANCEL", "")
	c.isUp = false
	codes := map[string]string{}
	for len(codes) < 2 {
		if m := c.next(); !strings.HasPrefix(m.first, "SIP/2.0 1") {
			codes[m.get("CSeq")] = m.first
			if m.get("To") != c.to {
				t.Errorf("the To of %q is %q, was %q", m.first, m.get("To"), c.to)
			}
		}
	}
	if !strings.Contains(codes["1 CANCEL"], "200") || !strings.Contains(codes["1 INVITE"], "487") {
		t.Errorf("answered %v", codes)
	}
	if got := ended(t, l); got.Network != outcome.Cancelled || got.By != call.PartyCustomer || got.SIP != 487 {
		t.Errorf("cause %+v", got)
	}
	c.hears(487) // again, until its ACK
	c.says("ACK", "")
	answerCall(t, l) // too late, and no harm
	c.says("CANCEL", "")
	c.expectReply(200, "1 CANCEL")
	// The network repeats the INVITE: the call must not come back to life.
	c.says("INVITE", sdp)
	if s := r.Stats(); s.Received != 1 {
		t.Errorf("stats %+v", s)
	}
	if !(&media1{<-r.media}).isClosed(t) {
		t.Error("the media stays open")
	}
}

type media1 struct{ *fakeMedia }

func (m *media1) isClosed(t *testing.T) bool {
	eventually(t, func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.closed })
	return true
}

// TestCancelAtOnce: the CANCEL comes with the INVITE, in one moment.
func TestCancelAtOnce(t *testing.T) {
	r, _ := newCaller(t)
	for i := range 12 {
		c := r.caller(fmt.Sprint("at-once", i), "+12025550100")
		c.says("INVITE", sdp)
		c.says("CANCEL", "")
		for done := false; !done; {
			m := c.next()
			if m.get("Call-ID") != c.id || strings.HasPrefix(m.first, "SIP/2.0 1") {
				continue
			}
			done = m.get("CSeq") == "1 INVITE"
			if want := map[string]string{"1 INVITE": "487", "1 CANCEL": "200"}[m.get("CSeq")]; !strings.Contains(m.first, " "+want+" ") {
				t.Fatalf("round %d: %q to %s", i, m.first, m.get("CSeq"))
			}
			c.to = m.get("To")
		}
		c.says("ACK", "")
	}
	eventually(t, func() bool { return r.Stats().Live == 0 })
}

// TestTheACKIsLost: the 200 is repeated for 64·T1, then the call ends.
func TestTheACKIsLost(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	l, _ := r.accepted(t)
	answerCall(t, l)
	first := c.hears(200)
	n := 1
	var bye message
	for bye.first == "" {
		m := c.next()
		switch {
		case m.method() == "BYE":
			bye = m
		case strings.HasPrefix(m.first, "SIP/2.0 200 ") && m.body == first.body && m.get("To") == first.get("To"):
			n++
		default:
			t.Errorf("got %q", m.first)
		}
	}
	if n < 5 {
		t.Errorf("the 200 was sent %d times", n)
	}
	c.reply(bye, "200 OK", "")
	if got := ended(t, l); got.Err == nil || got.By != call.PartyNetwork {
		t.Errorf("cause %+v", got)
	}
	if _, ok := <-l.Progress(); ok {
		t.Error("a call was told as answered that never was up")
	}
}

// TestTheINVITEComesAgain: repeated by the caller, and by another way.
func TestTheINVITEComesAgain(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	l, _ := r.accepted(t)
	c.says("INVITE", sdp)
	c.hears(180)
	other := *c
	other.branch, other.to = "z9hG4bKotherway", c.bare
	other.says("INVITE", sdp)
	other.hears(482)
	other.says("ACK", "")
	answerCall(t, l)
	ok := c.hears(200)
	again := *c
	again.says("INVITE", sdp) // our 200 is repeated anyway, by its own clock
	c.hears(200)
	c.acks(ok, "")
	step(t, l, call.Answered)
	again.says("INVITE", sdp)
	c.expectReply(200, c.later("OPTIONS", ""))
	c.expectReply(200, c.later("BYE", ""))
	ended(t, l)
	if s := r.Stats(); s.Received != 1 {
		t.Errorf("stats %+v", s)
	}
}

// TestWhoIsNotTaken: the same for known and unknown numbers, and the cause
// where the trunk may know it.
func TestWhoIsNotTaken(t *testing.T) {
	full := func(o *Options) { o.Inbound = func(Incoming) int { return 486 } }
	for name, c := range map[string]struct {
		number string
		change func(*Options)
		body   string
		extra  string
		code   int
	}{
		"unknown number":       {"+12025550101", nil, sdp, "", 403},
		"server full":          {"+12025550100", full, sdp, "", 486},
		"no calls here at all": {"+12025550100", func(o *Options) { o.Inbound = nil }, sdp, "", 403},
		"a stranger, known number": {"+12025550100", func(o *Options) {
			o.Trunks[0].Host, o.Strangers = "192.0.2.1", 100
		}, sdp, "", 403},
		"a stranger, unknown number": {"+12025550101", func(o *Options) {
			o.Trunks[0].Host, o.Strangers = "192.0.2.1", 100
		}, sdp, "", 403},
		"by its network":      {"+12025550100", func(o *Options) { o.Trunks[0].Peers = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }, sdp, "", 180},
		"no codec":            {"+12025550100", nil, strings.Replace(sdp, "RTP/AVP 8 101", "RTP/AVP 18 101", 1), "", 488},
		"no audio":            {"+12025550100", nil, strings.Replace(sdp, "audio", "video", 1), "", 488},
		"keys are asked for":  {"+12025550100", nil, strings.Replace(sdp, "RTP/AVP", "RTP/SAVP", 1), "", 488},
		"keys are missing":    {"+12025550100", func(o *Options) { o.Trunks[0].SRTP = SRTPRequire }, sdp, "", 488},
		"another body":        {"+12025550100", nil, "hello", "Content-Type: text/plain", 415},
		"too short a session": {"+12025550100", nil, sdp, "Supported: timer\r\nSession-Expires: 30", 422},
		"an extension":        {"+12025550100", nil, sdp, "Require: fax", 420},
		"no media left": {"+12025550100", func(o *Options) {
			o.OpenMedia = func() (Media, error) { return nil, ErrClosed }
		}, sdp, "", 503},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, openTo(newFar(t), "+12025550100"), func(o *Options) {
				if c.change != nil {
					c.change(o)
				}
			})
			call := r.caller("refused", c.number)
			extra := strings.Split(c.extra, "\r\n")
			if c.extra == "" {
				extra = nil
			}
			call.says("INVITE", c.body, extra...)
			first := call.hears(c.code)
			if c.code < 200 {
				return
			}
			call.says("INVITE", c.body, extra...) // the answer was lost
			if again := call.hears(c.code); again.get("To") != first.get("To") {
				t.Errorf("another tag: %q, %q", again.get("To"), first.get("To"))
			}
			call.says("ACK", "")
			if c.code == 422 && first.get("Min-SE") != "90" || c.code == 415 && first.get("Accept") != "application/sdp" {
				t.Errorf("the refusal says not what would do: %+v", first.header)
			}
			eventually(t, func() bool { return r.Stats().Live == 0 })
		})
	}
}

// TestAnotherTryAfterARefusal has the same Call-ID and the next CSeq.
func TestAnotherTryAfterARefusal(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp, "Supported: timer", "Session-Expires: 30")
	c.hears(422)
	c.says("ACK", "")
	c.to, c.cseq, c.branch = c.bare, 2, "z9hG4bKsecond"
	c.says("INVITE", sdp, "Supported: timer", "Session-Expires: 90")
	c.hears(180)
	l, _ := r.accepted(t)
	hang(l)
	c.hears(480)
	c.says("ACK", "")
	if got := ended(t, l); got.SIP != 480 || got.By != call.PartyBot {
		t.Errorf("cause %+v", got)
	}
}

// TestBoundsOfCallsThatComeIn: the trunk's channels are shared by both
// directions, and all trunks together have a bound of their own.
func TestBoundsOfCallsThatComeIn(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"channels": func(o *Options) { o.Trunks[0].Channels = 1 },
		"in total": func(o *Options) { o.MaxIncoming = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r, c := newCaller(t, change)
			l := c.up(t, r)
			second := r.caller("in2", "+12025550100")
			second.says("INVITE", sdp)
			second.hears(486)
			second.says("ACK", "")
			c.expectReply(200, c.later("BYE", ""))
			ended(t, l)
			eventually(t, func() bool { return r.countIn.Load() == 0 })
			second.says("INVITE", sdp) // a late copy of the refused one
			second.hears(486)
			third := r.caller("in3", "+12025550100")
			third.says("INVITE", sdp)
			third.hears(180)
		})
	}
}

// TestPRACKIsRequired: what must be acknowledged is not sent before the answer.
func TestPRACKIsRequired(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp, "Require: 100rel")
	l, _ := r.accepted(t)
	answerCall(t, l)
	for {
		m := c.next()
		if strings.HasPrefix(m.first, "SIP/2.0 100") {
			continue
		}
		if !strings.HasPrefix(m.first, "SIP/2.0 200") {
			t.Fatalf("got %q", m.first)
		}
		c.to = m.get("To")
		c.acks(m, "")
		break
	}
	step(t, l, call.Answered)
	c.expectReply(200, c.later("BYE", ""))
	ended(t, l)
}

// TestTheServerStopsWhileItRings: the call is refused and nothing is left.
func TestTheServerStopsWhileItRings(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	r.stop()
	c.hears(480)
}

// TestAnIncomingLegOutlivesItsServer: another process ends it as it does ours.
func TestAnIncomingLegOutlivesItsServer(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	l, _ := r.accepted(t)
	answerCall(t, l)
	c.acks(c.hears(200), "")
	kept := step(t, l, call.Answered).Leg
	next := newRig(t, openTo(newFar(t), "+12025550100"))
	ended := make(chan error, 1)
	go func() { ended <- next.End(t.Context(), kept) }()
	bye := c.expect("BYE")
	if bye.get("From") != c.to || bye.get("Call-ID") != c.id {
		t.Errorf("the BYE is %+v", bye.header)
	}
	c.reply(bye, "200 OK", "")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	c.expectReply(200, c.later("BYE", ""))
}

func TestNumbersOfACall(t *testing.T) {
	for _, c := range []struct{ uri, want string }{
		{"sip:+12025550100@x", "+12025550100"}, {"sip:2025550100;phone-context=+1@x;user=phone", "2025550100"},
		{"sip:(202)555-0100@x", "2025550100"}, {"sip:parley@x", "parley"}, {"sip:x.example", ""}, {"tel:+1-202-555-0100;ext=3", "+12025550100"}, {"sip:alice-b@x", "alice-b"},
	} {
		var u sip.Uri
		if err := sip.ParseUri(c.uri, &u); err != nil {
			t.Fatal(err)
		}
		if got := numberOf(u); got != c.want {
			t.Errorf("%s: %q, want %q", c.uri, got, c.want)
		}
	}
}

// TestWhoCalls: the number that the trunk vouches for goes before From, and a
// caller who wants to be unknown is.
func TestWhoCalls(t *testing.T) {
	for _, c := range []struct{ from, extra, want string }{
		{"<sip:+12025550177@x>", "", "+12025550177"},
		{`"Bob" <sip:2025550177@x;user=phone>`, "", "2025550177"},
		{"<sip:anonymous@anonymous.invalid>", "", ""},
		{"<sip:anonymous@anonymous.invalid>", "P-Asserted-Identity: <sip:+12025550177@x>", "+12025550177"},
		{"<sip:+1900@x>", `P-Asserted-Identity: "Lee" <sip:+12025550177@x>`, "+12025550177"},
		{"<sip:+1900@x>", "P-Asserted-Identity: tel:+12025550177", "+12025550177"},
		{"<sip:+1900@x>", "P-Asserted-Identity: <sip:alice@x>, <tel:+1-202-555-0177>", "+12025550177"},
		{"<sip:+1900@x>", "P-Asserted-Identity: <sip:+12025550177@x>\r\nPrivacy: id", ""},
		{"<sip:+1900@x>", "Privacy: none", "+1900"},
	} {
		text := (&caller{far: &far{conn: nil}, caller: c.from, to: "<sip:1@x>", target: "sip:1@x", branch: "z9hG4bK1", id: "i", cseq: 1})
		m, err := parse(sip.NewParser(), []byte(text.plain(c.extra)))
		if err != nil {
			t.Fatalf("%s %s: %v", c.from, c.extra, err)
		}
		if got := callerOf(m.(*sip.Request)); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.from, c.extra, got, c.want)
		}
	}
}

// plain is an INVITE that goes nowhere.
func (c *caller) plain(extra string) string {
	if extra != "" {
		extra += "\r\n"
	}
	return fmt.Sprintf("INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=%s\r\nFrom: %s;tag=1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
		c.target, c.branch, c.caller, c.to, c.id, extra)
}

// TestAcceptEndsWithItsContext, and gives no call that is over.
func TestAcceptEndsWithItsContext(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	c.says("CANCEL", "")
	eventually(t, func() bool { return r.Stats().Live == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if l, _, err := r.Accept(ctx); err == nil {
		t.Errorf("a call that is over was given: %+v", l)
	}
}

// TestACallerOfRFC2543 has no tag and no branch (RFC 4475 section 3.4.1).
func TestACallerOfRFC2543(t *testing.T) {
	r, c := newCaller(t)
	old := strings.NewReplacer(";tag=caller1", "", ";branch=z9hG4bK", ";x=")
	c.send(old.Replace(c.text("INVITE", sdp)), c.us)
	c.hears(180)
	l, _ := r.accepted(t)
	answerCall(t, l)
	ok := c.hears(200)
	c.target, c.isUp = strings.Trim(ok.get("Contact"), "<>"), true
	c.send(old.Replace(c.text("ACK", "")), c.us)
	step(t, l, call.Answered)
	c.cseq++
	c.send(old.Replace(c.text("BYE", "")), c.us)
	c.expectReply(200, "2 BYE")
	if got := ended(t, l); got.Network != outcome.Answered || got.By != call.PartyCustomer {
		t.Errorf("cause %+v", got)
	}
}

// TestAnswerToWhoCalls: a caller who answers an INVITE that we never sent has
// the call ring on as before.
func TestAnswerToWhoCalls(t *testing.T) {
	r, c := newCaller(t)
	c.says("INVITE", sdp)
	c.hears(180)
	_, tag, _ := strings.Cut(c.to, ";tag=")
	for i, via := range []string{"", ";branch=z9hG4bKx"} {
		for _, seq := range []int{0, 1} {
			c.send(fmt.Sprintf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s%s\r\nFrom: <sip:a@b>;tag=%s\r\nTo: <sip:c@d>;tag=x%d\r\nCall-ID: %s\r\nCSeq: %d INVITE\r\n"+
				"Contact: <sip:far@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
				c.us, via, tag, i, c.id, seq, c.addr(), len(sdp), sdp), c.us)
		}
	}
	c.says("CANCEL", "")
	if m := c.hears(200); !strings.HasSuffix(m.get("CSeq"), "CANCEL") {
		t.Errorf("got %q to %s", m.first, m.get("CSeq"))
	}
	c.hears(487)
	c.says("ACK", "")
	eventually(t, func() bool { return r.Stats().Live == 0 })
}

// TestTransactionsAreBounded: what no transaction has a place for is answered
// without one, and begins no call.
func TestTransactionsAreBounded(t *testing.T) {
	r, c := newCaller(t)
	most := func(n int) {
		r.txs.mu.Lock()
		defer r.txs.mu.Unlock()
		r.txs.most = n
	}
	l := r.dial()
	invite := c.expect("INVITE")
	c.reply(invite, "200 OK", sdp)
	c.expect("ACK")
	most(0)
	c.expectReply(503, c.ask("OPTIONS", invite, ""))
	c.says("INVITE", sdp)
	c.hears(503)
	c.says("ACK", "")
	if got := r.Stats(); got.Received != 0 || got.Dropped != 1 {
		t.Errorf("counted %+v", got)
	}
	most(maxServerTransactions)
	c.expectReply(200, c.ask("BYE", invite, ""))
	ended(t, l)
}

// TestINVITEByTwoConnections: both may have passed the first look at what calls
// there are.
func TestINVITEByTwoConnections(t *testing.T) {
	r, c := newCaller(t, func(o *Options) { o.Drain = time.Millisecond })
	m, err := parse(r.parser, []byte(c.text("INVITE", sdp)))
	if err != nil {
		t.Fatal(err)
	}
	req := m.(*sip.Request)
	req.SetTransport("UDP")
	in, src, id := Incoming{Trunk: "carrier"}, hop{addr: netip.MustParseAddrPort(c.addr())}, inviteID(req)
	other := id
	other.branch = "z9hG4bKother"
	for i, want := range []struct {
		id   inviteKey
		code int
	}{{id, 0}, {id, 0}, {other, statusLoop}} {
		if code := r.receive(req, src, in, want.id); code != want.code {
			t.Errorf("INVITE %d gives %d, want %d", i, code, want.code)
		}
	}
	if n, live := r.Stats().Received, r.trunks["carrier"].live.Load(); n != 1 || live != 1 || r.countIn.Load() != 1 {
		t.Errorf("%d calls came in, the trunk carries %d, the stack %d", n, live, r.countIn.Load())
	}
}
