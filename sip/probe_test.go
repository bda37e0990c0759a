package sip

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
)

func TestWhatAProbeProves(t *testing.T) {
	for code, want := range map[int]bool{
		200: true, 302: true, 401: true, 403: true, 404: true, 405: true, 407: true, 480: true, 483: true, 486: true, 501: true, 603: true,
		100: false, 408: false, 500: false, 502: false, 503: false, 504: false,
	} {
		if alive(code) != want {
			t.Errorf("%d: alive %v, want %v", code, !want, want)
		}
	}
}

func TestWhenToProbe(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const every = 30 * time.Second
	missed := func(n int) health {
		var h health
		for range n {
			h.missed(now, 0)
		}
		return h
	}
	var calls, asked health
	for range breakAfter {
		calls.bad(now, 0)
	}
	asked.missed(now, time.Minute)
	one := health{}
	one.bad(now, 0)
	for name, c := range map[string]struct {
		h     health
		every time.Duration
		roll  float64
		want  time.Duration
	}{
		"works":              {health{}, every, 0, every},
		"works, spread":      {health{}, every, 1, 27 * time.Second},
		"one was lost":       {missed(1), every, 1, firstPause},
		"one, of many":       {missed(1), time.Second, 0, time.Second},
		"the breaker opened": {missed(breakAfter), time.Second, 0, firstPause},
		"calls opened it":    {calls, every, 0, firstPause},
		"a call failed":      {one, every, 0, every},
		"it asked for rest":  {asked, every, 0, time.Minute},
	} {
		if got := nextProbe(c.h, c.every, now, c.roll); got != c.want {
			t.Errorf("%s: the next one in %v, want %v", name, got, c.want)
		}
	}
}

// TestProbesTakeBackWhatProbesSaid: a trunk that answers OPTIONS may still
// carry no call.
func TestProbesTakeBackWhatProbesSaid(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	bad := func(h *health) { h.begin(); h.bad(now, 0) }
	missed := func(h *health) { h.begin(); h.missed(now, 0) }
	for name, c := range map[string]struct {
		do  []func(*health)
		n   int
		now bool // it takes calls after a probe was answered
	}{
		"probes failed":      {[]func(*health){missed}, breakAfter, true},
		"calls failed":       {[]func(*health){bad}, breakAfter, false},
		"a call among them":  {[]func(*health){missed, bad}, breakAfter, false},
		"a probe among them": {[]func(*health){bad, missed}, breakAfter, false},
	} {
		var h health
		for i := range c.n {
			c.do[i%len(c.do)](&h)
		}
		if h.admits(now) {
			t.Errorf("%s: the breaker did not open", name)
		}
		if h.answered(now); h.admits(now) != c.now {
			t.Errorf("%s: after an answered probe it admits calls: %v", name, !c.now)
		}
	}
	var h health
	bad(&h)
	if h.answered(now); h.failures != 1 {
		t.Errorf("an answered probe forgot the failure of a call")
	}
}

// newProbeRig is a rig whose trunk t1 is the far side and is probed very often.
func newProbeRig(t *testing.T) *rig {
	f := newFar(t)
	at := netip.MustParseAddrPort(f.addr())
	return newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "t1", Host: at.Addr().String(), Port: int(at.Port()), FromDomain: "us.example", Probe: time.Second}}
		o.often = 5 * time.Millisecond
	}).with(f)
}

func (r *rig) with(f *far) *rig { r.far = f; return r }

func TestProbesOpenAndCloseTheBreaker(t *testing.T) {
	r := newProbeRig(t)
	m := r.far.expect("OPTIONS")
	if m.first != "OPTIONS sip:"+r.far.addr()+" SIP/2.0" || !strings.HasPrefix(m.get("From"), "<sip:parley@us.example>;tag=") ||
		m.get("Accept") != "application/sdp" || m.get("Contact") == "" {
		t.Errorf("%q, From %q, Accept %q", m.first, m.get("From"), m.get("Accept"))
	}
	r.far.reply(m, "404 Not Found", "")
	eventually(t, func() bool { return r.state().Probe != nil })
	if s := r.state(); s.Probe.Code != 404 || s.Probe.Err != nil || s.Probe.Addr.String() != r.far.addr() || s.Probe.RTT <= 0 || !s.Takes {
		t.Errorf("a trunk that answers 404: %+v, probe %+v", s, s.Probe)
	}
	for range breakAfter {
		r.far.reply(r.far.expect("OPTIONS"), "500 Server Internal Error", "")
	}
	eventually(t, func() bool { return !r.state().Takes })
	if c := ended(t, r.dial(byTrunk)); !errors.Is(c.Err, ErrTrunkRests) || c.Network != outcome.Congestion {
		t.Errorf("a call to a trunk whose probes fail: %+v", c)
	}
	began := time.Now()
	r.far.reply(r.far.expect("OPTIONS"), "200 OK", "") // the trial, after the breaker's pause
	if pause := time.Since(began); pause < firstPause/2 {
		t.Errorf("the breaker's pause was %v", pause)
	}
	eventually(t, func() bool { return r.state().Takes })
	l := r.Dial(context.Background(), call.Target{To: "+15550009", Trunk: "t1"})
	for {
		m := r.far.next()
		if m.method() == "OPTIONS" {
			r.far.reply(m, "200 OK", "")
			continue
		}
		r.far.reply(m, "486 Busy Here", "")
		break
	}
	if c := ended(t, l); c.Network != outcome.Busy {
		t.Errorf("cause is %+v", c)
	}
}

// TestProbeOfEveryAddress: a silent address comes last for the calls after it,
// and the trunk works as long as one of them does.
func TestProbeOfEveryAddress(t *testing.T) {
	dead, f := newFar(t), newFar(t)
	r := newNamedRig(t, f,
		`_sip._udp.carrier.example. 60 IN SRV 0 0 `+portOf(t, dead)+` edge.carrier.example.`,
		`_sip._udp.carrier.example. 60 IN SRV 1 0 `+portOf(t, f)+` edge.carrier.example.`,
		`edge.carrier.example. 60 IN A 127.0.0.1`,
	)
	type answer struct {
		all []Probed
		err error
	}
	done := make(chan answer)
	go func() {
		all, err := r.Probe(t.Context(), "t1")
		done <- answer{all, err}
	}()
	m := f.expect("OPTIONS")
	if m.first != "OPTIONS sip:carrier.example SIP/2.0" {
		t.Errorf("got %q", m.first)
	}
	f.reply(m, "405 Method Not Allowed", "")
	got := <-done
	if got.err != nil || len(got.all) != 2 || !errors.Is(got.all[0].Err, errNoAnswer) || got.all[1].Code != 405 || got.all[1].Err != nil {
		t.Fatalf("%+v, %v", got.all, got.err)
	}
	if p := summary(got.all, nil); p.Code != 405 || p.Transport != "UDP" {
		t.Errorf("in sum: %+v", p)
	}
	l := r.dial(byTrunk)
	f.reply(f.expect("INVITE"), "486 Busy Here", "")
	f.expect("ACK")
	ended(t, l)
	if _, err := r.Probe(t.Context(), "t9"); !errors.Is(err, ErrTarget) {
		t.Errorf("a trunk that is not there: %v", err)
	}
}
