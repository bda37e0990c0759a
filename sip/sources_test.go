package sip

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// address is the n-th of a private network.
func address(n int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24+uint32(n))
	return netip.AddrFrom4(b)
}

func TestSources(t *testing.T) {
	now := time.Unix(1, 0)
	s := newSources(100, 64)
	noisy, quiet := address(1), address(2)
	heard := 0
	for range 100_000 {
		if s.allow(noisy, now) {
			heard++
		}
	}
	if heard != 25 || !s.allow(quiet, now) {
		t.Errorf("%d of a burst were heard", heard)
	}

	// Nobody gets a new bucket by pushing others out of the table.
	for n := range 100_000 {
		s.allow(address(100+n), now)
	}
	if len(s.known) != 64 || s.recent.Len() != 64 {
		t.Errorf("%d sources are kept", len(s.known))
	}
	if s.allow(noisy, now) {
		t.Error("the noisy source was forgotten too early")
	}
	for range 24 {
		if !s.allow(quiet, now) {
			t.Fatal("the quiet source lost its bucket")
		}
	}
	if s.allow(address(500_000), now) {
		t.Error("those without a place of their own are not bounded together")
	}

	// After the silence that fills a bucket its place is free.
	now = now.Add(250 * time.Millisecond)
	if !s.allow(address(600_000), now) || len(s.known) != 64 || s.known[address(100)] != nil {
		t.Error("no place became free")
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := origin(netip.MustParseAddr(in)); got != netip.MustParseAddr(want) {
			t.Errorf("%s counts as %s", in, got)
		}
	}
}

// TestNoisyPeerStarvesNobody: one peer sends what it can, another is heard all
// the same.
func TestNoisyPeerStarvesNobody(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "noisy", Host: "127.44.75.2"}, {Name: "quiet", Host: "127.0.0.1"}}
		o.MaxRate, o.PeerRate = 10_000, 100
	})
	us := net.UDPAddrFromAddrPort(r.Addr())
	noisy := newFarAt(t, &net.UDPAddr{IP: net.IPv4(127, 44, 75, 2)})
	for n := 0; r.Stats().Limited < 1000; n++ {
		noisy.send(outside(noisy, "OPTIONS", fmt.Sprint("n", n), ""), us)
		if n%100 == 99 {
			r.far.send(outside(r.far, "OPTIONS", fmt.Sprint("q", n), ""), us)
			r.far.expectReply(200, "7 OPTIONS")
		}
	}
	if dropped := r.Stats().Dropped; dropped != 0 {
		t.Errorf("%d messages went over the rate of all", dropped)
	}
}

// TestFloodOfStrangers: a hundred thousand messages from as many addresses,
// most of which nobody answers, in a bounded table.
func TestFloodOfStrangers(t *testing.T) {
	s, err := New(Options{Strangers: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer s.sock.conn.Close()
	for n := range 100_000 {
		s.hear([]byte("OPTIONS"), hop{addr: netip.AddrPortFrom(address(n), 5060)})
	}
	got := s.Stats()
	if len(s.strangers.known) > maxSources || got.Strangers+got.Malformed != 100_000 || got.Malformed > 10_000 {
		t.Errorf("%d sources kept, counted %+v", len(s.strangers.known), got)
	}
}
