package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
)

// Callee is the other process of Dial: it answers every INVITE with 200 at once
// and every BYE with 200, on one UDP socket, by the bytes of the request and
// without a SIP stack, so that it is never the slower side. Its address is the
// one line it prints; it serves until in ends.
func Callee(ctx context.Context, in io.Reader, out io.Writer) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("open the callee's socket: %w", err)
	}
	_ = conn.SetReadBuffer(8 << 20) // bursts of ACKs; the kernel may grant less
	c := &callee{conn: conn}
	ended := make(chan error, 1)
	go func() { ended <- c.serve() }()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := json.NewEncoder(out).Encode(calleeAt{Addr: conn.LocalAddr().String()}); err != nil {
		return errors.Join(fmt.Errorf("tell the callee's address: %w", err), conn.Close())
	}
	_, _ = io.Copy(io.Discard, in)
	conn.Close()
	return <-ended
}

// calleeAt is what Callee prints.
type calleeAt struct {
	Addr string `json:"addr"`
}

type callee struct {
	conn *net.UDPConn
	tags atomic.Uint64
	out  []byte
}

func (c *callee) serve() error {
	at := c.conn.LocalAddr().String()
	buf := make([]byte, 1<<16)
	for {
		n, src, err := c.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			continue // an ICMP answer to one of ours
		}
		c.answer(buf[:n], src, at)
	}
}

// calleeSDP answers any offer with G.711 on the discard port.
const calleeSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=inactive\r\n"

// answer copies the headers that RFC 3261 section 8.2.6.2 has copied.
func (c *callee) answer(req []byte, src netip.AddrPort, at string) {
	invite := bytes.HasPrefix(req, []byte("INVITE "))
	if !invite && !bytes.HasPrefix(req, []byte("BYE ")) {
		return
	}
	out := append(c.out[:0], "SIP/2.0 200 OK\r\n"...)
	head, _, _ := bytes.Cut(req, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "Via", "From", "Call-ID", "CSeq":
			out = append(append(out, line...), "\r\n"...)
		case "To":
			out = append(out, line...)
			if invite && !bytes.Contains(line, []byte(";tag=")) {
				out = fmt.Appendf(out, ";tag=%x", c.tags.Add(1))
			}
			out = append(out, "\r\n"...)
		}
	}
	out = fmt.Appendf(out, "Contact: <sip:callee@%s>\r\n", at)
	if invite {
		out = fmt.Appendf(out, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(calleeSDP), calleeSDP)
	} else {
		out = append(out, "Content-Length: 0\r\n\r\n"...)
	}
	c.out = out
	_, _ = c.conn.WriteToUDPAddrPort(out, src)
}
