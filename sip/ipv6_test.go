package sip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/media/line"
	"parley/outcome"
)

// newFar6 is a far side on the IPv6 loopback, where there is one.
func newFar6(t *testing.T) *far {
	t.Helper()
	probe, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skipf("this machine has no IPv6 loopback: %v", err)
	}
	probe.Close()
	return newFarAt(t, &net.UDPAddr{IP: net.IPv6loopback})
}

func onIPv6(o *Options) { o.Listen = netip.MustParseAddrPort("[::1]:0") }

// TestCallOverIPv6 with real RTP in both directions.
func TestCallOverIPv6(t *testing.T) {
	f := newFar6(t)
	rtp, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	ports, err := line.NewPorts(43000, 43098)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, onIPv6, func(o *Options) { o.OpenMedia = OverLine(netip.IPv6Loopback(), ports) })
	r.far = f
	l := r.dial()
	invite := f.expect("INVITE")
	us := r.Addr().String()
	for header, want := range map[string]string{
		"Via": "SIP/2.0/UDP " + us + ";", "Contact": "<sip:parley@" + us + ">", "From": "<sip:+15550001@[::1]>;",
		"To": "<sip:1001@" + f.addr() + ">",
	} {
		if got := invite.get(header); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if want := "INVITE sip:1001@" + f.addr() + " SIP/2.0"; invite.first != want {
		t.Errorf("the request line is %q, want %q", invite.first, want)
	}
	if strings.Count(invite.body, "IN IP6 ::1\r\n") != 2 || strings.Contains(invite.body, "IP4") {
		t.Errorf("the offer is %q", invite.body)
	}
	answer := strings.NewReplacer("IN IP4 127.0.0.1", "IN IP6 ::1", "40000", fmt.Sprint(rtp.LocalAddr().(*net.UDPAddr).Port)).Replace(sdp)
	f.reply(invite, "200 OK", answer)
	f.expect("ACK")
	step(t, l, call.Answered)
	tone := make([]int16, 160)
	for i := range tone {
		tone[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/8000))
	}
	var in media.Frame
	eventually(t, func() bool {
		if err := l.ReadFrame(&in); err != nil {
			t.Fatal(err)
		}
		if err := l.WriteFrame(media.Frame{At: in.At, Rate: media.Rate8k, PCM: tone}); err != nil {
			t.Fatal(err)
		}
		_ = rtp.SetReadDeadline(time.Now().Add(time.Millisecond))
		b := make([]byte, 2048)
		if n, from, err := rtp.ReadFromUDP(b); err == nil && n > 12 {
			_, _ = rtp.WriteToUDP(withSource(b[:n], 0x01020304), from) // another's voice, not an echo of ours
		}
		m := l.Media()
		return m.Sent > 0 && m.Received > 5 && in.Flags&media.Silence == 0
	})
	f.expectReply(200, f.ask("BYE", invite, ""))
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
}

// withSource is an RTP packet with another SSRC.
func withSource(packet []byte, ssrc uint32) []byte {
	p := append([]byte(nil), packet...)
	p[8], p[9], p[10], p[11] = byte(ssrc>>24), byte(ssrc>>16), byte(ssrc>>8), byte(ssrc)
	return p
}

func TestTCPOverIPv6(t *testing.T) {
	newFar6(t)
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	f := newStreamFarOn(t, l, nil)
	r := newRig(t, onIPv6, withTCP)
	leg, invite := answeredOver(t, r, f, f.target())
	if c := invite.get("Contact"); c != "<sip:parley@"+r.Addr().String()+";transport=tcp>" {
		t.Errorf("Contact is %q", c)
	}
	c := dialStack(t, r.Addr())
	f.say(c, f.request("BYE", invite.message, "9 BYE", ""))
	if m := readOne(t, c); !strings.HasPrefix(m.first, "SIP/2.0 200 ") {
		t.Errorf("the answer is %q", m.first)
	}
	ended(t, leg)
}

// TestTrunkOverIPv6: literals of a configuration in brackets and without.
func TestTrunkOverIPv6(t *testing.T) {
	f := newFar6(t)
	for _, host := range []string{"::1", "[::1]"} {
		r := newRig(t, onIPv6, func(o *Options) {
			o.Trunks = []Trunk{{Name: "t1", Host: host, Port: int(netip.MustParseAddrPort(f.addr()).Port()), CallerID: "+15550001"}}
		})
		l := r.Dial(context.Background(), call.Target{Trunk: "t1", To: "+15550009"})
		invite := f.expect("INVITE")
		if want := "INVITE sip:+15550009@" + f.addr() + " SIP/2.0"; invite.first != want {
			t.Errorf("%s: the request line is %q, want %q", host, invite.first, want)
		}
		f.reply(invite, "486 Busy Here", "")
		f.expect("ACK")
		if c := ended(t, l); c.Network != outcome.Busy {
			t.Errorf("cause is %+v", c)
		}
	}
}

// TestTheOtherIPVersion is refused in words, not by the kernel.
func TestTheOtherIPVersion(t *testing.T) {
	r := newRig(t)
	c := ended(t, r.Dial(context.Background(), call.Target{To: "sip:x@[2001:db8::1]"}))
	if c.Rang || !errors.Is(c.Err, ErrTarget) || !strings.Contains(c.Err.Error(), "IP version") {
		t.Errorf("cause is %+v", c)
	}
}
