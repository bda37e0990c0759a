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

// socket is our UDP socket.
type socket struct {
	conn *net.UDPConn
	tell func(at time.Time, b []byte, peer hop, sent bool)
}

// listen binds the UDP socket. The unspecified IPv6 address hears IPv4 as well.
func listen(addr netip.AddrPort) (*net.UDPConn, error) {
	conn, err := net.ListenUDP(network("udp", addr.Addr()), net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("listen for SIP on %s: %w", addr, err)
	}
	// A burst of answers must not be lost while one message is handled; the
	// kernel may grant less, which is no error.
	_ = conn.SetReadBuffer(4 << 20)
	return conn, nil
}

// network is the name for package net of a kind of socket bound to an address.
func network(kind string, at netip.Addr) string {
	switch {
	case at.Is4():
		return kind + "4"
	case at.IsUnspecified():
		return kind
	}
	return kind + "6"
}

// read hands every datagram to hear, which must not keep it. It ends when the
// socket is closed; other read errors are passing (ICMP), and bounded in a row.
func (s *socket) read(hear func(data []byte, src hop)) error {
	b := make([]byte, maxDatagram+1)
	for failures := 0; ; {
		n, src, err := s.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if failures++; errors.Is(err, net.ErrClosed) || failures > 1000 {
				return err
			}
			continue
		}
		failures = 0
		if n > 0 && n <= maxDatagram {
			hear(b[:n], hop{addr: netip.AddrPortFrom(src.Addr().Unmap(), src.Port())})
		}
	}
}

func (s *socket) write(b []byte, to netip.AddrPort) error {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	at := time.Now() // the answer may be heard before the write returns
	if _, err := s.conn.WriteToUDPAddrPort(b, to); err != nil {
		return err
	}
	s.tell(at, b, hop{addr: to}, true)
	return nil
}

// tell shows a message to who traces.
func (s *Stack) tell(at time.Time, b []byte, peer hop, sent bool) {
	if s.trace == nil {
		return
	}
	raw := string(b)
	first, _, _ := strings.Cut(raw, "\r\n")
	s.trace(TraceMessage{
		At: at, Sent: sent, Peer: peer.addr, Transport: peer.via.String(), First: first,
		CallID: rawCallID(raw), Raw: withoutKeys(b),
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
