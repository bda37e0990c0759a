//go:build !race

package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/call"
	"parley/media/line"
	"parley/outcome"
)

// crowd is a carrier with very many customers: the last digit of the number
// says what becomes of the call. It is one goroutine and keeps an INVITE only
// until its ACK.
type crowd struct {
	*far
	invites map[string]message // by Call-ID
}

func (c *crowd) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case m := <-c.got:
			c.hear(m)
		}
	}
}

func (c *crowd) hear(m message) {
	id := m.get("Call-ID")
	switch m.method() {
	case "INVITE":
		c.invites[id] = m
		c.answer(m)
	case "CANCEL":
		c.reply(m, "200 OK", "")
		if invite, ok := c.invites[id]; ok {
			c.reply(invite, "487 Request Terminated", "")
		}
	case "ACK":
		invite, ok := c.invites[id]
		if delete(c.invites, id); ok && kindOf(invite.first) == farEnds && strings.Contains(m.first, "sip:far@") {
			c.ask("BYE", invite, "")
		}
	case "BYE":
		c.reply(m, "200 OK", "")
	}
}

// What becomes of a call.
const (
	weEnd = iota
	farEnds
	engaged
	givenUp
	rungOut
	proven
	outOfOrder
	mute
	kinds
)

func kindOf(first string) int {
	user, _, _ := strings.Cut(first, "@")
	return int(user[len(user)-1] - '0')
}

func (c *crowd) answer(m message) {
	switch kindOf(m.first) {
	case weEnd, farEnds:
		c.reply(m, "180 Ringing", "")
		c.reply(m, "200 OK", sdp)
	case engaged:
		c.reply(m, "486 Busy Here", "")
	case givenUp, rungOut:
		c.reply(m, "180 Ringing", "")
	case proven:
		if m.get("Proxy-Authorization") == "" {
			c.reply(m, "407 Proxy Authentication Required", "", `Proxy-Authenticate: Digest realm="r", nonce="n", qop="auth"`)
			return
		}
		c.reply(m, "200 OK", sdp)
	case outOfOrder:
		c.reply(m, "503 Service Unavailable", "")
	}
}

var crowdWants = [kinds]outcome.Network{
	weEnd: outcome.Answered, farEnds: outcome.Answered, proven: outcome.Answered, engaged: outcome.Busy, givenUp: outcome.Cancelled,
	rungOut: outcome.NoAnswer, outOfOrder: outcome.Congestion, mute: outcome.Timeout,
}

// TestManyCalls leaves nothing behind: no goroutine, no descriptor, no port, no
// memory of a call.
func TestManyCalls(t *testing.T) {
	const atOnce = 40
	// The runtime opens its poller with the first socket and keeps it.
	first, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	descriptors, goroutines := openFiles(t), runtime.NumGoroutine()
	ports, err := line.NewPorts(20000, 31999)
	if err != nil {
		t.Fatal(err)
	}
	pairs := ports.Free()
	customers := &crowd{far: newFarInto(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, make(chan message, 1<<14)), invites: map[string]message{}}
	_ = customers.conn.SetReadBuffer(4 << 20)
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() { customers.run(done) })

	s, err := New(Options{
		Trunks:    []Trunk{{Name: "t1", Host: "127.0.0.1", Port: customers.conn.LocalAddr().(*net.UDPAddr).Port, Username: "a", Password: "b"}},
		OpenMedia: OverLine(netip.MustParseAddr("127.0.0.1"), ports),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()

	var mu sync.Mutex
	wrong := 0
	numbers := make(chan int)
	for range atOnce {
		work.Go(func() {
			for n := range numbers {
				kind := n % kinds
				if kind == mute && n%64 != mute {
					kind = engaged // silence takes long
				}
				if c := oneOfMany(s, customers.addr(), n, kind); c.Network != crowdWants[kind] {
					mu.Lock()
					if wrong++; wrong <= 10 {
						t.Errorf("call %d of kind %d: %+v", n, kind, c)
					}
					mu.Unlock()
				}
			}
		})
	}
	// A port rests for 5 s, so all of them carry 1,200 calls a second.
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for n := range manyCalls {
		<-pace.C
		numbers <- n
	}
	close(numbers)

	eventually(t, func() bool { return s.Stats().Live == 0 })
	if got := s.Stats(); got.Dialed != manyCalls || got.Malformed+got.Dropped+got.Limited != 0 {
		t.Errorf("counted %+v", got)
	}
	eventually(t, func() bool { return ports.Free() == pairs })
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	close(done)
	work.Wait()
	customers.conn.Close()
	if n := len(customers.invites); n > (manyCalls+63-mute)/64 { // nobody acknowledges silence
		t.Errorf("%d INVITEs were never acknowledged", n)
	}
	if len(s.legs) != 0 {
		t.Errorf("%d legs are kept", len(s.legs))
	}
	eventually(t, func() bool { return openFiles(t) <= descriptors && runtime.NumGoroutine() <= goroutines })
}

// oneOfMany carries one call through its kind.
func oneOfMany(s *Stack, carrier string, n, kind int) call.Cause {
	target := call.Target{Call: fmt.Sprint("m", n), Attempt: fmt.Sprint("a", n), To: fmt.Sprintf("+1555%06d%d", n, kind), Trunk: "t1"}
	if kind == rungOut {
		target.RingTimeout = 50 * time.Millisecond
	}
	if kind == outOfOrder || kind == mute { // a trunk would be given a rest
		target.Trunk, target.To = "", fmt.Sprintf("sip:%d@%s", kind, carrier)
	}
	l := s.Dial(context.Background(), target)
	for p := range l.Progress() {
		if kind == givenUp && p.Kind == call.Ringing || p.Kind == call.Answered && kind != farEnds {
			hang(l)
		}
	}
	<-l.Done()
	return l.Ended()
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
