package campaign

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/call"
	"parley/rules"
)

// RunnerOptions wire a Runner.
type RunnerOptions struct {
	Contacts Contacts
	Placer   Placer
	Kernel   *rules.Kernel
	// Callers choose the caller IDs; nil where no campaign has any.
	Callers *Callers
	// MaxLive bounds the calls at once over all campaigns; 0 for 200.
	MaxLive int
	// Lease is how long a claimed contact is held before it must have begun;
	// 0 for 30 s. Tick is how often the books are read; 0 for 200 ms. A stop
	// is obeyed within it.
	Lease, Tick time.Duration
	Log         *slog.Logger
}

// Runner places the calls of all running campaigns. What it holds in memory is
// only what is under way; all else is read from the books at every tick.
type Runner struct {
	o    RunnerOptions
	wake chan struct{}
	wg   sync.WaitGroup

	mu    sync.Mutex
	lines map[string]*line // by campaign
	total int              // calls under way
}

// line is what is under way for one campaign.
type line struct {
	pacer Pacer
	// ringing bounds the set-up of every call; stop ends it.
	ringing context.Context
	stop    context.CancelFunc
	live    int
	idle    time.Time // nothing is due before
	looked  time.Time // whether it is over, while no caller ID is free
}

// NewRunner fills the defaults in.
func NewRunner(o RunnerOptions) *Runner {
	if o.MaxLive <= 0 {
		o.MaxLive = 200
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.Tick <= 0 {
		o.Tick = 200 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Callers == nil { // the trunks present their own
		o.Callers = NewCallers(CallersOptions{})
	}
	return &Runner{o: o, wake: make(chan struct{}, 1), lines: map[string]*line{}}
}

// Wake makes the runner read the books at once. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Live is the number of calls under way.
func (r *Runner) Live() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// Run works until ctx ends; then no new call begins, and it returns after the
// last call under way has ended and is settled. To end those sooner is the
// Placer's part.
func (r *Runner) Run(ctx context.Context) error {
	tick := time.NewTicker(r.o.Tick)
	defer tick.Stop()
	defer r.drain()
	trouble := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-r.wake:
		}
		err := r.step(ctx)
		if err == nil || ctx.Err() != nil {
			trouble = 0
			continue
		}
		// The database is away: nothing new begins, and nothing hurries.
		trouble = min(trouble+1, 5)
		r.o.Log.Error("campaigns cannot be read", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(trouble) * time.Second):
		}
	}
}

func (r *Runner) drain() {
	r.wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		l.stop()
	}
}

// step brings what is under way in line with the books.
func (r *Runner) step(ctx context.Context) error {
	active, err := r.o.Contacts.Active(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	on := map[string]bool{}
	for _, c := range active {
		on[c.ID] = true
		switch c.State {
		case Scheduled:
			err = r.startOnTime(ctx, c, now)
		case Running:
			err = r.advance(ctx, c, now)
		}
		if err != nil {
			return err
		}
	}
	r.cancelGone(on)
	return nil
}

// cancelGone ends the ringing of campaigns that somebody stopped. Talks go on.
func (r *Runner) cancelGone(on map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, l := range r.lines {
		if on[id] {
			continue
		}
		l.stop()
		if l.live == 0 {
			delete(r.lines, id)
		}
	}
}

func (r *Runner) startOnTime(ctx context.Context, c Campaign, now time.Time) error {
	at, err := c.Schedule.Next(c.Scheduled)
	if err != nil || at.IsZero() {
		_, err = r.o.Contacts.Move(ctx, c.Tenant, c.ID, Stopped, "its schedule names no moment")
		return lostRace(err)
	}
	if at.After(now) {
		return nil
	}
	_, err = r.o.Contacts.Move(ctx, c.Tenant, c.ID, Running, "schedule")
	return lostRace(err)
}

// lostRace: somebody moved the campaign first, which is no trouble.
func lostRace(err error) error {
	var conflict Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}

// line finds or opens the campaign's line. One whose ringing was cancelled by
// a stop is replaced when the campaign runs again.
func (r *Runner) line(c Campaign) *line {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lines[c.ID]
	if l == nil || l.ringing.Err() != nil {
		fresh := &line{}
		if l != nil {
			fresh.pacer, fresh.live = l.pacer, l.live
		}
		fresh.ringing, fresh.stop = context.WithCancel(context.Background())
		l, r.lines[c.ID] = fresh, fresh
	}
	l.pacer.CPS, l.pacer.Concurrency = c.CPS, c.Concurrency
	r.o.Placer.Warm(c.Flow)
	return l
}

// rounds bounds the claims of one tick, so that a list whose contacts the
// rules all hold back neither starves other campaigns nor takes a day.
const (
	rounds   = 8
	maxBatch = 64
)

// advance places as many calls as the pacer grants.
func (r *Runner) advance(ctx context.Context, c Campaign, now time.Time) error {
	l := r.line(c)
	r.mu.Lock()
	n := 0
	if !now.Before(l.idle) {
		n = l.pacer.Grant(now, l.live, min(r.o.MaxLive-r.total, r.o.Placer.Free()))
	}
	r.mu.Unlock()
	granted := n
	n, err := r.presentable(ctx, c, l, n, now)
	if err != nil {
		return err
	}
	if n < 1 && granted > 0 && now.Sub(l.looked) >= longestRest {
		l.looked = now
		_, err := r.finish(ctx, c) // one that is over waits for no caller ID
		return err
	}
	left, batch := n, n
	for range rounds {
		if left == 0 {
			return nil
		}
		leases, err := r.o.Contacts.Claim(ctx, c, batch, r.o.Lease)
		if err != nil {
			return err
		}
		for _, lease := range leases {
			placed, err := r.place(ctx, l, lease, left > 0)
			if err != nil {
				return err
			}
			if placed {
				left--
			}
		}
		if len(leases) < batch {
			l.pacer.Unused(left)
			return r.rest(ctx, c, l, now)
		}
		batch = min(2*batch, maxBatch)
	}
	l.pacer.Unused(left)
	return nil
}

// presentable bounds the calls to those for which there is a caller ID. Where
// there is none the campaign waits; to look again at the next tick costs little.
func (r *Runner) presentable(ctx context.Context, c Campaign, l *line, n int, now time.Time) (int, error) {
	if n == 0 {
		return 0, nil
	}
	room, err := r.o.Callers.Room(ctx, c, now)
	if err != nil {
		return 0, err
	}
	if room < n {
		l.pacer.Unused(n - room)
	}
	return min(n, room), nil
}

// longestRest: contacts may be appended at any time.
const longestRest = time.Second

// finish ends a campaign whose contacts all have ended.
func (r *Runner) finish(ctx context.Context, c Campaign) (Counts, error) {
	counts, err := r.o.Contacts.Counts(ctx, c.Tenant, c.ID)
	if err == nil && counts.Open() == 0 && counts.Total() > 0 {
		_, err = r.o.Contacts.Move(ctx, c.Tenant, c.ID, Finished, "every contact has ended")
	}
	return counts, lostRace(err)
}

// rest waits until another contact is due, or ends a campaign that has none.
func (r *Runner) rest(ctx context.Context, c Campaign, l *line, now time.Time) error {
	counts, err := r.finish(ctx, c)
	if err != nil {
		return err
	}
	l.idle = now.Add(longestRest)
	if counts.NextDue.After(now) && counts.NextDue.Before(l.idle) {
		l.idle = counts.NextDue
	}
	return nil
}

// place asks the rules about a claimed contact and begins its call, or gives
// the contact back.
func (r *Runner) place(ctx context.Context, l *line, lease Lease, room bool) (bool, error) {
	now := time.Now()
	ruled := r.o.Kernel.Judge(lease.Case, now)
	switch decision, until, reason := rules.Decide(ruled); {
	case decision == rules.Block:
		return false, r.o.Contacts.Return(ctx, lease, ruled, Next{Final: true, Reason: reason})
	case decision == rules.Wait:
		return false, r.o.Contacts.Return(ctx, lease, ruled, Next{At: until, Reason: reason})
	case !room:
		return false, r.o.Contacts.Return(ctx, lease, nil, Next{At: now, Reason: "claimed beyond the pace"})
	}
	c := lease.Campaign
	callee := Callee{Contact: lease.Contact.ID, Phone: lease.Contact.Phone, Last: lease.From}
	from, release, ok := r.o.Callers.Take(c.Tenant, r.o.Callers.Pool(c.Tenant, c.CallerIDs), callee, now)
	if !ok { // a single call took the last one meanwhile
		return false, r.o.Contacts.Return(ctx, lease, nil, Next{At: now, Reason: "no caller ID is free"})
	}
	r.mu.Lock()
	l.live++
	r.total++
	target := TargetOf(lease, from)
	ringing, id := l.ringing, c.ID
	r.mu.Unlock()
	r.wg.Go(func() {
		defer release()
		r.call(ringing, lease, target, ruled)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.total--
		// The line may have been replaced meanwhile, with our call counted.
		if now := r.lines[id]; now != nil {
			now.live--
		}
		r.Wake()
	})
	return true, nil
}

const (
	prepareWithin = 10 * time.Second
	beginWithin   = 5 * time.Second
	settleWithin  = time.Minute
)

// prepare readies a call. One that cannot be readied begins all the same, so
// that the books show why it did not go out; only where every line was taken
// meanwhile it is none of the contact's matter, and an error.
func (r *Runner) prepare(ringing context.Context, target call.Target) (Prepared, error) {
	ctx, cancel := context.WithTimeout(ringing, prepareWithin)
	defer cancel()
	p, err := r.o.Placer.Prepare(ctx, target)
	switch {
	case errors.Is(err, ErrFull):
		return nil, err
	case err != nil:
		return unready{err}, nil
	}
	return p, nil
}

// fullFor is how long a contact waits that met no free line.
const fullFor = time.Second

// unready is a call that could not be prepared.
type unready struct{ err error }

func (u unready) Place(context.Context, call.Target) (call.Report, error) {
	return call.Report{}, u.err
}
func (unready) Release() {}

// call is one contact's way from Begin to Settle. It does not end with the
// runner's context: once begun, an attempt is settled.
func (r *Runner) call(ringing context.Context, lease Lease, target call.Target, ruled []rules.Ruling) {
	log := r.o.Log.With("tenant", lease.Campaign.Tenant, "campaign", lease.Campaign.ID, "contact", lease.Contact.ID, "attempt", lease.Attempt)
	prepared, full := r.prepare(ringing, target)
	ctx, cancel := context.WithTimeout(context.Background(), beginWithin)
	defer cancel()
	if full != nil {
		if err := r.o.Contacts.Return(ctx, lease, nil, Next{At: time.Now().Add(fullFor), Reason: "no line is free"}); err != nil {
			log.Warn("a contact without a line stays claimed until its lease ends", "error", err)
		}
		return
	}
	defer prepared.Release()
	begun, err := r.o.Contacts.Begin(ctx, lease, target, ruled)
	if errors.Is(err, ErrRefused) {
		if err := r.o.Contacts.Return(ctx, lease, ruled, Next{At: time.Now().Add(time.Minute), Reason: err.Error()}); err != nil {
			log.Warn("a refused contact stays claimed until its lease ends", "error", err)
		}
		return
	}
	if err != nil {
		// Not known whether it became durable: the lease or the next start decides.
		log.Error("an attempt could not begin", "error", err)
		return
	}
	target.Case.Begun = begun
	report, err := prepared.Place(ringing, target)
	tried, counted := lease.Tried, Counted(report)
	if err != nil {
		log.Warn("a call was not placed", "error", err)
		report = call.Report{
			ID: target.Call, Campaign: target.Campaign, Contact: target.Contact, Attempt: target.Attempt,
			To: target.To, From: target.From, Trunk: target.Trunk, Started: begun, Ended: time.Now(), Problem: err.Error(), Rules: report.Rules,
		}
		counted = false
	}
	if counted {
		tried.Attempts++
	} else {
		tried.Failures++
	}
	c := lease.Campaign
	settlement := Settlement{
		Report: report, Counted: counted, Next: c.Retry.After(report, tried, c.MaxAttempts, time.Now()),
	}
	Persist(context.Background(), log, func(ctx context.Context) error { return r.o.Contacts.Settle(ctx, lease, settlement) })
}

// Persist writes how a call ended. It tries until write succeeds, or a minute
// has passed or ctx ended; then the next start finds the attempt without an
// outcome and takes it for uncertain.
func Persist(ctx context.Context, log *slog.Logger, write func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := write(ctx)
		if err == nil {
			return
		}
		log.Error("an outcome could not be written yet", "error", err)
		select {
		case <-ctx.Done():
			log.Error("an outcome was not written; the attempt will count as uncertain")
			return
		case <-time.After(pause):
		}
	}
}
