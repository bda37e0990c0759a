package sip

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/sharedtest"
)

// torture are all messages of RFC 4475 and RFC 5118 and the fuzz seeds.
func torture(t testing.TB) map[string][]byte {
	all := map[string][]byte{}
	for _, dir := range []string{"rfc4475", "rfc5118", "fuzz-seeds"} {
		files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "sip", dir), "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no messages in %s: %v", dir, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all[dir+"/"+filepath.Base(f)] = b
		}
	}
	return all
}

// garbage is what no SIP parser should be asked to read.
var garbage = []string{
	"\x00\x00\x00\x00", "\r\n\r\n", "SIP/2.0 200", "SIP/2.0 999999999999999999999 X\r\n\r\n",
	"INVITE sip: SIP/2.0\r\nVia: \r\n\r\n", "INVITE \xff\xfe SIP/2.0\r\nCSeq: -1 \r\nContent-Length: 99999\r\n\r\nx",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK\r\nFrom: <sip:a>;tag=\r\nTo: \r\nCall-ID: \r\nCSeq: 1 INVITE\r\n\r\n",
	"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
		strings.Repeat("X: y\r\n", 2000) + "\r\n",
}

// TestGarbageThroughTheSocket sends everything hostile there is at a stack in
// the middle of a call, which must go on.
func TestGarbageThroughTheSocket(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	n := 0
	for _, b := range torture(t) {
		r.far.send(string(b), invite.src)
		n++
	}
	for _, g := range garbage {
		r.far.send(g, invite.src)
	}
	// As responses to our very INVITE, with broken insides.
	whole := r.far.response(invite, "200 OK", "x", sdp)
	for cut := 20; cut < len(whole); cut += 37 {
		r.far.send(whole[:cut], invite.src)
	}
	cseq := r.far.ask("OPTIONS", invite, "")
	r.far.expectReply(200, cseq)
	if got := r.Stats(); got.Malformed < int64(n)/3 {
		t.Errorf("%d of %d messages found malformed, more were expected", got.Malformed, n)
	}
	select {
	case <-l.Done():
		t.Fatalf("the call ended: %+v", l.Ended())
	default:
	}
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	ended(t, l)
}

// outside is a request of no dialog.
func outside(f *far, method, to, more string) string {
	return method + " sip:" + to + "@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP " + f.addr() + ";branch=z9hG4bK" + method + to + ";rport\r\n" +
		"From: <sip:x@y>;tag=1\r\nTo: <sip:" + to + "@127.0.0.1>" + more + "\r\nCall-ID: " + method + to + "\r\nCSeq: 7 " + method + "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
}

func TestOutsideOfDialogs(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Strangers = 1000 })
	us := net.UDPAddrFromAddrPort(r.Addr())
	first := map[string]string{}
	for _, c := range []struct {
		method, to, more string
		code             int
	}{
		{"INVITE", "admin", "", 403}, {"INVITE", "nobody", "", 403},
		{"OPTIONS", "admin", "", 200}, {"OPTIONS", "nobody", "", 200},
		{"REGISTER", "admin", "", 405}, {"MESSAGE", "nobody", "", 405}, {"BYE", "x", "", 481},
		{"BYE", "x", ";tag=1", 481}, {"INVITE", "x", ";tag=1", 481}, {"CANCEL", "x", "", 481},
	} {
		r.far.send(outside(r.far, c.method, c.to, c.more), us)
		m := r.far.expectReply(c.code, "7 "+c.method)
		delete(m.header, "via")
		delete(m.header, "to")
		delete(m.header, "call-id")
		// The answer tells nothing about who exists.
		key := c.method + c.more
		text := strings.Join(append(m.header["allow"], m.first), "|")
		if first[key] != "" && first[key] != text {
			t.Errorf("%s to %s: %q, but %q to another", c.method, c.to, text, first[key])
		}
		first[key] = text
	}
	// The same again gets the same tag: there is no state, but a rule.
	r.far.send(outside(r.far, "INVITE", "admin", ""), us)
	one := r.far.expectReply(403, "7 INVITE").get("To")
	r.far.send(outside(r.far, "INVITE", "admin", ""), us)
	if two := r.far.expectReply(403, "7 INVITE").get("To"); two != one {
		t.Errorf("To %q, then %q", one, two)
	}
}

func TestStrangersAreNotHeard(t *testing.T) {
	r := newRig(t)
	// Nobody is a peer yet.
	r.far.send(outside(r.far, "OPTIONS", "x", ""), net.UDPAddrFromAddrPort(r.Addr()))
	eventually(t, func() bool { return r.Stats().Strangers == 1 })
	l := r.dial()
	invite := r.far.next()
	if invite.method() != "INVITE" {
		t.Fatalf("a stranger was answered: %q", invite.first)
	}
	r.far.reply(invite, "486 Busy Here", "")
	ended(t, l)
}

func TestFloodIsBounded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Trunks = []Trunk{{Name: "t", Host: "127.0.0.1"}}; o.MaxRate, o.PeerRate = 40, 1000 })
	us := net.UDPAddrFromAddrPort(r.Addr())
	for range 100 {
		r.far.send(outside(r.far, "OPTIONS", "x", ""), us)
	}
	r.far.expectReply(200, "7 OPTIONS")
	eventually(t, func() bool { return r.Stats().Dropped >= 50 })
}

func TestTargetsThatCannotBeCalled(t *testing.T) {
	r := newRig(t)
	for _, target := range []call.Target{
		{To: ""}, {To: "+15550001"}, {To: "hello", Proxy: "127.0.0.1:1"}, {To: "tel:+1555"}, {To: "sips:a@127.0.0.1"},
		{To: "sip:a@127.0.0.1;transport=tcp"}, {To: "sip:"}, {To: "+1555", Trunk: "none"}, {To: "+1555", Proxy: "127.0.0.1:x"},
		{To: "sip:a@127.0.0.1\r\nX: y"}, {To: "sip:a@127.0.0.1", Call: "a\r\nb"}, {To: "sip:a@127.0.0.1", From: "<x>"},
	} {
		l := r.Dial(context.Background(), target)
		c := ended(t, l)
		if c.Network != "trunk_failed" || c.Rang || c.Err == nil || c.SIP != 0 {
			t.Errorf("%+v: cause %+v", target, c)
		}
		if l.Hangup(context.Background()) != nil {
			t.Error("hanging up what has ended is an error")
		}
	}
}

func FuzzScreen(f *testing.F) {
	for _, g := range garbage {
		f.Add([]byte(g))
	}
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:[::1]:5>\r\nRecord-Route: <sip:x;lr>\r\nContent-Length: 0\r\n\r\n"))
	s, err := New(Options{Strangers: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.sock.conn.Close() })
	src := hop{addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Addr().Port())}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxDatagram {
			return
		}
		s.hear(data, src)
		// Whatever passes as a late answer must make requests that parse.
		m, err := parse(s.parser, data)
		if res, ok := m.(*sip.Response); ok && err == nil && whole(res) {
			d := s.dialogOf(res, src)
			for _, req := range []*sip.Request{d.ack(nil), d.bye(nil)} {
				if strings.Count(req.String(), "\r\n\r\n") != 1 {
					t.Fatalf("a request that ends early: %q", req)
				}
			}
		}
	})
}
