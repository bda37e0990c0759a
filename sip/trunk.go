package sip

import (
	"context"
	cryptotls "crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/time/rate"

	"parley/call"
	"parley/outcome"
)

// Trunk is an account at a carrier.
type Trunk struct {
	Name string
	// Host and Port are where INVITEs go. A name without a port (0) is looked up
	// by its NAPTR and SRV records (RFC 3263); where it has none, and for an
	// address, the port is 5060, or 5061 with TLS.
	Host string
	Port int
	// Transport is "udp", "tcp" or "tls"; empty for what the NAPTR records of Host
	// prefer, UDP without any.
	Transport string
	// TLS is how the trunk's certificate is checked.
	TLS TLS
	// LargeOverTCP sends requests of more than 1300 bytes over TCP where
	// Transport is UDP (RFC 3261 section 18.1.1), and over UDP where TCP is
	// refused. Without it they go over UDP in fragments.
	LargeOverTCP bool
	// Username and Password answer the trunk's digest challenges; with Realm
	// set, only challenges of that realm.
	Username, Password, Realm string
	// Proxy ("host:port") is the next hop on the way to Host and stands in the
	// Route of what begins there; empty for none.
	Proxy string
	// Dial says in which form the trunk wants the numbers.
	Dial DialPlan
	// Domain is the host part of the called URI; empty for Host.
	Domain string
	// FromDomain is the host part of the From URI, ContactDomain that of Contact;
	// empty for our own address.
	FromDomain, ContactDomain string
	// CallerID is presented when the target names none.
	CallerID string
	// Channels bounds the calls at one time and CPS those begun in a second;
	// 0 means no bound.
	Channels int
	CPS      float64
	// Priority and Weight choose between several trunks: lower priorities come
	// first, equals share the calls by weight.
	Priority, Weight int
	// Register says where and how we register; the zero value does not.
	Register Registration
	// Probe is how often the trunk is asked by OPTIONS whether it works; 0 for
	// never.
	Probe time.Duration
	// SRTP is whether sound is protected.
	SRTP SRTP
	// Identity says how the caller is named beside From.
	Identity Identity
	// Peers are further networks from which this carrier sends us requests; the
	// addresses of Host and Proxy always are. A name's are looked up when the
	// stack runs, and every few minutes.
	Peers []netip.Prefix
}

// literal is the address that a host is written as, brackets or not; false for
// a name.
func literal(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return a.Unmap(), err == nil
}

// maxWeight is that of SRV records (RFC 2782).
const maxWeight = 65535

// account is a Trunk with what it is doing now.
type account struct {
	Trunk
	plan  dialplan
	via   transport
	tls   *cryptotls.Config
	large largeWay
	proxy sip.Uri // of Trunk.Proxy; no host when there is none
	live  atomic.Int64
	pace  *rate.Limiter // nil: unbounded

	mu      sync.Mutex
	health  health
	binding binding        // of Register
	home    netip.AddrPort // where it stands registered
	known   []netip.Addr   // listened to on its account
	probed  Probed         // the last one, zero before
}

// Check finds what is wrong with a trunk's settings; it asks nobody.
func (t Trunk) Check() error {
	_, err := newAccount(t)
	return err
}

func newAccount(t Trunk) (*account, error) {
	if t.Name == "" || t.Host == "" {
		return nil, fmt.Errorf("trunk %q: give it a name and a host", t.Name)
	}
	if strings.ContainsAny(t.Name, ", ") {
		return nil, fmt.Errorf("trunk %q: a comma or blank stands between the names of trunks; leave them out of one", t.Name)
	}
	if t.Port < 0 || t.Port > 65535 {
		return nil, fmt.Errorf("trunk %q: its port is none; use 1 to 65535", t.Name)
	}
	for _, s := range []string{t.Host, t.Domain, t.FromDomain, t.ContactDomain, t.Proxy, t.CallerID, t.Username, t.TLS.ServerName} {
		if !clean(s) {
			return nil, fmt.Errorf("trunk %q: %q holds characters that a SIP header cannot carry", t.Name, s)
		}
	}
	if t.Priority < 0 || t.Weight < 0 || t.Weight > maxWeight {
		return nil, fmt.Errorf("trunk %q: priority must not be below 0, weight must be 0 to %d", t.Name, maxWeight)
	}
	if err := errors.Join(t.Register.check(t), checkProbe(t.Probe)); err != nil {
		return nil, fmt.Errorf("trunk %q: %w", t.Name, err)
	}
	plan, err := newDialplan(t.Dial)
	if err != nil {
		return nil, fmt.Errorf("trunk %q: dial plan: %w", t.Name, err)
	}
	via, err := transportOf(t.Transport)
	if err != nil {
		return nil, fmt.Errorf("trunk %q: %w", t.Name, err)
	}
	if err := t.Identity.check(); err != nil {
		return nil, fmt.Errorf("trunk %q: identity: %w", t.Name, err)
	}
	a := &account{Trunk: t, plan: plan, via: via}
	if a.tls, err = t.TLS.client(); err != nil {
		return nil, fmt.Errorf("trunk %q: tls: %w", t.Name, err)
	}
	if t.Dial.SIPS && via != tls {
		return nil, fmt.Errorf("trunk %q: sips: URIs go over TLS only; set its transport to tls", t.Name)
	}
	if t.Proxy != "" {
		var first path
		if err := first.setHop(t.Proxy); err != nil {
			return nil, fmt.Errorf("trunk %q: %w", t.Name, err)
		}
		a.proxy = sip.Uri{Scheme: "sip", Host: first.host, Port: first.port, UriParams: sip.NewParams()}
		if t.Dial.SIPS {
			a.proxy.Scheme = "sips" // every hop (RFC 5630 section 5.1.2)
		}
		a.proxy = marked(a.proxy, via)
		a.proxy.UriParams.Add("lr", "")
	}
	if t.CPS > 0 {
		a.pace = rate.NewLimiter(rate.Limit(t.CPS), max(1, int(t.CPS)))
	}
	return a, nil
}

// maxPaceWait bounds how long an INVITE waits for its trunk's calls per second:
// its permission to be sent is only good for a second.
const maxPaceWait = 500 * time.Millisecond

// take reserves a channel and waits for the trunk's pace. It tells whether the
// call is the one that finds out whether the trunk works again.
func (a *account) take(ctx context.Context) (trial bool, err error) {
	trial, err = a.begin(time.Now())
	if err != nil {
		return false, fmt.Errorf("trunk %s: %w", a.Name, err)
	}
	if n := a.live.Add(1); a.Channels > 0 && n > int64(a.Channels) {
		a.release(trial)
		return false, fmt.Errorf("%w: all %d channels of trunk %s are in use", ErrTrunkFull, a.Channels, a.Name)
	}
	if a.pace == nil {
		return trial, nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxPaceWait)
	defer cancel()
	if err := a.pace.Wait(ctx); err != nil {
		a.release(trial)
		return false, fmt.Errorf("%w: trunk %s begins %g calls a second at most", ErrTrunkFull, a.Name, a.CPS)
	}
	return trial, nil
}

// release gives the channel back; a trial that taught nothing may come again.
func (a *account) release(trial bool) {
	a.live.Add(-1)
	if !trial {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.drop()
}

// begin takes the trunk's word, the registrar's or the breaker's, on whether a
// call may go there.
func (a *account) begin(now time.Time) (trial bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.registered(now); err != nil {
		return false, err
	}
	if !a.health.admits(now) {
		return false, fmt.Errorf("%w; it gets calls again after %s", ErrTrunkRests, a.health.until.Format(time.TimeOnly))
	}
	a.health.begin()
	return a.health.trial, nil
}

// works notes that the trunk carried a call beyond itself.
func (a *account) works() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health.good(time.Now())
}

// judge notes how a call ended and the rest that its refusal asked for.
func (a *account) judge(c call.Cause, rest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch failed := c.Network == outcome.TrunkFailed || c.Network == outcome.Congestion; {
	case failed || errors.Is(c.Err, ErrNoResponse):
		a.health.bad(time.Now(), rest)
	case c.SIP >= 300: // an answer was noted when it came
		a.health.good(time.Now())
	}
}

// path is how one call leaves the house.
type path struct {
	place          // next hop; no account: direct or by proxy, and no challenge is answered
	to     sip.Uri // request URI
	from   string  // user part of the From URI
	hidden bool    // From tells nobody who calls
	pass   string  // the call's Identity header, "" for none
}

// proxied reports whether another proxy than the trunk's own stands between.
func (p *path) proxied() bool { return p.account != nil && p.account.proxy.Host != "" }

// plan turns a target into a path; it asks nobody.
func (s *Stack) plan(t call.Target) (path, error) {
	// The value itself may be a phone number and stays out of the error.
	for name, v := range map[string]string{"to": t.To, "from": t.From, "call": t.Call, "attempt": t.Attempt, "proxy": t.Proxy} {
		if !clean(v) {
			return path{}, fmt.Errorf("%w: %s is too long or holds characters that a SIP header cannot carry", ErrTarget, name)
		}
	}
	if t.Identity != "" {
		if err := CheckIdentity(t.Identity); err != nil {
			return path{}, err
		}
	}
	p := path{from: userPart(t.From), pass: t.Identity}
	p.hidden = p.from == Anonymous
	if t.Trunk != "" {
		if p.account = s.trunks[t.Trunk]; p.account == nil {
			return p, fmt.Errorf("%w: there is no trunk %q; name one of the configuration", ErrTarget, t.Trunk)
		}
		p.place = p.account.place()
		p.hidden = p.hidden || p.account.Identity.withholds()
		if p.from == "" || p.from == Anonymous { // the carrier is told whose call it is
			p.from = userPart(p.account.CallerID)
		}
		p.from = p.account.plan.present(p.from)
	}
	if t.Proxy != "" {
		// Credentials are for the trunk's own host only.
		p.account, p.via, p.anyVia = nil, udp, true
		if err := p.setHop(t.Proxy); err != nil {
			return p, err
		}
	}
	if p.from == "" {
		p.from = Anonymous
	}
	if err := p.setTo(t.To); err != nil {
		return p, err
	}
	if p.proxied() {
		p.host, p.port = p.account.proxy.Host, p.account.proxy.Port
	}
	return p, nil
}

// newDialog begins the dialog of a call on this path towards peer.
func (s *Stack) newDialog(p path, callID, localTag string, peer hop) *dialog {
	local := s.addressTowards(peer)
	ours := local.Addr().String()
	d := &dialog{
		callID: callID, localTag: localTag, local: local, peer: peer, agent: s.agent,
		from: sip.Uri{Scheme: "sip", User: p.from, Host: ours}, to: p.to,
		contact: contactAt(local),
	}
	if strings.EqualFold(p.to.Scheme, "sips") {
		d.contact.Scheme = "sips" // RFC 3261 section 8.1.1.8
	}
	d.contact = marked(d.contact, peer.via)
	if a := p.account; a != nil {
		d.realm, d.fromName = a.Realm, a.Identity.Name
		d.from = a.plan.identity(p.from, p.domain(ours))
		if a.ContactDomain != "" {
			d.contact.Host = a.ContactDomain
		}
	}
	if p.hidden {
		d.fromName, d.from = nobody()
	}
	return d
}

// domain is at which host the caller's number is ours.
func (p *path) domain(ours string) string {
	if p.account != nil && p.account.FromDomain != "" {
		return p.account.FromDomain
	}
	return ours
}

// headers are what this path adds to an INVITE that begins a call; ours is our
// own address towards the peer.
func (p *path) headers(ours string) []sip.Header {
	if p.account == nil {
		return nil
	}
	all := p.account.identities(*p, p.domain(ours))
	if p.proxied() {
		all = append(all, &sip.RouteHeader{Address: p.account.proxy})
	}
	return all
}

func (p *path) setHop(hostport string) error {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, "0" // the usual one, or that of its SRV records
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" {
		return fmt.Errorf("%w: proxy %q is not HOST:PORT", ErrTarget, hostport)
	}
	p.host, p.port = host, int(n)
	return nil
}

func (p *path) setTo(to string) error {
	scheme, _, isURI := strings.Cut(to, ":")
	if !isURI {
		if p.host == "" {
			return fmt.Errorf("%w: a number needs a trunk or a proxy; or give a sip: URI", ErrTarget)
		}
		if !isNumber(to) {
			return fmt.Errorf("%w: it is neither a number nor a sip: URI", ErrTarget)
		}
		if p.account == nil {
			p.to = dialplan{}.uri(to, p.host, p.port)
			return nil
		}
		number, err := p.account.plan.dial(to)
		if err != nil {
			return err
		}
		host, port := p.host, p.port
		if p.account.Domain != "" {
			host, port = p.account.Domain, 0
		}
		p.to = p.account.plan.uri(number, host, port)
		return nil
	}
	if !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") {
		return fmt.Errorf("%w: only sip: and sips: URIs can be called, not %s", ErrTarget, scheme)
	}
	if err := sip.ParseUri(to, &p.to); err != nil || p.to.Host == "" {
		return fmt.Errorf("%w: the sip: URI cannot be read", ErrTarget)
	}
	p.to.Headers = nil // what a URI wants to add to our INVITE is not taken
	next, err := placeOf(p.to, udp)
	if err != nil {
		return err
	}
	if p.host == "" {
		p.via, p.host, p.port = next.via, next.host, next.port
		p.anyVia = strings.EqualFold(scheme, "sip") && !p.to.UriParams.Has("transport")
	}
	if strings.EqualFold(scheme, "sips") && p.via != tls {
		// RFC 3261 section 26.2.2: TLS on every hop, the first one too.
		return fmt.Errorf("%w: a sips: URI goes over TLS only; give it a trunk with transport tls", ErrTarget)
	}
	return nil
}

// clean: no control characters, blanks, quotes or brackets that could end a
// header or its value early.
func clean(s string) bool {
	if len(s) > 256 {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || r == '<' || r == '>' || r == '"' || r == ',' {
			return false
		}
	}
	return true
}

func isNumber(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	return strings.Trim(s, "+0123456789*#") == ""
}

// userPart takes the user of a sip: URI, or the string itself.
func userPart(s string) string {
	if rest, ok := strings.CutPrefix(s, "sip:"); ok {
		s, _, _ = strings.Cut(rest, "@")
	}
	return s
}
