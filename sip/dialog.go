package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// dialog is RFC 3261 section 12: the identifiers of one call and what requests
// inside it look like. Only the leg's own goroutine touches it.
type dialog struct {
	callID, localTag string
	from, to         sip.Uri
	fromName         string // display name of From; "" for none
	contact          sip.Uri
	local            netip.AddrPort // what we write into Via and Contact
	peer             hop            // where the INVITE went
	agent            string
	cseq             uint32 // ours, last used
	inviteSeq        uint32 // of the last INVITE

	// Set by the confirming 2xx.
	remoteTag string
	// untagged: the far side called us and speaks RFC 2543, where a tag may be
	// missing (RFC 3261 section 12.1.1).
	untagged bool
	// realm is whose challenges inside the dialog are the trunk's own; "" trusts
	// none.
	realm  string
	target sip.Uri // the far side's Contact
	routes []sip.Uri
	farSeq uint32 // the far side's, 0 before its first request
}

// allowed are the methods we take inside a dialog.
const allowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"

// supported are the extensions we take part in: RFC 3262 and RFC 4028.
const supported = "100rel, timer"

// token gives n random bytes as hexadecimal digits.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// tagOf derives our From tag from the Call-ID with the stack's secret. A late
// answer proves with it, long after everything about its call is forgotten,
// that the INVITE was ours and may be acknowledged and ended.
func (s *Stack) tagOf(callID string) string {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte(callID))
	return hex.EncodeToString(mac.Sum(nil)[:10])
}

// request starts any request of ours: Via with a new branch, From, To,
// Call-ID, CSeq, Max-Forwards.
func (d *dialog) request(method sip.RequestMethod, to sip.Uri, seq uint32) *sip.Request {
	req := sip.NewRequest(method, to)
	via := &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Params: sip.NewParams(),
	}
	via.Params.Add("branch", sip.GenerateBranch())
	via.Params.Add("rport", "")
	req.AppendHeader(via)
	maxForwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&maxForwards)
	from := &sip.FromHeader{DisplayName: d.fromName, Address: d.from, Params: sip.NewParams()}
	from.Params.Add("tag", d.localTag)
	req.AppendHeader(from)
	toHeader := &sip.ToHeader{Address: unmarked(d.to), Params: sip.NewParams()}
	if d.remoteTag != "" {
		toHeader.Params.Add("tag", d.remoteTag)
	}
	req.AppendHeader(toHeader)
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.AppendHeader(sip.NewHeader("User-Agent", d.agent))
	setVia(req, d.peer.via, d.local) // where it goes elsewhere in the end, the sender changes it
	return req
}

// contactHeader is where the far side reaches us inside the dialog.
func (d *dialog) contactHeader() sip.Header {
	return &sip.ContactHeader{Address: d.contact, Params: sip.NewParams()}
}

// invite is a new INVITE with its own CSeq and branch; extra are headers in
// front of the body, the offer.
func (d *dialog) invite(offer []byte, extra ...sip.Header) *sip.Request {
	d.cseq++
	d.inviteSeq = d.cseq
	req := d.request(sip.INVITE, d.to, d.cseq)
	req.AppendHeader(d.contactHeader())
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	for _, h := range extra {
		req.AppendHeader(h)
	}
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(offer)
	return req
}

// cancel repeats what identifies the INVITE (RFC 3261 section 9.1).
func (d *dialog) cancel(invite *sip.Request) *sip.Request {
	req := d.request(sip.CANCEL, invite.Recipient, d.inviteSeq)
	*req.Via() = *invite.Via().Clone()
	req.SetTransport(invite.Transport())
	for _, r := range invite.GetHeaders("Route") {
		req.AppendHeader(r)
	}
	req.SetBody(nil)
	return req
}

// confirm takes the identifiers of a 2xx: tag, Contact, Record-Route.
func (d *dialog) confirm(res *sip.Response) {
	d.remoteTag = tagOf(res.To())
	d.target = d.to
	if c := res.Contact(); c != nil && c.Address.Host != "" {
		d.target = c.Address
	}
	d.routes = nil
	for _, h := range res.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok && len(d.routes) < maxRoutes {
			d.routes = append([]sip.Uri{rr.Address}, d.routes...)
		}
	}
}

// maxRoutes bounds the route set, and with it the size of our requests.
const maxRoutes = 8

// fork is the dialog of another branch's 2xx.
func (d *dialog) fork(res *sip.Response) *dialog {
	f := *d
	f.cseq = d.inviteSeq
	f.farSeq = 0
	f.confirm(res)
	return &f
}

// inside is a request within the confirmed dialog, routed by RFC 3261 section
// 12.2.1.1, with what a strict router of RFC 2543 needs.
func (d *dialog) inside(method sip.RequestMethod, seq uint32) *sip.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") {
		uri = routes[0]
		routes = append(append([]sip.Uri{}, routes[1:]...), d.target)
	}
	uri.Headers = nil
	req := d.request(method, uri, seq)
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: r})
	}
	return req
}

// next is where a request inside the dialog goes.
func (d *dialog) next() (place, error) {
	u := d.target
	if len(d.routes) > 0 {
		u = d.routes[0]
	}
	p, err := placeOf(u, d.peer.via)
	if p.account = d.peer.account; p.account != nil {
		// Whom a certificate must name is for the trunk's settings to say, not for
		// who answered.
		p.name = d.peer.name
	}
	return p, err
}

// ack acknowledges the 2xx that confirmed this dialog; credentials are those
// of the INVITE (RFC 3261 section 13.2.2.4).
func (d *dialog) ack(credentials sip.Header) *sip.Request {
	req := d.inside(sip.ACK, d.inviteSeq)
	if credentials != nil {
		req.AppendHeader(credentials)
	}
	req.SetBody(nil)
	return req
}

// bye ends this dialog.
func (d *dialog) bye(credentials sip.Header) *sip.Request {
	d.cseq++
	req := d.inside(sip.BYE, d.cseq)
	if credentials != nil {
		req.AppendHeader(credentials)
	}
	req.SetBody(nil)
	return req
}

// admits checks a request of the far side: 0, or the status that refuses it.
func (d *dialog) admits(req *sip.Request) int {
	if d.remoteTag == "" && !d.untagged || tagOf(req.To()) != d.localTag || tagOf(req.From()) != d.remoteTag {
		return sip.StatusCallTransactionDoesNotExists
	}
	seq := req.CSeq().SeqNo
	if req.IsAck() || req.IsCancel() {
		return 0
	}
	if d.farSeq != 0 && seq <= d.farSeq {
		return sip.StatusInternalServerError // out of order: RFC 3261 section 12.2.2
	}
	d.farSeq = seq
	return 0
}

// tagOf reads the tag of a From or To header, "" without one.
func tagOf(h sip.Header) string {
	var params sip.HeaderParams
	switch h := h.(type) {
	case *sip.ToHeader:
		if h == nil {
			return ""
		}
		params = h.Params
	case *sip.FromHeader:
		if h == nil {
			return ""
		}
		params = h.Params
	}
	tag, _ := params.Get("tag")
	return tag
}

// dialogOf rebuilds, from a late 2xx alone, what is needed to acknowledge and
// end it.
func (s *Stack) dialogOf(res *sip.Response, src hop) *dialog {
	d := &dialog{
		callID: res.CallID().Value(), localTag: tagOf(res.From()),
		from: res.From().Address, to: res.To().Address,
		local: s.addressTowards(src), peer: src, agent: s.agent,
		cseq: res.CSeq().SeqNo, inviteSeq: res.CSeq().SeqNo,
	}
	d.confirm(res)
	return d
}

// callIDOf begins with the call's own identifier, so that traces and carriers'
// logs can be matched with ours.
func callIDOf(call string) string {
	if call == "" {
		return token(16)
	}
	return fmt.Sprintf("%s-%s", strings.ReplaceAll(call, "@", "."), token(6))
}
