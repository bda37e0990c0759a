package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// streamLimits bound what TCP and TLS connections may cost.
type streamLimits struct {
	dial      time.Duration // for TCP and the TLS handshake together
	handshake time.Duration // for a TLS handshake of the far side
	message   time.Duration // from the first byte of a message to its last
	write     time.Duration
	idle      time.Duration // without a message and a call, until it is closed
	source    int           // connections from one address
	total     int           // connections that we open, and as many that others do
}

func defaultLimits() streamLimits {
	return streamLimits{
		dial: 5 * time.Second, handshake: 5 * time.Second, message: 10 * time.Second, write: 5 * time.Second,
		idle: 3 * time.Minute, source: 32, total: 1024,
	}
}

// pongPause is how often a ping is answered at most; they come every 30 seconds.
const pongPause = time.Second

var (
	// ErrConnection: a TCP or TLS connection could not be opened, or broke.
	ErrConnection = errors.New("there is no connection to the far side")

	errIdle   = errors.New("nobody used it")
	errFarEnd = errors.New("the far side closed it")
	errSlow   = errors.New("a message did not end in time")
)

// conn is one TCP or TLS connection. One goroutine reads it; anybody may write.
type conn struct {
	via    transport
	peer   netip.AddrPort
	sock   net.Conn
	limits streamLimits
	key    connKey // of one that we opened
	ours   bool    // we opened it

	holds atomic.Int32 // calls that need it
	used  atomic.Int64 // when something was read or written last, in Unix nanoseconds
	heard atomic.Int64 // when something was read last

	writing sync.Mutex
	ending  sync.Once
	forget  func(*conn) // takes it out of the pool
	err     error       // why it is gone, written before gone is closed
	gone    chan struct{}
	// lost is closed later than gone: when what had been read is taken up.
	lost  chan struct{}
	taken sync.WaitGroup // responses on their way to a transaction
}

func newConn(via transport, sock net.Conn, peer netip.AddrPort, limits streamLimits, forget func(*conn)) *conn {
	c := &conn{
		via: via, peer: peer, sock: sock, limits: limits, forget: forget,
		gone: make(chan struct{}), lost: make(chan struct{}),
	}
	c.used.Store(time.Now().UnixNano())
	return c
}

// isGone reports whether the connection is of no more use.
func (c *conn) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// pause waits so long; false when the connection is gone by then.
func (c *conn) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.gone:
		return false
	}
}

// fail ends the connection; the first reason stands.
func (c *conn) fail(why error) {
	c.ending.Do(func() {
		c.err = fmt.Errorf("%w: %s with %s: %w", ErrConnection, c.via, c.peer, why)
		close(c.gone)
		c.forget(c)
		_ = c.sock.Close()
	})
}

// write sends one message, or fails the connection: after half a message
// nothing that follows could be understood.
func (c *conn) write(b []byte) error { return c.writeBy(b, time.Time{}) }

// writeBy is write for a message that is sent until due or not at all; the zero
// value sets no such bound.
func (c *conn) writeBy(b []byte, due time.Time) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.isGone() {
		return c.err
	}
	limit := time.Now().Add(c.limits.write)
	if !due.IsZero() {
		if !time.Now().Before(due) {
			return errOverdue
		}
		if due.Before(limit) {
			limit = due
		}
	}
	_ = c.sock.SetWriteDeadline(limit)
	if _, err := c.sock.Write(b); err != nil {
		c.fail(err)
		return c.err
	}
	c.used.Store(time.Now().UnixNano())
	return nil
}

// read hands every message to hear, which must not keep it, until the
// connection ends. What cannot be framed ends it.
func (c *conn) read(hear func([]byte)) {
	c.fail(c.follow(hear))
	c.taken.Wait()
	close(c.lost)
}

func (c *conn) follow(hear func([]byte)) error {
	var (
		buf   = make([]byte, 4096)
		n     int       // bytes of buf not taken yet
		begun bool      // they are the beginning of a message
		half  time.Time // when half a ping came last
		pong  time.Time // when a ping was answered last
	)
	for {
		rest := buf[:n]
		for {
			for bytes.HasPrefix(rest, lineEnd) {
				rest = rest[len(lineEnd):]
				if time.Since(half) < time.Second {
					half = time.Time{}
					if time.Since(pong) < pongPause {
						continue // no rate is asked for pings
					}
					pong = time.Now()
					if err := c.write(lineEnd); err != nil { // RFC 5626 section 4.4.1
						return err
					}
				} else {
					half = time.Now()
				}
			}
			size, err := frame(rest)
			if err != nil {
				return err
			}
			if size == 0 {
				break
			}
			hear(rest[:size])
			rest, begun, half = rest[size:], false, time.Time{}
		}
		n = copy(buf, rest)
		if n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...) // frame bounds it
		}
		switch {
		case n == 0:
			begun = false
			_ = c.sock.SetReadDeadline(time.Time{})
		case !begun:
			begun = true
			_ = c.sock.SetReadDeadline(time.Now().Add(c.limits.message))
		}
		more, err := c.sock.Read(buf[n:])
		n += more
		if more > 0 {
			now := time.Now().UnixNano()
			c.used.Store(now)
			c.heard.Store(now)
		}
		switch {
		case err == nil, more > 0:
			continue // an error comes again
		case errors.Is(err, io.EOF):
			return errFarEnd
		case isTimeout(err):
			return errSlow
		default:
			return err
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
