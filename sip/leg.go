package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/media"
	"parley/outcome"
)

var (
	_ call.Dialer = (*Stack)(nil)
	_ call.Leg    = (*leg)(nil)
)

// defaultRing is how long a phone rings when the target does not say.
const defaultRing = 45 * time.Second

// Bounds of one leg.
const (
	inboxSize    = 64
	progressSize = maxEarly + 4 // every step fits without a reader
	digitsSize   = 64
	maxForks     = 8
)

// What reaches a leg's goroutine.
type (
	// heard is a 1xx or 2xx to its INVITE, in order of arrival.
	heard struct {
		res *sip.Response
		src netip.AddrPort
	}
	// settled is what only the INVITE transaction knows: a final response it
	// has acknowledged, or why it ended without one.
	settled struct {
		try int
		res *sip.Response
		err error
	}
	// asked is a request inside the dialog.
	asked struct {
		req *sip.Request
		tx  *sip.ServerTx
	}
	// confirmed is an ACK inside the dialog.
	confirmed struct{ req *sip.Request }
	// parted: our BYE has ended.
	parted struct{ err error }
)

// leg is one outgoing call: a goroutine that owns the dialog and carries out
// what the machine decides.
type leg struct {
	stack    *Stack
	target   call.Target
	callID   string
	localTag string
	log      *slog.Logger

	inbox    chan any
	inboxMu  sync.Mutex // of shut, against the inbox being left with a message
	shut     bool
	progress chan call.Progress
	digits   chan rune
	done     chan struct{}
	wish     chan struct{} // somebody wants to hang up
	drop     chan struct{} // closed: the stack gives up on everything
	dropOnce sync.Once
	cause    call.Cause // written before done is closed

	// Owned by run.
	m         machine
	path      path
	dlg       *dialog
	try       int
	tx        *sip.ClientTx
	branch    string
	invite    *sip.Request
	auth      sip.Header // credentials of the last INVITE
	challenge *sip.Response
	answer    session // the far side's last usable description
	remote    Remote  // what the media was told last
	heardSDP  bool
	session   uint64 // identifies our side in every description of this call
	version   uint64
	acks      map[string]*sip.Request // by To tag
	ackTo     map[string]netip.AddrPort
	peers     []netip.Addr
	channel   bool // a channel of the trunk is held
	giveUp    *time.Timer
	again     *reinvite
	keys      <-chan rune

	soundMu    sync.Mutex
	sound      Media
	soundOff   bool
	isAnswered bool
	began      bool          // the media gave its first frame
	before     time.Duration // what the leg's clock was then
	at         time.Duration // of the next frame
	lastStats  call.MediaStats
	silence    [160]int16
}

func newLeg(s *Stack, t call.Target) *leg {
	if t.RingTimeout <= 0 {
		t.RingTimeout = defaultRing
	}
	id := callIDOf(t.Call)
	if !clean(t.Call) {
		id = callIDOf("") // plan refuses the target in a moment
	}
	return &leg{
		stack: s, target: t, callID: id, localTag: s.tagOf(id),
		log: s.log.With("tenant", t.Tenant, "campaign", t.Campaign, "contact", t.Contact,
			"attempt", t.Attempt, "call", t.Call, "trunk", t.Trunk),
		inbox: make(chan any, inboxSize), progress: make(chan call.Progress, progressSize),
		session: uint64(rand.Uint32()), digits: make(chan rune, digitsSize), done: make(chan struct{}),
		wish: make(chan struct{}, 1), drop: make(chan struct{}),
		acks: map[string]*sip.Request{}, ackTo: map[string]netip.AddrPort{},
	}
}

func (l *leg) Progress() <-chan call.Progress { return l.progress }
func (l *leg) Digits() <-chan rune            { return l.digits }
func (l *leg) Done() <-chan struct{}          { return l.done }
func (l *leg) Ended() call.Cause              { return l.cause }

// Hangup asks for the end and waits for it or ctx. The CANCEL or BYE is sent
// in any case and has its own deadline (64·T1).
func (l *leg) Hangup(ctx context.Context) error {
	l.askHangup()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		select {
		case <-l.done:
			return nil
		default:
		}
		return fmt.Errorf("hang up: the far side has not confirmed yet: %w", ctx.Err())
	}
}

func (l *leg) askHangup() {
	select {
	case l.wish <- struct{}{}:
	default:
	}
}

func (l *leg) abandon() { l.dropOnce.Do(func() { close(l.drop) }) }

// offer hands something to the leg without waiting; false when its inbox is
// full or it is over. What is lost is sent again by its sender.
func (l *leg) offer(v any) bool {
	l.inboxMu.Lock()
	defer l.inboxMu.Unlock()
	if l.shut {
		return false
	}
	select {
	case l.inbox <- v:
		return true
	default:
		l.stack.count.dropped.Add(1)
		return false
	}
}

// close ends the taking of messages; what still waits is answered.
func (l *leg) close() {
	l.inboxMu.Lock()
	l.shut = true
	l.inboxMu.Unlock()
	l.refuseRest()
	if l.channel {
		l.path.account.release()
	}
	close(l.progress)
	close(l.digits)
	close(l.done)
}

// tell hands over what nobody would send again.
func (l *leg) tell(v any) {
	select {
	case l.inbox <- v:
	case <-l.done:
	}
}

// failEarly ends a leg that never began.
func (l *leg) failEarly(err error) {
	l.cause = call.Cause{Network: outcome.TrunkFailed, By: call.PartyBot, Retryable: true, Err: err}
	if errors.Is(err, ErrTrunkFull) {
		l.cause.Network = outcome.Congestion
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		l.cause.Network = outcome.Cancelled
	}
	l.closeSound()
	l.close()
}

// run is the leg's life.
func (l *leg) run(ctx context.Context) {
	if err := l.prepare(ctx); err != nil {
		l.stack.bury(l, l.peers)
		l.failEarly(err)
		return
	}
	l.sendInvite()
	l.loop(ctx)
	if l.tx != nil && l.m.cause.SIP < 300 {
		l.tx.Terminate() // without a final response nothing is left to acknowledge
	}
	l.cause = l.m.cause
	l.closeSound()
	l.stack.bury(l, l.peers)
	l.close()
}

// prepare does everything before the INVITE that can fail without ringing.
func (l *leg) prepare(ctx context.Context) error {
	s := l.stack
	var err error
	if l.path, err = s.plan(l.target); err != nil {
		return err
	}
	if a := l.path.account; a != nil {
		if err := a.take(ctx); err != nil {
			return err
		}
		l.channel = true
	}
	peer, err := s.resolve(ctx, l.path.host, l.path.port)
	if err != nil {
		return err
	}
	l.befriend(peer.Addr())
	local := s.addressTowards(peer.Addr())
	domain := l.path.domain
	if domain == "" {
		domain = local.Addr().String()
	}
	l.dlg = &dialog{
		callID: l.callID, localTag: l.localTag, local: local, peer: peer, agent: s.agent,
		from:    sip.Uri{Scheme: "sip", User: l.path.from, Host: domain},
		to:      l.path.to,
		contact: sip.Uri{Scheme: "sip", User: "parley", Host: local.Addr().String(), Port: int(local.Port())},
	}
	if err := l.openSound(); err != nil {
		return fmt.Errorf("open the media of the call: %w", err)
	}
	if l.sound != nil && !l.soundAddr().IsValid() {
		return errors.New("the media has no local address")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-l.wish:
		return fmt.Errorf("hung up before the INVITE: %w", context.Canceled)
	default:
		return nil
	}
}

// befriend listens to an address as long as this leg lives, and a little more.
func (l *leg) befriend(a netip.Addr) {
	for _, known := range l.peers {
		if known == a {
			return
		}
	}
	l.stack.peer(a)
	l.peers = append(l.peers, a)
}

// sendInvite starts an INVITE transaction and watches it.
func (l *leg) sendInvite() {
	extra := []sip.Header{}
	if l.target.Call != "" {
		extra = append(extra, sip.NewHeader("X-Parley-Call", l.target.Call))
	}
	if l.target.Attempt != "" {
		extra = append(extra, sip.NewHeader("X-Parley-Attempt", l.target.Attempt))
	}
	if l.auth != nil {
		extra = append(extra, l.auth)
	}
	l.try++
	l.invite = l.dlg.invite(l.describe(sendrecv, offered(), nil), extra...)
	l.branch, _ = l.invite.Via().Params.Get("branch")
	tx, err := l.stack.begin(context.Background(), l.invite)
	if err != nil {
		// sipgo sends before it returns: an error here means nothing left.
		l.do(l.m.on(input{what: broken, err: fmt.Errorf("send the INVITE: %w", err)}))
		return
	}
	l.tx = tx
	try := l.try
	l.stack.work.Go(func() { l.watch(tx, try) })
}

// watch reads the INVITE transaction until its final response or end. What it
// passes up earlier came through the screen already, in order.
func (l *leg) watch(tx *sip.ClientTx, try int) {
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
			l.tell(settled{try: try, err: tx.Err()})
			return
		}
	}
}

// loop carries the call to its end.
func (l *leg) loop(ctx context.Context) {
	ring := time.NewTimer(l.target.RingTimeout)
	defer ring.Stop()
	l.giveUp = time.NewTimer(time.Hour)
	l.giveUp.Stop()
	defer l.giveUp.Stop()
	setup := ctx.Done()
	for l.m.state != over {
		select {
		case v := <-l.inbox:
			l.take(v)
		case d, ok := <-l.keys:
			if !ok {
				l.keys = nil
				continue
			}
			l.press(d)
		case <-ring.C:
			l.do(l.m.on(input{what: ringTimeout}))
		case <-l.giveUp.C:
			l.do(l.m.on(input{what: gaveUp}))
		case <-l.again.wait():
			l.resend()
		case <-l.wish:
			l.do(l.m.on(input{what: hangup}))
		case <-setup:
			setup = nil // it bounds the set-up only
			if l.m.state < talking {
				l.do(l.m.on(input{what: hangup}))
			}
		case <-l.drop:
			l.giveIn()
		}
		if l.m.state >= talking {
			setup = nil
		}
	}
}

// giveIn ends the leg without waiting for anybody: the process stops.
func (l *leg) giveIn() {
	l.m.cause.Err = errors.Join(l.m.cause.Err, fmt.Errorf("the far side did not confirm the end in time: %w", ErrClosed))
	if l.m.state < talking {
		l.m.cause.Network, l.m.cause.Rang = outcome.Cancelled, true
	}
	l.m.cause.By = call.PartyBot
	l.m.state = over
}

func (l *leg) take(v any) {
	switch v := v.(type) {
	case heard:
		l.hear(v)
	case settled:
		l.settle(v)
	case asked:
		l.serve(v)
	case confirmed:
		l.acknowledged(v.req)
	case parted:
		l.do(l.m.on(input{what: byeDone, err: v.err}))
	}
}

// hear takes a 1xx or 2xx to the INVITE.
func (l *leg) hear(h heard) {
	branch, _ := h.res.Via().Params.Get("branch")
	tag := tagOf(h.res.To())
	if branch != l.branch {
		// It answers a try that was challenged: a fork that did not ask.
		if h.res.IsSuccess() && tag != "" {
			l.stack.endLate(h.res, h.src)
		}
		return
	}
	in := input{what: provisional, code: h.res.StatusCode, reason: h.res.Reason, tag: tag}
	if !h.res.IsSuccess() {
		in.sound = l.early(h.res)
		l.do(l.m.on(in))
		return
	}
	if tag == "" {
		return // RFC 3261 section 12.1.1: without a tag there is no dialog to acknowledge
	}
	in.what = success
	l.prepareAck(h, tag)
	if l.m.state < talking {
		in.err = l.final(h.res)
		l.soundMu.Lock()
		l.isAnswered = true
		l.soundMu.Unlock()
	}
	l.do(l.m.on(in))
}

// early reads the SDP of a provisional response; only what changes counts.
func (l *leg) early(res *sip.Response) bool {
	if res.StatusCode == sip.StatusTrying || len(res.Body()) == 0 {
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
	l.answer, l.heardSDP = s, true
	return true
}

// final reads the answer of the 2xx. Without one the description of an earlier
// response stands, as gateways have it.
func (l *leg) final(res *sip.Response) error {
	if len(res.Body()) == 0 {
		if !l.heardSDP {
			return fmt.Errorf("%w: the answer carries no session description", ErrNoAudio)
		}
	} else {
		s, err := parseSession(res.Body())
		if err != nil {
			return err
		}
		l.answer, l.heardSDP = s, true
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
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	to := l.stack.nextHop(ctx, d)
	l.befriend(to.Addr())
	l.acks[tag], l.ackTo[tag] = d.ack(l.auth), to
	if d != l.dlg {
		l.endFork(d)
	}
}

// endFork ends another branch's answer; its ACK is sent with the others.
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
	if in.code == sip.StatusUnauthorized || in.code == sip.StatusProxyAuthRequired {
		in.mayAuth, in.err = l.answerChallenge(v.res)
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
				l.m.cause.Err = err
				l.askHangup()
			}
		case doAck, doDrop:
			if ack := l.acks[a.tag]; ack != nil {
				l.stack.send(ack, l.ackTo[a.tag])
			}
		case doCancel:
			l.sendCancel()
		case doBye:
			l.sendBye()
		case doAuth:
			l.sendInvite()
		case doEnd:
			l.log.Info("call ended", "network", string(l.m.cause.Network), "sip", l.m.cause.SIP, "by", string(l.m.cause.By))
		}
	}
}

func (l *leg) report(a action) {
	select {
	case l.progress <- call.Progress{Kind: a.kind, At: time.Now(), SIP: a.code}:
	default: // cannot be: the machine bounds its steps
	}
}

// sendCancel ends a call that is not answered; the final response to the
// INVITE decides what became of it, within 64·T1 (RFC 3261 section 9.1).
func (l *leg) sendCancel() {
	req := l.dlg.cancel(l.invite)
	l.giveUp.Reset(linger())
	l.stack.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), linger())
		defer cancel()
		if _, err := l.stack.transact(ctx, req); err != nil {
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
	return description{
		id: l.session, version: l.version, local: l.soundAddr(),
		formats: formats, direction: d, answers: answers,
	}.bytes()
}

// press passes on a key; a reader that does not keep up loses keys.
func (l *leg) press(d rune) {
	select {
	case l.digits <- d:
	default:
	}
}

var _ media.Source = (*leg)(nil)
