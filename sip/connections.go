package sip

import (
	"context"
	cryptotls "crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// connKey is what a connection of ours is shared by: requests to one address
// for one trunk, whose certificate was checked. Without a trunk the name that
// was checked is part of it.
type connKey struct {
	via     transport
	addr    netip.AddrPort
	account *account
	name    string
}

func connKeyOf(to hop) connKey {
	k := connKey{via: to.via, addr: to.addr, account: to.account}
	if to.account == nil && to.via == tls {
		k.name = to.name
	}
	return k
}

// connections are all TCP and TLS connections of a stack (RFC 3261 section 18):
// one of ours per peer, opened when it is needed and used again, and those that
// peers opened.
type connections struct {
	limits streamLimits
	local  netip.Addr // ours are opened from it
	hear   func([]byte, hop)
	// admit decides who may connect at all.
	admit   func(netip.Addr) bool
	refused *atomic.Int64 // counts connections over the limits
	log     *slog.Logger

	mu      sync.Mutex
	shut    bool
	all     map[*conn]struct{}
	taken   int // of all, those that peers opened
	out     map[connKey]*conn
	dialing map[connKey]*dialing
	sources map[netip.Addr]int // connections that this address opened
	work    sync.WaitGroup
}

// dialing is a connection that is being opened; whoever needs it waits for it.
type dialing struct {
	cancel context.CancelFunc
	done   chan struct{}
	conn   *conn
	err    error
}

func newConnections(limits streamLimits, local netip.Addr) *connections {
	return &connections{
		limits: limits, local: local, all: map[*conn]struct{}{}, out: map[connKey]*conn{},
		dialing: map[connKey]*dialing{}, sources: map[netip.Addr]int{},
	}
}

// find is the open connection to a hop, nil without one.
func (cs *connections) find(to hop) *conn {
	if to.conn != nil && !to.conn.isGone() {
		return to.conn
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.out[connKeyOf(to)]
}

// connect finds or opens the connection to a hop; it waits for ctx and
// limits.dial at most. An error means that nothing was sent.
func (cs *connections) connect(ctx context.Context, to hop) (*conn, error) {
	if to.conn != nil && !to.conn.isGone() {
		return to.conn, nil
	}
	key := connKeyOf(to)
	cs.mu.Lock()
	if cs.shut {
		cs.mu.Unlock()
		return nil, ErrClosed
	}
	if c := cs.out[key]; c != nil {
		cs.mu.Unlock()
		return c, nil
	}
	d := cs.dialing[key]
	if d == nil {
		if len(cs.all)-cs.taken+len(cs.dialing) >= cs.limits.total {
			cs.mu.Unlock()
			return nil, fmt.Errorf("%w: all %d connections that we may open are open; take trunks out, or give them UDP", ErrConnection, cs.limits.total)
		}
		d = cs.begin(key, to)
	}
	cs.mu.Unlock()
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %s with %s: %w", ErrConnection, to.via, to.addr, ctx.Err())
	}
}

// begin starts to open a connection; it wants cs.mu held.
func (cs *connections) begin(key connKey, to hop) *dialing {
	ctx, cancel := context.WithTimeout(context.Background(), cs.limits.dial)
	d := &dialing{cancel: cancel, done: make(chan struct{})}
	cs.dialing[key] = d
	cs.work.Go(func() {
		defer cancel()
		sock, err := cs.dial(ctx, to)
		if err != nil {
			d.err = fmt.Errorf("%w: %s with %s: %w", ErrConnection, to.via, to.addr, err)
		} else {
			d.conn = newConn(to.via, sock, to.addr, cs.limits, cs.forget)
			d.conn.key, d.conn.ours = key, true
		}
		cs.mu.Lock()
		delete(cs.dialing, key)
		if d.conn != nil && cs.shut {
			_ = sock.Close()
			d.conn, d.err = nil, ErrClosed
		}
		if d.conn != nil {
			cs.all[d.conn], cs.out[key] = struct{}{}, d.conn
			cs.serve(d.conn)
		}
		cs.mu.Unlock()
		close(d.done)
	})
	return d
}

// dial opens a connection, TLS handshake and all.
func (cs *connections) dial(ctx context.Context, to hop) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	if !cs.local.IsUnspecified() && cs.local.Is4() == to.addr.Addr().Is4() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(cs.local, 0))
	}
	sock, err := d.DialContext(ctx, "tcp", to.addr.String())
	if err != nil {
		return nil, dialError(err)
	}
	if to.via != tls {
		return sock, nil
	}
	config, err := to.tlsConfig()
	if err != nil {
		_ = sock.Close()
		return nil, err
	}
	secured := cryptotls.Client(sock, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = sock.Close()
		return nil, tlsError(err, config.ServerName)
	}
	return secured, nil
}

// keepAlive finds out about a peer that is gone without a word in two minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 60 * time.Second, Interval: 15 * time.Second, Count: 4}

// dialError says what people can do about a connection that does not open.
func dialError(err error) error {
	if isTimeout(err) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("it does not answer; check address and port, and the firewall")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the address, which is named already
	}
	return err
}

// serve reads a connection until its end; it wants cs.mu held.
func (cs *connections) serve(c *conn) {
	src := hop{via: c.via, addr: c.peer, conn: c, account: c.key.account, name: c.key.name}
	cs.work.Go(func() { c.read(func(b []byte) { cs.hear(b, src) }) })
}

// forget takes a connection that is gone out of the pool.
func (cs *connections) forget(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.all, c)
	if c.ours {
		if cs.out[c.key] == c {
			delete(cs.out, c.key)
		}
		return
	}
	cs.taken--
	from := c.peer.Addr()
	if cs.sources[from]--; cs.sources[from] <= 0 {
		delete(cs.sources, from)
	}
}

// retire has nothing new sent over a connection on which a request got no
// answer and nothing else was heard since: it may be dead without knowing.
func (cs *connections) retire(c *conn, since time.Time) {
	if c.heard.Load() >= since.UnixNano() {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c.ours && cs.out[c.key] == c {
		delete(cs.out, c.key)
	}
}

// Pauses after an accept that failed.
const (
	leastAcceptPause = 5 * time.Millisecond
	mostAcceptPause  = time.Second
)

// accept takes the connections of a listener until it is closed. Whatever else
// fails, as for want of descriptors, passes: calls go on meanwhile. config is
// that of TLS, nil for TCP.
func (cs *connections) accept(l net.Listener, config *cryptotls.Config) error {
	for pause := leastAcceptPause; ; {
		sock, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			if pause == leastAcceptPause {
				cs.log.Error("SIP connections cannot be accepted; check how many files may be open", "error", err)
			}
			time.Sleep(pause)
			pause = min(2*pause, mostAcceptPause)
			continue
		}
		pause = leastAcceptPause
		cs.take(sock, config)
	}
}

// take begins a connection that the far side opened, or closes it at once.
func (cs *connections) take(sock net.Conn, config *cryptotls.Config) {
	peer := sock.RemoteAddr().(*net.TCPAddr).AddrPort()
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	via := tcp
	if config != nil {
		via = tls
	}
	if !cs.admit(peer.Addr()) {
		refuseConn(sock)
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.shut || cs.taken >= cs.limits.total || cs.sources[peer.Addr()] >= cs.limits.source {
		cs.refused.Add(1)
		refuseConn(sock)
		return
	}
	if config != nil {
		sock = cryptotls.Server(sock, config)
	}
	c := newConn(via, sock, peer, cs.limits, cs.forget)
	cs.all[c] = struct{}{}
	cs.taken++
	cs.sources[peer.Addr()]++
	if config == nil {
		cs.serve(c)
		return
	}
	cs.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cs.limits.handshake)
		defer cancel()
		if err := sock.(*cryptotls.Conn).HandshakeContext(ctx); err != nil {
			c.fail(tlsError(err, ""))
			close(c.lost)
			return
		}
		cs.mu.Lock()
		defer cs.mu.Unlock()
		cs.serve(c)
	})
}

// refuseConn closes a connection so that nothing of it lingers on our side.
func refuseConn(sock net.Conn) {
	if t, ok := sock.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = sock.Close()
}

// needed reports whether a connection must stay although nothing is said: for
// a call, or for those that a trunk brings to where we registered, which is no
// longer by one that was retired. It wants cs.mu held.
func (cs *connections) needed(c *conn) bool {
	return c.holds.Load() > 0 || cs.out[c.key] == c && c.key.account != nil && c.key.account.Register.Registrar != ""
}

// sweep closes connections that nobody used for a while and no call needs.
func (cs *connections) sweep(now time.Time) {
	cs.mu.Lock()
	var idle []*conn
	for c := range cs.all {
		if !cs.needed(c) && now.Sub(time.Unix(0, c.used.Load())) > cs.limits.idle {
			idle = append(idle, c)
		}
	}
	cs.mu.Unlock()
	for _, c := range idle {
		c.fail(errIdle)
	}
}

// spawn runs f as part of the connections' own work, unless they are closed.
func (cs *connections) spawn(f func()) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if !cs.shut {
		cs.work.Go(f)
	}
}

// close ends every connection and waits for those who read or open one. The
// listeners are closed before.
func (cs *connections) close() {
	cs.mu.Lock()
	cs.shut = true
	var all []*conn
	for c := range cs.all {
		all = append(all, c)
	}
	for _, d := range cs.dialing {
		d.cancel()
	}
	cs.mu.Unlock()
	for _, c := range all {
		cs.work.Go(func() { c.fail(ErrClosed) }) // a farewell in TLS may wait for who does not read
	}
	cs.work.Wait()
}
