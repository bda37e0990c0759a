package sip

import (
	"bytes"
	"context"
	cryptotls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/outcome"
)

// hasty limits make the tests of slow peers quick.
func hasty(o *Options) {
	l := defaultLimits()
	l.dial, l.handshake, l.message, l.idle = 300*time.Millisecond, 150*time.Millisecond, 150*time.Millisecond, time.Hour
	o.limits = &l
}

func withTCP(o *Options) { o.TCP = true }

// TestCallOverTCP: every message of the call and of the next one takes the
// connection that was opened for the first.
func TestCallOverTCP(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	r := newRig(t, func(o *Options) {
		o.Trace = func(m TraceMessage) { mu.Lock(); defer mu.Unlock(); seen[m.Transport]++ }
	})
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	if via := invite.get("Via"); !strings.HasPrefix(via, "SIP/2.0/TCP "+r.Addr().String()+";") {
		t.Errorf("Via is %q", via)
	}
	if c := invite.get("Contact"); !strings.HasSuffix(c, ";transport=tcp>") {
		t.Errorf("Contact is %q", c)
	}
	if to := invite.get("To"); strings.Contains(to, "transport") {
		t.Errorf("To is %q", to)
	}
	f.say(invite.conn, f.request("OPTIONS", invite.message, "7 OPTIONS", ""))
	if m := f.wantReply(200, "7 OPTIONS"); m.conn != invite.conn {
		t.Error("the reply took another connection")
	}
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
	second := r.Dial(context.Background(), f.target())
	again := f.want("INVITE")
	if again.conn != invite.conn {
		t.Error("the next call opened a connection of its own")
	}
	f.answer(again, "486 Busy Here", "")
	if ack := f.want("ACK"); ack.conn != invite.conn {
		t.Error("the ACK of the refusal took another connection")
	}
	if c := ended(t, second); c.Network != outcome.Busy {
		t.Errorf("cause is %+v", c)
	}
	mu.Lock()
	defer mu.Unlock()
	if seen["TCP"] < 10 || seen["UDP"] != 0 {
		t.Errorf("the trace tells of %v", seen)
	}
}

// TestHungUpWhileRingingOverTCP: the CANCEL goes the way of its INVITE.
func TestHungUpWhileRingingOverTCP(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l := r.Dial(context.Background(), f.target())
	invite := f.want("INVITE")
	f.answer(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	hang(l)
	cancel := f.want("CANCEL")
	if cancel.conn != invite.conn || cancel.get("Via") != invite.get("Via") {
		t.Errorf("the CANCEL goes another way: Via %q", cancel.get("Via"))
	}
	f.answer(cancel, "200 OK", "")
	f.answer(invite, "487 Request Terminated", "")
	f.want("ACK")
	if c := ended(t, l); c.Network != outcome.Cancelled {
		t.Errorf("cause is %+v", c)
	}
}

// TestPiecesOfAStream: how TCP cuts the messages is of no account.
func TestPiecesOfAStream(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l := r.Dial(context.Background(), f.target())
	invite := f.want("INVITE")
	// Two in one segment.
	f.say(invite.conn, f.response(invite.message, "100 Trying", "", "")+f.response(invite.message, "180 Ringing", f.tag, ""))
	step(t, l, call.Ringing)
	// One in ten, with a keep-alive before it.
	whole := "\r\n" + f.response(invite.message, "200 OK", f.tag, sdp)
	for i := range 10 {
		f.say(invite.conn, whole[i*len(whole)/10:(i+1)*len(whole)/10])
		time.Sleep(time.Millisecond) // the kernel would join them
	}
	step(t, l, call.Answered)
	f.want("ACK")
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	ended(t, l)
}

// TestPing: a double line end is answered by one, a single one by nothing (RFC
// 5626 section 4.4.1), and a crowd of them by one a second.
func TestPing(t *testing.T) {
	r := newRig(t, withTCP, func(o *Options) { o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}} })
	c := dialStack(t, r.Addr())
	if _, err := io.WriteString(c, "\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.Read(b); err != nil || string(b[:n]) != "\r\n" {
		t.Fatalf("the answer to a ping is %q, %v", b[:n], err)
	}
	// An OPTIONS behind a pong shows that the pong got no answer.
	options := strings.Replace(outside(&far{at: "127.0.0.1:9"}, "OPTIONS", "x", ""), "/UDP", "/TCP", 1)
	_, _ = io.WriteString(c, "\r\n"+options)
	if text := textUntil(t, c, "\r\n\r\n"); !strings.HasPrefix(text, "SIP/2.0 200 ") {
		t.Errorf("a pong was answered: %q", text)
	}
	// One read of ours takes all of them, or two.
	_, _ = io.WriteString(c, strings.Repeat("\r\n\r\n", 500)+options)
	text := textUntil(t, c, "SIP/2.0 200 ")
	if n := strings.Count(text, "\r\n"); n > 20 {
		t.Errorf("500 pings at once were answered by %d pongs", n)
	}
}

// textUntil reads a connection to the end of what is named.
func textUntil(t *testing.T, c net.Conn, end string) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	var b []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(b), end); b = append(b, one[0]) {
		if _, err := c.Read(one); err != nil {
			t.Fatalf("after %q: %v", b, err)
		}
	}
	return string(b)
}

// dialStack connects to a stack as a far side does.
func dialStack(t *testing.T, to netip.AddrPort) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// closedBy waits until the other side has closed a connection.
func closedBy(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, err := io.Copy(io.Discard, c); isTimeout(err) {
		t.Fatalf("the connection is open after %s, and brought %d bytes", patience, n)
	}
}

// TestConnectionLostWhileRinging: the INVITE had left, so it is never sent
// again; a CANCEL tries to stop the phone.
func TestConnectionLostWhileRinging(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l := r.Dial(context.Background(), f.target())
	invite := f.want("INVITE")
	f.answer(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	invite.conn.Close()
	cancel := f.want("CANCEL")
	if cancel.conn == invite.conn || cancel.get("Via") != invite.get("Via") {
		t.Errorf("CANCEL with Via %q, of INVITE %q", cancel.get("Via"), invite.get("Via"))
	}
	f.answer(cancel, "200 OK", "")
	c := ended(t, l)
	if c.Network != outcome.TrunkFailed || !c.Rang || c.Retryable || !errors.Is(c.Err, ErrConnection) {
		t.Errorf("cause is %+v", c)
	}
	r.stop()
	f.nothing("INVITE")
}

// TestConnectionLostAtOnce: nobody can say whether the INVITE was read.
func TestConnectionLostAtOnce(t *testing.T) {
	f := newStreamFar(t, nil)
	other := newFar(t)
	r := newRig(t, func(o *Options) {
		host, port := splitPort(t, f.addr())
		_, second := splitPort(t, other.addr())
		o.Trunks = []Trunk{
			{Name: "t1", Host: host, Port: port, Transport: "tcp"}, {Name: "t2", Host: host, Port: second, Priority: 1},
		}
	})
	l := r.Router(r).Dial(context.Background(), call.Target{To: "+15550009"})
	f.want("INVITE").conn.Close()
	if c := ended(t, l); c.Network != outcome.TrunkFailed || !c.Rang || c.Retryable || c.Trunk != "t1" {
		t.Errorf("cause is %+v", c)
	}
	r.stop()
	f.nothing("INVITE")
	if len(other.got) > 0 {
		t.Errorf("the next trunk got %q", (<-other.got).first)
	}
}

func splitPort(t *testing.T, addr string) (string, int) {
	t.Helper()
	a := netip.MustParseAddrPort(addr)
	return a.Addr().String(), int(a.Port())
}

// TestNobodyListens: nothing was sent, so the next trunk may have the call.
func TestNobodyListens(t *testing.T) {
	gone := newStreamFar(t, nil)
	gone.l.Close()
	second := newFar(t)
	r := newRig(t, func(o *Options) {
		host, port := splitPort(t, gone.addr())
		o.Trunks = []Trunk{{Name: "t1", Host: host, Port: port, Transport: "tcp"}}
		host, port = splitPort(t, second.addr())
		o.Trunks = append(o.Trunks, Trunk{Name: "t2", Host: host, Port: port, Priority: 1})
	})
	alone := ended(t, r.Dial(context.Background(), call.Target{Trunk: "t1", To: "+15550009"}))
	if alone.Rang || !alone.Retryable || !errors.Is(alone.Err, ErrConnection) || !strings.Contains(alone.Err.Error(), "connection refused") {
		t.Errorf("cause is %+v", alone)
	}
	l := r.Router(r).Dial(context.Background(), call.Target{To: "+15550009"})
	second.reply(second.expect("INVITE"), "486 Busy Here", "")
	second.expect("ACK")
	if c := ended(t, l); c.Network != outcome.Busy || c.Trunk != "t2" {
		t.Errorf("cause is %+v", c)
	}
}

// TestConnectionLostInTalk: the call goes on, and its BYE opens another one.
func TestConnectionLostInTalk(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	invite.conn.Close()
	eventually(t, func() bool { return r.conns.find(hop{via: tcp, addr: netip.MustParseAddrPort(f.addr())}) == nil })
	hang(l)
	bye := f.want("BYE")
	if bye.conn == invite.conn || !strings.HasPrefix(bye.get("Via"), "SIP/2.0/TCP ") {
		t.Errorf("BYE with Via %q", bye.get("Via"))
	}
	f.answer(bye, "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}

// TestBYEWhoseConnectionBreaks is sent again: it can ring nobody.
func TestBYEWhoseConnectionBreaks(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l, _ := answeredOver(t, r, f, f.target())
	hang(l)
	first := f.want("BYE")
	first.conn.Close()
	second := f.want("BYE")
	if second.get("CSeq") == first.get("CSeq") {
		t.Errorf("the same request twice: CSeq %s", second.get("CSeq"))
	}
	f.answer(second, "481 Call/Transaction Does Not Exist", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}

// TestFarSideConnects: a request inside the call may come by a connection that
// the far side opened, and is answered by that.
func TestFarSideConnects(t *testing.T) {
	r := newRig(t, withTCP)
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	c := dialStack(t, r.Addr())
	f.say(c, f.request("BYE", invite.message, "9 BYE", ""))
	if m := readOne(t, c); !strings.HasPrefix(m.first, "SIP/2.0 200 ") || m.get("CSeq") != "9 BYE" {
		t.Errorf("the answer is %q", m.first)
	}
	if cause := ended(t, l); cause.By != call.PartyCustomer {
		t.Errorf("cause is %+v", cause)
	}
}

// readOne reads one message without a body off a connection.
func readOne(t *testing.T, c net.Conn) message {
	t.Helper()
	return readMessage(textUntil(t, c, "\r\n\r\n"))
}

// TestStrangersMayNotConnect: the connection is closed before a byte is read.
func TestStrangersMayNotConnect(t *testing.T) {
	r := newRig(t, withTCP)
	if c, err := net.Dial("tcp", r.Addr().String()); err == nil {
		closedBy(t, c)
		c.Close()
	}
	if n := r.Stats().Strangers; n != 1 {
		t.Errorf("%d strangers were counted", n)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	r := newRig(t, withTCP, func(o *Options) {
		l := defaultLimits()
		l.source = 2
		o.limits = &l
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}}
	})
	one, two := dialStack(t, r.Addr()), dialStack(t, r.Addr())
	if three, err := net.Dial("tcp", r.Addr().String()); err == nil { // it may be reset in the middle
		closedBy(t, three)
		three.Close()
	}
	if n := r.Stats().Dropped; n != 1 {
		t.Errorf("%d connections were counted", n)
	}
	one.Close()
	eventually(t, func() bool { r.conns.mu.Lock(); defer r.conns.mu.Unlock(); return len(r.conns.all) == 1 })
	four := dialStack(t, r.Addr())
	for _, c := range []net.Conn{two, four} {
		_, _ = io.WriteString(c, strings.Replace(outside(&far{at: "127.0.0.1:9"}, "OPTIONS", "x", ""), "/UDP", "/TCP", 1))
		if m := readOne(t, c); !strings.HasPrefix(m.first, "SIP/2.0 200 ") {
			t.Errorf("a connection within the bound hears %q", m.first)
		}
	}
}

// TestStreamsThatAreNone: half a message, a message that crawls, garbage, and
// another protocol cost a connection and nothing else.
func TestStreamsThatAreNone(t *testing.T) {
	r := newRig(t, withTCP, hasty)
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	for name, text := range map[string]string{
		"half a message":   "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP",
		"half a body":      "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 10\r\n\r\n12345",
		"no length":        "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n\r\n",
		"another protocol": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"endless":          strings.Repeat("X: y\r\n", maxHead),
		"noise":            strings.Repeat("\x00\xff\x17", maxHead),
		"too long":         "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4000000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := dialStack(t, r.Addr())
			_, _ = io.WriteString(c, text) // it may be refused halfway
			closedBy(t, c)
		})
	}
	t.Run("slow", func(t *testing.T) {
		c := dialStack(t, r.Addr())
		// A byte now and then does not buy more time.
		stop := make(chan struct{})
		var work sync.WaitGroup
		work.Go(func() {
			for range 10000 {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					if _, err := c.Write([]byte("X")); err != nil {
						return
					}
				}
			}
		})
		closedBy(t, c)
		close(stop)
		work.Wait()
	})
	f.say(invite.conn, f.request("OPTIONS", invite.message, "7 OPTIONS", ""))
	f.wantReply(200, "7 OPTIONS")
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	ended(t, l)
}

// TestTortureThroughAStream: every hostile message there is, framed or not,
// over TCP in the middle of a call.
func TestTortureThroughAStream(t *testing.T) {
	r := newRig(t, withTCP, hasty)
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	for _, b := range torture(t) {
		c := dialStack(t, r.Addr())
		_, _ = c.Write(b)
		c.Close()
	}
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	ended(t, l)
}

// TestIdleConnectionsAreClosed: not while a call needs them.
func TestIdleConnectionsAreClosed(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target())
	later := time.Now().Add(time.Hour)
	r.conns.sweep(later)
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	ended(t, l)
	r.conns.sweep(later)
	f.end(invite.conn)
}

// TestDeadConnectionIsNotUsedAgain: a request that gets no answer at all puts
// its connection out of use for the next one.
func TestDeadConnectionIsNotUsedAgain(t *testing.T) {
	r := newRig(t)
	f := newStreamFar(t, nil)
	l := r.Dial(context.Background(), f.target())
	first := f.want("INVITE")
	if c := ended(t, l); !errors.Is(c.Err, ErrNoResponse) {
		t.Errorf("cause is %+v", c)
	}
	second := r.Dial(context.Background(), f.target())
	invite := f.want("INVITE")
	if invite.conn == first.conn {
		t.Error("the connection that was silent is used again")
	}
	f.answer(invite, "486 Busy Here", "")
	f.want("ACK")
	ended(t, second)
}

// TestStopWithConnectionsHalfOpen: Run ends although a far side says nothing in
// the handshake it was asked for, and others connected and say nothing.
func TestStopWithConnectionsHalfOpen(t *testing.T) {
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	a := newAuthority(t)
	cert, key := a.issue(time.Now().Add(time.Hour), "127.0.0.1")
	r := newRig(t, withTCP, func(o *Options) {
		o.TLS = &TLSListener{Certificate: cert, Key: key}
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}}
		o.Drain = 50 * time.Millisecond
	})
	l := r.Dial(context.Background(), call.Target{To: "sips:x@" + silent.Addr().String()})
	dialStack(t, r.Addr())
	c := dialStack(t, r.TLSAddr())
	_, _ = c.Write([]byte{22, 3, 1}) // the beginning of a handshake
	eventually(t, func() bool {
		r.conns.mu.Lock()
		defer r.conns.mu.Unlock()
		return len(r.conns.all) == 2 && len(r.conns.dialing) == 1
	})
	r.stop()
	if c := ended(t, l); c.Rang || !errors.Is(c.Err, ErrClosed) && !errors.Is(c.Err, ErrConnection) && !errors.Is(c.Err, context.Canceled) {
		t.Errorf("cause is %+v", c)
	}
}

// TestFarSideThatDoesNotRead: a write that cannot end ends the connection, and
// hinders no other call.
func TestFarSideThatDoesNotRead(t *testing.T) {
	near, far := net.Pipe() // nobody reads the other end
	defer far.Close()
	limits := defaultLimits()
	limits.write = 20 * time.Millisecond
	gone := make(chan *conn, 1)
	c := newConn(tcp, near, netip.MustParseAddrPort("192.0.2.1:5060"), limits, func(c *conn) { gone <- c })
	if err := c.write([]byte("x")); !errors.Is(err, ErrConnection) {
		t.Errorf("the error is %v", err)
	}
	if err := c.write([]byte("x")); !errors.Is(err, ErrConnection) || !c.isGone() {
		t.Errorf("the error is %v", err)
	}
	if <-gone != c {
		t.Error("the connection is not forgotten")
	}
}

// TestLargeRequests (RFC 3261 section 18.1.1): over TCP where the trunk takes
// it, over UDP where it does not.
func TestLargeRequests(t *testing.T) {
	f := newStreamFar(t, nil)
	host, port := splitPort(t, f.addr())
	udpFar := newFarAt(t, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(f.addr())))
	large := func(o *Options) {
		o.Trunks = []Trunk{{Name: "t1", Host: host, Port: port, LargeOverTCP: true, SRTP: SRTPOffer}}
	}
	target := call.Target{Trunk: "t1", To: "+15550009", Call: strings.Repeat("c", 200), Attempt: strings.Repeat("a", 200)}
	t.Run("TCP", func(t *testing.T) {
		r := newRig(t, large)
		l := r.Dial(context.Background(), target)
		invite := f.want("INVITE")
		if n := len(invite.first) + len(invite.body); !strings.HasPrefix(invite.get("Via"), "SIP/2.0/TCP ") || n == 0 {
			t.Errorf("Via is %q", invite.get("Via"))
		}
		f.answer(invite, "180 Ringing", "")
		step(t, l, call.Ringing)
		hang(l)
		if cancel := f.want("CANCEL"); cancel.get("Via") != invite.get("Via") {
			t.Errorf("the CANCEL's Via is %q", cancel.get("Via"))
		}
		f.answer(invite, "487 Request Terminated", "")
		f.want("ACK")
		ended(t, l)
		// What is small goes over UDP.
		small := r.Dial(context.Background(), call.Target{Trunk: "t1", To: "+15550009"})
		udpFar.reply(udpFar.expect("INVITE"), "486 Busy Here", "")
		udpFar.expect("ACK")
		ended(t, small)
	})
	t.Run("UDP", func(t *testing.T) {
		f.l.Close()
		r := newRig(t, large)
		for range 2 { // the second does not try TCP again
			l := r.Dial(context.Background(), target)
			udpFar.seen = map[string]bool{}
			invite := udpFar.expect("INVITE")
			if !strings.HasPrefix(invite.get("Via"), "SIP/2.0/UDP ") {
				t.Errorf("Via is %q", invite.get("Via"))
			}
			udpFar.reply(invite, "486 Busy Here", "")
			udpFar.expect("ACK")
			ended(t, l)
		}
		if r.trunks["t1"].large.open(time.Now()) {
			t.Error("it is forgotten that the trunk takes no TCP")
		}
	})
}

// TestLargeRequestWithoutTCP: a trunk that lets connections hang gets its large
// INVITE over UDP, while that is permitted.
func TestLargeRequestWithoutTCP(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(at.(*syscall.SockaddrInet4).Port))
	full := false
	for range 8 { // nobody accepts: soon it answers no more
		c, err := net.DialTimeout("tcp", addr.String(), 100*time.Millisecond)
		if full = err != nil; full {
			break
		}
		defer c.Close()
	}
	if !full {
		t.Skip("this system lets every connection in")
	}
	f := newFarAt(t, net.UDPAddrFromAddrPort(addr))
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1", Port: int(addr.Port()), LargeOverTCP: true, SRTP: SRTPOffer}}
	})
	target := call.Target{Trunk: "t1", To: "+15550009", Call: strings.Repeat("c", 200), Attempt: strings.Repeat("a", 200)}
	// Little is left of the permission: that TCP was slow says nothing.
	target.Case.Begun = time.Now().Add(400*time.Millisecond - permission)
	for _, open := range []bool{true, false} {
		l := r.Dial(context.Background(), target)
		invite := f.expect("INVITE")
		if !strings.HasPrefix(invite.get("Via"), "SIP/2.0/UDP ") {
			t.Errorf("Via is %q", invite.get("Via"))
		}
		f.reply(invite, "486 Busy Here", "")
		f.expect("ACK")
		if c := ended(t, l); c.Network != outcome.Busy {
			t.Errorf("cause is %+v", c)
		}
		if r.trunks["t1"].large.open(time.Now()) != open {
			t.Errorf("TCP is tried again: %v, want %v", !open, open)
		}
		target.Case.Begun = time.Time{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a := r.trunks["t1"]
	a.large.close(time.Now().Add(-2 * largeRest))
	req := r.newDialog(path{to: sip.Uri{Scheme: "sip", Host: "127.0.0.1"}}, "x", "y", hop{addr: addr}).invite(bytes.Repeat([]byte("x"), unfragmented))
	if _, err := r.carry(ctx, req, hop{addr: addr, account: a}); err == nil || !a.large.open(time.Now()) {
		t.Errorf("the end of the call is taken for the trunk's: %v", err)
	}
}

// TestTLS: a whole call with a verified certificate, and a client certificate
// that the far side insists on.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	config := a.server(time.Now().Add(time.Hour), "sip.carrier.example")
	config.ClientAuth, config.ClientCAs = cryptotls.RequireAndVerifyClientCert, mustAuthorities(t, a.file)
	f := newStreamFar(t, config)
	host, port := splitPort(t, f.addr())
	cert, key := a.issue(time.Now().Add(time.Hour), "parley.example")
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{
			Name: "t1", Host: host, Port: port, Transport: "tls",
			TLS: TLS{CA: a.file, ServerName: "sip.carrier.example", Certificate: cert, Key: key},
		}}
	})
	l, invite := answeredOver(t, r, f, call.Target{Trunk: "t1", To: "+15550009"})
	if via := invite.get("Via"); !strings.HasPrefix(via, "SIP/2.0/TLS ") {
		t.Errorf("Via is %q", via)
	}
	if c := invite.get("Contact"); !strings.HasSuffix(c, ";transport=tls>") {
		t.Errorf("Contact is %q", c)
	}
	state := invite.conn.(*cryptotls.Conn).ConnectionState()
	if len(state.PeerCertificates) != 1 || state.PeerCertificates[0].Subject.CommonName != "parley.example" || state.Version < cryptotls.VersionTLS12 {
		t.Errorf("our side of the handshake: %+v", state)
	}
	hang(l)
	bye := f.want("BYE")
	if bye.conn != invite.conn {
		t.Error("the BYE took another connection: the far side's Contact is an address that no certificate names")
	}
	f.answer(bye, "200 OK", "")
	ended(t, l)
}

// TestCertificatesThatAreRefused: no call, no ring, and a sentence that helps.
func TestCertificatesThatAreRefused(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	old := a.server(later, "127.0.0.1")
	old.MinVersion, old.MaxVersion = cryptotls.VersionTLS10, cryptotls.VersionTLS11
	for name, c := range map[string]struct {
		config *cryptotls.Config
		tls    TLS
		want   string
	}{
		"unknown authority": {other.server(later, "127.0.0.1"), TLS{CA: a.file}, "authority that is not trusted"},
		"system's roots":    {a.server(later, "127.0.0.1"), TLS{}, "authority that is not trusted"},
		"another name":      {a.server(later, "sip.other.example"), TLS{CA: a.file, ServerName: "sip.carrier.example"}, "not for sip.carrier.example"},
		"another address":   {a.server(later, "127.0.0.2"), TLS{CA: a.file}, "not for 127.0.0.1"},
		"expired":           {a.server(past, "127.0.0.1"), TLS{CA: a.file}, "not valid today"},
		"no TLS":            {nil, TLS{CA: a.file}, "speak TLS"},
		"an old version":    {old, TLS{CA: a.file}, "handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStreamFar(t, c.config)
			if c.config == nil {
				// It answers whatever comes, as a mail server would.
				go func() { _, _ = io.WriteString(<-f.opened, "220 hello\r\n") }()
			}
			host, port := splitPort(t, f.addr())
			r := newRig(t, func(o *Options) {
				o.Trunks = []Trunk{{Name: "t1", Host: host, Port: port, Transport: "tls", TLS: c.tls}}
			})
			got := ended(t, r.Dial(context.Background(), call.Target{Trunk: "t1", To: "+15550009"}))
			if got.Rang || !got.Retryable || got.Network != outcome.TrunkFailed || !errors.Is(got.Err, ErrConnection) {
				t.Errorf("cause is %+v", got)
			}
			if text := got.Err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "\n") {
				t.Errorf("the error is %q, want %q in it", text, c.want)
			}
			f.nothing("INVITE")
		})
	}
}

// TestSlowTLS: a far side that accepts and says nothing holds a call up for as
// long as a connection may take, and not longer.
func TestSlowTLS(t *testing.T) {
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r := newRig(t, hasty)
	c := ended(t, r.Dial(context.Background(), call.Target{To: "sip:x@" + silent.Addr().String() + ";transport=tls"}))
	if c.Rang || !c.Retryable || !errors.Is(c.Err, ErrConnection) || !strings.Contains(c.Err.Error(), "in time") {
		t.Errorf("cause is %+v", c)
	}
	// Hung up meanwhile, it ends at once.
	r2 := newRig(t)
	l := r2.Dial(context.Background(), call.Target{To: "sip:x@" + silent.Addr().String() + ";transport=tls"})
	eventually(t, func() bool { r2.conns.mu.Lock(); defer r2.conns.mu.Unlock(); return len(r2.conns.dialing) == 1 })
	hang(l)
	if c := ended(t, l); c.Network != outcome.Cancelled || c.Rang {
		t.Errorf("cause is %+v", c)
	}
}

// TestTLSListener: peers with a certificate of the right authority get in.
func TestTLSListener(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cert, key := a.issue(time.Now().Add(time.Hour), "127.0.0.1")
	r := newRig(t, hasty, func(o *Options) {
		o.TLS = &TLSListener{Certificate: cert, Key: key, ClientCA: a.file}
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}}
	})
	connect := func(from *authority) (*cryptotls.Conn, error) {
		config := from.server(time.Now().Add(time.Hour), "peer.example")
		config.RootCAs, config.ServerName = mustAuthorities(t, a.file), "127.0.0.1"
		c := cryptotls.Client(dialStack(t, r.TLSAddr()), config)
		if err := c.Handshake(); err != nil {
			return nil, err
		}
		_, err := io.WriteString(c, strings.Replace(outside(&far{at: "127.0.0.1:9"}, "OPTIONS", "x", ""), "/UDP", "/TLS", 1))
		if err != nil {
			return nil, err
		}
		_ = c.SetReadDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 0))
		return c, err
	}
	c, err := connect(a)
	if err != nil {
		t.Fatal(err)
	}
	if m := readOne(t, c); !strings.HasPrefix(m.first, "SIP/2.0 200 ") {
		t.Errorf("the answer is %q", m.first)
	}
	if c, err := connect(other); err == nil {
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("a peer with a certificate of another authority hears %d bytes", n)
		}
	}
	slow := dialStack(t, r.TLSAddr())
	closedBy(t, slow)
}

func mustAuthorities(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	pool, err := authorities(file)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// TestSIPS (RFC 5630): the request line, Contact and Route say sips, and so may
// the far side, over TLS only.
func TestSIPS(t *testing.T) {
	a := newAuthority(t)
	f := newStreamFar(t, a.server(time.Now().Add(time.Hour), "127.0.0.1"))
	host, port := splitPort(t, f.addr())
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{
			Name: "t1", Host: "carrier.example", Proxy: fmt.Sprintf("%s:%d", host, port), Transport: "tls",
			TLS: TLS{CA: a.file}, Dial: DialPlan{SIPS: true},
		}}
	})
	l, invite := answeredOver(t, r, f, call.Target{Trunk: "t1", To: "+15550009"})
	if invite.first != "INVITE sips:+15550009@carrier.example SIP/2.0" {
		t.Errorf("the request line is %q", invite.first)
	}
	if c := invite.get("Contact"); !strings.HasPrefix(c, "<sips:parley@") || strings.Contains(c, "transport") {
		t.Errorf("Contact is %q", c)
	}
	if route := invite.get("Route"); !strings.HasPrefix(route, "<sips:"+f.addr()) {
		t.Errorf("Route is %q", route)
	}
	bye := f.request("BYE", invite.message, "8 BYE", "")
	udpFar := newFar(t)
	udpFar.send(strings.Replace(strings.Replace(bye, "SIP/2.0/TLS "+f.addr(), "SIP/2.0/UDP "+udpFar.addr(), 1), "8 BYE", "7 BYE", 1),
		net.UDPAddrFromAddrPort(r.Addr()))
	udpFar.expectReply(statusUnsupportedScheme, "7 BYE")
	f.say(invite.conn, bye)
	f.wantReply(200, "8 BYE")
	if c := ended(t, l); c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
	if err := (&path{}).setTo("sips:x@carrier.example"); err != nil {
		t.Errorf("a sips: URI without a trunk: %v", err)
	}
	if err := (&path{place: place{host: "carrier.example"}}).setTo("sips:x@carrier.example"); !errors.Is(err, ErrTarget) {
		t.Errorf("a sips: URI by a trunk without TLS: %v", err)
	}
}

// newStreamRegisterRig is a stack with one trunk, at which it registers over
// TCP; a second lasts 10 ms, and every call that comes in is taken.
func newStreamRegisterRig(t *testing.T) (*streamFar, *rig) {
	t.Helper()
	f := newStreamFar(t, nil)
	host, port := splitPort(t, f.addr())
	r := newRig(t, func(o *Options) {
		o.second = 10 * time.Millisecond
		o.Trunks = []Trunk{{
			Name: "t1", Host: host, Port: port, Transport: "tcp", Username: "alice",
			Register: Registration{Registrar: f.addr(), Expires: time.Hour},
		}}
		o.Inbound = func(Incoming) int { return 0 }
	})
	return f, r
}

// TestRegisteredOverTCP: calls come in by the connection that the registration
// opened; it stays open without a word, and is opened again when it is lost.
func TestRegisteredOverTCP(t *testing.T) {
	f, r := newStreamRegisterRig(t)
	accept := func() streamed {
		t.Helper()
		m := f.want("REGISTER")
		f.answer(m, "200 OK", "", "Contact: "+m.get("Contact")+";expires=3600")
		return m
	}
	one := accept()
	if c := one.get("Contact"); !strings.Contains(c, ";transport=tcp>") {
		t.Errorf("Contact is %q", c)
	}
	eventually(t, func() bool { return r.Trunks()[0].Takes })
	r.conns.sweep(time.Now().Add(time.Hour))
	called := one.message
	called.header["to"], called.header["from"] = []string{"<sip:+15550009@carrier.example>"}, []string{"<sip:alice@carrier.example>"}
	called.header["contact"] = []string{strings.Split(one.get("Contact"), ">")[0] + ">"}
	f.say(one.conn, f.request("INVITE", called, "1 INVITE", sdp))
	ringing := f.wantAfter(180, "1 INVITE")
	if ringing.conn != one.conn {
		t.Error("the answer took another connection")
	}
	leg, _, err := r.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hang(leg)
	f.wantAfter(480, "1 INVITE")
	one.conn.Close()
	if two := accept(); two.conn == one.conn {
		t.Error("the second registration came by a connection that is closed")
	}
	done := make(chan struct{})
	go func() { r.stop(); close(done) }()
	accept() // which takes it back
	<-done
}

// TestMessagesOverTheRateWait on a connection: nobody would send them again.
func TestMessagesOverTheRateWait(t *testing.T) {
	r := newRig(t, withTCP, func(o *Options) {
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}}
		o.PeerRate = 100
	})
	c := dialStack(t, r.Addr())
	const many = 40 // a quarter of a second's rate may come at once
	go func() {
		for range many {
			_, _ = io.WriteString(c, strings.Replace(outside(&far{at: "127.0.0.1:9"}, "OPTIONS", "x", ""), "/UDP", "/TCP", 1))
		}
	}()
	for range many {
		if m := readOne(t, c); !strings.HasPrefix(m.first, "SIP/2.0 200 ") {
			t.Fatalf("the answer is %q", m.first)
		}
	}
	if r.Stats().Limited == 0 {
		t.Error("nothing had to wait")
	}
}

// TestLargeResponse over UDP is read whole, whatever packets it came in.
func TestLargeResponse(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	var extra []string
	for i := range 100 {
		extra = append(extra, fmt.Sprintf("X-Padding-%d: %s", i, strings.Repeat("x", 120)))
	}
	r.far.reply(invite, "200 OK", sdp, extra...)
	r.far.expect("ACK")
	step(t, l, call.Answered)
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if c := ended(t, l); c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
}
