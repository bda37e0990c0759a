package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// How a leg carries out what the machine decides about a call that came in,
// until its 200 is acknowledged.

// incoming is what such a leg has beside those of our own calls.
type incoming struct {
	id     inviteKey
	req    *sip.Request
	tx     *sip.ServerTx
	pick   chan struct{} // told once: answer
	picked atomic.Bool
	offer  *session // nil: the INVITE made none, ours is in the 200
	timer  []sip.Header
	buried bool // before the refusal went out: another try may follow at once
}

// cancelled: the CANCEL of a call that came in.
type cancelled struct{}

// wish asks for the answer, once. It never waits.
func (in *incoming) wish() {
	if in != nil && !in.picked.Swap(true) {
		in.pick <- struct{}{} // there is room for the one
	}
}

// wished is nil, and so waits for ever, for a call of ours.
func (in *incoming) wished() <-chan struct{} {
	if in == nil {
		return nil
	}
	return in.pick
}

// takeUp bounds how long the transactions may take to hand over an INVITE that passed the
// screen.
const takeUp = 2 * time.Second

// serveIncoming is the life of a leg whose INVITE came in.
func (l *leg) serveIncoming(src hop) {
	early, ok := l.takeInvite()
	if ok {
		l.prepareIncoming(src, early)
		l.loop(context.Background())
	}
	l.cause = l.m.cause
	if l.cause.Err == nil {
		l.cause.Err = l.fault
	}
	l.cause.Trunk = l.path.account.Name
	l.closeSound()
	l.lay()
	l.close()
}

// lay buries the leg, once.
func (l *leg) lay() {
	if !l.in.buried {
		l.in.buried = true
		l.stack.bury(l, l.peers)
	}
}

// takeInvite waits for the INVITE's transaction; early says that a CANCEL was
// there before it.
func (l *leg) takeInvite() (early, ok bool) {
	limit := time.NewTimer(takeUp)
	defer limit.Stop()
	for {
		select {
		case v := <-l.inbox:
			switch v := v.(type) {
			case asked:
				if v.req.IsInvite() && tagOf(v.req.To()) == "" {
					l.in.req, l.in.tx = v.req, v.tx
					return early, true
				}
				l.stack.respond(v.tx, v.req, sip.StatusCallTransactionDoesNotExists)
			case cancelled:
				early = true
			}
		case <-limit.C:
			return early, false
		case <-l.drop:
			return early, false
		}
	}
}

// prepareIncoming makes the call ring here, or refuses it.
func (l *leg) prepareIncoming(src hop, early bool) {
	l.reply(l.in.tx, l.answerOf(sip.StatusTrying))
	if early {
		l.do(l.m.on(input{what: farCancel}))
		return
	}
	if code, err := l.examine(src); code != 0 {
		l.log.Warn("a call that came in cannot be served", "code", code, "error", err)
		l.do(l.m.on(input{what: unfit, code: code, err: err}))
		return
	}
	if !lists(l.in.req, "Require", "100rel") { // then only what is acknowledged may go before the answer: nothing does
		res := l.answerOf(sip.StatusRinging)
		res.AppendHeader(l.dlg.contactHeader())
		l.reply(l.in.tx, res)
	}
	select {
	case l.stack.arrivals <- l:
	default: // nobody takes calls any more
		l.do(l.m.on(input{what: unfit, code: sip.StatusServiceUnavailable, err: ErrClosed}))
	}
}

// examine reads the INVITE and opens the sound; a status other than 0 refuses
// the call.
func (l *leg) examine(src hop) (int, error) {
	req := l.in.req
	var err error
	if l.dlg, err = l.stack.calleeDialog(l, req, src); err != nil {
		return sip.StatusBadRequest, err
	}
	l.befriend(src)
	l.befriendHop()
	var code int
	if l.in.timer, code = l.timer.asked(req); code != 0 {
		return code, errors.New("the session interval is too small")
	}
	if err := l.openSound(); err != nil {
		return sip.StatusServiceUnavailable, fmt.Errorf("open the media of the call: %w", err)
	}
	if len(req.Body()) == 0 {
		return 0, nil
	}
	if ct := req.ContentType(); ct != nil && !strings.HasPrefix(strings.ToLower(ct.Value()), "application/sdp") {
		return sip.StatusUnsupportedMediaType, fmt.Errorf("%w: its body is none", ErrBadSDP)
	}
	offer, err := parseSession(req.Body())
	if err == nil {
		if _, err = offer.agreed(); err == nil {
			_, err = l.ownKeys().agree(l.policy(), offer)
		}
	}
	if err != nil {
		return sip.StatusNotAcceptableHere, err
	}
	l.in.offer, l.answer = &offer, offer
	return 0, nil
}

// befriendHop listens to where our requests will go, as far as that is known.
func (l *leg) befriendHop() {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	l.befriend(l.stack.nextHop(ctx, l.dlg))
}

// answerOf is a response to the INVITE with our tag. sipgo would draw one.
func (l *leg) answerOf(code int) *sip.Response {
	res := sip.NewResponseFromRequest(l.in.req, code, reason(code), nil)
	if code > sip.StatusTrying {
		res.To().Params.Add("tag", l.localTag)
	}
	return res
}

// pickUp answers: somebody here writes sound.
func (l *leg) pickUp() { l.do(l.m.on(input{what: pickUp})) }

// accept sends the 200, and again until its ACK (RFC 3261 section 13.3.1.4).
func (l *leg) accept() {
	res := l.answerOf(sip.StatusOK)
	res.AppendHeader(l.dlg.contactHeader())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Supported", supported))
	for _, h := range l.in.timer {
		res.AppendHeader(h)
	}
	res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	if o := l.in.offer; o == nil {
		res.SetBody(l.describe(sendrecv, offered(), nil))
	} else {
		formats, _ := o.agreed() // examine saw that it does
		res.SetBody(l.describe(o.direction.mirrored(), formats, o))
	}
	l.learn(l.in.req)
	l.wind()
	l.again = &reinvite{
		req: l.in.req, tx: l.in.tx, res: res, pause: sip.T1, until: time.Now().Add(linger()),
		timer: time.NewTimer(sip.T1), asked: l.in.offer == nil,
	}
	l.reply(l.in.tx, res)
}

// confirm takes the ACK of our 200. The transaction stays for what the network
// still repeats of the INVITE.
func (l *leg) confirm(r *reinvite, ack *sip.Request) {
	var err error
	if r.asked {
		var s session
		if s, err = parseSession(ack.Body()); err == nil {
			if _, err = s.agreed(); err == nil {
				l.answer = s
			}
		}
	}
	l.soundMu.Lock()
	l.isAnswered = err == nil
	l.soundMu.Unlock()
	l.do(l.m.on(input{what: farAck, err: err}))
}

// turnAway sends the final response that ends the call before its answer;
// sipgo repeats it until its ACK.
func (l *leg) turnAway(code int) {
	res := l.answerOf(code)
	switch code {
	case statusIntervalTooSmall:
		for _, h := range l.in.timer {
			res.AppendHeader(h)
		}
	case sip.StatusUnsupportedMediaType:
		res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	}
	l.lay()
	l.reply(l.in.tx, res)
}
