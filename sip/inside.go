package sip

import (
	"errors"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Requests of the far side inside a dialog. They come one at a time, because
// one goroutine owns the dialog.

// reinvite is our 200 to a re-INVITE until its ACK: a server repeats it itself
// (RFC 3261 section 13.3.1.4).
type reinvite struct {
	req   *sip.Request
	tx    *sip.ServerTx
	res   *sip.Response
	pause time.Duration
	until time.Time
	timer *time.Timer
	asked bool // the re-INVITE made no offer: the ACK carries the answer
}

// wait is nil, and so waits for ever, when nothing is to be repeated.
func (r *reinvite) wait() <-chan time.Time {
	if r == nil {
		return nil
	}
	return r.timer.C
}

func (l *leg) serve(a asked) {
	d := l.dlg
	if d.remoteTag == "" && !d.untagged { // not answered yet: an early dialog's
		if b := l.branches[tagOf(a.req.From())]; b != nil {
			d = b.dlg
		}
	}
	if code := d.admits(a.req); code != 0 {
		l.stack.respond(a.tx, a.req, code)
		return
	}
	if d != l.dlg && a.req.Method != sip.UPDATE && a.req.Method != sip.INFO && a.req.Method != sip.OPTIONS {
		// Nothing else has a place before the answer (RFC 3261 section 15).
		l.stack.respond(a.tx, a.req, sip.StatusForbidden)
		return
	}
	switch a.req.Method {
	case sip.BYE:
		l.stack.respond(a.tx, a.req, sip.StatusOK)
		l.stack.byeOnce(l.dlg) // a 200 repeated after this is acknowledged, not ended again
		l.do(l.m.on(input{what: farBye, q850: reasonOf(a.req)}))
	case sip.INVITE:
		l.reinvited(a)
	case sip.UPDATE:
		l.updated(a)
	case sip.INFO:
		l.informed(a)
	case sip.NOTIFY:
		l.notified(a)
	case sip.REFER:
		l.stack.respond(a.tx, a.req, sip.StatusGlobalDecline) // nobody makes us call anybody
	case sip.OPTIONS:
		res := sip.NewResponseFromRequest(a.req, sip.StatusOK, reason(sip.StatusOK), nil)
		res.AppendHeader(sip.NewHeader("Allow", allowed))
		l.reply(a.tx, res)
	case sip.CANCEL:
		l.stack.respond(a.tx, a.req, sip.StatusCallTransactionDoesNotExists)
	default:
		l.stack.respond(a.tx, a.req, sip.StatusNotImplemented)
	}
}

func (l *leg) reply(tx *sip.ServerTx, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		l.log.Debug("a response was not sent", "code", res.StatusCode, "error", err)
	}
}

// reinvited renews the session: a moved address, hold and its end, or nothing
// but a sign of life.
func (l *leg) reinvited(a asked) {
	code := glare(sip.INVITE, len(a.req.Body()) > 0, l.changing, l.again)
	switch l.m.state {
	case talking:
	case alerting: // a second one before the answer to the first: RFC 3261 section 14.2
		l.refuseWith(a, sip.StatusInternalServerError, []sip.Header{sip.NewHeader("Retry-After", "5")})
		return
	default:
		code = sip.StatusRequestPending
	}
	if code != 0 {
		l.stack.respond(a.tx, a.req, code)
		return
	}
	timer, code := l.timer.asked(a.req)
	if code != 0 {
		l.refuseWith(a, code, timer)
		return
	}
	body, code := l.renegotiate(a.req)
	if code != sip.StatusOK {
		l.stack.respond(a.tx, a.req, code)
		return
	}
	l.wind()
	l.learn(a.req)
	res := sip.NewResponseFromRequest(a.req, sip.StatusOK, reason(sip.StatusOK), nil)
	res.AppendHeader(l.dlg.contactHeader())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Supported", supported))
	for _, h := range timer {
		res.AppendHeader(h)
	}
	res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	res.SetBody(body)
	l.retarget(a.req)
	l.again = &reinvite{
		req: a.req, tx: a.tx, res: res, pause: sip.T1, until: time.Now().Add(linger()),
		timer: time.NewTimer(sip.T1), asked: len(a.req.Body()) == 0,
	}
	l.reply(a.tx, res)
}

// updated is RFC 3311: a re-INVITE without the ACK, or only a refresh.
func (l *leg) updated(a asked) {
	offers := len(a.req.Body()) > 0
	code := glare(sip.UPDATE, offers, l.changing, l.again)
	early := l.branches[tagOf(a.req.From())]
	if l.m.state < talking && offers && (early == nil || !early.firm) {
		code = sip.StatusRequestPending // our own offer has no answer yet
	}
	if code != 0 {
		l.stack.respond(a.tx, a.req, code)
		return
	}
	timer, code := l.timer.asked(a.req)
	if code != 0 {
		l.refuseWith(a, code, timer)
		return
	}
	res := sip.NewResponseFromRequest(a.req, sip.StatusOK, reason(sip.StatusOK), nil)
	res.AppendHeader(l.dlg.contactHeader())
	for _, h := range timer {
		res.AppendHeader(h)
	}
	if offers {
		body, code := l.renegotiate(a.req)
		if code != sip.StatusOK {
			l.stack.respond(a.tx, a.req, code)
			return
		}
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	if l.m.state < talking {
		if offers {
			s := l.answer
			early.heard = &s
		}
	} else {
		l.retarget(a.req)
		l.learn(a.req)
		l.wind()
	}
	l.reply(a.tx, res)
}

// refuseWith refuses a request and says by headers what would do.
func (l *leg) refuseWith(a asked, code int, headers []sip.Header) {
	res := sip.NewResponseFromRequest(a.req, code, reason(code), nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	l.reply(a.tx, res)
}

// retarget follows a new Contact (RFC 3261 section 12.2.2), and listens to it:
// from there the far side goes on.
func (l *leg) retarget(m sip.Message) {
	all := m.GetHeaders("Contact")
	if len(all) == 0 {
		return
	}
	if c, ok := all[0].(*sip.ContactHeader); ok && c.Address.Host != "" && !c.Address.Wildcard {
		moved := c.Address.Host != l.dlg.target.Host
		if l.dlg.target = *c.Address.Clone(); moved {
			l.befriendHop()
		}
	}
}

// renegotiate answers an offer, or makes one when there is none; the status
// says whether the session changed. On any refusal the old one goes on.
func (l *leg) renegotiate(req *sip.Request) ([]byte, int) {
	if len(req.Body()) == 0 {
		return l.describe(l.facing(sendrecv), offered(), nil), sip.StatusOK
	}
	if ct := req.ContentType(); ct != nil && !strings.HasPrefix(strings.ToLower(ct.Value()), "application/sdp") {
		return nil, sip.StatusUnsupportedMediaType
	}
	offer, err := parseSession(req.Body())
	if err == nil {
		var formats []format
		if formats, err = offer.agreed(); err == nil {
			if err = l.negotiate(offer); err == nil {
				l.answer = offer
				return l.describe(l.facing(offer.direction.mirrored()), formats, &offer), sip.StatusOK
			}
		}
	}
	l.log.Warn("an offer inside the call was refused", "error", err)
	return nil, sip.StatusNotAcceptableHere
}

// acknowledged ends the repetition of our 200.
func (l *leg) acknowledged(ack *sip.Request) {
	r := l.again
	if r == nil || l.dlg.admits(ack) != 0 || ack.CSeq().SeqNo != r.req.CSeq().SeqNo {
		return
	}
	r.timer.Stop()
	l.again = nil
	defer l.proceed()
	if l.m.state == confirming {
		l.confirm(r, ack)
		return
	}
	r.tx.Terminate()
	if !r.asked {
		return
	}
	s, err := parseSession(ack.Body())
	if err == nil {
		if err = l.negotiate(s); err == nil {
			l.answer = s
			return
		}
	}
	l.log.Warn("the answer to our offer is of no use, the session stays as it was", "error", err)
}

// resend repeats the 200; a far side that never acknowledges is gone.
func (l *leg) resend() {
	r := l.again
	if time.Now().After(r.until) {
		l.again = nil
		l.log.Warn("our answer was never acknowledged")
		l.do(l.m.on(input{what: vanished, err: errNoAck}))
		return
	}
	l.reply(r.tx, r.res)
	r.pause = min(2*r.pause, sip.T2)
	r.timer.Reset(r.pause)
}

// errNoAck: RFC 3261 section 14.2 ends the call.
var errNoAck = errors.New("the far side never acknowledged our answer to its INVITE")

// refuseRest answers what still waits in the inbox of a leg that is over.
func (l *leg) refuseRest() {
	if l.again != nil {
		l.again.timer.Stop()
		l.again.tx.Terminate()
		l.again = nil
	}
	for {
		select {
		case v := <-l.inbox:
			switch v := v.(type) {
			case order:
				v.done <- errNotUp
			case errand:
				v()
			case asked:
				l.stack.respond(v.tx, v.req, sip.StatusCallTransactionDoesNotExists)
			case heard:
				if v.res.IsSuccess() && tagOf(v.res.To()) != "" {
					l.stack.endLate(v.res, v.src)
				}
			}
		default:
			return
		}
	}
}
