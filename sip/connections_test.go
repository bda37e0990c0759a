package sip

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetiredConnectionsAreClosed: a registration keeps the one connection that
// calls may come by, and none of those that it replaced.
func TestRetiredConnectionsAreClosed(t *testing.T) {
	f := newStreamFar(t, nil)
	host, port := splitPort(t, f.addr())
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{
			Name: "t1", Host: host, Port: port, Transport: "tcp", Username: "alice",
			Register: Registration{Registrar: f.addr(), Expires: time.Hour},
		}}
	})
	m := f.want("REGISTER")
	f.answer(m, "200 OK", "", "Contact: "+m.get("Contact")+";expires=3600")
	to := hop{via: tcp, addr: netip.MustParseAddrPort(f.addr()), account: r.trunks["t1"]}
	var last *conn
	for i := range 4 {
		c, err := r.conns.connect(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if c == last {
			t.Error("a retired connection is used again")
		}
		if last = c; i < 3 {
			r.conns.retire(c, time.Now().Add(time.Second))
		}
	}
	r.conns.sweep(time.Now().Add(time.Hour))
	r.conns.mu.Lock()
	if n := len(r.conns.all); n != 1 || last.isGone() {
		t.Errorf("%d connections stay open, the one in use is gone: %v", n, last.isGone())
	}
	r.conns.mu.Unlock()
	done := make(chan struct{})
	go func() { r.stop(); close(done) }()
	for stopped := false; !stopped; {
		select {
		case m := <-f.heard:
			if m.method() == "REGISTER" { // what takes it back, after the one for the lost connection
				f.answer(m, "200 OK", "")
			}
		case <-done:
			stopped = true
		}
	}
}

// TestOthersTakeNoConnectionOfOurs: however many connect to us, we may still
// connect to a trunk.
func TestOthersTakeNoConnectionOfOurs(t *testing.T) {
	f := newStreamFar(t, nil)
	r := newRig(t, withTCP, func(o *Options) {
		l := defaultLimits()
		l.total = 1
		o.limits = &l
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1"}}
	})
	one := dialStack(t, r.Addr())
	_, _ = io.WriteString(one, strings.Replace(outside(&far{at: "127.0.0.1:9"}, "OPTIONS", "x", ""), "/UDP", "/TCP", 1))
	readOne(t, one)
	if two, err := net.Dial("tcp", r.Addr().String()); err == nil { // it may be reset in the middle
		closedBy(t, two)
		two.Close()
	}
	l := r.Dial(context.Background(), f.target())
	f.answer(f.want("INVITE"), "486 Busy Here", "")
	f.want("ACK")
	ended(t, l)
	if n := r.Stats().Dropped; n != 1 {
		t.Errorf("%d connections were counted", n)
	}
}

// fullListener has no descriptor for a connection, so many times, and is closed
// then.
type fullListener struct {
	net.Listener

	left int
}

func (l *fullListener) Accept() (net.Conn, error) {
	if l.left--; l.left < 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}

// TestAcceptOutlivesTheWantOfDescriptors, without asking all the time.
func TestAcceptOutlivesTheWantOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newConnections(defaultLimits(), netip.Addr{})
		cs.log = slog.New(slog.DiscardHandler)
		l, began := &fullListener{left: 5000}, time.Now()
		if err := cs.accept(l, nil); !errors.Is(err, net.ErrClosed) || l.left >= 0 {
			t.Errorf("it gave up with %v, %d failures before the end", err, l.left)
		}
		if took := time.Since(began); took < 4900*time.Second || took > 5000*time.Second {
			t.Errorf("5000 failures took %v", took)
		}
	})
}
