// Package sim is a telephone carrier with its customers: it answers calls over
// real SIP and RTP, and its personas listen, talk, press keys, refuse and hang
// up as their files say. It is a sandbox for integrators, the other side of
// the demo, and a witness for tests: its log has every INVITE.
//
// It speaks SIP by itself on purpose: a mistake that the server and its test
// partner share would never be found.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"parley/asr"
	"parley/media/beat"
	"parley/media/line"
	"parley/tts"
)

// Options of a carrier. Personas are required; Recognizer, Synthesizer, Beat
// and Ports are, unless NoMedia is set.
type Options struct {
	// Listen is the address for SIP over UDP and TCP; "127.0.0.1:0" by default.
	Listen string
	// Personas by their numbers. The user part of the Request-URI may be the
	// number with or without its plus sign, and with a dial prefix before it.
	Personas []Persona
	// Anyone answers every number that no persona has; nil refuses them (404).
	Anyone      *Persona
	Recognizer  asr.Recognizer
	Synthesizer tts.Synthesizer
	Beat        beat.Beat
	Ports       *line.Ports
	// NoMedia answers and counts without sound: a talking customer hangs up
	// after a random time between 0.2 and 5 s.
	NoMedia bool
	// User and Password ask for digest authentication of every INVITE.
	User, Password string
	// Calls is the greatest number of calls at a time, 1,000 by default; more
	// are refused with 503.
	Calls int
	// Witness gets a Record for everything that happens, as JSON lines, each
	// with one Write.
	Witness io.Writer
	// Ended is told every call's end, if set; it must not wait long.
	Ended func(Ended)
	// Log gets the carrier's own problems.
	Log *slog.Logger
}

// Ended is what became of one call, as the customer saw it.
type Ended struct {
	Persona, Number, CallID string
	// Attempt is the header X-Parley-Attempt, Call is X-Parley-Call.
	Attempt, Call string
	// Code is the final answer, 200 when the call was answered and 487 when it
	// was cancelled.
	Code int
	Talk time.Duration
	// By is who ended an answered call: caller or carrier.
	By string
	// Talked is the conversation as the persona said and understood it.
	Talked []Spoken
}

// Spoken is one turn in a persona's ears or mouth.
type Spoken struct {
	By   string // customer or bot
	Text string
	// At is when the first loud frame of a customer's speech was sent; zero when
	// none was.
	At time.Time
}

// Carrier answers calls while Run runs.
type Carrier struct {
	o       Options
	byUser  map[string]*Persona
	witness witness
	auth    *authenticator

	udp     *net.UDPConn
	tcp     *net.TCPListener
	addr    netip.AddrPort
	client  *sipgo.Client
	contact sip.ContactHeader

	mu    sync.Mutex
	calls map[string]*customerCall // by Call-ID
	over  bool
	wg    sync.WaitGroup
}

const defaultCalls = 1000

// New checks the options and binds the address, so that Addr is known.
func New(o Options) (*Carrier, error) {
	if !o.NoMedia && (o.Recognizer == nil || o.Synthesizer == nil || o.Beat == nil || o.Ports == nil) {
		return nil, errors.New("sim: a recogniser, a synthesiser, a beat and ports are needed unless NoMedia is set")
	}
	if len(o.Personas) == 0 && o.Anyone == nil {
		return nil, errors.New("sim: no persona is given")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Calls <= 0 {
		o.Calls = defaultCalls
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Carrier{o: o, byUser: map[string]*Persona{}, calls: map[string]*customerCall{}}
	c.witness.out = o.Witness
	if o.User != "" {
		c.auth = newAuthenticator(o.User, o.Password)
	}
	for i := range o.Personas {
		c.byUser[strings.TrimPrefix(o.Personas[i].Number, "+")] = &o.Personas[i]
	}
	if err := c.bind(); err != nil {
		return nil, err
	}
	return c, nil
}

// bindTries is how often a free port for UDP is tried for TCP as well.
const bindTries = 20

// bind opens the same port over UDP and TCP.
func (c *Carrier) bind() error {
	at, err := net.ResolveUDPAddr("udp", c.o.Listen)
	if err != nil {
		return fmt.Errorf("sim: listen on %s: %w", c.o.Listen, err)
	}
	for try := 1; ; try++ {
		if c.udp, err = net.ListenUDP("udp", at); err != nil {
			return fmt.Errorf("sim: listen on %s: %w", c.o.Listen, err)
		}
		c.addr = c.udp.LocalAddr().(*net.UDPAddr).AddrPort()
		c.tcp, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(c.addr))
		if err == nil {
			break
		}
		c.udp.Close()
		if at.Port != 0 || try == bindTries {
			return fmt.Errorf("sim: listen on %s: %w", c.addr, err)
		}
	}
	c.addr = netip.AddrPortFrom(c.addr.Addr().Unmap(), c.addr.Port())
	c.contact = sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "sim", Host: c.addr.Addr().String(), Port: int(c.addr.Port())}}
	return nil
}

// Addr is where the carrier listens, over UDP and TCP.
func (c *Carrier) Addr() netip.AddrPort { return c.addr }

// goodbyeBound is how long Run waits for its calls to end when it is stopped.
const goodbyeBound = 5 * time.Second

// lateBound is how long a request may still be on its way inside sipgo.
const lateBound = 50 * time.Millisecond

// Run answers calls until ctx is done, then ends those that are left and
// returns. Call it once.
func (c *Carrier) Run(ctx context.Context) error {
	quiet := slog.New(slog.DiscardHandler) // sipgo logs addresses and numbers
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("parley-sim"),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(quiet)),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet)))
	if err != nil {
		return fmt.Errorf("sim: start SIP: %w", err)
	}
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(quiet))
	if err != nil {
		return fmt.Errorf("sim: start SIP: %w", err)
	}
	c.client, err = sipgo.NewClient(ua, sipgo.WithClientLogger(quiet), sipgo.WithClientHostname(c.addr.Addr().String()),
		sipgo.WithClientPort(int(c.addr.Port())), sipgo.WithClientConnectionAddr(c.addr.String()))
	if err != nil {
		return fmt.Errorf("sim: start SIP: %w", err)
	}

	calls, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	server.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) { c.invite(calls, req, tx) })
	server.OnAck(func(req *sip.Request, _ sip.ServerTransaction) { c.ack(req) })
	server.OnBye(c.bye)
	for _, m := range []sip.RequestMethod{sip.OPTIONS, sip.REGISTER, sip.INFO, sip.UPDATE, sip.CANCEL} {
		server.OnRequest(m, c.politely)
	}

	var servers sync.WaitGroup
	var udpErr, tcpErr error
	servers.Go(func() { udpErr = server.ServeUDP(c.udp) })
	servers.Go(func() { tcpErr = server.ServeTCP(c.tcp) })
	<-ctx.Done()

	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	hangUp()
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(goodbyeBound):
	}
	err = errors.Join(ua.Close(), c.udp.Close(), c.tcp.Close())
	servers.Wait()
	<-done
	// sipgo does not wait for requests that it is handling; one that meets the
	// closing opens a socket of its own. A second close takes that away.
	time.Sleep(lateBound)
	err = errors.Join(err, ua.TransportLayer().Close())
	if errors.Is(udpErr, net.ErrClosed) {
		udpErr = nil
	}
	if errors.Is(tcpErr, net.ErrClosed) || errors.Is(err, net.ErrClosed) {
		tcpErr, err = nil, nil
	}
	return errors.Join(err, udpErr, tcpErr, c.witness.problem())
}

// persona finds who has a number, dialled with whatever prefix.
func (c *Carrier) persona(user string) *Persona {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, strings.SplitN(user, ";", 2)[0])
	for from := 0; from < len(digits) && from <= 8; from++ {
		if p := c.byUser[digits[from:]]; p != nil {
			return p
		}
	}
	// Dialled without the country code.
	for number, p := range c.byUser {
		if len(digits) >= 9 && strings.HasSuffix(number, strings.TrimLeft(digits, "0")) {
			return p
		}
	}
	return c.o.Anyone
}

// politely answers what needs no more than a 200: pings, registrations, keys.
func (c *Carrier) politely(req *sip.Request, tx sip.ServerTransaction) {
	code, reason := 200, "OK"
	if req.IsCancel() { // sipgo answers those that match a transaction itself
		code, reason = 481, "Call/Transaction Does Not Exist"
	}
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	if req.Method == sip.REGISTER && req.Contact() != nil {
		res.AppendHeader(sip.HeaderClone(req.Contact()))
		res.AppendHeader(sip.NewHeader("Expires", "300"))
	}
	if req.Method == sip.OPTIONS {
		res.AppendHeader(sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"))
	}
	if err := tx.Respond(res); err != nil {
		c.o.Log.Warn("answer a request", "method", req.Method, "error", err)
	}
}
