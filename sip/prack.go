package sip

import (
	"fmt"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// branch is an early dialog: one place where our INVITE rings, known by its To
// tag (RFC 3261 section 12.1). A proxy that forks makes several of one INVITE.
type branch struct {
	dlg *dialog
	// rseq is the last reliable response taken (RFC 3262), 0 before the first;
	// taken is how many there were.
	rseq  uint32
	taken int
	// heard is this branch's own session description, if it sent one; firm
	// says that it came reliably, which completes offer and answer.
	heard *session
	firm  bool
}

// maxReliable bounds the PRACKs of one branch.
const maxReliable = 32

// takes decides about a reliable provisional response: only the next one in
// sequence is acknowledged and looked at. A repeated one was acknowledged, by
// a PRACK that repeats itself; of one that came too early the missing one
// before it will be repeated (RFC 3262 section 4).
func (b *branch) takes(rseq uint32) bool {
	if rseq == 0 || b.taken >= maxReliable || b.rseq != 0 && rseq != b.rseq+1 {
		return false
	}
	b.rseq = rseq
	b.taken++
	return true
}

// branchOf finds or begins the early dialog of a provisional response; nil when
// there are too many.
func (l *leg) branchOf(res *sip.Response, tag string) *branch {
	b := l.branches[tag]
	if b == nil && len(l.branches) < maxForks {
		b = &branch{dlg: l.dlg.fork(res)}
		l.branches[tag] = b
	}
	return b
}

// reliable reads and acknowledges a provisional response that asks for it;
// false when it is out of order and must be passed over.
func (l *leg) reliable(b *branch, res *sip.Response) bool {
	if b.dlg.remoteTag == "" || !lists(res, "Require", "100rel") {
		return true
	}
	rseq, err := strconv.ParseUint(headerValue(res, "RSeq"), 10, 32)
	if err != nil || !b.takes(uint32(rseq)) {
		return false
	}
	if len(res.GetHeaders("Contact")) > 0 {
		seq, far := b.dlg.cseq, b.dlg.farSeq
		b.dlg.confirm(res)
		b.dlg.cseq, b.dlg.farSeq = seq, far
	}
	b.dlg.cseq++
	prack := b.dlg.inside(sip.PRACK, b.dlg.cseq)
	prack.AppendHeader(sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", rseq, l.dlg.inviteSeq)))
	prack.SetBody(nil)
	l.post(prack, b.dlg, func(res *sip.Response, err error) {
		if err != nil {
			l.log.Warn("a PRACK got no reply", "error", err)
		} else if !res.IsSuccess() {
			l.log.Warn("a PRACK was refused", "code", res.StatusCode)
		}
	})
	return true
}
