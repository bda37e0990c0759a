package sip

import (
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
)

// newRegisterRig is a rig whose trunk t1 registers with the far side; a second
// of its expiry lasts 10 ms.
func newRegisterRig(t *testing.T, change ...func(*Options)) *rig {
	f := newFar(t)
	pre := &rig{far: f}
	r := newRig(t, append([]func(*Options){toTrunk(pre), func(o *Options) {
		o.second = 10 * time.Millisecond
		o.Trunks[0].Register = Registration{Registrar: f.addr(), Contact: "line1", Expires: time.Minute}
	}}, change...)...)
	r.far = f
	return r
}

// bound answers a REGISTER as the registrar that keeps it for so many seconds.
func (f *far) bound(m message, seconds int) {
	f.t.Helper()
	f.reply(m, "200 OK", "", "Contact: <sip:other@192.0.2.9:5060>;expires=7",
		fmt.Sprintf("Contact: %s;expires=%d", strings.Split(m.get("Contact"), ";")[0], seconds))
}

// state of the only trunk.
func (r *rig) state() TrunkState { return r.Trunks()[0] }

func TestRegistrationStandsAndIsTakenBack(t *testing.T) {
	r := newRegisterRig(t)
	one := r.far.expect("REGISTER")
	host, _, _ := strings.Cut(r.far.addr(), ":")
	for name, want := range map[string]string{
		"first": "REGISTER sip:" + r.far.addr() + " SIP/2.0", "To": "<sip:alice@" + host + ">", "From": "<sip:alice@" + host + ">;tag=",
		"Contact": "<sip:line1@127.0.0.1:" + fmt.Sprint(r.Addr().Port()) + ">;expires=60", "Expires": "60", "Max-Forwards": "70", "CSeq": "1 REGISTER",
	} {
		got := one.get(name)
		if name == "first" {
			got = one.first
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	// Nothing leaves by a trunk that is not registered yet.
	if c := ended(t, r.dial(byTrunk)); !errors.Is(c.Err, ErrNotRegistered) || c.Rang || !c.Retryable || c.Network != outcome.TrunkFailed {
		t.Errorf("a call before the registration: %+v", c)
	}
	if c := ended(t, r.Router(r.Stack).Dial(t.Context(), call.Target{To: "+15550009"})); !errors.Is(c.Err, ErrNoTrunk) {
		t.Errorf("a call to any trunk before the registration: %+v", c)
	}
	r.far.reply(one, "401 Unauthorized", "", `WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256`)
	two := r.far.expect("REGISTER")
	checkDigest(t, two.get("Authorization"), "REGISTER", sha256.New())
	if two.get("Call-ID") != one.get("Call-ID") || two.get("CSeq") != "2 REGISTER" || two.get("Contact") != one.get("Contact") {
		t.Errorf("the second one has Call-ID %q, CSeq %q, Contact %q", two.get("Call-ID"), two.get("CSeq"), two.get("Contact"))
	}
	began := time.Now()
	r.far.bound(two, 50) // half a second, less than asked for
	eventually(t, func() bool { return r.state().Registration.Stands })
	l := r.dial(byTrunk)
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "486 Busy Here", "")
	r.far.expect("ACK")
	ended(t, l)

	refresh := r.far.expect("REGISTER")
	if after := time.Since(began); after > 500*time.Millisecond {
		t.Errorf("it was refreshed after %v, and had ended by then", after)
	}
	// A nonce that went out of date is no wrong password.
	r.far.reply(refresh, "401 Unauthorized", "", `WWW-Authenticate: Digest realm="r", nonce="n2"`)
	again := r.far.expect("REGISTER")
	r.far.reply(again, "401 Unauthorized", "", `WWW-Authenticate: Digest realm="r", nonce="n3", stale=true`)
	again = r.far.expect("REGISTER")
	checkDigest(t, again.get("Authorization"), "REGISTER", md5.New())
	r.far.bound(again, 6000)
	eventually(t, func() bool { return time.Until(r.state().Registration.Until) > 10*time.Second })

	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	last := r.far.expect("REGISTER")
	if last.get("Expires") != "0" || !strings.HasSuffix(last.get("Contact"), ";expires=0") || last.get("Call-ID") != one.get("Call-ID") {
		t.Errorf("at the end: Expires %q, Contact %q", last.get("Expires"), last.get("Contact"))
	}
	r.far.reply(last, "200 OK", "")
	<-stopped
}

func TestRegistrarWantsLonger(t *testing.T) {
	r := newRegisterRig(t)
	r.far.reply(r.far.expect("REGISTER"), "423 Interval Too Brief", "", "Min-Expires: 6000")
	longer := r.far.expect("REGISTER")
	if longer.get("Expires") != "6000" || !strings.HasSuffix(longer.get("Contact"), ";expires=6000") {
		t.Errorf("it asks for %q, Contact %q", longer.get("Expires"), longer.get("Contact"))
	}
	r.far.bound(longer, 6000)
	eventually(t, func() bool { return r.state().Registration.Stands })
}

// TestRegistrarDiesAndComesBack: its silence ends the registration in its own
// time, calls are refused then, and the first answer brings them back.
func TestRegistrarDiesAndComesBack(t *testing.T) {
	r := newRegisterRig(t)
	r.far.bound(r.far.expect("REGISTER"), 30)
	eventually(t, func() bool { return r.state().Registration.Stands })
	r.far.expect("REGISTER") // and nobody answers
	eventually(t, func() bool { return !r.state().Registration.Stands })
	eventually(t, func() bool { return r.state().Registration.Err != nil })
	if c := ended(t, r.dial(byTrunk)); !errors.Is(c.Err, ErrNotRegistered) || !strings.Contains(c.Err.Error(), "does not answer") {
		t.Errorf("a call without a registration: %+v", c)
	}
	r.far.bound(r.far.expect("REGISTER"), 6000)
	eventually(t, func() bool { s := r.state().Registration; return s.Stands && s.Err == nil })
	l := r.dial(byTrunk)
	r.far.reply(r.far.expect("INVITE"), "486 Busy Here", "")
	r.far.expect("ACK")
	if c := ended(t, l); c.Network != outcome.Busy {
		t.Errorf("cause is %+v", c)
	}
	// Dead again: the stop does not wait for it.
	r.stop()
}

// TestWrongPasswordOfTheRegistration: two refusals are enough for a minute; a
// challenge of another realm gets no digest at all.
func TestWrongPasswordOfTheRegistration(t *testing.T) {
	for name, c := range map[string]struct {
		realm string
		sent  int
	}{"refused": {"mine", 2}, "other realm": {"theirs", 1}} {
		t.Run(name, func(t *testing.T) {
			r := newRegisterRig(t, func(o *Options) { o.Trunks[0].Realm = "mine" })
			for range c.sent {
				r.far.reply(r.far.expect("REGISTER"), "401 Unauthorized", "", `WWW-Authenticate: Digest nonce="n", realm="`+c.realm+`"`)
			}
			eventually(t, func() bool { return errors.Is(r.state().Registration.Err, ErrAuth) })
			if wait := time.Until(r.state().Registration.Next); wait > maxDenied*10*time.Millisecond {
				t.Errorf("it is tried again in %v", wait)
			}
		})
	}
}

// TestRefusalsAreNotHurried: a registrar that refuses and hangs up is not asked
// sooner than one that refuses, though calls came by that connection before.
func TestRefusalsAreNotHurried(t *testing.T) {
	f, r := newStreamRegisterRig(t)
	m := f.want("REGISTER")
	f.answer(m, "200 OK", "", "Contact: "+m.get("Contact")+";expires=2")
	m = f.want("REGISTER")
	at := time.Now()
	f.answer(m, "403 Forbidden", "")
	eventually(t, func() bool { return r.Trunks()[0].Registration.Err != nil })
	m.conn.Close()
	again := f.want("REGISTER")
	if after := time.Since(at); after < firstDenied/2*10*time.Millisecond {
		t.Errorf("it was asked again after %v", after)
	}
	f.answer(again, "403 Forbidden", "")
}

// TestRegistrarByItsRecords: its first address is dead, the second one
// registers us, and the calls go there.
func TestRegistrarByItsRecords(t *testing.T) {
	dead, f := newFar(t), newFar(t)
	z := newZone(t,
		`_sip._udp.carrier.example. 60 IN SRV 0 0 `+portOf(t, dead)+` edge.carrier.example.`,
		`_sip._udp.carrier.example. 60 IN SRV 1 0 `+portOf(t, f)+` edge.carrier.example.`,
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	r := newRig(t, func(o *Options) {
		o.DNS = z.addr
		o.Trunks = []Trunk{{Name: "t1", Host: "carrier.example", Username: "alice", Password: "secret", Register: Registration{Registrar: "carrier.example"}}}
	})
	r.far = f
	dead.expect("REGISTER")
	m := f.expect("REGISTER")
	if m.first != "REGISTER sip:carrier.example SIP/2.0" || !strings.HasPrefix(m.get("To"), "<sip:alice@carrier.example>") || m.get("Expires") != "3600" {
		t.Errorf("%q, To %q, Expires %q", m.first, m.get("To"), m.get("Expires"))
	}
	f.bound(m, 3600)
	eventually(t, func() bool { return r.state().Registration.Stands })
	r.shunned.clear(netip.MustParseAddrPort(dead.addr()))
	l := r.dial(byTrunk)
	f.reply(f.expect("INVITE"), "486 Busy Here", "")
	f.expect("ACK")
	ended(t, l)
}

func TestRegistrationsThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		w    Registration
		want string
	}{
		{Registration{User: "a"}, "name the registrar"},
		{Registration{Registrar: "r"}, "give it a user"},
		{Registration{Registrar: "r:x", User: "a"}, "not HOST or HOST:PORT"},
		{Registration{Registrar: "sip:a@r", User: "a"}, "not HOST or HOST:PORT"},
		{Registration{Registrar: "r", User: "a b"}, "cannot carry"},
		{Registration{Registrar: "r", User: "a", Expires: time.Second}, "from 30s to 24h"},
		{Registration{Registrar: "r", User: "a", Expires: 90500 * time.Millisecond}, "whole seconds"},
	} {
		if err := (Trunk{Name: "t", Host: "h", Register: c.w}).Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %v, want %q", c.w, err, c.want)
		}
	}
}

// TestKnownAddressesAreBounded: a registrar that moves all the time does not
// open us to the world.
func TestKnownAddressesAreBounded(t *testing.T) {
	r := newTrunkRig(t)
	a := r.trunks["t1"]
	for i := range byte(200) {
		a.meet(r.Stack, netip.AddrFrom4([4]byte{192, 0, 2, i}))
	}
	if r.isPeer(netip.MustParseAddr("192.0.2.100")) || !r.isPeer(netip.MustParseAddr("192.0.2.199")) ||
		!a.sends(netip.MustParseAddr("192.0.2.199")) || a.sends(netip.MustParseAddr("192.0.2.100")) || len(a.known) != maxKnown {
		t.Errorf("%d addresses are known: %v", len(a.known), a.known)
	}
}
