package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
)

// How a leg carries out its machine: what it reads out of responses, and what
// it sends.

// newInvite writes the next INVITE outside a dialog, with our offer.
func (l *leg) newInvite() *sip.Request {
	extra := l.path.headers(l.dlg.local.Addr().String())
	if l.target.Call != "" {
		extra = append(extra, sip.NewHeader("X-Parley-Call", l.target.Call))
	}
	if l.target.Attempt != "" {
		extra = append(extra, sip.NewHeader("X-Parley-Attempt", l.target.Attempt))
	}
	if l.auth != nil {
		extra = append(extra, l.auth)
	}
	extra = append(extra, sip.NewHeader("Supported", supported))
	extra = append(extra, l.timer.headers()...)
	return l.dlg.invite(l.describe(sendrecv, offered(), nil), extra...)
}

// sendInvite starts an INVITE transaction and watches it.
func (l *leg) sendInvite() {
	clear(l.branches) // those of a refused INVITE are gone with it
	l.try++
	var tx *clientTx
	for {
		l.invite = l.newInvite()
		l.branch, _ = l.invite.Via().Params.Get("branch")
		var err error
		ctx, cancel := l.leaving()
		tx, err = l.stack.begin(ctx, l.invite, l.dlg.peer)
		cancel()
		if err == nil {
			break
		}
		// Nothing left, so the next hop may be tried.
		if errors.Is(err, ErrClosed) || errors.Is(err, errOverdue) || !l.nextHop() {
			l.do(l.m.on(input{what: broken, err: fmt.Errorf("send the INVITE: %w", err)}))
			return
		}
		l.log.Warn("the INVITE could not be sent, the next address is tried", "error", err)
	}
	l.tx = tx
	l.befriend(tx.to)
	try := l.try
	l.stack.work.Go(func() { l.watch(tx, try) })
}

// leaving bounds how long an INVITE may wait for a connection: the first one
// has permission for a moment only, one that answers a challenge is part of it.
func (l *leg) leaving() (context.Context, context.CancelFunc) {
	if l.try > 1 {
		return context.WithTimeout(context.Background(), permission)
	}
	return context.WithDeadline(context.Background(), l.due)
}

// watch reads the INVITE transaction until its final response or end. What it
// passes up earlier came through the screen already, in order.
func (l *leg) watch(tx *clientTx, try int) {
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.StatusCode >= 300:
				l.tell(settled{try: try, res: res})
				return
			case res.StatusCode >= 200:
				return
			}
		case <-tx.Done():
			l.stack.silent(tx)
			l.tell(settled{try: try, err: tx.Err()})
			return
		case <-tx.lost():
			tx.Terminate()
			l.tell(settled{try: try, err: tx.to.conn.err})
			return
		}
	}
}

// hear takes a 1xx or 2xx to the INVITE.
func (l *leg) hear(h heard) {
	branch, _ := h.res.Via().Params.Get("branch")
	tag := tagOf(h.res.To())
	if h.res.CSeq().SeqNo > l.dlg.inviteSeq {
		// To a re-INVITE: its transaction tells, but not that the ACK was lost.
		if h.res.IsSuccess() && l.lastAck.req != nil && branch == l.lastAck.branch {
			l.stack.send(l.lastAck.req, l.lastAck.to)
		}
		return
	}
	if l.tx == nil {
		return // a call that came in: there is no INVITE of ours that could be answered
	}
	if branch != l.branch {
		// It answers a try that was challenged: a fork that did not ask.
		if h.res.IsSuccess() && tag != "" {
			l.stack.endLate(h.res, h.src)
		}
		return
	}
	in := input{what: provisional, code: h.res.StatusCode, reason: h.res.Reason, tag: tag}
	if !h.res.IsSuccess() {
		if b := l.branchOf(h.res, tag); b != nil && h.res.StatusCode > sip.StatusTrying && l.m.state <= cancelling {
			if !l.reliable(b, h.res) {
				return
			}
			in.sound = l.early(b, h.res)
		}
		l.do(l.m.on(in))
		return
	}
	if tag == "" {
		return // RFC 3261 section 12.1.1: without a tag there is no dialog to acknowledge
	}
	in.what = success
	l.prepareAck(h, tag)
	if l.m.state < talking {
		in.err = l.final(h.res, tag)
		l.learn(h.res)
		l.timer.accepted(h.res)
		l.wind()
		l.soundMu.Lock()
		l.isAnswered = true
		l.soundMu.Unlock()
	}
	l.do(l.m.on(in))
}

// early reads the SDP of a provisional response.
func (l *leg) early(b *branch, res *sip.Response) bool {
	if len(res.Body()) == 0 {
		return false
	}
	s, err := parseSession(res.Body())
	if err == nil {
		_, err = s.agreed()
	}
	if err != nil {
		l.log.Warn("the early session description is of no use", "error", err)
		return false
	}
	l.answer, b.heard = s, &s
	b.firm = b.firm || lists(res, "Require", "100rel")
	return true
}

// final reads the answer of the 2xx. Without one the description of an earlier
// response of the same branch stands, as gateways have it; where those carried
// no tag, theirs.
func (l *leg) final(res *sip.Response, tag string) error {
	if len(res.Body()) == 0 {
		b := l.branches[tag]
		if b == nil || b.heard == nil {
			b = l.branches[""]
		}
		if b == nil || b.heard == nil {
			return fmt.Errorf("%w: the answer carries no session description", ErrNoAudio)
		}
		l.answer = *b.heard
	} else {
		s, err := parseSession(res.Body())
		if err != nil {
			return err
		}
		l.answer = s
	}
	_, err := l.answer.agreed()
	return err
}

// prepareAck builds the ACK of a 2xx once; a retransmission gets the same.
func (l *leg) prepareAck(h heard, tag string) {
	if l.acks[tag] != nil || len(l.acks) >= maxForks {
		return
	}
	d := l.dlg
	if l.m.state < talking {
		d.confirm(h.res)
	} else {
		d = l.dlg.fork(h.res)
	}
	if b := l.branches[tag]; b != nil { // what the early dialog counted goes on
		d.cseq, d.farSeq = max(d.cseq, b.dlg.cseq), b.dlg.farSeq
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	to := l.stack.nextHop(ctx, d)
	l.befriend(to)
	l.acks[tag], l.ackTo[tag] = d.ack(l.auth), to
	if d != l.dlg {
		l.forks[tag] = d
	}
}

// endFork ends another branch's answer, once its ACK has left.
func (l *leg) endFork(d *dialog) {
	if !l.stack.byeOnce(d) {
		return
	}
	l.log.Warn("another fork answered too and is ended")
	account := l.path.account
	l.stack.work.Go(func() {
		if err := l.stack.goodbye(context.Background(), d, account); err != nil {
			l.log.Warn("the BYE of a fork failed", "error", err)
		}
	})
}

// settle takes what the INVITE transaction had to say.
func (l *leg) settle(v settled) {
	if v.try != l.try {
		return
	}
	if v.res == nil {
		in := input{what: broken, sent: true, err: v.err}
		if errors.Is(v.err, sip.ErrTransactionTimeout) {
			in = input{what: silence}
		}
		l.do(l.m.on(in))
		return
	}
	in := input{what: failure, code: v.res.StatusCode, reason: v.res.Reason, q850: reasonOf(v.res)}
	if h := v.res.GetHeader("Retry-After"); h != nil && in.code == sip.StatusServiceUnavailable {
		l.rest = retryAfter(h.Value())
	}
	if in.code == sip.StatusUnauthorized || in.code == sip.StatusProxyAuthRequired {
		in.mayAgain, in.err = l.answerChallenge(v.res)
	}
	if in.code == statusIntervalTooSmall {
		in.mayAgain = l.timer.refused(v.res)
	}
	l.do(l.m.on(in))
}

// answerChallenge prepares credentials: once, and once more for a stale nonce.
func (l *leg) answerChallenge(res *sip.Response) (bool, error) {
	if l.challenge != nil && !stale(res) {
		return false, fmt.Errorf("%w: the trunk refused our credentials; check its username and password", ErrAuth)
	}
	h, err := credentials(l.path.account, res, sip.INVITE, l.invite.Recipient.String())
	if err != nil {
		return false, err
	}
	l.challenge, l.auth = res, h
	l.dlg.trust(res, l.path.account)
	return true, nil
}

// do carries out what the machine decided, in order.
func (l *leg) do(todo []action) {
	for _, a := range todo {
		switch a.deed {
		case doTell:
			l.report(a)
		case doMedia:
			if err := l.negotiate(l.answer); err != nil {
				l.log.Error("the media cannot be set up", "error", err)
				l.fault = fmt.Errorf("set up the media: %w", err)
				l.askHangup()
			}
		case doAck, doDrop:
			if ack := l.acks[a.tag]; ack != nil {
				l.stack.send(ack, l.ackTo[a.tag])
			}
			if d := l.forks[a.tag]; d != nil {
				delete(l.forks, a.tag)
				l.endFork(d)
			}
		case doCancel:
			l.sendCancel()
		case doBye:
			l.sendBye()
		case doAgain:
			l.sendInvite()
		case doAnswer:
			l.accept()
		case doRefuse:
			l.turnAway(a.code)
		case doEnd:
			l.log.Info("call ended", "network", string(l.m.cause.Network), "sip", l.m.cause.SIP, "by", string(l.m.cause.By))
		}
	}
}

func (l *leg) report(a action) {
	if trunk := l.path.account; trunk != nil && l.in == nil {
		trunk.works()
	}
	p := call.Progress{Kind: a.kind, At: time.Now(), SIP: a.code}
	if a.kind == call.Answered {
		p.Leg = l.keep()
	}
	select {
	case l.progress <- p:
	default: // cannot be: the machine bounds its steps
	}
}

// sendCancel ends a call that is not answered; the final response to the
// INVITE decides what became of it, within 64·T1 (RFC 3261 section 9.1).
func (l *leg) sendCancel() {
	req, to := l.dlg.cancel(l.invite), l.tx.to
	l.giveUp.Reset(linger())
	l.stack.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), linger())
		defer cancel()
		if _, err := l.stack.transact(ctx, req, to); err != nil {
			l.log.Debug("the CANCEL got no reply", "error", err)
		}
	})
}

// sendBye ends the call; it is sent whatever any context says.
func (l *leg) sendBye() {
	d := *l.dlg
	l.dlg.cseq += 2 // the BYE, and once more with credentials
	l.stack.byeOnce(&d)
	account := l.path.account
	ctx, cancel := context.WithCancel(context.Background())
	l.stack.work.Go(func() {
		defer cancel()
		l.tell(parted{l.stack.goodbye(ctx, &d, account)})
	})
	l.stack.work.Go(func() { // the end of the process does not wait for timer F
		select {
		case <-l.drop:
			cancel()
		case <-ctx.Done():
		}
	})
}

// describe writes our side of the session.
func (l *leg) describe(d direction, formats []format, answers *session) []byte {
	if l.sound == nil {
		d = inactive
	}
	l.version++
	l.described = description{
		id: l.session, version: l.version, local: l.soundAddr(),
		formats: formats, direction: d, answers: answers,
		crypto: l.ownKeys().lines(l.policy(), answers), secure: l.policy() == SRTPRequire,
	}.bytes()
	return l.described
}

// press passes on a key; a reader that does not keep up loses keys.
func (l *leg) press(d rune, by way) {
	if l.lastKey.repeats(d, by, time.Now()) {
		return
	}
	select {
	case l.digits <- d:
	default:
	}
}
