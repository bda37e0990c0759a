package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// maxDatagram bounds what is read as one SIP message; longer ones are dropped.
const maxDatagram = 16 << 10

// TraceMessage is one SIP message on the wire.
type TraceMessage struct {
	At   time.Time
	Sent bool // by us
	Peer netip.AddrPort
	// Transport is UDP, TCP or TLS.
	Transport string
	// CallID is the message's Call-ID; it begins with call.Target.Call.
	CallID string
	// First is the request or status line, Raw all of it. Both may hold phone
	// numbers: for the operator's eyes, not for logs.
	First string
	Raw   []byte
}

// socket is the UDP socket under sipgo's transport. sipgo reads whatever comes
// and starts a goroutine for each; so everything is screened here, before it:
// size, source, rate, and a parser that may panic.
type socket struct {
	conn   *net.UDPConn
	screen func(data []byte, src hop) bool
	trace  func(TraceMessage)
}

func listen(addr netip.AddrPort) (*net.UDPConn, error) {
	network := "udp4"
	if addr.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("listen for SIP on %s: %w", addr, err)
	}
	// A burst of answers must not be lost while one message is handled; the
	// kernel may grant less, which is no error.
	_ = conn.SetReadBuffer(4 << 20)
	return conn, nil
}

// ReadFrom gives sipgo only what passed the screen. It ends when the socket is
// closed; other read errors are passing (ICMP), and bounded in a row.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		n, src, err := s.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if failures++; errors.Is(err, net.ErrClosed) || failures > 1000 {
				return 0, nil, err
			}
			continue
		}
		failures = 0
		src = netip.AddrPortFrom(src.Addr().Unmap(), src.Port())
		if n == 0 || n > maxDatagram || n == len(b) || !s.screen(b[:n], hop{addr: src}) {
			continue
		}
		return n, net.UDPAddrFromAddrPort(src), nil
	}
}

func (s *socket) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("send to %s: not a UDP address", addr)
	}
	return s.write(b, to.AddrPort())
}

func (s *socket) write(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	n, err := s.conn.WriteToUDPAddrPort(b, to)
	if err == nil {
		s.tell(b, hop{addr: to}, true)
	}
	return n, err
}

func (s *socket) tell(b []byte, peer hop, sent bool) {
	if s.trace == nil {
		return
	}
	raw := string(b)
	first, _, _ := strings.Cut(raw, "\r\n")
	s.trace(TraceMessage{
		At: time.Now(), Sent: sent, Peer: peer.addr, Transport: peer.via.String(), First: first, CallID: rawCallID(raw), Raw: withoutKeys(b),
	})
}

// rawCallID finds the Call-ID in unparsed text.
func rawCallID(raw string) string {
	for line := range strings.SplitSeq(raw, "\r\n") {
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "Call-ID") || strings.EqualFold(name, "i") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (s *socket) LocalAddr() net.Addr                { return s.conn.LocalAddr() }
func (s *socket) Close() error                       { return s.conn.Close() }
func (s *socket) SetDeadline(t time.Time) error      { return s.conn.SetDeadline(t) }
func (s *socket) SetReadDeadline(t time.Time) error  { return s.conn.SetReadDeadline(t) }
func (s *socket) SetWriteDeadline(t time.Time) error { return s.conn.SetWriteDeadline(t) }
