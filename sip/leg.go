package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/call"
	"parley/outcome"
)

var (
	_ call.Dialer   = (*Stack)(nil)
	_ call.Leg      = (*leg)(nil)
	_ call.Holder   = (*leg)(nil)
	_ call.Referrer = (*leg)(nil)
)

// defaultRing is how long a phone rings when the target does not say.
const defaultRing = 45 * time.Second

// permission is how long after the gate's word an INVITE may leave, which is a
// second after the attempt became durable.
const permission = time.Second

var (
	// errLate: the look-up of the next hop took the time that an INVITE has.
	errLate = errors.New("the address was not found in time; check the DNS servers")
	// errOverdue: something else did, on our side.
	errOverdue = errors.New("the INVITE could not leave within a second of its permission; check the load of this machine and the connection to the trunk")
)

// dueOf is until when the INVITE of a call must have left that was given to us
// now: its permission may be older than our knowing of it.
func dueOf(t call.Target, now time.Time) time.Time {
	if begun := t.Case.Begun; !begun.IsZero() && begun.Before(now) {
		return begun.Add(permission)
	}
	return now.Add(permission)
}

// Bounds of one leg.
const (
	inboxSize    = 64
	progressSize = maxEarly + 4 // every step fits without a reader
	digitsSize   = 64
	maxForks     = 8
	maxHeld      = 8  // connections
	maxFriends   = 32 // addresses listened to
)

// What reaches a leg's goroutine.
type (
	// heard is a 1xx or 2xx to its INVITE, in order of arrival.
	heard struct {
		res *sip.Response
		src hop
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

// leg is one call: a goroutine that owns the dialog and carries out what the
// machine decides.
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
	held     chan bool // the newest only
	done     chan struct{}
	wish     chan struct{} // somebody wants to hang up
	drop     chan struct{} // closed: the stack gives up on everything
	dropOnce sync.Once
	cause    call.Cause // written before done is closed

	// Owned by run.
	m         machine
	path      path
	hops      []hop     // where the INVITE may go, the one it goes to in front
	due       time.Time // until then it must have left
	dlg       *dialog
	try       int
	tx        *clientTx
	branch    string
	invite    *sip.Request
	auth      sip.Header // credentials of the last INVITE
	challenge *sip.Response
	answer    session // the far side's last usable description
	remote    Remote  // what the media was told last
	crypto    keys    // our own of SRTP, drawn when first needed
	// The far side's silence: checked by the alarm, counted from heardFrom on.
	listening   alarm
	heardFrom   time.Time
	expectSound bool
	lastKey     lastKey
	session     uint64 // identifies our side in every description of this call
	version     uint64
	acks        map[string]*sip.Request // by To tag
	forks       map[string]*dialog      // other branches that answered, until they are ended
	ackTo       map[string]hop
	peers       []netip.Addr
	conns       []*conn       // held open
	channel     bool          // a channel of the trunk is held
	trial       bool          // this call finds out whether the trunk works again
	rest        time.Duration // what the refusal asks for by Retry-After
	giveUp      *time.Timer
	again       *reinvite

	owner       bool               // the Call-ID is ours
	branches    map[string]*branch // early dialogs, by To tag
	timer       sessionTimer
	renewing    alarm  // we renew the session
	expiring    alarm  // nobody renewed it
	farUpdates  bool   // the far side takes UPDATE
	holding     bool   // we hold the call
	isHeld      bool   // the far side holds it
	described   []byte // our last description
	orders      []order
	changing    *exchange
	backoff     alarm        // until the next try of changing
	lastAck     confirmation // of our last re-INVITE
	referring   *referral
	giveUpRefer alarm
	in          *incoming // of a call that came in, nil otherwise

	keys  <-chan rune
	fault error // of our own side, for which the call is ended

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
		acks: map[string]*sip.Request{}, forks: map[string]*dialog{}, ackTo: map[string]hop{},
		owner: true, branches: map[string]*branch{}, held: make(chan bool, 1),
	}
}

// CallID is that of every message of the leg (TraceMessage.CallID).
func (l *leg) CallID() string { return l.callID }

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
	l.partedRefer()
	l.refuseRest()
	if l.channel {
		l.path.account.release(l.trial)
	}
	for _, c := range l.conns {
		c.holds.Add(-1)
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
	if errors.Is(err, ErrTrunkFull) || errors.Is(err, ErrTrunkRests) {
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
	l.noteHop()
	l.cause = l.m.cause
	if l.cause.Err == nil {
		l.cause.Err = l.fault
	}
	if a := l.path.account; a != nil {
		l.cause.Trunk = a.Name
		if !errors.Is(l.cause.Err, errOverdue) { // which says nothing about the trunk
			a.judge(l.cause, l.rest)
		}
	}
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
		if l.trial, err = a.take(ctx); err != nil {
			return err
		}
		l.channel = true
	}
	if l.hops, err = l.locate(ctx); err != nil {
		return err
	}
	l.headFor(l.hops[0])
	if err := l.openSound(); err != nil {
		return fmt.Errorf("open the media of the call: %w", err)
	}
	if l.sound != nil && !l.soundAddr().IsValid() {
		return errors.New("the media has no local address")
	}
	return l.reach(ctx)
}

// reach opens the connection to a next hop that needs one before the INVITE is
// written: nothing can ring by then, so another hop or trunk may be tried.
func (l *leg) reach(ctx context.Context) error {
	for {
		err := l.connect(ctx, l.dlg.peer)
		if !errors.Is(err, ErrConnection) || ctx.Err() != nil || !l.nextHop() {
			return err
		}
		l.log.Warn("the next hop cannot be reached, the next address is tried", "error", err)
	}
}

// connect opens the connection to a hop while the INVITE may still leave.
func (l *leg) connect(ctx context.Context, to hop) error {
	own, cancel := context.WithDeadline(ctx, l.due)
	defer cancel()
	reached := make(chan error, 1)
	if to.via == udp {
		reached <- nil
	} else {
		l.stack.work.Go(func() {
			_, err := l.stack.conns.connect(own, to)
			reached <- err
		})
	}
	select {
	case err := <-reached:
		if err != nil {
			return err
		}
	case <-l.drop:
		return ErrClosed
	case <-l.wish:
		l.askHangup()
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

// locate finds where the INVITE may go, while it may still leave.
func (l *leg) locate(ctx context.Context) ([]hop, error) {
	own, cancel := context.WithDeadline(ctx, l.due)
	defer cancel()
	hops, err := l.stack.locate(own, l.path.place)
	switch {
	case err == nil:
	case ctx.Err() != nil: // whatever the look-up made of it
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	case !time.Now().Before(l.due):
		err = errLate // not the caller's own end, which would be a cancelled call
	}
	return hops, err
}

// headFor turns the call towards a next hop; nothing has been sent to another.
func (l *leg) headFor(h hop) {
	l.befriend(h)
	d := l.stack.newDialog(l.path, l.callID, l.localTag, h)
	if l.dlg != nil {
		d.cseq, d.realm = l.dlg.cseq, l.dlg.realm
	}
	l.dlg = d
}

// nextHop turns the call towards the next of its hops after the INVITE could
// not be sent to this one; false when there is none, or it is too late. It must
// not be asked once anything has left.
func (l *leg) nextHop() bool {
	if l.stack.shunned.add(l.dlg.peer.addr, time.Now()); len(l.hops) < 2 || time.Now().After(l.due) {
		return false
	}
	l.hops = l.hops[1:]
	l.headFor(l.hops[0])
	return true
}

// noteHop remembers how the next hop served, for the calls after this one.
func (l *leg) noteHop() {
	switch c := l.m.cause; {
	case errors.Is(c.Err, ErrNoResponse), c.SIP == sip.StatusServiceUnavailable:
		l.stack.shunned.add(l.dlg.peer.addr, time.Now())
	case c.SIP != 0:
		l.stack.shunned.clear(l.dlg.peer.addr)
	}
}

// befriend listens to a hop as long as this leg lives, and a little more, and
// keeps its connection open until then.
func (l *leg) befriend(to hop) {
	if c := to.conn; c != nil && !slices.Contains(l.conns, c) && len(l.conns) < maxHeld {
		c.holds.Add(1)
		l.conns = append(l.conns, c)
	}
	a := to.addr.Addr()
	for _, known := range l.peers {
		if known == a {
			return
		}
	}
	if len(l.peers) >= maxFriends {
		return
	}
	l.stack.peer(a)
	l.peers = append(l.peers, a)
}

// loop carries the call to its end.
func (l *leg) loop(ctx context.Context) {
	ring := time.NewTimer(l.target.RingTimeout)
	defer ring.Stop()
	l.giveUp = time.NewTimer(time.Hour)
	l.giveUp.Stop()
	defer l.giveUp.Stop()
	defer l.stopAlarms()
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
			l.press(d, inMedia)
		case <-ring.C:
			l.do(l.m.on(input{what: ringTimeout}))
		case <-l.giveUp.C:
			l.do(l.m.on(input{what: gaveUp}))
		case <-l.again.wait():
			l.resend()
		case <-l.renewing.C():
			l.renewing.stop()
			l.renew()
		case <-l.expiring.C():
			l.expired()
		case <-l.giveUpRefer.C():
			l.endRefer(fmt.Errorf("%w: nobody told in time whether the other party was reached", ErrTransfer))
		case <-l.backoff.C():
			l.backoff.stop()
			l.propose(l.changing)
		case now := <-l.listening.C():
			l.listened(now)
		case <-l.wish:
			l.do(l.m.on(input{what: hangup}))
		case <-l.in.wished():
			l.pickUp()
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

func (l *leg) stopAlarms() {
	l.renewing.stop()
	l.expiring.stop()
	l.backoff.stop()
	l.giveUpRefer.stop()
	l.listening.stop()
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
	case cancelled:
		l.do(l.m.on(input{what: farCancel}))
	case order:
		l.ordered(v)
	case errand:
		v()
	case replied:
		v.then(v.res, v.err)
	case parted:
		l.do(l.m.on(input{what: byeDone, err: v.err}))
	}
}
