package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// How trunks are told where we are, and how one is asked anything outside a
// call. None of it can make a phone ring, so every address of a trunk may be
// tried.

// Bounds of such a request: so long for one address, so many addresses, and so
// long for taking a registration back at the end.
const (
	errandTimeout     = 5 * time.Second
	maxErrands        = 4
	unregisterTimeout = 2 * time.Second
	// lostPause is how many seconds after the connection of a registration is
	// lost it is made again.
	lostPause = 5
)

// registrar is a trunk's registration with what every request of it shares.
type registrar struct {
	stack   *Stack
	account *account
	place   place
	callID  string
	seq     uint32
	user    string // of the address of record
	contact string // user part of our Contact
	host    string // the domain, with its port
	by      *conn  // that of the last success, nil with UDP: calls for us come by it
}

func (s *Stack) newRegistrar(a *account) *registrar {
	w := a.Register
	r := &registrar{stack: s, account: a, callID: callIDOf(""), user: w.User, contact: w.Contact, host: w.Registrar}
	if r.user == "" {
		r.user = a.Username
	}
	if r.contact == "" {
		r.contact = r.user
	}
	r.place = a.towards(r.host)
	return r
}

// towards is the next hop on the way to a "host" or "host:port" of the trunk:
// that host itself, or the outbound proxy. It must have been checked.
func (a *account) towards(hostport string) place {
	var p path
	_ = p.setHop(hostport)
	if a.proxy.Host != "" {
		p.host, p.port = a.proxy.Host, a.proxy.Port
	}
	p.via, p.anyVia, p.account = a.via, a.Transport == "", a
	return p.place
}

// keepRegistered holds a registration until ctx ends, and takes it back then.
func (s *Stack) keepRegistered(ctx context.Context, a *account) {
	r := s.newRegistrar(a)
	b := binding{unit: s.second, ask: usualExpires}
	if n := int(a.Register.Expires / time.Second); n > 0 {
		b.ask = n
	}
	for ctx.Err() == nil {
		before := b
		got := r.register(ctx, b.ask)
		if ctx.Err() != nil {
			break
		}
		b.hear(time.Now(), got, rand.Float64())
		a.setBinding(b)
		switch {
		case b.err != nil:
			s.log.Warn("the registration failed", "trunk", a.Name, "error", b.err, "again", b.next.Format(time.TimeOnly), "stands", b.stands(time.Now()))
		case before.err != nil || before.until.IsZero():
			s.log.Info("the trunk is registered", "trunk", a.Name, "until", b.until.Format(time.TimeOnly))
		}
		pause := time.NewTimer(time.Until(b.next))
		select {
		case <-pause.C:
		case <-r.lost(b.err):
			// A trunk that closes it each time is not asked more often for that.
			pause.Reset(min(time.Until(b.next), lostPause*s.second))
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		pause.Stop()
	}
	// A REGISTER that was under way may stand too. What nobody takes back ends
	// by itself, but until then calls for us go to a closed door.
	if b.until.IsZero() && r.seq == 0 {
		return
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), unregisterTimeout)
	defer cancel()
	r.unregister(bound)
}

// lost is closed when the connection by which calls for us come is gone. It is
// nil with UDP and after a failure: a registrar that refuses and hangs up is
// asked again no sooner than one that refuses.
func (r *registrar) lost(failed error) <-chan struct{} {
	if r.by == nil || failed != nil {
		return nil
	}
	return r.by.lost
}

// register sends a REGISTER for so many seconds to the registrar's addresses,
// one after another, until one has an answer that counts.
func (r *registrar) register(ctx context.Context, seconds int) reply {
	hops, err := r.stack.locate(ctx, r.place)
	if err != nil {
		return reply{err: err}
	}
	var last reply
	for _, h := range hops[:min(len(hops), maxErrands)] {
		r.account.meet(r.stack, h.addr.Addr())
		if last = r.registerAt(ctx, h, seconds); last.err == nil || last.denied || ctx.Err() != nil {
			break
		}
		var refused *Failure
		if errors.As(last.err, &refused) && refused.Code != sip.StatusServiceUnavailable {
			break // another address of the same registrar would say the same
		}
		r.stack.shunned.add(h.addr, time.Now())
	}
	return last
}

// registerAt registers at one address, with credentials when it asks for them:
// once, and once more for a nonce that went out of date.
func (r *registrar) registerAt(ctx context.Context, to hop, seconds int) reply {
	var auth sip.Header
	for challenges := 0; ; challenges++ {
		req, contact := r.request(to, seconds, auth)
		res, went, err := r.stack.errand(ctx, req, to)
		if err != nil {
			return reply{err: fmt.Errorf("the registrar at %s does not answer: %w", to.addr, err)}
		}
		r.stack.shunned.clear(to.addr)
		challenged := res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired
		switch {
		case !challenged:
			if seconds == 0 && res.IsSuccess() {
				return reply{}
			}
			got := replyOf(res, contact, seconds)
			if got.granted > 0 {
				r.account.settleAt(to.addr)
				if r.by = nil; to.via != udp {
					r.by = went.conn
				}
			}
			return got
		case challenges > maxAuths-1, challenges > 0 && !stale(res):
			return reply{denied: true, err: fmt.Errorf("%w: the registrar refused our credentials; check the trunk's username and password", ErrAuth)}
		}
		if auth, err = credentials(r.account, res, sip.REGISTER, req.Recipient.String()); err != nil {
			return reply{denied: true, err: err}
		}
	}
}

// request writes a REGISTER (RFC 3261 section 10.2) and gives its Contact.
func (r *registrar) request(to hop, seconds int, auth sip.Header) (*sip.Request, sip.Uri) {
	var domain path
	_ = domain.setHop(r.host) // was checked
	d := r.stack.outside(r.account, r.callID, to)
	d.from = sip.Uri{Scheme: "sip", User: r.user, Host: domain.host}
	d.to, d.contact.User = d.from, r.contact
	r.seq++
	req := d.request(sip.REGISTER, sip.Uri{Scheme: "sip", Host: domain.host, Port: domain.port}, r.seq)
	if r.account.proxy.Host != "" {
		req.AppendHeader(&sip.RouteHeader{Address: r.account.proxy})
	}
	contact := &sip.ContactHeader{Address: d.contact, Params: sip.NewParams()}
	contact.Params.Add("expires", fmt.Sprint(seconds))
	req.AppendHeader(contact)
	req.AppendHeader(sip.NewHeader("Expires", fmt.Sprint(seconds)))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	if auth != nil {
		req.AppendHeader(auth)
	}
	req.SetBody(nil)
	return req, d.contact
}

// unregister takes our Contact back; other phones of the account stay.
func (r *registrar) unregister(ctx context.Context) {
	r.account.setBinding(binding{unit: r.stack.second, err: ErrClosed})
	if got := r.register(ctx, 0); got.err != nil {
		r.stack.log.Warn("the registration was not taken back and ends by itself", "trunk", r.account.Name, "error", got.err)
	}
}

// contactAt is our Contact at an address of ours.
func contactAt(local netip.AddrPort) sip.Uri {
	return sip.Uri{Scheme: "sip", User: "parley", Host: local.Addr().String(), Port: int(local.Port())}
}

// outside is what a request to a trunk outside any call is made of.
func (s *Stack) outside(a *account, callID string, to hop) *dialog {
	local := s.addressTowards(to)
	contact := contactAt(local)
	if a.ContactDomain != "" {
		contact.Host = a.ContactDomain
	}
	return &dialog{
		callID: callID, localTag: s.tagOf(callID), local: local, peer: to, agent: s.agent, contact: marked(contact, to.via),
	}
}

// errand sends a request outside any call and waits for its final response, at
// most errandTimeout. It tells where the request went in the end.
func (s *Stack) errand(ctx context.Context, req *sip.Request, to hop) (*sip.Response, hop, error) {
	ctx, cancel := context.WithTimeout(ctx, min(errandTimeout, linger()))
	defer cancel()
	res, went, err := s.exchange(ctx, req, to)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sip.ErrTransactionTimeout) {
		err = errNoAnswer
	}
	return res, went, err
}

var errNoAnswer = errors.New("no answer came in time")

// maxKnown bounds the addresses that a trunk is known by.
const maxKnown = 16

// meet makes an address of the trunk one that is listened to, from now on; the
// oldest of many is forgotten.
func (a *account) meet(s *Stack, addr netip.Addr) {
	addr = addr.Unmap()
	a.mu.Lock()
	known := slices.Contains(a.known, addr)
	var old []netip.Addr
	if !known {
		if a.known = append(a.known, addr); len(a.known) > maxKnown {
			old, a.known = a.known[:1], slices.Clone(a.known[1:])
		}
	}
	a.mu.Unlock()
	if known {
		return
	}
	s.peer(addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unpeer(old)
}

// knows reports whether the trunk was met at this address.
func (a *account) knows(addr netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.known, addr.Unmap())
}

func (a *account) setBinding(b binding) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.binding = b
}

// settleAt notes the address where the registration stands: calls go there
// first.
func (a *account) settleAt(at netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.home = at
}

// registered is nil when the trunk wants no registration or has one; it wants
// a.mu held.
func (a *account) registered(now time.Time) error {
	switch {
	case a.Register.Registrar == "" || a.binding.stands(now):
		return nil
	case a.binding.err != nil:
		return fmt.Errorf("%w: %w", ErrNotRegistered, a.binding.err)
	}
	return ErrNotRegistered
}

// check finds what is wrong with a registration's settings.
func (w Registration) check(t Trunk) error {
	if w.Registrar == "" {
		if w.User != "" || w.Contact != "" {
			return errors.New("register: name the registrar, or leave user and contact out")
		}
		return nil
	}
	var at path
	switch {
	case at.setHop(w.Registrar) != nil || strings.ContainsAny(w.Registrar, "@;/"):
		return errors.New("register: the registrar is not HOST or HOST:PORT")
	case w.User == "" && t.Username == "":
		return errors.New("register: give it a user, or the trunk a username")
	case w.Expires%time.Second != 0 || w.Expires != 0 && (w.Expires < leastExpires*time.Second || w.Expires > maxExpires*time.Second):
		return fmt.Errorf("register: expires must be whole seconds from %v to %v", leastExpires*time.Second, maxExpires*time.Second)
	}
	for _, v := range []string{w.Registrar, w.User, w.Contact} {
		if !clean(v) || strings.ContainsAny(v, "@;") {
			return errors.New("register: registrar, user or contact holds characters that a SIP URI cannot carry")
		}
	}
	return nil
}

// tend starts what the trunks need beside calls; the returned function lets it
// end, which s.work waits for.
func (s *Stack) tend(ctx context.Context) context.CancelFunc {
	ctx, cancel := context.WithCancel(ctx)
	for _, a := range s.trunks {
		if _, ok := literal(a.next().host); !ok {
			s.work.Go(func() { s.keepKnown(ctx, a) })
		}
	}
	for _, a := range s.tended {
		if a.Register.Registrar != "" {
			s.work.Go(func() { s.keepRegistered(ctx, a) })
		}
		if a.Probe > 0 {
			s.work.Go(func() { s.keepProbed(ctx, a) })
		}
	}
	return cancel
}
