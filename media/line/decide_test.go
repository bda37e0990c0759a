package line

import (
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"parley/media/rtp"
)

func TestLock(t *testing.T) {
	const ms = time.Millisecond
	said, natted := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.1:5000")
	third, other := netip.MustParseAddrPort("192.0.2.1:6000"), netip.MustParseAddrPort("198.51.100.1:4000")
	type packet struct {
		from netip.AddrPort
		ssrc uint32
		at   time.Duration
		want verdict
	}
	for _, c := range []struct {
		name    string
		packets []packet
	}{
		{"the negotiated port is believed at once", []packet{{said, 1, 0, fresh}, {said, 1, 20 * ms, known}}},
		{"another address never is", []packet{{other, 1, 0, foreign}, {other, 1, 20 * ms, foreign}, {other, 1, 40 * ms, foreign}, {other, 1, time.Second, foreign}}},
		{"another port after probation", []packet{{natted, 1, 0, pending}, {natted, 1, 20 * ms, pending}, {natted, 1, 40 * ms, fresh}, {natted, 1, 60 * ms, known}, {said, 1, 61 * ms, foreign}}},
		{"a burst from another port is no probation", []packet{{natted, 1, 0, pending}, {natted, 1, 0, pending}, {natted, 1, 0, pending}, {natted, 1, 1 * ms, pending}}},
		{"the negotiated port wins within probation", []packet{{natted, 1, 0, pending}, {natted, 1, 20 * ms, pending}, {said, 2, 30 * ms, fresh}, {natted, 1, 40 * ms, foreign}}},
		{"two other ports keep each other out", []packet{{natted, 1, 0, pending}, {third, 2, 20 * ms, pending}, {natted, 1, 40 * ms, pending}, {third, 2, 60 * ms, pending}}},
		{"another SSRC waits for silence", []packet{{said, 1, 0, fresh}, {said, 2, 20 * ms, foreign}, {said, 1, 40 * ms, known}, {said, 2, 99 * ms, foreign}, {said, 2, 100 * ms, fresh}, {said, 1, 101 * ms, foreign}}},
	} {
		k := &lock{}
		k.negotiate(said, 0)
		for i, p := range c.packets {
			if got := k.judge(p.from, rtp.Header{SSRC: p.ssrc}, p.at); got != p.want {
				t.Errorf("%s: packet %d: %v, want %v", c.name, i, got, p.want)
			}
		}
	}

	k := &lock{}
	k.negotiate(said, 0)
	k.judge(said, rtp.Header{SSRC: 1}, 0)
	k.negotiate(said, 10*ms)
	if got := k.judge(said, rtp.Header{SSRC: 2}, 20*ms); got != fresh {
		t.Errorf("another SSRC after a negotiation: %v", got)
	}
	if k.relearn(time.Second) || !k.relearn(3*time.Second) || k.relearn(4*time.Second) {
		t.Error("relearn")
	}
	if got := k.judge(other, rtp.Header{SSRC: 2}, 3*time.Second); got != foreign {
		t.Errorf("another address while relearning: %v", got)
	}
	k.negotiate(other, 5*time.Second)
	if got := k.judge(said, rtp.Header{SSRC: 2}, 5*time.Second); got != foreign {
		t.Errorf("the old address after the new one was negotiated: %v", got)
	}
}

func TestMOS(t *testing.T) {
	for _, c := range []struct {
		delay time.Duration
		loss  float64
		want  float64
	}{
		{0, 0, 4.41}, {60 * time.Millisecond, 0, 4.38}, {400 * time.Millisecond, 0, 3.05},
		{60 * time.Millisecond, 0.02, 4.2}, {60 * time.Millisecond, 0.10, 3.3}, {60 * time.Millisecond, 1, 1.1}, {time.Minute, 1, 1},
	} {
		if got := MOS(c.delay, c.loss); math.Abs(got-c.want) > 0.15 {
			t.Errorf("%v, %.0f %% lost: %.2f, want %.2f", c.delay, 100*c.loss, got, c.want)
		}
	}
}

func TestPortsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := NewPorts(46001, 46006) // 46002 and 46004
		if err != nil {
			t.Fatal(err)
		}
		if p.Free() != 2 {
			t.Fatalf("%d pairs", p.Free())
		}
		a, _ := p.take()
		b, _ := p.take()
		if _, ok := p.take(); ok || a == b || a%2 != 0 || b%2 != 0 {
			t.Fatalf("took %d and %d", a, b)
		}
		p.put(a)
		time.Sleep(drain - time.Second)
		p.put(b)
		if _, ok := p.take(); ok {
			t.Error("a port was taken before it had rested")
		}
		time.Sleep(time.Second)
		if got, ok := p.take(); !ok || got != a {
			t.Errorf("took %d, want %d", got, a)
		}
		if _, ok := p.take(); ok {
			t.Error("the second port had not rested")
		}
	})
}

func TestPortsInUse(t *testing.T) {
	p, err := NewPorts(46010, 46013)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else has one pair's RTCP port.
	blocker, err := listen(netip.AddrPortFrom(loopback, 46011))
	if err != nil {
		t.Skip(err)
	}
	defer blocker.close()
	l, err := Open(Options{Local: loopback, Ports: p})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Local().Port() != 46012 {
		t.Errorf("opened %v", l.Local())
	}
	if _, err := Open(Options{Local: loopback, Ports: p}); err == nil {
		t.Error("a third line found a port")
	}
	for _, c := range [][2]int{{80, 90}, {5000, 5000}, {65535, 65535}, {5000, 70000}, {6000, 5000}} {
		if _, err := NewPorts(c[0], c[1]); err == nil {
			t.Errorf("%v was accepted", c)
		}
	}
}
