package sip

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
)

// Incoming is a call that a trunk offers us.
type Incoming struct {
	// Trunk it came from: the one whose address, or one of whose Peers, sent it.
	Trunk string
	// Called and Caller are the numbers as the trunk writes them; Caller is ""
	// when it was withheld.
	Called, Caller string
}

var _ call.Acceptor = (*Stack)(nil)

// defaultIncoming bounds the calls that came in and are not yet over.
const defaultIncoming = 100

// Accept implements call.Acceptor: the next call that Options.Inbound let in.
// The target's To is the caller's number and its From the called one, as the
// trunk writes them; a caller who withheld the number has none.
func (s *Stack) Accept(ctx context.Context) (call.Leg, call.Target, error) {
	for {
		select {
		case l := <-s.arrivals:
			select {
			case <-l.done:
				continue // the caller gave up meanwhile
			default:
				return l, l.target, nil
			}
		case <-ctx.Done():
			return nil, call.Target{}, ctx.Err()
		}
	}
}

// hearInvite decides about an INVITE outside of a dialog, without waiting. True
// passes it to the transactions, which repeat what was answered already.
func (s *Stack) hearInvite(req *sip.Request, src hop) bool {
	id := inviteID(req)
	s.mu.Lock()
	l, g := s.legs[req.CallID().Value()], s.graves[req.CallID().Value()]
	s.mu.Unlock()
	switch {
	case l != nil && l.in != nil && l.in.id == id, l == nil && g.invite == id && g.code == 0:
		return true
	case l == nil && g.invite == id:
		s.refuse(req, src, g.code) // what was refused stays so
		return false
	case l != nil, g.invite.seq != 0 && g.invite.seq == id.seq && g.invite.fromTag == id.fromTag:
		// The same call by another way (RFC 3261 section 8.2.2.2), or our own
		// call led back to us.
		s.refuse(req, src, statusLoop)
		return false
	}
	in, code := s.admit(req, src)
	if code == 0 {
		code = s.receive(req, src, in, id)
	}
	if code == 0 {
		return true
	}
	if code != sip.StatusForbidden && code != statusLoop {
		s.mark(req.CallID().Value(), grave{invite: id, code: code})
	}
	s.refuse(req, src, code)
	return false
}

// statusLoop is for a request that came by two ways.
const statusLoop = 482

// inviteKey identifies the INVITE of a call that came in.
type inviteKey struct {
	fromTag, branch string
	seq             uint32
}

func inviteID(req *sip.Request) inviteKey {
	branch, _ := req.Via().Params.Get("branch")
	return inviteKey{tagOf(req.From()), branch, req.CSeq().SeqNo}
}

// admit asks whether a call is taken; a status other than 0 refuses it. Who is
// no trunk, and who calls a number that is none of ours, gets the same answer.
func (s *Stack) admit(req *sip.Request, src hop) (Incoming, int) {
	code := sip.StatusForbidden
	if s.inbound == nil {
		return Incoming{}, code
	}
	numbers := []string{numberOf(req.Recipient)}
	if to := numberOf(req.To().Address); to != numbers[0] {
		numbers = append(numbers, to) // trunks that call our Contact name the number there
	}
	for _, name := range s.order {
		if !s.trunks[name].sends(src.addr.Addr()) {
			continue
		}
		for _, called := range numbers {
			in := Incoming{Trunk: name, Called: called, Caller: callerOf(req)}
			switch said := s.inbound(in); said {
			case 0:
				return in, 0
			case sip.StatusForbidden:
			default:
				code = said
			}
		}
	}
	return Incoming{}, code
}

// literals are the addresses of the trunk and its proxy that are no names.
func (a *account) literals() (all []netip.Addr) {
	for _, host := range []string{a.Host, a.proxy.Host} {
		if ip, ok := literal(host); ok {
			all = append(all, ip)
		}
	}
	return all
}

// sends reports whether the trunk's calls come from this address.
func (a *account) sends(from netip.Addr) bool {
	return slices.Contains(a.literals(), from) || slices.ContainsFunc(a.Peers, func(p netip.Prefix) bool { return p.Contains(from) }) || a.knows(from)
}

// receive begins the leg of a call that is taken; a status other than 0 says
// why it cannot be. Another connection may have brought the same INVITE since
// hearInvite looked: it has its leg then.
func (s *Stack) receive(req *sip.Request, src hop, in Incoming, id inviteKey) int {
	if s.txs.full() {
		return sip.StatusServiceUnavailable
	}
	a := s.trunks[in.Trunk]
	if s.countIn.Add(1) > int64(s.maxIncoming) || !a.occupy() {
		s.countIn.Add(-1)
		return sip.StatusBusyHere
	}
	l := newLeg(s, call.Target{Inbound: true, Trunk: in.Trunk, To: in.Caller, From: in.Called})
	l.callID, l.localTag = req.CallID().Value(), s.tagOf(req.CallID().Value()+id.branch)
	l.owner, l.channel, l.m = false, true, callee()
	l.path = path{place: a.place(), from: in.Called}
	l.in = &incoming{id: id, pick: make(chan struct{}, 1)}
	s.mu.Lock()
	other, code := s.legs[l.callID], 0
	switch {
	case s.closed:
		code = sip.StatusServiceUnavailable
	case other != nil && (other.in == nil || other.in.id != id):
		code = statusLoop
	}
	if other != nil || code != 0 {
		s.mu.Unlock()
		s.countIn.Add(-1)
		a.release(false)
		return code
	}
	s.legs[l.callID] = l
	s.count.received.Add(1)
	s.count.live.Add(1)
	s.work.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.work.Done()
		defer s.countIn.Add(-1)
		l.serveIncoming(src)
	}()
	return 0
}

// occupy takes a channel of the trunk for a call that came in: its pace and its
// health are about calls of ours.
func (a *account) occupy() bool {
	if n := a.live.Add(1); a.Channels > 0 && n > int64(a.Channels) {
		a.live.Add(-1)
		return false
	}
	return true
}

// hearCancel answers a CANCEL, which may overtake the transaction it ends: so
// the leg is told from here, in the order of arrival (RFC 3261 section 9.2).
func (s *Stack) hearCancel(req *sip.Request, src hop) {
	l := s.find(req.CallID().Value())
	id := inviteID(req)
	live := l != nil && l.in != nil && l.in.id == id
	if !live && s.graveOf(req.CallID().Value()).invite != id {
		s.refuse(req, src, sip.StatusCallTransactionDoesNotExists)
		return
	}
	s.refuse(req, src, sip.StatusOK) // before the 487, or some take that for an answer to the CANCEL
	if live && !l.offer(cancelled{}) {
		l.askHangup() // its inbox is full
	}
}

// numberOf is the number of a sip: or tel: URI, without what parts its digits
// (RFC 3966 section 3) or follows it.
func numberOf(u sip.Uri) string {
	n := u.User
	if strings.EqualFold(u.Scheme, "tel") {
		_, n, _ = strings.Cut(u.String(), ":") // sipgo takes no such URI apart
	}
	n, _, _ = strings.Cut(n, ";")
	bare := strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(n)
	if isNumber(bare) {
		return bare
	}
	return n
}

// callerOf is the number that the trunk vouches for (RFC 3325), or that of
// From; "" when the caller wants none to be known (RFC 3323) or has none.
func callerOf(req *sip.Request) string {
	for _, h := range req.GetHeaders("Privacy") {
		for p := range strings.SplitSeq(h.Value(), ";") {
			if p = strings.ToLower(strings.TrimSpace(p)); p == "id" || p == "user" {
				return ""
			}
		}
	}
	for _, h := range req.GetHeaders("P-Asserted-Identity") {
		for v := range strings.SplitSeq(h.Value(), ",") {
			_, uri, bracketed := strings.Cut(v, "<")
			if uri, _, _ = strings.Cut(uri, ">"); !bracketed {
				uri = v
			}
			var u sip.Uri
			if sip.ParseUri(strings.TrimSpace(uri), &u) == nil && isNumber(numberOf(u)) {
				return numberOf(u)
			}
		}
	}
	if n := numberOf(req.From().Address); isNumber(n) {
		return n
	}
	return ""
}

// calleeDialog is the dialog that an INVITE of the far side asks for (RFC 3261
// section 12.1.1).
func (s *Stack) calleeDialog(l *leg, req *sip.Request, src hop) (*dialog, error) {
	local := s.addressTowards(src)
	src.account, src.name = l.path.account, l.path.account.Host
	d := &dialog{
		callID: l.callID, localTag: l.localTag, remoteTag: tagOf(req.From()), local: local, peer: src, agent: s.agent,
		from: req.To().Address, to: req.From().Address, realm: l.path.account.Realm,
		contact: contactAt(local),
		farSeq:  req.CSeq().SeqNo, untagged: tagOf(req.From()) == "",
	}
	d.contact = marked(d.contact, src.via)
	if c := l.path.account.ContactDomain; c != "" {
		d.contact.Host = c
	}
	c := req.Contact()
	switch {
	case c == nil && d.untagged:
		c = &sip.ContactHeader{Address: d.to} // RFC 2543 left it out
	case c == nil || c.Address.Host == "" || c.Address.Wildcard:
		return nil, fmt.Errorf("%w: its INVITE has no Contact", ErrTarget)
	}
	d.target = *c.Address.Clone()
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok && len(d.routes) < maxRoutes {
			d.routes = append(d.routes, rr.Address)
		}
	}
	return d, nil
}

// mark remembers how an INVITE was refused, for its retransmissions.
func (s *Stack) mark(callID string, g grave) {
	g.until = time.Now().Add(linger())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dig(callID, g)
}

func (s *Stack) graveOf(callID string) grave {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.graves[callID]
}
