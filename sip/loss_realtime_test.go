//go:build !race

package sip

import (
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"parley/call"
	"parley/outcome"
)

// lossy stands between us and one far side and loses the first message that
// begins and names its CSeq as it is told.
type lossy struct {
	front, back *net.UDPConn
	near        atomic.Pointer[net.UDPAddr]
	first, cseq string
	lost        atomic.Int64
}

func startLossy(t *testing.T, first, cseq string, far func(port int) *net.UDPAddr) *lossy {
	t.Helper()
	l := &lossy{first: first, cseq: cseq}
	for _, c := range []**net.UDPConn{&l.front, &l.back} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		*c = conn
	}
	to := far(l.port())
	done := make(chan struct{}, 2)
	pump := func(in, out *net.UDPConn, peer func(src *net.UDPAddr) *net.UDPAddr) {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, maxDatagram)
		for {
			n, src, err := in.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if addr := peer(src); addr != nil && !l.loses(buf[:n]) {
				_, _ = out.WriteToUDP(buf[:n], addr)
			}
		}
	}
	go pump(l.front, l.back, func(src *net.UDPAddr) *net.UDPAddr { l.near.Store(src); return to })
	go pump(l.back, l.front, func(*net.UDPAddr) *net.UDPAddr { return l.near.Load() })
	t.Cleanup(func() { l.front.Close(); l.back.Close(); <-done; <-done })
	return l
}

func (l *lossy) port() int { return l.front.LocalAddr().(*net.UDPAddr).Port }

func (l *lossy) loses(b []byte) bool {
	m := readMessage(string(b))
	return strings.HasPrefix(m.first, l.first) && strings.HasSuffix(m.get("CSeq"), l.cseq) && l.lost.Add(1) == 1
}

// TestSIPpThroughLoss: each message of a call is lost once; the call comes to
// its end all the same, and SIPp sees every transaction whole.
func TestSIPpThroughLoss(t *testing.T) {
	// A server repeats its 200 until the ACK comes; ours are repeated by us.
	answer := strings.Replace(replies("200 OK", "a", sippSDP), "<send>", `<send retrans="100">`, 1)
	final := strings.Replace(replies("487 Request Terminated", "a", ""), "<send>", `<send retrans="100">`, 1)
	const linger = "  <timewait milliseconds=\"300\"/>\n"
	talk := script{rings, replies("100 Trying", "", ""), answer, gets("ACK"), parts, linger}
	cancel := script{rings, replies("180 Ringing", "a", ""), gets("CANCEL"), accepts("200 OK", ""), pauses(60), final, gets("ACK"), linger}
	for _, c := range []struct {
		name, first, cseq string
		script            script
		want              outcome.Network
	}{
		{"INVITE", "INVITE", "INVITE", talk, outcome.Answered},
		{"100", "SIP/2.0 100", "INVITE", talk, outcome.Answered},
		{"200 to INVITE", "SIP/2.0 200", "INVITE", talk, outcome.Answered},
		{"ACK", "ACK", "ACK", talk, outcome.Answered},
		{"BYE", "BYE", "BYE", talk, outcome.Answered},
		{"200 to BYE", "SIP/2.0 200", "BYE", talk, outcome.Answered},
		{"CANCEL", "CANCEL", "CANCEL", cancel, outcome.Cancelled},
		{"200 to CANCEL", "SIP/2.0 200", "CANCEL", cancel, outcome.Cancelled},
		{"487", "SIP/2.0 487", "INVITE", cancel, outcome.Cancelled},
		{"ACK to 487", "ACK", "ACK", cancel, outcome.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			var far *sipp
			between := startLossy(t, c.first, c.cseq, func(port int) *net.UDPAddr {
				// The far side's Contact is where its loss happens.
				steps := strings.ReplaceAll(strings.Join(c.script, ""), "sip:[local_ip]:[local_port]", "sip:127.0.0.1:"+strconv.Itoa(port))
				far = script{steps}.start(t)
				return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: far.port}
			})
			r := newRig(t)
			l := r.Dial(t.Context(), call.Target{Call: "c1", Attempt: "a1", To: "sip:callee@127.0.0.1:" + strconv.Itoa(between.port())})
			if c.want == outcome.Cancelled {
				step(t, l, call.Ringing)
			} else {
				untilAnswered(t, l)
				// Its ACK or our next request ends the repetition of its 200.
				eventually(t, func() bool {
					return between.lost.Load() > 1 || c.first == "BYE" || c.cseq == "BYE" || c.first == "SIP/2.0 100"
				})
			}
			hangsUp(t, l)
			if got := ended(t, l); got.Network != c.want || got.By != call.PartyBot {
				t.Errorf("cause is %+v", got)
			}
			far.satisfied()
			if between.lost.Load() == 0 {
				t.Error("nothing was lost")
			}
		})
	}
}
