//go:build !race

package main

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/sharedtest"
	"parley/sim"
	"parley/sim/relay"
)

// badNetwork stands between a caller and the carrier: it passes the set-up of
// one call on and writes a relay's addresses into both descriptions, so that
// all sound goes through the relay. Everything after the answer goes from
// Contact to Contact, past it.
type badNetwork struct {
	t           *testing.T
	front, back *net.UDPConn
	carrier     *net.UDPAddr
	sound       *relay.Relay

	mu                sync.Mutex
	caller            *net.UDPAddr
	offered, answered netip.AddrPort
}

func startBadNetwork(t *testing.T, carrier string, o relay.Options) *badNetwork {
	t.Helper()
	n := &badNetwork{t: t}
	var err error
	if n.carrier, err = net.ResolveUDPAddr("udp4", carrier); err != nil {
		t.Fatal(err)
	}
	for _, c := range []**net.UDPConn{&n.front, &n.back} {
		if *c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if n.sound, err = relay.Open(o); err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() { n.pump(n.front, n.fromCaller) })
	work.Go(func() { n.pump(n.back, n.fromCarrier) })
	t.Cleanup(func() {
		n.front.Close()
		n.back.Close()
		work.Wait()
		n.sound.Close()
	})
	return n
}

func (n *badNetwork) pump(from *net.UDPConn, pass func(text string, src *net.UDPAddr)) {
	buf := make([]byte, 64<<10)
	for {
		size, src, err := from.ReadFromUDP(buf)
		if err != nil {
			return
		}
		pass(string(buf[:size]), src)
	}
}

func (n *badNetwork) fromCaller(text string, src *net.UDPAddr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.caller = src
	text = n.through(text, &n.offered, n.sound.Far())
	_, _ = n.back.WriteToUDP([]byte(text), n.carrier)
}

func (n *badNetwork) fromCarrier(text string, _ *net.UDPAddr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text = n.through(text, &n.answered, n.sound.Near())
	if n.offered.IsValid() && n.answered.IsValid() {
		n.sound.Connect(n.offered, n.answered)
	}
	_, _ = n.front.WriteToUDP([]byte(text), n.caller)
}

var (
	mediaLine  = regexp.MustCompile(`(?m)^m=audio (\d+) `)
	lengthLine = regexp.MustCompile(`(?im)^Content-Length: *\d+`)
)

// through notes where a description wants the sound, and has it sent to the
// relay instead. Everybody is on 127.0.0.1.
func (n *badNetwork) through(text string, where *netip.AddrPort, instead netip.AddrPort) string {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	m := mediaLine.FindStringSubmatch(body)
	if m == nil {
		return text
	}
	*where = netip.MustParseAddrPort("127.0.0.1:" + m[1])
	body = mediaLine.ReplaceAllString(body, fmt.Sprintf("m=audio %d ", instead.Port()))
	return lengthLine.ReplaceAllString(head, "Content-Length: "+strconv.Itoa(len(body))) + "\r\n\r\n" + body
}

// TestTalksThroughABadNetwork: real speech both ways. What is lost is lost at
// random, by a seed; which word it hits is a matter of microseconds, so one
// call of two may be misheard. None may break.
func TestTalksThroughABadNetwork(t *testing.T) {
	t.Parallel()
	need(t, "flite")
	models := sharedtest.Path(t, "models", "pocketsphinx")
	personas, err := sim.Personas("en")
	if err != nil {
		t.Fatal(err)
	}
	customer := personas[0]
	c := simulate(t, "--models", models)
	for _, bad := range []struct {
		name    string
		network relay.Impairment
		reaches bool // its outcome
	}{
		{"5 % lost, 60 ± 20 ms", relay.Impairment{Loss: 0.05, Delay: 60 * time.Millisecond, Jitter: 20 * time.Millisecond}, true},
		{"20 % lost", relay.Impairment{Loss: 0.2, Delay: 60 * time.Millisecond, Jitter: 20 * time.Millisecond}, false},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			r := throughBadNetwork(t, c.address, customer.Number, models, bad.network)
			if !bad.reaches {
				return
			}
			if d := customer.Expect.Differences(r); len(d) > 0 {
				t.Logf("misheard: %s", strings.Join(d, "; "))
				r = throughBadNetwork(t, c.address, customer.Number, models, bad.network)
			}
			for _, d := range customer.Expect.Differences(r) {
				t.Errorf("%s; turns %+v", d, r.Turns)
			}
		})
	}
}

// throughBadNetwork places one call, which must hold to its end.
func throughBadNetwork(t *testing.T, carrier, number, models string, bad relay.Impairment) call.Report {
	t.Helper()
	between := startBadNetwork(t, carrier, relay.Options{Towards: bad, Back: bad, Seed: 7})
	// The flow's own samples are this customer's.
	exit, r, errs := placeCall(t, nil, fmt.Sprintf("sip:%s@%s", number, between.front.LocalAddr()), "--models", models)
	if exit != exitDone || r.Network != outcome.Answered || r.Problem != "" || r.HangupBy == "network" {
		t.Errorf("exit %d, network %s, problem %q, hung up by %s\n%s", exit, r.Network, r.Problem, r.HangupBy, errs)
	}
	towards, back := between.sound.Stats()
	if m := r.Media; m == nil || m.Loss < bad.Loss/2 || m.Loss > 2*bad.Loss || towards.Lost == 0 || back.Lost == 0 {
		t.Errorf("media %+v, relay %+v and %+v", r.Media, towards, back)
	}
	t.Logf("%d ms of talk, %s, media %+v", r.TalkMS, r.Disposition, r.Media)
	return r
}
