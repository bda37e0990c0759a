package sip

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
)

// Transfer by REFER (RFC 3515, RFC 5589): the far side is asked to call
// somebody else, and tells by NOTIFY how far it got. Attended, it takes the
// place of a second call of ours (Replaces, RFC 3891).

// referral is a transfer under way.
type referral struct {
	done     chan error
	auth     sip.Header // for the trunk's challenge, answered once
	accepted bool
	seq      uint32
}

// maxReferral bounds how long the far side may ring the other party.
const maxReferral = 3 * time.Minute

var (
	// ErrTransfer: the far side would not or could not reach the other party;
	// the call goes on.
	ErrTransfer = errors.New("the transfer failed")

	errReferring = errors.New("another transfer is under way")
)

// referStep is what a response or a NOTIFY means for a transfer.
type referStep uint8

const (
	referWait referStep = iota
	referReached
	referFailed
)

// referOf judges the status of a NOTIFY's sipfrag; ended says that no other
// will follow (Subscription-State: terminated).
func referOf(code int, ended bool) referStep {
	switch {
	case code >= 200 && code < 300:
		return referReached
	case code >= 300, ended:
		return referFailed
	}
	return referWait
}

// fragment reads the status of a message/sipfrag body (RFC 3420), 0 when there
// is none.
func fragment(body []byte) int {
	line, _, _ := strings.Cut(string(body[:min(len(body), 256)]), "\n")
	version, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	digits, _, _ := strings.Cut(rest, " ")
	code, err := strconv.Atoi(digits)
	if version != "SIP/2.0" || err != nil || code < 100 || code > 699 {
		return 0
	}
	return code
}

// errand is something to be done by the goroutine of a leg.
type errand func()

// Transfer implements call.Referrer.
func (l *leg) Transfer(ctx context.Context, to string, with call.Leg) error {
	replaces := ""
	if with != nil {
		other, ok := call.As[*leg](with)
		if !ok || other == l {
			return fmt.Errorf("%w: an attended transfer needs a second SIP leg", ErrTransfer)
		}
		var err error
		if to, replaces, err = other.place(ctx); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	if !l.offer(errand(func() { l.refer(to, replaces, done) })) {
		return errNotUp
	}
	select {
	case <-l.done: // a far side that is on its way says so by BYE
		select {
		case err := <-done:
			return err
		default:
			return errNotUp
		}
	default:
		return l.await(ctx, done, "transfer the call")
	}
}

// place names this leg's dialog for who shall take our part in it: the far
// side's address, and a Replaces value.
func (l *leg) place(ctx context.Context) (to, replaces string, err error) {
	done := make(chan error, 1)
	if !l.offer(errand(func() {
		if l.m.state != talking {
			done <- errNotUp
			return
		}
		u := l.dlg.target
		u.Headers = nil
		to = u.String()
		replaces = fmt.Sprintf("%s;to-tag=%s;from-tag=%s", l.callID, l.dlg.remoteTag, l.localTag)
		done <- nil
	})) {
		return "", "", errNotUp
	}
	// The strings are ours once the word is here, and only then.
	if err := l.await(ctx, done, "ask the second call"); err != nil {
		return "", "", err
	}
	return to, replaces, nil
}

// refer begins a transfer.
func (l *leg) refer(to, replaces string, done chan error) {
	switch {
	case l.m.state != talking:
		done <- errNotUp
		return
	case l.referring != nil:
		done <- errReferring
		return
	}
	p := l.path
	p.to = sip.Uri{}
	if !clean(to) {
		done <- fmt.Errorf("%w: the transfer target holds characters that a SIP header cannot carry", ErrTarget)
		return
	}
	if err := p.setTo(to); err != nil {
		done <- fmt.Errorf("transfer: %w", err)
		return
	}
	target := p.to.String()
	if replaces != "" {
		target += "?Replaces=" + url.QueryEscape(replaces)
	}
	l.referring = &referral{done: done}
	l.giveUpRefer.set(maxReferral)
	l.sendRefer(l.referring, target)
}

func (l *leg) sendRefer(r *referral, target string) {
	l.dlg.cseq++
	r.seq = l.dlg.cseq
	req := l.dlg.inside(sip.REFER, r.seq)
	req.AppendHeader(l.dlg.contactHeader())
	req.AppendHeader(sip.NewHeader("Refer-To", "<"+target+">"))
	req.AppendHeader(sip.NewHeader("Referred-By", "<"+l.dlg.from.String()+">"))
	if r.auth != nil {
		req.AppendHeader(r.auth)
	}
	req.SetBody(nil)
	uri := req.Recipient.String()
	l.post(req, l.dlg, func(res *sip.Response, err error) {
		switch {
		case l.referring != r:
		case err != nil:
			l.endRefer(fmt.Errorf("%w: %w", ErrTransfer, err))
		case res.IsSuccess():
			r.accepted = true
		case res.StatusCode == sip.StatusUnauthorized, res.StatusCode == sip.StatusProxyAuthRequired:
			auth, err := l.dlg.prove(l.path.account, res, sip.REFER, uri)
			if err != nil || r.auth != nil {
				l.endRefer(errors.Join(ErrTransfer, &Failure{Code: res.StatusCode, Reason: res.Reason}, err))
				return
			}
			r.auth = auth
			l.sendRefer(r, target)
		default:
			l.endRefer(fmt.Errorf("%w: %w", ErrTransfer, &Failure{Code: res.StatusCode, Reason: res.Reason}))
		}
	})
}

// notified takes a NOTIFY: of our own transfer, everything else is refused.
func (l *leg) notified(a asked) {
	event, _, _ := strings.Cut(headerValue(a.req, "Event", "o"), ";")
	if l.referring == nil || !strings.EqualFold(strings.TrimSpace(event), "refer") {
		l.stack.respond(a.tx, a.req, sip.StatusCallTransactionDoesNotExists)
		return
	}
	l.stack.respond(a.tx, a.req, sip.StatusOK)
	l.referring.accepted = true // a NOTIFY may overtake the 202 (RFC 3265 section 3.1.4.4)
	state, _, _ := strings.Cut(headerValue(a.req, "Subscription-State"), ";")
	code := fragment(a.req.Body())
	switch referOf(code, strings.EqualFold(strings.TrimSpace(state), "terminated")) {
	case referReached:
		l.endRefer(nil)
		l.do(l.m.on(input{what: hangup}))
	case referFailed:
		err := ErrTransfer
		if code >= 300 {
			err = fmt.Errorf("%w: %w", ErrTransfer, &Failure{Code: code})
		}
		l.endRefer(err)
	}
}

// endRefer tells how a transfer ended; without one it does nothing.
func (l *leg) endRefer(err error) {
	if l.referring == nil {
		return
	}
	l.referring.done <- err
	l.referring = nil
	l.giveUpRefer.stop()
}

// partedRefer: the leg ends. A far side that took the REFER and hung up is
// with the other party, as far as anybody can tell.
func (l *leg) partedRefer() {
	if l.referring == nil {
		return
	}
	if l.referring.accepted && l.m.cause.By == call.PartyCustomer {
		l.endRefer(nil)
		return
	}
	l.endRefer(fmt.Errorf("%w: the call ended before", ErrTransfer))
}
