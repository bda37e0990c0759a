package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
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

// bind opens the sockets that others send to. TCP has the port of UDP: where
// the system chooses, it may have to choose again.
func (s *Stack) bind(o Options) error {
	for tries := 0; ; tries++ {
		err := s.bindOnce(o)
		if err == nil {
			return nil
		}
		s.unbind()
		if o.Listen.Port() != 0 || tries >= 20 {
			return err
		}
	}
}

func (s *Stack) bindOnce(o Options) error {
	conn, err := listen(o.Listen)
	if err != nil {
		return err
	}
	s.sock = &socket{conn: conn, tell: s.tell}
	s.local = netip.AddrPortFrom(o.Listen.Addr(), conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	if o.TCP {
		if s.tcp, err = listenStream(s.local); err != nil {
			return err
		}
	}
	if o.TLS == nil {
		return nil
	}
	if s.tlsConfig, err = o.TLS.config(); err != nil {
		return fmt.Errorf("SIP over TLS: %w", err)
	}
	s.tls, err = listenStream(netip.AddrPortFrom(o.Listen.Addr(), o.TLS.Port))
	return err
}

// unbind closes the sockets that others send to.
func (s *Stack) unbind() {
	if s.sock != nil {
		_ = s.sock.conn.Close()
	}
	for _, l := range []*net.Listener{&s.tcp, &s.tls} {
		if *l != nil {
			_ = (*l).Close()
		}
	}
}

// listen reads and accepts on every socket. The channel tells of each reader's
// end, and is closed after the last.
func (s *Stack) listen() <-chan error {
	broken := make(chan error, 3)
	var readers sync.WaitGroup
	readers.Go(func() { broken <- s.sock.read(s.hear) })
	if s.tcp != nil {
		readers.Go(func() { broken <- s.conns.accept(s.tcp, nil) })
	}
	if s.tls != nil {
		readers.Go(func() { broken <- s.conns.accept(s.tls, s.tlsConfig) })
	}
	go func() { readers.Wait(); close(broken) }()
	return broken
}

// portFor is the port that a peer reaches us at over this transport.
func (s *Stack) portFor(via transport) uint16 {
	if via == tls && s.tls != nil {
		return s.TLSAddr().Port()
	}
	return s.local.Port()
}

// mayConnect: peers may, and strangers at the rate at which they are heard at
// all.
func (s *Stack) mayConnect(from netip.Addr) bool {
	now := time.Now()
	if s.isPeer(from) || s.strangers.allow(from, now) && s.unknown.AllowN(now, 1) {
		return true
	}
	s.count.strangers.Add(1)
	return false
}

// listenStream binds a TCP socket.
func listenStream(addr netip.AddrPort) (net.Listener, error) {
	l, err := net.ListenTCP(network("tcp", addr.Addr()), net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("listen for SIP on %s: %w", addr, err)
	}
	return l, nil
}

// listen binds the UDP socket.
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

// network is the name for package net of a kind of socket bound to an address:
// one family only, as the sound has one family only.
func network(kind string, at netip.Addr) string {
	if at.Is4() {
		return kind + "4"
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
