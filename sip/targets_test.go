package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
	"parley/outcome"
)

func TestOrderOfHops(t *testing.T) {
	at := func(n byte) hop {
		return hop{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 5060)}
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var s shunned
	s.add(at(1).addr, now)
	s.add(at(3).addr, now)
	s.clear(at(3).addr)
	for after, want := range map[time.Duration][]hop{0: {at(3), at(2), at(1)}, shunFor: {at(3), at(1), at(2)}} {
		hops := []hop{at(1), at(2), at(3)}
		arrange(hops, at(3).addr, func(a netip.AddrPort) bool { return s.has(a, now.Add(after)) })
		if !cmp.Equal(spelt(hops), spelt(want)) {
			t.Errorf("after %v the order is %v", after, spelt(hops))
		}
	}
}

func TestShunnedAddressesAreBounded(t *testing.T) {
	var s shunned
	now := time.Now()
	for i := range 3 * maxShunned {
		s.add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(i)), now)
	}
	if len(s.until) != maxShunned {
		t.Errorf("%d addresses are remembered", len(s.until))
	}
	s.add(netip.MustParseAddrPort("192.0.2.1:5060"), now.Add(2*shunFor))
	if len(s.until) != 1 {
		t.Errorf("%d addresses are remembered long after", len(s.until))
	}
}

// portOf is the port of a far side as a zone file writes it.
func portOf(t *testing.T, f *far) string {
	t.Helper()
	_, port, err := net.SplitHostPort(f.addr())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// newNamedRig is a rig whose trunk is a name with these records.
func newNamedRig(t *testing.T, f *far, records ...string) *rig {
	z := newZone(t, records...)
	r := newRig(t, func(o *Options) {
		o.DNS = z.addr
		o.Trunks = []Trunk{{Name: "t1", Host: "carrier.example"}}
	})
	r.far = f
	return r
}

// TestTrunkByItsRecords: NAPTR leads to SRV, SRV to the port; requests inside
// the call go where its Contact's own name leads.
func TestTrunkByItsRecords(t *testing.T) {
	f := newFar(t)
	r := newNamedRig(t, f,
		`carrier.example. 60 IN NAPTR 10 50 "s" "SIP+D2U" "" _sip._udp.carrier.example.`,
		`_sip._udp.carrier.example. 60 IN SRV 0 0 `+portOf(t, f)+` edge.carrier.example.`,
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	l := r.dial(byTrunk)
	invite := f.expect("INVITE")
	if invite.first != "INVITE sip:+15550009@carrier.example SIP/2.0" || !strings.Contains(invite.get("To"), "@carrier.example>") {
		t.Errorf("the request is for %q, To %q: the domain itself stands there", invite.first, invite.get("To"))
	}
	f.send(strings.Replace(f.response(invite, "200 OK", f.tag, sdp), "<sip:far@"+f.addr()+">", "<sip:far@edge.carrier.example:"+portOf(t, f)+">", 1), invite.src)
	f.expect("ACK")
	step(t, l, call.Answered)
	hang(l)
	bye := f.expect("BYE")
	if !strings.HasPrefix(bye.first, "BYE sip:far@edge.carrier.example:") {
		t.Errorf("the request is %q", bye.first)
	}
	f.reply(bye, "200 OK", "")
	ended(t, l)
}

// TestNextAddressBeforeAnythingLeft: what cannot be sent to the first address
// goes to the second one, as the same call.
func TestNextAddressBeforeAnythingLeft(t *testing.T) {
	f := newFar(t)
	r := newNamedRig(t, f,
		`_sip._udp.carrier.example. 60 IN SRV 0 0 `+portOf(t, f)+` outside.carrier.example.`,
		`_sip._udp.carrier.example. 60 IN SRV 1 0 `+portOf(t, f)+` edge.carrier.example.`,
		`outside.carrier.example. 60 IN A 192.0.2.1`, // a socket on loopback cannot send there
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	l := r.dial(byTrunk)
	f.reply(f.expect("INVITE"), "486 Busy Here", "")
	f.expect("ACK")
	if c := ended(t, l); c.Network != outcome.Busy || c.Trunk != "t1" {
		t.Errorf("cause is %+v", c)
	}
	// The next call goes there at once.
	hops, err := r.locate(t.Context(), place{host: "carrier.example", anyVia: true})
	if err != nil || len(hops) != 2 || hops[0].addr.String() != f.addr() {
		t.Errorf("the order is %v, %v", spelt(hops), err)
	}
}

// TestSilenceIsNotTriedElsewhere: nobody can say whether a phone rang. The next
// call begins at the other address.
func TestSilenceIsNotTriedElsewhere(t *testing.T) {
	dead, f := newFar(t), newFar(t)
	r := newNamedRig(t, f,
		`_sip._udp.carrier.example. 60 IN SRV 0 0 `+portOf(t, dead)+` edge.carrier.example.`,
		`_sip._udp.carrier.example. 60 IN SRV 1 0 `+portOf(t, f)+` edge.carrier.example.`,
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	l := r.dial(byTrunk)
	dead.expect("INVITE")
	if c := ended(t, l); !errors.Is(c.Err, ErrNoResponse) || !c.Rang || c.Retryable {
		t.Errorf("cause is %+v", c)
	}
	quiet(t, f)
	l = r.dial(byTrunk)
	f.reply(f.expect("INVITE"), "486 Busy Here", "")
	f.expect("ACK")
	ended(t, l)
}

// TestTrunkThatIsNowhere: without an address nothing leaves, and the attempt is
// not used up.
func TestTrunkThatIsNowhere(t *testing.T) {
	f := newFar(t)
	r := newNamedRig(t, f, `_sip._udp.carrier.example. 60 IN SRV 0 0 0 .`)
	c := ended(t, r.dial(byTrunk))
	if !errors.Is(c.Err, ErrNotOffered) || c.Rang || !c.Retryable || c.Network != outcome.TrunkFailed {
		t.Errorf("cause is %+v", c)
	}
}

// TestSlowDNSHoldsNoINVITEBack: an INVITE leaves within its second or not at all.
func TestSlowDNSHoldsNoINVITEBack(t *testing.T) {
	f, silent := newFar(t), newFar(t)
	r := newRig(t, func(o *Options) {
		o.DNS = silent.addr()
		o.Trunks = []Trunk{{Name: "t1", Host: "carrier.example"}}
	})
	r.far = f
	c := ended(t, r.dial(byTrunk))
	if !errors.Is(c.Err, errLate) || c.Rang || !c.Retryable || c.Network != outcome.TrunkFailed {
		t.Errorf("cause is %+v", c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if c := ended(t, r.Dial(ctx, call.Target{To: "+15550009", Trunk: "t1"})); c.Network != outcome.Cancelled {
		t.Errorf("a call that its caller gave up: %+v", c)
	}
}

// TestNextAddressAfterARefusedConnection: NAPTR asks for TCP, nobody listens at
// the first address, and the second one gets the call.
func TestNextAddressAfterARefusedConnection(t *testing.T) {
	gone, f := newStreamFar(t, nil), newStreamFar(t, nil)
	_, closed := splitPort(t, gone.addr())
	_, open := splitPort(t, f.addr())
	gone.l.Close()
	r := newNamedRig(t, newFar(t),
		`carrier.example. 60 IN NAPTR 10 50 "s" "SIP+D2T" "" _sip._tcp.carrier.example.`,
		`_sip._tcp.carrier.example. 60 IN SRV 0 0 `+strconv.Itoa(closed)+` edge.carrier.example.`,
		`_sip._tcp.carrier.example. 60 IN SRV 1 0 `+strconv.Itoa(open)+` edge.carrier.example.`,
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	l := r.dial(byTrunk)
	invite := f.want("INVITE")
	if !strings.HasPrefix(invite.get("Via"), "SIP/2.0/TCP ") || !strings.Contains(invite.get("Contact"), ";transport=tcp") {
		t.Errorf("Via %q, Contact %q", invite.get("Via"), invite.get("Contact"))
	}
	f.answer(invite, "486 Busy Here", "")
	if c := ended(t, l); c.Network != outcome.Busy || c.Trunk != "t1" {
		t.Errorf("cause is %+v", c)
	}
}

// TestNamedTrunkIsHeard: before anything was sent there.
func TestNamedTrunkIsHeard(t *testing.T) {
	f := newFarAt(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	r := newNamedRig(t, f, `carrier.example. 60 IN A 127.0.0.2`)
	eventually(t, func() bool { return r.isPeer(netip.MustParseAddr("127.0.0.2")) })
	if !r.trunks["t1"].sends(netip.MustParseAddr("127.0.0.2")) || r.isPeer(netip.MustParseAddr("127.0.0.3")) {
		t.Error("the trunk is not known by its address")
	}
	f.send(outside(f, "OPTIONS", "x", ""), net.UDPAddrFromAddrPort(r.Addr()))
	f.expectReply(200, "7 OPTIONS")
}
