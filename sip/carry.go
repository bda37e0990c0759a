package sip

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// unfragmented is the longest request that UDP may carry where TCP is an
// alternative (RFC 3261 section 18.1.1).
const unfragmented = 1300

// largeWay remembers that a trunk refused TCP, so that not every large request
// waits for it.
type largeWay struct {
	mu    sync.Mutex
	until time.Time
}

const (
	// largePatience bounds how long a large request waits for TCP before it
	// goes over UDP, which an INVITE must still be permitted to do.
	largePatience = permission * 2 / 5
	// largeRest is for how long TCP is not tried again after that.
	largeRest = 10 * time.Minute
)

func (w *largeWay) open(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return now.After(w.until)
}

func (w *largeWay) close(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = now.Add(largeRest)
}

// carry chooses how a request travels: over the connection to its hop, which is
// opened if need be, and over TCP where it is too large for the UDP of a trunk
// that takes both.
func (s *Stack) carry(ctx context.Context, req *sip.Request, to hop) (hop, error) {
	if to.via != udp {
		c, err := s.conns.connect(ctx, to)
		if err != nil && to.instead != nil && ctx.Err() == nil {
			return s.carry(ctx, req, *to.instead)
		}
		to.conn = c
		return to, err
	}
	a := to.account
	if a == nil || !a.LargeOverTCP || len(textOf(req)) <= unfragmented || !a.large.open(time.Now()) {
		return to, nil
	}
	patience := largePatience
	if due, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(due)/2)
	}
	own, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	large := to
	large.via = tcp
	c, err := s.conns.connect(own, large)
	switch {
	case err == nil:
		large.conn = c
		return large, nil
	case ctx.Err() != nil:
		return to, err // it says nothing about the trunk
	case own.Err() == nil || patience == largePatience:
		a.large.close(time.Now())
		s.log.Warn("a large request goes over UDP, because the trunk takes no TCP", "trunk", a.Name, "error", err)
	}
	return to, nil
}

// put writes a message to a hop that carry chose, until due or not at all; the
// zero value sets no such bound.
func (s *Stack) put(b []byte, to hop, due time.Time) error {
	if to.conn == nil {
		if !due.IsZero() && !time.Now().Before(due) {
			return errOverdue
		}
		return s.sock.write(b, to.addr)
	}
	sent := time.Now() // its answer may be here before us
	if err := to.conn.writeBy(b, due); err != nil {
		return err
	}
	s.tell(sent, b, to, true)
	return nil
}

// deliver writes a message that nobody waits for; where its connection is gone
// it opens another and does not wait either.
func (s *Stack) deliver(b []byte, to hop) error {
	if to.via == udp {
		return s.sock.write(b, to.addr)
	}
	if to.conn = s.conns.find(to); to.conn != nil {
		return s.put(b, to, time.Time{})
	}
	s.conns.spawn(func() {
		c, err := s.conns.connect(context.Background(), to)
		switch to.conn = c; {
		case err == nil:
			err = s.put(b, to, time.Time{})
		case to.instead != nil:
			err = s.deliver(b, *to.instead)
		}
		if err != nil && !errors.Is(err, ErrClosed) {
			s.log.Warn("a SIP message was not sent", "error", err)
		}
	})
	return nil
}

// send writes a message that has no transaction: an ACK for a 2xx, a stateless
// response.
func (s *Stack) send(m sip.Message, to hop) {
	if req, ok := m.(*sip.Request); ok && req.Transport() != to.via.String() {
		setVia(req, to.via, s.addressTowards(to))
	}
	s.write(textOf(m), to)
}

// write is send for a message in writing.
func (s *Stack) write(text []byte, to hop) {
	if err := s.deliver(text, to); err != nil && !errors.Is(err, net.ErrClosed) {
		s.log.Warn("a SIP message was not sent", "error", err, "peer", to.addr.Addr())
	}
}
