// Package sip places and takes calls over SIP. It runs the INVITE client
// itself, on sipgo's messages and the state machines of its transactions,
// because the state of a call that costs money and may ring a person twice must
// be explicit: see docs/decisions/0002-own-invite-state-machine.md. Sockets,
// connections and the table of transactions are its own:
// docs/decisions/0007-own-transports.md.
//
// A Stack owns one UDP socket, TCP and TLS listeners where they are wished, and
// one connection to each peer that is reached over those. Each call is a leg
// with one goroutine that owns its dialog and feeds everything it hears to a
// pure state machine.
package sip

import (
	"context"
	"crypto/rand"
	cryptotls "crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/time/rate"

	"parley/call"
)

// Options of a Stack.
type Options struct {
	// Listen is the address of the UDP socket; the zero value is 127.0.0.1
	// with a port of the system's choice.
	Listen netip.AddrPort
	// Advertise is the address written into Via, Contact and SDP, behind a NAT
	// with fixed ports. The zero value takes the sockets' own, or that of the
	// route to the peer where they are unspecified.
	Advertise netip.Addr
	Trunks    []Trunk
	// DNS is the server ("address:port") that is asked for names; empty for the
	// hosts file and the servers of resolv.conf.
	DNS string
	// OpenMedia opens the RTP side of one leg. Nil means signalling only: the
	// offer names the discard port.
	OpenMedia func() (Media, error)
	// MediaTimeout ends an answered call from which no sound came for so long,
	// unless it is on hold; 0 for 9 s, negative for never.
	MediaTimeout time.Duration
	// UserAgent is the header of our requests; empty for "parley".
	UserAgent string
	// TCP lets peers connect over TCP as well, on the port of UDP; TLS over TLS
	// on its own port. Connections that we need are opened without either.
	TCP bool
	TLS *TLSListener
	Log *slog.Logger
	// Trace sees every message; it is called from several goroutines and must
	// not wait.
	Trace func(TraceMessage)
	// Strangers is how many messages a second are heard from addresses that
	// are no peer: neither a trunk nor the far side of a call; a quarter of
	// them from one address. The zero value hears none.
	Strangers int
	// MaxRate bounds the messages a second of all peers together; 0 for 40,000.
	MaxRate int
	// PeerRate bounds those of one peer's address, of IPv6 its /64; 0 for half
	// of MaxRate, so that one alone never uses it up.
	PeerRate int
	// Secret marks our INVITEs. With the last run's, an answer to one of that
	// run's INVITEs is acknowledged and ended; the zero value is a new one.
	Secret [32]byte
	// Drain bounds how long Run waits for its calls to end after its context;
	// 0 for 5 s. Calls that should end politely are ended before.
	Drain time.Duration

	// Inbound decides about a call that a trunk offers: 0 takes it, which
	// Accept then gives, a status refuses it; 403 for a number that is none of
	// ours. It is asked by the readers of the UDP socket and of each connection,
	// so by several goroutines at once, and must not wait. Nil takes none.
	Inbound func(Incoming) int
	// MaxIncoming bounds the calls that came in at one time, beside the
	// channels of their trunks; 0 for 100.
	MaxIncoming int

	second time.Duration // of session timers and registrations; 0 for a real one
	often  time.Duration // how often trunks with a Probe are probed; 0 for Probe
	limits *streamLimits // nil for defaultLimits
}

// Stats count what a Stack did since it was made.
type Stats struct {
	Dialed    int64 // calls begun
	Received  int64 // calls that came in and were taken
	Live      int64 // of these not yet over
	Late      int64 // 2xx responses to INVITEs that were over: acknowledged and ended
	Malformed int64 // messages that are no SIP, and requests vetted away
	Strangers int64 // messages and connections from addresses that are no peer
	Dropped   int64 // messages over MaxRate or that a leg could not take, connections over their bounds
	Limited   int64 // messages over the rate of their own peer
}

// Stack is a call.Dialer and a call.Acceptor over SIP.
type Stack struct {
	local, advertise netip.AddrPort
	behindNAT        bool // Advertise is not ours and goes into SDP as well
	trunks           map[string]*account
	order            []string   // of trunks, in the configuration
	tended           []*account // those with a registration or probes
	names            *names
	shunned          shunned
	openMedia        func() (Media, error)
	mediaTimeout     time.Duration // negative for none
	agent            string
	log              *slog.Logger
	drain            time.Duration
	inbound          func(Incoming) int
	maxIncoming      int
	countIn          atomic.Int64
	arrivals         chan *leg // taken and ringing

	sock      *socket
	conns     *connections
	tcp       net.Listener // nil without TCP
	tls       net.Listener // nil without TLS
	tlsConfig *cryptotls.Config
	trace     func(TraceMessage)
	parser    *sip.Parser
	txs       *transactions
	secret    [32]byte
	second    time.Duration
	strangers *sources
	unknown   *rate.Limiter // all strangers together
	peerRates *sources
	flood     *rate.Limiter // all peers together
	count     struct {
		dialed, received, live, late, malformed, strangers, dropped, limited atomic.Int64
	}

	mu     sync.Mutex
	closed bool
	legs   map[string]*leg  // by Call-ID
	graves map[string]grave // Call-IDs of ended legs, for the retransmissions that follow
	byes   map[string]time.Time
	peers  map[netip.Addr]int
	fixed  []netip.Prefix // peers of the configuration
	work   sync.WaitGroup // legs and what they leave behind
}

// grave remembers an ended leg, or an INVITE that was refused, for 64·T1.
type grave struct {
	until  time.Time
	peers  []netip.Addr
	invite inviteKey // of a call that came in
	code   int       // that refused it without a leg, 0 otherwise
}

// Bounds of what is remembered of ended calls.
const (
	maxGraves = 1 << 17
	maxByes   = 1 << 14
)

// linger is how long messages about an ended call may still come: 64·T1.
func linger() time.Duration { return 64 * sip.T1 }

// New binds the socket. Nothing is read before Run. The timers are sipgo's,
// which are one set for the whole process (sip.SetTimers).
func New(o Options) (*Stack, error) {
	if !o.Listen.Addr().IsValid() {
		o.Listen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), o.Listen.Port())
	}
	s := &Stack{
		txs: newTransactions(), trace: o.Trace,
		trunks: map[string]*account{}, openMedia: o.OpenMedia, agent: o.UserAgent, log: o.Log, drain: o.Drain,
		parser: sip.NewParser(), legs: map[string]*leg{}, graves: map[string]grave{},
		byes: map[string]time.Time{}, peers: map[netip.Addr]int{},
		strangers: newSources(max(o.Strangers/4, min(o.Strangers, 1)), maxSources),
		unknown:   rate.NewLimiter(rate.Limit(o.Strangers), o.Strangers),
	}
	if s.agent == "" {
		s.agent = "parley"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.second = o.second; s.second == 0 {
		s.second = time.Second
	}
	if s.mediaTimeout = o.MediaTimeout; s.mediaTimeout == 0 {
		s.mediaTimeout = defaultMediaTimeout
	}
	if s.inbound, s.maxIncoming = o.Inbound, o.MaxIncoming; s.maxIncoming <= 0 {
		s.maxIncoming = defaultIncoming
	}
	s.arrivals = make(chan *leg, s.maxIncoming)
	if s.drain == 0 {
		s.drain = 5 * time.Second
	}
	if o.MaxRate == 0 {
		o.MaxRate = 40000
	}
	if o.PeerRate == 0 {
		o.PeerRate = max(o.MaxRate/2, 1)
	}
	s.peerRates = newSources(o.PeerRate, maxSources)
	s.flood = rate.NewLimiter(rate.Limit(o.MaxRate), max(o.MaxRate/4, 1))
	if s.secret = o.Secret; s.secret == [32]byte{} {
		_, _ = rand.Read(s.secret[:]) // never fails
	}
	var err error
	if s.names, err = newNames(o.DNS); err != nil {
		return nil, err
	}
	for _, t := range o.Trunks {
		if err := s.addTrunk(t); err != nil {
			return nil, err
		}
		a := s.trunks[t.Name]
		if a.Probe > 0 && o.often > 0 {
			a.Probe = o.often
		}
		if a.Probe > 0 || a.Register.Registrar != "" {
			s.tended = append(s.tended, a)
		}
	}
	if err := s.bind(o); err != nil {
		return nil, err
	}
	s.advertise = s.local
	if o.Advertise.IsValid() {
		s.advertise, s.behindNAT = netip.AddrPortFrom(o.Advertise, s.local.Port()), true
	}
	limits := defaultLimits()
	if o.limits != nil {
		limits = *o.limits
	}
	s.conns = newConnections(limits, s.local.Addr())
	s.conns.hear, s.conns.admit, s.conns.refused = s.hear, s.mayConnect, &s.count.dropped
	s.conns.log = s.log
	return s, nil
}

func (s *Stack) addTrunk(t Trunk) error {
	if _, twice := s.trunks[t.Name]; twice {
		return fmt.Errorf("trunk %q is there twice; give each its own name", t.Name)
	}
	a, err := newAccount(t)
	if err != nil {
		return err
	}
	s.trunks[t.Name] = a
	s.order = append(s.order, t.Name)
	s.fixed = append(s.fixed, t.Peers...)
	for _, ip := range a.literals() {
		s.peers[ip]++
	}
	return nil
}

// Addr is the address of the socket.
func (s *Stack) Addr() netip.AddrPort { return s.local }

// TLSAddr is the address of the TLS socket, the zero value without one.
func (s *Stack) TLSAddr() netip.AddrPort {
	if s.tls == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.local.Addr(), uint16(s.tls.Addr().(*net.TCPAddr).Port))
}

// Stats tells the counters.
func (s *Stack) Stats() Stats {
	c := &s.count
	return Stats{
		Dialed: c.dialed.Load(), Received: c.received.Load(), Live: c.live.Load(), Late: c.late.Load(),
		Malformed: c.malformed.Load(), Strangers: c.strangers.Load(), Dropped: c.dropped.Load(), Limited: c.limited.Load(),
	}
}

// Run reads the sockets until ctx is done; then it takes no more calls, ends
// those that are left (CANCEL or BYE), waits for them for Options.Drain at
// most, and closes sockets and connections. It returns after its last
// goroutine.
func (s *Stack) Run(ctx context.Context) error {
	broken := s.listen()
	tick := time.NewTicker(max(linger()/8, 10*time.Millisecond))
	defer tick.Stop()
	stopTending := s.tend(ctx)
	defer stopTending()
	var failed error
loop:
	for {
		select {
		case <-ctx.Done():
			break loop
		case err := <-broken:
			failed = fmt.Errorf("listen for SIP on %s: %w", s.local, errors.Join(err, net.ErrClosed))
			break loop
		case now := <-tick.C:
			s.sweep(now)
			s.conns.sweep(now)
		}
	}
	stopTending()
	s.hangAll(false)
	ended := make(chan struct{})
	go func() { s.work.Wait(); close(ended) }()
	drain := time.NewTimer(s.drain)
	defer drain.Stop()
	select {
	case <-ended:
	case <-drain.C:
		s.hangAll(true)
	}
	s.txs.close()
	s.unbind()
	s.conns.close()
	for err := range broken { // a reader ends because its socket closed
		s.log.Debug("a SIP reader ended", "error", err)
	}
	<-ended
	return failed
}

// hangAll closes the door and ends every leg; at once means without waiting
// for the far side.
func (s *Stack) hangAll(atOnce bool) {
	s.mu.Lock()
	s.closed = true
	legs := make([]*leg, 0, len(s.legs))
	for _, l := range s.legs {
		legs = append(legs, l)
	}
	s.mu.Unlock()
	for _, l := range legs {
		if atOnce {
			l.abandon()
		} else {
			l.askHangup()
		}
	}
}

// sweep forgets what is too old to be asked for.
func (s *Stack) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, g := range s.graves {
		if now.After(g.until) {
			delete(s.graves, id)
			s.unpeer(g.peers)
		}
	}
	for key, until := range s.byes {
		if now.After(until) {
			delete(s.byes, key)
		}
	}
}

// Dial places a call and returns at once.
func (s *Stack) Dial(ctx context.Context, t call.Target) call.Leg {
	l := newLeg(s, t)
	l.due = dueOf(t, time.Now())
	s.count.dialed.Add(1)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		l.failEarly(ErrClosed)
		return l
	}
	s.legs[l.callID] = l
	s.count.live.Add(1)
	s.work.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.work.Done()
		l.run(ctx)
	}()
	return l
}

// spawn runs f as part of the stack's own work, unless it is closing.
func (s *Stack) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Go(f)
	return true
}

func (s *Stack) find(callID string) *leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[callID]
}

func (s *Stack) buried(callID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.graves[callID]
	return ok
}

// bury takes a leg out of the living. Its peers may still send something.
func (s *Stack) bury(l *leg, peers []netip.Addr) {
	s.count.live.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.legs, l.callID)
	g := grave{until: time.Now().Add(linger()), peers: peers}
	if l.in != nil {
		g.invite = l.in.id
	}
	s.dig(l.callID, g)
}

// dig wants s.mu held. A caller whose first INVITE was refused may come again
// with the same Call-ID, so there may be a grave already.
func (s *Stack) dig(callID string, g grave) {
	if old, ok := s.graves[callID]; ok {
		s.unpeer(old.peers)
	} else if len(s.graves) >= maxGraves {
		s.unpeer(g.peers)
		return
	}
	s.graves[callID] = g
}

// peer makes an address one that is listened to; every call needs an unpeer.
func (s *Stack) peer(a netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers[a.Unmap()]++
}

// unpeer wants s.mu held.
func (s *Stack) unpeer(all []netip.Addr) {
	for _, a := range all {
		a = a.Unmap()
		if s.peers[a]--; s.peers[a] <= 0 {
			delete(s.peers, a)
		}
	}
}

func (s *Stack) isPeer(a netip.Addr) bool {
	s.mu.Lock()
	_, ok := s.peers[a]
	s.mu.Unlock()
	for i := 0; i < len(s.fixed) && !ok; i++ {
		ok = s.fixed[i].Contains(a)
	}
	return ok
}

// onRequest takes what passed the screen and opened a transaction: requests
// within a dialog, and INVITEs that are taken. It does not wait.
func (s *Stack) onRequest(req *sip.Request, tx *sip.ServerTx) {
	l := s.find(req.CallID().Value())
	if l == nil {
		s.respond(tx, req, sip.StatusCallTransactionDoesNotExists)
		return
	}
	if !l.offer(asked{req, tx}) {
		s.respond(tx, req, sip.StatusServiceUnavailable)
	}
}

func (s *Stack) respond(tx *sip.ServerTx, req *sip.Request, code int) {
	if err := tx.Respond(sip.NewResponseFromRequest(req, code, reason(code), nil)); err != nil {
		s.log.Debug("a response was not sent", "code", code, "error", err)
	}
}

// addressTowards is what we call ourselves to this peer.
func (s *Stack) addressTowards(to hop) netip.AddrPort {
	if !s.advertise.Addr().IsUnspecified() {
		return netip.AddrPortFrom(s.advertise.Addr(), s.portFor(to.via))
	}
	// Connecting a UDP socket sends nothing but asks the routing table.
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to.addr.Addr(), discard)))
	if err != nil {
		return s.advertise
	}
	defer c.Close()
	return netip.AddrPortFrom(c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), s.portFor(to.via))
}
