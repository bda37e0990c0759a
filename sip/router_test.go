package sip

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/outcome"
)

// pair is a stack with two trunks, the first of which is preferred.
type pair struct {
	*rig
	first, second *far
	dialer        call.Dialer
}

func newPair(t *testing.T, change ...func(*Options)) *pair {
	p := &pair{first: newFar(t), second: newFar(t)}
	p.rig = newRig(t, append([]func(*Options){func(o *Options) {
		for i, f := range []*far{p.first, p.second} {
			at := netip.MustParseAddrPort(f.addr())
			o.Trunks = append(o.Trunks, Trunk{Name: []string{"t1", "t2"}[i], Host: at.Addr().String(), Port: int(at.Port()), Priority: i})
		}
	}}, change...)...)
	p.dialer = p.Router(p.Stack)
	return p
}

func (p *pair) dial() call.Leg {
	return p.dialer.Dial(context.Background(), call.Target{Call: "c1", Attempt: "a1", To: "+15550009"})
}

// quiet: nothing but retransmissions has reached this far side.
func quiet(t *testing.T, f *far) {
	t.Helper()
	for {
		select {
		case m := <-f.got:
			if m.method() == "INVITE" {
				t.Errorf("it was called: %s", m.first)
			}
		default:
			return
		}
	}
}

func TestSecondTrunkTakesOver(t *testing.T) {
	p := newPair(t)
	l := p.dial()
	var f media.Frame
	if err := l.ReadFrame(&f); err != nil || f.At != 0 {
		t.Fatalf("the first frame is at %v, %v", f.At, err)
	}
	one := p.first.expect("INVITE")
	p.first.reply(one, "100 Trying", "")
	p.first.reply(one, "503 Service Unavailable", "", "Retry-After: 60")
	p.first.expect("ACK")
	two := p.second.expect("INVITE")
	if two.get("Call-ID") == one.get("Call-ID") || two.get("X-Parley-Attempt") != "a1" {
		t.Errorf("the second INVITE has Call-ID %q and attempt %q", two.get("Call-ID"), two.get("X-Parley-Attempt"))
	}
	p.second.reply(two, "180 Ringing", "")
	step(t, l, call.Ringing)
	p.second.reply(two, "200 OK", sdp)
	p.second.expect("ACK")
	step(t, l, call.Answered)
	if h, ok := call.As[call.Holder](l); !ok || h.Held() != l.(*routed).current.Load().leg.(*leg).Held() {
		t.Error("the leg that has the call now is hidden")
	}
	if err := l.ReadFrame(&f); err != nil || f.At != media.Tick {
		t.Errorf("the clock stands at %v, %v, want %v", f.At, err, media.Tick)
	}
	p.second.expectReply(200, p.second.ask("BYE", two, ""))
	if c := ended(t, l); c.Network != outcome.Answered || c.Trunk != "t2" || c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
	// The first one asked for a minute's rest.
	l = p.dial()
	two = p.second.expect("INVITE")
	p.second.reply(two, "486 Busy Here", "")
	p.second.expect("ACK")
	ended(t, l)
	quiet(t, p.first)
	only := ended(t, p.Dial(context.Background(), call.Target{To: "+15550009", Trunk: "t1"}))
	if !errors.Is(only.Err, ErrTrunkRests) || only.Rang || only.Network != outcome.Congestion {
		t.Errorf("a call to the resting trunk alone: %+v", only)
	}
}

// TestNothingRingsTwice: what must not reach the second trunk.
func TestNothingRingsTwice(t *testing.T) {
	for name, script := range map[string]func(p *pair, m message){
		"503 after 180": func(p *pair, m message) {
			p.first.reply(m, "180 Ringing", "")
			p.first.reply(m, "503 Service Unavailable", "")
		},
		"503 after 183": func(p *pair, m message) {
			p.first.reply(m, "183 Session Progress", sdp)
			p.first.reply(m, "503 Service Unavailable", "")
		},
		"busy":              func(p *pair, m message) { p.first.reply(m, "486 Busy Here", "") },
		"busy by its cause": func(p *pair, m message) { p.first.reply(m, "503 Service Unavailable", "", "Reason: Q.850;cause=17") },
		"500":               func(p *pair, m message) { p.first.reply(m, "500 Server Internal Error", "") },
		"504":               func(p *pair, m message) { p.first.reply(m, "504 Server Time-out", "") },
		"silence":           func(*pair, message) {},
		"silence after 100": func(p *pair, m message) {
			p.first.reply(m, "100 Trying", "")
			p.first.reply(m, "408 Request Timeout", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			l := p.dial()
			script(p, p.first.expect("INVITE"))
			if c := ended(t, l); c.Network == outcome.Answered || c.Trunk != "t1" {
				t.Errorf("cause is %+v", c)
			}
			quiet(t, p.second)
		})
	}
}

func TestHangupBetweenTwoTrunks(t *testing.T) {
	p := newPair(t)
	l := p.dial()
	one := p.first.expect("INVITE")
	hang(l)
	p.first.reply(one, "503 Service Unavailable", "")
	p.first.expect("ACK")
	ended(t, l)
	quiet(t, p.second)
}

// late is a gate that lets only the first INVITE pass.
type late struct {
	next  call.Dialer
	asked int
}

func (g *late) Dial(ctx context.Context, t call.Target) call.Leg {
	if g.asked++; g.asked > 1 {
		return call.Refused(call.Cause{Network: outcome.Cancelled, By: call.PartyBot, Retryable: true, Err: errors.New("too late")})
	}
	return g.next.Dial(ctx, t)
}

// TestGateIsAskedAgain: the second INVITE needs its own permission; without,
// what the first trunk said stands.
func TestGateIsAskedAgain(t *testing.T) {
	p := newPair(t)
	g := &late{next: p.Stack}
	p.dialer = p.Router(g)
	l := p.dial()
	p.first.reply(p.first.expect("INVITE"), "503 Service Unavailable", "")
	p.first.expect("ACK")
	c := ended(t, l)
	if c.SIP != 503 || c.Trunk != "t1" || c.Network != outcome.Congestion || g.asked != 2 {
		t.Errorf("asked %d times, cause is %+v", g.asked, c)
	}
	quiet(t, p.second)
}

func TestTargetsOfTheRouter(t *testing.T) {
	p := newPair(t, func(o *Options) { o.Trunks[0].Dial.Callee = []Rewrite{{Prefix: "+44"}} })
	for name, c := range map[string]struct {
		target call.Target
		far    *far
		want   error
	}{
		"by the number":   {call.Target{To: "+15550009"}, p.second, nil},
		"the other":       {call.Target{To: "+441632960000"}, p.first, nil},
		"named":           {call.Target{To: "+441632960000", Trunk: "t2"}, p.second, nil},
		"both named":      {call.Target{To: "+441632960000", Trunk: "t2, t1"}, p.first, nil},
		"URI":             {call.Target{To: "sip:x@" + p.second.addr()}, p.second, nil},
		"proxy":           {call.Target{To: "+15550009", Proxy: p.first.addr()}, p.first, nil},
		"unknown":         {call.Target{To: "+15550009", Trunk: "t3"}, nil, ErrTarget},
		"unknown of many": {call.Target{To: "+15550009", Trunk: "t1,t3"}, nil, ErrTarget},
		"none takes it":   {call.Target{To: "+15550009", Trunk: "t1,t1"}, nil, ErrNoTrunk},
	} {
		t.Run(name, func(t *testing.T) {
			l := p.dialer.Dial(context.Background(), c.target)
			if c.far != nil {
				c.far.reply(c.far.expect("INVITE"), "486 Busy Here", "")
				c.far.expect("ACK")
			}
			if got := ended(t, l); c.want != nil && !errors.Is(got.Err, c.want) || got.Rang {
				t.Errorf("cause is %+v, want %v", got, c.want)
			}
		})
	}
}

func TestBreakerOpensOnSilence(t *testing.T) {
	p := newPair(t)
	for range breakAfter {
		p.trunks["t1"].judge(call.Cause{Network: outcome.Timeout, Err: ErrNoResponse}, 0)
	}
	l := p.dial()
	p.second.reply(p.second.expect("INVITE"), "404 Not Found", "")
	p.second.expect("ACK")
	if c := ended(t, l); c.Trunk != "t2" {
		t.Errorf("cause is %+v", c)
	}
	if p.trunks["t1"].choice("+15550009", time.Now().Add(firstPause)).admits == false {
		t.Error("the trunk never gets a call again")
	}
}
