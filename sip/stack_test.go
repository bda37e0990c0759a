package sip

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
)

// TestStopEndsCalls: the end of the stack is the end of every call, politely.
func TestStopEndsCalls(t *testing.T) {
	r := newRig(t)
	talkingLeg, _ := answered(t, r)
	ringing := r.dial()
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	step(t, ringing, call.Ringing)
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	for left := 2; left > 0; {
		switch m := r.far.next(); m.method() {
		case "BYE":
			left--
			r.far.reply(m, "200 OK", "")
		case "ACK": // of the 487, which may come before the other call's BYE
		case "CANCEL":
			left--
			r.far.reply(m, "200 OK", "")
			r.far.reply(invite, "487 Request Terminated", "")
		default:
			t.Fatalf("got %q", m.first)
		}
	}
	if c := ended(t, talkingLeg); c.Network != outcome.Answered || c.By != call.PartyBot {
		t.Errorf("the answered call: %+v", c)
	}
	if c := ended(t, ringing); c.Network != outcome.Cancelled {
		t.Errorf("the ringing call: %+v", c)
	}
	<-stopped
	after := r.dial()
	if c := ended(t, after); !errors.Is(c.Err, ErrClosed) || c.Rang || !c.Retryable {
		t.Errorf("a call after the end: %+v", c)
	}
	if got := r.Stats(); got.Live != 0 {
		t.Errorf("%d calls live after the end", got.Live)
	}
}

// TestStopDoesNotWaitForEver: the far side is dead.
func TestStopDoesNotWaitForEver(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Drain = 30 * time.Millisecond })
	l, _ := answered(t, r)
	r.stop()
	if c := ended(t, l); c.Network != outcome.Answered || !errors.Is(c.Err, ErrClosed) {
		t.Errorf("cause is %+v", c)
	}
}

func TestTrunkLimits(t *testing.T) {
	r := newTrunkRig(t, func(o *Options) { o.Trunks[0].Channels = 1 })
	first := r.dial(byTrunk)
	invite := r.far.expect("INVITE")
	if !strings.HasPrefix(invite.first, "INVITE sip:+15550009@127.0.0.1:") {
		t.Errorf("request line is %q", invite.first)
	}
	second := ended(t, r.dial(byTrunk))
	if second.Network != outcome.Congestion || !second.Retryable || second.Rang || !errors.Is(second.Err, ErrTrunkFull) {
		t.Errorf("the call over the limit: %+v", second)
	}
	r.far.reply(invite, "486 Busy Here", "")
	r.far.expect("ACK")
	ended(t, first)
	// Its channel is free again.
	third := r.dial(byTrunk)
	r.far.reply(r.far.expect("INVITE"), "486 Busy Here", "")
	r.far.expect("ACK")
	ended(t, third)
}

func TestTrunkPace(t *testing.T) {
	r := newTrunkRig(t, func(o *Options) { o.Trunks[0].CPS = 0.5 })
	r.dial(byTrunk)
	r.far.reply(r.far.expect("INVITE"), "486 Busy Here", "")
	r.far.expect("ACK")
	if c := ended(t, r.dial(byTrunk)); !errors.Is(c.Err, ErrTrunkFull) || c.Network != outcome.Congestion {
		t.Errorf("the call too soon: %+v", c)
	}
}

func TestTrunksThatAreWrong(t *testing.T) {
	for _, all := range [][]Trunk{
		{{Name: "a"}}, {{Host: "x"}}, {{Name: "a", Host: "x", Port: 70000}}, {{Name: "a", Host: "x y"}},
		{{Name: "a", Host: "x"}, {Name: "a", Host: "y"}},
	} {
		if s, err := New(Options{Trunks: all}); err == nil {
			s.sock.conn.Close()
			t.Errorf("%+v was taken", all)
		}
	}
}

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var seen []TraceMessage
	r := newRig(t, func(o *Options) {
		o.Trace = func(m TraceMessage) { mu.Lock(); defer mu.Unlock(); seen = append(seen, m) }
	})
	l := r.dial()
	r.far.reply(r.far.expect("INVITE"), "404 Not Found", "")
	r.far.expect("ACK")
	ended(t, l)
	r.stop()
	mu.Lock()
	defer mu.Unlock()
	// An answer may be heard before the write that it answers has returned.
	slices.SortStableFunc(seen, func(a, b TraceMessage) int { return a.At.Compare(b.At) })
	var ladder []string
	for _, m := range seen {
		way := "<"
		if m.Sent {
			way = ">"
		}
		line := way + strings.Fields(m.First)[0]
		if !m.Sent {
			line = way + strings.Fields(m.First)[1]
		}
		if len(ladder) == 0 || ladder[len(ladder)-1] != line {
			ladder = append(ladder, line)
		}
		if !strings.HasPrefix(m.CallID, "c1-") || m.Peer.String() != r.far.addr() || m.At.IsZero() || len(m.Raw) == 0 {
			t.Errorf("trace %+v", m)
		}
	}
	if got := strings.Join(ladder, " "); got != ">INVITE <404 >ACK" {
		t.Errorf("ladder is %q", got)
	}
}

func TestMediaThatCannotOpen(t *testing.T) {
	full := errors.New("no port is free")
	r := newRig(t, func(o *Options) { o.OpenMedia = func() (Media, error) { return nil, full } })
	c := ended(t, r.dial())
	if c.Network != outcome.TrunkFailed || !errors.Is(c.Err, full) || c.Rang || !c.Retryable {
		t.Errorf("cause is %+v", c)
	}
}

func TestSignallingOnly(t *testing.T) {
	r := newRig(t, func(o *Options) { o.OpenMedia = nil })
	l := r.dial()
	invite := r.far.expect("INVITE")
	if !strings.Contains(invite.body, "m=audio 9 ") || !strings.Contains(invite.body, "a=inactive") {
		t.Errorf("offer is %q", invite.body)
	}
	r.far.reply(invite, "200 OK", sdp)
	r.far.expect("ACK")
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if c := ended(t, l); c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
}

func TestAddressesWeGive(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"everywhere": {func(o *Options) { o.Listen = netip.MustParseAddrPort("0.0.0.0:0") }, "127.0.0.1"},
		"behind NAT": {func(o *Options) { o.Advertise = netip.MustParseAddr("192.0.2.7") }, "192.0.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.change)
			l := r.dial()
			invite := r.far.expect("INVITE")
			for where, text := range map[string]string{"Via": invite.get("Via"), "Contact": invite.get("Contact"), "SDP": invite.body} {
				if !strings.Contains(text, c.want) || strings.Contains(text, "0.0.0.0") {
					t.Errorf("%s is %q, want %s in it", where, text, c.want)
				}
			}
			r.far.reply(invite, "486 Busy Here", "")
			r.far.expect("ACK")
			ended(t, l)
		})
	}
}

func TestMediaThatFailsLater(t *testing.T) {
	r := newRig(t, func(o *Options) { o.OpenMedia = func() (Media, error) { return &deafMedia{}, nil } })
	l := r.dial()
	r.far.reply(r.far.expect("INVITE"), "200 OK", sdp)
	r.far.expect("ACK")
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot || !errors.Is(c.Err, errDeaf) {
		t.Errorf("cause is %+v", c)
	}
}

var errDeaf = errors.New("deaf")

type deafMedia struct{ fakeMedia }

func (*deafMedia) Negotiate(Remote) error { return errDeaf }

// TestCallsAreForgotten: nothing of a call stays behind.
func TestCallsAreForgotten(t *testing.T) {
	r := newRig(t)
	for range 5 {
		l := r.dial()
		r.far.reply(r.far.expect("INVITE"), "486 Busy Here", "")
		r.far.expect("ACK")
		ended(t, l)
	}
	r.sweep(time.Now().Add(3 * linger()))
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.legs) + len(r.graves) + len(r.byes) + len(r.peers); n != 0 {
		t.Errorf("%d legs, %d graves, %d BYEs, %d peers are kept", len(r.legs), len(r.graves), len(r.byes), len(r.peers))
	}
}

func BenchmarkSetup(b *testing.B) {
	for _, via := range []transport{udp, tcp} {
		b.Run(via.String(), func(b *testing.B) { benchmarkSetup(b, via) })
	}
}

func benchmarkSetup(b *testing.B, via transport) {
	far, err := New(Options{Strangers: 1 << 30, TCP: true})
	if err != nil {
		b.Fatal(err)
	}
	defer far.sock.conn.Close()
	s, err := New(Options{Strangers: 1})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	// The far side refuses statelessly: every INVITE costs it one answer.
	fctx, fcancel := context.WithCancel(context.Background())
	fdone := make(chan struct{})
	go func() { defer close(fdone); _ = far.Run(fctx) }()
	to := "sip:x@" + far.Addr().String() + ";transport=" + via.param()
	b.ReportAllocs()
	for b.Loop() {
		l := s.Dial(ctx, call.Target{To: to})
		<-l.Done()
		if c := l.Ended(); c.Network != outcome.CallBarred {
			b.Fatalf("cause %+v", c)
		}
	}
	b.StopTimer()
	cancel()
	fcancel()
	<-done
	<-fdone
}

// TestProxyIsHeard: calls that a trunk brings come from its outbound proxy.
func TestProxyIsHeard(t *testing.T) {
	for _, host := range []string{"127.0.0.3", "[::1]"} {
		r := newRig(t, func(o *Options) { o.Trunks = []Trunk{{Name: "t1", Host: "192.0.2.1", Proxy: host + ":5060"}} })
		proxy := netip.MustParseAddr(strings.Trim(host, "[]"))
		if !r.isPeer(proxy) || !r.trunks["t1"].sends(proxy) || r.isPeer(netip.MustParseAddr("127.0.0.4")) {
			t.Errorf("the proxy %s is a stranger", host)
		}
	}
}
