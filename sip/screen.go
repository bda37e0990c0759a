package sip

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// statusUnsupportedScheme is missing among sipgo's constants.
const statusUnsupportedScheme = 416

// maxHeaders bounds the header lines of a message.
const maxHeaders = 128

// errPanic: sipgo's parser gave up in its own way.
var errPanic = errors.New("the parser panicked")

// parse reads one datagram. Whatever came, it returns; a panic of the parser
// is an error like any other.
func parse(p *sip.Parser, data []byte) (msg sip.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			msg, err = nil, fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return p.ParseSIP(data)
}

// hear takes every message, and keeps nothing of data. Provisional and 2xx
// responses to INVITEs go to their leg from here, in the order of their
// arrival: a response is handed to its transaction by a goroutine, and a 183
// that is overtaken by its 486 would be lost. Requests outside a dialog of ours
// are answered from here without any state.
func (s *Stack) hear(data []byte, src hop) {
	if len(bytes.Trim(data, "\x00\r\n\t ")) == 0 {
		return // a keep-alive
	}
	for !s.admits(src.addr.Addr()) {
		// What a peer sends over a connection would not be sent again: it waits, and
		// then so does its sender.
		if src.conn == nil || !s.isPeer(src.addr.Addr()) || !src.conn.pause(crowded) {
			return
		}
	}
	s.tell(time.Now(), data, src, false)
	w, err := readWire(data)
	w.secured = src.via == tls
	v := drop
	if err == nil {
		v = w.judge()
	}
	if v != 0 {
		s.count.malformed.Add(1)
		if v > 0 {
			s.reject(&w, src, int(v))
		}
		return
	}
	if w.odd {
		data = w.plain()
	}
	msg, err := parse(s.parser, data)
	if err != nil || !whole(msg) {
		s.count.malformed.Add(1)
		if errors.Is(err, errPanic) {
			s.log.Error("a SIP message broke the parser and was dropped", "error", err, "peer", src.addr.Addr())
		}
		if w.method != "" && w.method != "ACK" {
			s.reject(&w, src, sip.StatusBadRequest)
		}
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		if s.hearResponse(m, src) {
			s.txs.response(m, src.conn)
		}
	case *sip.Request:
		m.SetTransport(src.via.String())
		m.SetSource(src.addr.String())
		if s.hearRequest(m, src) && !s.txs.request(m, s.outlet(back(m, src)), s.onRequest) {
			s.count.dropped.Add(1)
			s.refuse(m, src, sip.StatusServiceUnavailable)
		}
	}
}

// crowded is the pause of a connection whose messages are over a rate.
const crowded = 20 * time.Millisecond

// admits bounds what is looked at: first what one source sends, so that it
// takes nothing from the others, then what all of them do.
func (s *Stack) admits(src netip.Addr) bool {
	now := time.Now()
	switch {
	case !s.isPeer(src):
		if !s.strangers.allow(src, now) || !s.unknown.AllowN(now, 1) {
			s.count.strangers.Add(1)
			return false
		}
	case !s.peerRates.allow(src, now):
		s.count.limited.Add(1)
		return false
	case !s.flood.AllowN(now, 1):
		s.count.dropped.Add(1)
		return false
	}
	return true
}

// back is where the responses to a request go: over the connection that it came
// by, otherwise to the address it came from and the port it asks for (RFC 3261
// section 18.2.2, RFC 3581).
func back(req *sip.Request, src hop) hop {
	via := req.Via()
	if via.Params.Has("rport") && src.via == udp {
		return src
	}
	return backTo(via.Port, src)
}

func backTo(port int, src hop) hop {
	if port <= 0 || port > 65535 {
		port = src.via.port()
	}
	src.addr = netip.AddrPortFrom(src.addr.Addr(), uint16(port))
	return src
}

// whole: what no SIP message can do without (RFC 3261 section 8.1.1), so that
// everything later may rely on it.
func whole(m sip.Message) bool {
	via, cseq := m.Via(), m.CSeq()
	return via != nil && cseq != nil && m.CallID() != nil && m.CallID().Value() != "" &&
		m.From() != nil && m.To() != nil
}

// hearResponse reports whether a transaction is to have the response.
func (s *Stack) hearResponse(res *sip.Response, src hop) bool {
	if branch, _ := res.Via().Params.Get("branch"); branch == "" {
		s.count.malformed.Add(1)
		return false // no request of ours is without
	}
	if res.CSeq().MethodName != sip.INVITE || res.StatusCode >= 300 {
		return true
	}
	l := s.find(res.CallID().Value())
	if l != nil && tagOf(res.From()) == l.localTag {
		l.offer(heard{res, src})
		return true
	}
	if res.IsSuccess() && tagOf(res.To()) != "" && hmac.Equal([]byte(tagOf(res.From())), []byte(s.tagOf(res.CallID().Value()))) {
		s.endLate(res, src)
	}
	return false
}

// hearRequest answers what belongs to no call of ours, and reports whether a
// transaction is to have the request.
func (s *Stack) hearRequest(req *sip.Request, src hop) bool {
	callID := req.CallID().Value()
	if tagOf(req.To()) != "" {
		l := s.find(callID)
		switch {
		case l != nil && l.in != nil && req.IsCancel() && l.in.id == inviteID(req):
			s.hearCancel(req, src) // some write our tag into it
			return false
		case l != nil && req.IsAck():
			l.offer(confirmed{req})
			return true // it may end the retransmission of a refused re-INVITE
		case l != nil, s.buried(callID):
			return true
		}
		s.refuse(req, src, sip.StatusCallTransactionDoesNotExists)
		return false
	}
	switch req.Method {
	case sip.INVITE:
		return s.hearInvite(req, src)
	case sip.OPTIONS:
		s.refuse(req, src, sip.StatusOK)
	case sip.CANCEL:
		s.hearCancel(req, src)
	case sip.BYE:
		s.refuse(req, src, sip.StatusCallTransactionDoesNotExists)
	default:
		s.refuse(req, src, sip.StatusMethodNotAllowed)
	}
	return false
}

// refuse answers without a transaction, as RFC 3261 section 8.2.7 lets a
// server do: the same for everybody.
func (s *Stack) refuse(req *sip.Request, src hop, code int) {
	if req.IsAck() {
		return
	}
	res := sip.NewResponseFromRequest(req, code, reason(code), nil)
	if to := res.To(); to != nil && tagOf(req.To()) == "" {
		branch, _ := req.Via().Params.Get("branch")
		to.Params.Add("tag", s.tagOf(req.CallID().Value()+branch)) // the same for a retransmission
	}
	switch code {
	case sip.StatusOK, sip.StatusMethodNotAllowed:
		res.AppendHeader(sip.NewHeader("Allow", allowed))
	}
	s.send(res, back(req, src))
}

// reason is the phrase of the codes we send.
func reason(code int) string {
	if r, ok := map[int]string{
		200: "OK", 400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed", 406: "Not Acceptable",
		415: "Unsupported Media Type", 422: "Session Interval Too Small", 603: "Decline", 416: "Unsupported URI Scheme", 420: "Bad Extension",
		100: "Trying", 180: "Ringing", 404: "Not Found", 480: "Temporarily Unavailable", 482: "Loop Detected", 486: "Busy Here",
		481: "Call/Transaction Does Not Exist", 487: "Request Terminated", 488: "Not Acceptable Here",
		491: "Request Pending", 500: "Server Internal Error", 501: "Not Implemented",
		503: "Service Unavailable", 505: "Version Not Supported",
	}[code]; ok {
		return r
	}
	return "Refused"
}
