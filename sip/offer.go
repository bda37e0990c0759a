package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Requests of ours inside a dialog that change or renew its session: re-INVITE
// (RFC 3261 section 14) and UPDATE (RFC 3311). One at a time; who asks
// meanwhile waits in line.

// purpose is why the session is to be changed.
type purpose uint8

const (
	toHold purpose = iota
	toResume
	toRenew // RFC 4028
)

// order is a wish for a change; done is told once, and has room for it.
type order struct {
	why  purpose
	done chan error
}

// exchange is the request that is under way.
type exchange struct {
	order
	method sip.RequestMethod
	tries  int
	branch string
	seq    uint32
	offer  bool       // it carries a description, and so an answer is due
	auth   sip.Header // for the trunk's challenge, answered once
}

// Bounds of one change.
const (
	maxOrders = 8
	maxTries  = 6
	// maxBackoff bounds what a Retry-After makes us wait.
	maxBackoff = 10 * time.Second
)

// next is what a final response means for the request it answers.
type next uint8

const (
	nextDone   next = iota
	nextFailed      // refused; the session stays as it is
	nextLater       // try again after a while
	nextNow         // try again at once
	nextInvite      // the far side has no UPDATE: by re-INVITE
	nextProve       // answer the challenge
	nextDead        // the far side has no such call: BYE
)

// nextOf decides by the status (RFC 3261 sections 12.2.1.2 and 14.1, RFC 4028
// section 7.3); 0 stands for no response at all.
func nextOf(code int, method sip.RequestMethod, tries int) next {
	switch {
	case code >= 200 && code < 300:
		return nextDone
	case code == 0, code == sip.StatusRequestTimeout, code == sip.StatusCallTransactionDoesNotExists:
		return nextDead
	case tries >= maxTries:
		return nextFailed
	case code == sip.StatusRequestPending:
		return nextLater
	case code == sip.StatusInternalServerError && method == sip.UPDATE:
		return nextLater // RFC 3311 section 5.2: it was about to offer itself
	case code == statusIntervalTooSmall:
		return nextNow
	case code == sip.StatusUnauthorized, code == sip.StatusProxyAuthRequired:
		return nextProve
	case method == sip.UPDATE && (code == sip.StatusMethodNotAllowed || code == sip.StatusNotImplemented):
		return nextInvite
	}
	return nextFailed
}

// glareWait is how long to wait after a 491: who made the Call-ID 2.1 to 4 s,
// the other one up to 2 s, in steps of 10 ms, so that they meet no more (RFC
// 3261 section 14.1). dice is from 0 to below 1.
func glareWait(owner bool, dice float64) time.Duration {
	if owner {
		return 2100*time.Millisecond + time.Duration(dice*191)*10*time.Millisecond
	}
	return time.Duration(dice*201) * 10 * time.Millisecond
}

// glare decides about a request of the far side that would change the session
// while another change is under way: 0 lets it in.
func glare(method sip.RequestMethod, offers bool, ours *exchange, theirs *reinvite) int {
	switch {
	case method == sip.INVITE && (theirs != nil || ours != nil && (ours.offer || ours.method == sip.INVITE)):
		return sip.StatusRequestPending
	case method == sip.UPDATE && offers && (ours != nil && ours.offer || theirs != nil && theirs.asked):
		return sip.StatusRequestPending
	}
	return 0
}

// Hold implements call.Holder.
func (l *leg) Hold(ctx context.Context) error { return l.change(ctx, toHold) }

// Resume implements call.Holder.
func (l *leg) Resume(ctx context.Context) error { return l.change(ctx, toResume) }

// errNotUp: what was asked for needs an answered call.
var errNotUp = errors.New("the call is not up")

func (l *leg) change(ctx context.Context, why purpose) error {
	o := order{why, make(chan error, 1)}
	if !l.offer(o) {
		return errNotUp
	}
	return l.await(ctx, o.done, "change the session")
}

// await waits for what the leg's goroutine makes of a wish.
func (l *leg) await(ctx context.Context, done <-chan error, doing string) error {
	select {
	case err := <-done:
		return err
	case <-l.done:
		return errNotUp
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
}

// ordered puts a wish in line.
func (l *leg) ordered(o order) {
	if l.m.state != talking || len(l.orders) >= maxOrders {
		o.done <- errNotUp
		return
	}
	l.orders = append(l.orders, o)
	l.proceed()
}

// proceed begins the next change when nothing is in its way.
func (l *leg) proceed() {
	if l.m.state != talking || l.changing != nil || l.again != nil || len(l.orders) == 0 {
		return
	}
	x := &exchange{order: l.orders[0], method: sip.INVITE}
	l.orders = l.orders[1:]
	if x.why == toRenew && l.farUpdates {
		x.method = sip.UPDATE
	}
	l.changing = x
	l.propose(x)
}

// propose sends the request of a change, for the first time or again.
func (l *leg) propose(x *exchange) {
	if l.m.state != talking {
		l.concluded(x, errNotUp)
		return
	}
	switch x.why {
	case toHold:
		l.holding = true
	case toResume:
		l.holding = false
	}
	x.tries++
	l.dlg.cseq++
	x.seq = l.dlg.cseq
	req := l.dlg.inside(x.method, x.seq)
	req.AppendHeader(l.dlg.contactHeader())
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", supported))
	if x.why == toRenew || l.timer.interval > 0 {
		for _, h := range l.timer.headers() {
			req.AppendHeader(h)
		}
	}
	if x.auth != nil {
		req.AppendHeader(x.auth)
	}
	if x.offer = x.method == sip.INVITE; x.offer {
		body := l.described
		if x.why != toRenew || body == nil { // a renewal repeats what stands (RFC 3264 section 8)
			body = l.describe(l.facing(sendrecv), offered(), nil)
		}
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody(body)
	} else {
		req.SetBody(nil)
	}
	x.branch, _ = req.Via().Params.Get("branch")
	uri := req.Recipient.String()
	l.post(req, l.dlg, func(res *sip.Response, err error) { l.proposed(x, uri, res, err) })
}

// facing is a direction as we offer or answer it now: on hold we want to hear
// nothing.
func (l *leg) facing(d direction) direction {
	if !l.holding {
		return d
	}
	switch d {
	case sendrecv:
		return sendonly
	case recvonly:
		return inactive
	}
	return d
}

// proposed takes the final response to a change, or why there was none.
func (l *leg) proposed(x *exchange, uri string, res *sip.Response, err error) {
	code := 0
	if res != nil {
		code = res.StatusCode
	}
	if code >= 200 && code < 300 && x.method == sip.INVITE {
		l.ackChange(x, res)
	}
	if l.changing != x {
		return
	}
	switch nextOf(code, x.method, x.tries) {
	case nextDone:
		l.concluded(x, l.accepted(x, res))
	case nextLater:
		wait := glareWait(l.owner, rand.Float64())
		if after, ok := deltaSeconds(headerValue(res, "Retry-After")); ok {
			wait = min(time.Duration(after)*time.Second, maxBackoff)
		}
		l.backoff.set(max(wait, time.Millisecond))
	case nextNow:
		if !l.timer.refused(res) {
			l.concluded(x, &Failure{Code: code, Reason: res.Reason})
			return
		}
		l.propose(x)
	case nextInvite:
		x.method, l.farUpdates = sip.INVITE, false
		l.propose(x)
	case nextProve:
		auth, err := l.dlg.prove(l.path.account, res, x.method, uri)
		if err != nil || x.auth != nil {
			l.concluded(x, errors.Join(&Failure{Code: code, Reason: res.Reason}, err))
			return
		}
		x.auth = auth
		l.propose(x)
	case nextDead:
		if err == nil {
			err = &Failure{Code: code, Reason: res.Reason}
		}
		err = fmt.Errorf("the far side does not know this call any more: %w", err)
		l.concluded(x, err)
		l.do(l.m.on(input{what: vanished, err: err}))
	default:
		l.concluded(x, &Failure{Code: code, Reason: res.Reason})
	}
}

// ackChange acknowledges the 2xx to a re-INVITE, and keeps that for the case
// that it is lost.
func (l *leg) ackChange(x *exchange, res *sip.Response) {
	l.retarget(res)
	ack := l.dlg.inside(sip.ACK, x.seq)
	if x.auth != nil {
		ack.AppendHeader(x.auth)
	}
	ack.SetBody(nil)
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	l.lastAck = confirmation{x.branch, ack, l.stack.nextHop(ctx, l.dlg)}
	l.stack.send(ack, l.lastAck.to)
}

// accepted makes a 2xx to a change take effect.
func (l *leg) accepted(x *exchange, res *sip.Response) error {
	if x.method == sip.UPDATE {
		l.retarget(res)
	}
	l.learn(res)
	if x.why == toRenew || l.timer.interval > 0 {
		l.timer.accepted(res)
		l.wind()
	}
	if !x.offer || len(res.Body()) == 0 {
		return nil
	}
	s, err := parseSession(res.Body())
	if err == nil {
		if err = l.negotiate(s); err == nil {
			l.answer = s
			return nil
		}
	}
	return fmt.Errorf("the answer to our offer is of no use, the session stays as it was: %w", err)
}

// concluded ends a change and begins the next.
func (l *leg) concluded(x *exchange, err error) {
	if err != nil && x.why != toRenew {
		l.holding = x.why == toResume // it did not come to be
	}
	if err != nil {
		l.log.Warn("a change of the session failed", "error", err)
	}
	l.changing = nil
	x.done <- err
	l.proceed()
}

// renew asks for a refresh when the timer says so.
func (l *leg) renew() {
	l.ordered(order{toRenew, make(chan error, 1)})
}

// wind sets the session timer's alarms anew.
func (l *leg) wind() {
	renew, expire := l.timer.due(l.stack.second)
	l.renewing.set(renew)
	l.expiring.set(expire)
}

// expired: nobody renewed the session in time.
func (l *leg) expired() {
	l.expiring.stop()
	l.log.Warn("the session expired without a renewal and is ended")
	l.do(l.m.on(input{what: vanished, err: errExpired}))
}

// errExpired: a session timer ran out (RFC 4028 section 10).
var errExpired = errors.New("the session expired: nobody renewed it in time")

// learn notes what the far side can do.
func (l *leg) learn(m sip.Message) {
	if len(m.GetHeaders("Allow")) > 0 {
		l.farUpdates = lists(m, "Allow", "UPDATE")
	}
}

// confirmation is the ACK of a re-INVITE's 2xx.
type confirmation struct {
	branch string
	req    *sip.Request
	to     hop
}

// replied brings the end of a request inside the dialog back to the leg.
type replied struct {
	res  *sip.Response
	err  error
	then func(*sip.Response, error)
}

// post sends a request inside a dialog and has then called with its final
// response or error, by the leg's own goroutine, at the latest after 64·T1.
func (l *leg) post(req *sip.Request, d *dialog, then func(*sip.Response, error)) {
	at := *d // the goroutine must not see what changes later
	l.stack.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), linger())
		defer cancel()
		res, err := l.stack.transact(ctx, req, l.stack.nextHop(ctx, &at))
		l.tell(replied{res, err, then})
	})
}
