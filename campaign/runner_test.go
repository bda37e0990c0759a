package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/call"
	"parley/outcome"
	"parley/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ledger is a working Contacts in memory.
type ledger struct {
	mu        sync.Mutex
	campaigns map[string]*Campaign
	contacts  []*entry
	begun     []string // phones in the order of their calls
	away      bool     // the database does not answer
	epoch     int
}

type entry struct {
	Contact
	campaign, state, reason string
	due                     time.Time
	tried                   Tried
	optedOut                bool
}

func newLedger(n int, c Campaign) *ledger {
	c.ID, c.Tenant, c.Profile = "c1", "default", "test"
	if c.State == "" {
		c.State = Running
	}
	l := &ledger{campaigns: map[string]*Campaign{c.ID: &c}}
	for i := range n {
		l.contacts = append(l.contacts, &entry{Contact: Contact{ID: fmt.Sprint("p", i), Phone: fmt.Sprintf("sip:p%d@127.0.0.1", i)}, campaign: c.ID, state: "waiting"})
	}
	return l
}

var errAway = errors.New("the database is away")

func (l *ledger) Active(context.Context) ([]Campaign, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return nil, errAway
	}
	var out []Campaign
	for _, c := range l.campaigns {
		if c.State == Running || c.State == Paused || c.State == Scheduled {
			out = append(out, *c)
		}
	}
	return out, nil
}

func (l *ledger) Move(_ context.Context, _, id string, to State, _ string) (Campaign, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.campaigns[id]
	if !c.State.CanBecome(to) {
		return *c, Conflict{"no"}
	}
	c.State = to
	return *c, nil
}

func (l *ledger) Claim(_ context.Context, c Campaign, limit int, _ time.Duration) ([]Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Lease
	for _, e := range l.contacts {
		if len(out) == limit {
			break
		}
		if e.campaign == c.ID && e.state == "waiting" && !e.due.After(time.Now()) && l.campaigns[c.ID].State == Running {
			e.state = "claimed"
			l.epoch++
			out = append(out, Lease{Campaign: c, Contact: e.Contact, Attempt: fmt.Sprint("a", l.epoch), Tried: e.tried,
				Case: CaseOf(c, e.Contact, History{OptedOut: e.optedOut}, time.Now())})
		}
	}
	return out, nil
}

func (l *ledger) find(lease Lease) *entry {
	return l.contacts[slices.IndexFunc(l.contacts, func(e *entry) bool { return e.ID == lease.Contact.ID })]
}

func (l *ledger) Begin(_ context.Context, lease Lease, t call.Target, ruled []rules.Ruling) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(lease)
	if d, _, _ := rules.Decide(ruled); e.state != "claimed" || l.campaigns[lease.Campaign.ID].State != Running || d != rules.Allow {
		return time.Time{}, ErrRefused
	}
	e.state = "dialling"
	l.begun = append(l.begun, t.To)
	return time.Now(), nil
}

func (l *ledger) Return(_ context.Context, lease Lease, _ []rules.Ruling, next Next) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.find(lease); e.state == "claimed" {
		e.follow(next)
	}
	return nil
}

func (e *entry) follow(next Next) {
	e.state, e.due, e.reason = "waiting", next.At, next.Reason
	if next.Final {
		e.state = "done"
	}
}

func (l *ledger) Settle(_ context.Context, lease Lease, s Settlement) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return errAway
	}
	e := l.find(lease)
	if s.Counted {
		e.tried.Attempts++
	} else {
		e.tried.Failures++
	}
	e.follow(s.Next)
	return nil
}

func (l *ledger) Counts(context.Context, string, string) (Counts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var c Counts
	for _, e := range l.contacts {
		switch e.state {
		case "waiting":
			if c.Waiting++; c.NextDue.IsZero() || e.due.Before(c.NextDue) {
				c.NextDue = e.due
			}
		case "claimed":
			c.Claimed++
		case "dialling":
			c.Dialling++
		case "done":
			c.Done++
		}
	}
	return c, nil
}

func (l *ledger) state() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.campaigns["c1"].State
}

func (l *ledger) calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.begun)
}

// phones is a working Placer: rings for a time, then talks for a time.
type phones struct {
	prepare, ring, talk time.Duration
	refuse              error
	// others are lines that calls of other kinds take; the runner is not told of
	// them in time when unseen.
	lines, others int
	unseen        bool

	mu         sync.Mutex
	live, most int
	taken      int // lines, from Prepare to the end of Place
	cancelled  int
	turned     int           // away, for want of a line
	late       time.Duration // the oldest permission that reached it
}

func (p *phones) Warm(string) {}
func (p *phones) Release()    {}

func (p *phones) Free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines == 0 || p.unseen {
		return 1000
	}
	return p.lines - p.others - p.taken
}

func (p *phones) Prepare(context.Context, call.Target) (Prepared, error) {
	p.mu.Lock()
	full := p.lines > 0 && p.taken+p.others >= p.lines
	if full {
		p.turned++
	} else {
		p.taken++
	}
	p.mu.Unlock()
	if full {
		return nil, ErrFull
	}
	time.Sleep(p.prepare)
	return p, nil
}

func (p *phones) Place(ctx context.Context, t call.Target) (call.Report, error) {
	if p.refuse != nil {
		return call.Report{}, p.refuse
	}
	p.mu.Lock()
	p.live++
	p.most = max(p.most, p.live)
	p.late = max(p.late, time.Since(t.Case.Begun))
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.live--
		p.taken--
	}()
	r := call.Report{ID: t.Call, To: t.To, Network: outcome.Answered, AnsweredBy: outcome.Human, Disposition: outcome.PromiseToPay, Rang: true}
	select {
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.cancelled++
		r.Network, r.AnsweredBy, r.Disposition = outcome.Cancelled, "", ""
		return r, nil
	case <-time.After(p.ring):
	}
	time.Sleep(p.talk) // an answered call goes on, whatever ctx says
	return r, nil
}

// run starts a runner in a bubble, where time.Sleep moves a clock that nobody
// waits for; end stops the runner and waits.
func run(t *testing.T, l *ledger, p Placer) (r *Runner, end func()) {
	t.Helper()
	k, err := rules.NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	r = NewRunner(RunnerOptions{Contacts: l, Placer: p, Kernel: k})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestRunnerCallsEveryContactOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(30, Campaign{CPS: 5, Concurrency: 4})
		p := &phones{ring: 2 * time.Second, talk: 3 * time.Second}
		_, end := run(t, l, p)
		time.Sleep(2 * time.Minute)
		end()
		if l.state() != Finished || l.calls() != 30 || p.most != 4 {
			t.Errorf("%s after %d calls, at most %d at once", l.state(), l.calls(), p.most)
		}
		if slices.Sort(l.begun); len(slices.Compact(l.begun)) != 30 {
			t.Error("a contact was called twice")
		}
		if p.late > time.Second {
			t.Errorf("a permission was %v old", p.late)
		}
	})
}

// TestRunnerPreparesBeforeItBegins: however long a recogniser takes to come
// free, the permission to call is young when the call is placed.
func TestRunnerPreparesBeforeItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(5, Campaign{CPS: 5, Concurrency: 4})
		p := &phones{prepare: 8 * time.Second, ring: time.Second}
		_, end := run(t, l, p)
		time.Sleep(time.Minute)
		end()
		if l.state() != Finished || l.calls() != 5 || p.late > time.Second {
			t.Errorf("%s after %d calls, a permission was %v old", l.state(), l.calls(), p.late)
		}
	})
}

func TestRunnerStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100, Campaign{CPS: 10, Concurrency: 100})
		p := &phones{ring: 4 * time.Second, talk: time.Minute}
		r, end := run(t, l, p)
		time.Sleep(6 * time.Second) // some talk, some ring
		if _, err := l.Move(t.Context(), "default", "c1", Stopped, "test"); err != nil {
			t.Fatal(err)
		}
		before := l.calls()
		time.Sleep(time.Second)
		p.mu.Lock()
		live, cancelled := p.live, p.cancelled
		p.mu.Unlock()
		if l.calls() != before || cancelled == 0 || live == 0 || live+cancelled != before {
			t.Errorf("a second after the stop: %d new calls, %d cancelled, %d live of %d", l.calls()-before, cancelled, live, before)
		}
		time.Sleep(time.Minute)
		if n := r.Live(); n != 0 || l.state() != Stopped {
			t.Errorf("%d calls live, %s", n, l.state())
		}
		// Started again, it goes on with the rest; nobody's ringing is cancelled.
		if _, err := l.Move(t.Context(), "default", "c1", Running, "test"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if l.calls() <= before || p.cancelled != cancelled {
			t.Errorf("after a new start %d calls, %d cancelled", l.calls()-before, p.cancelled-cancelled)
		}
		end()
	})
}

func TestRunnerPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100, Campaign{CPS: 10, Concurrency: 100})
		p := &phones{ring: 4 * time.Second, talk: time.Minute}
		_, end := run(t, l, p)
		time.Sleep(6 * time.Second)
		if _, err := l.Move(t.Context(), "default", "c1", Paused, "test"); err != nil {
			t.Fatal(err)
		}
		before := l.calls()
		time.Sleep(10 * time.Second)
		if l.calls() != before || p.cancelled != 0 {
			t.Errorf("paused: %d new calls, %d cancelled", l.calls()-before, p.cancelled)
		}
		end()
	})
}

func TestRunnerDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(3, Campaign{CPS: 100, Concurrency: 10})
		_, end := run(t, l, &phones{ring: time.Second, talk: 30 * time.Second})
		time.Sleep(2 * time.Second)
		start := time.Now()
		end() // returns after the last call is settled
		if waited := time.Since(start); waited < 20*time.Second {
			t.Errorf("it left its calls after %v", waited)
		}
		if c, _ := l.Counts(t.Context(), "", ""); c.Done != 3 || c.Dialling != 0 {
			t.Errorf("after the drain: %+v", c)
		}
	})
}

func TestRunnerObeysRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(20, Campaign{CPS: 100, Concurrency: 20})
		for i, e := range l.contacts {
			e.optedOut = i%2 == 0
		}
		l.campaigns["c1"].Schedule.From = time.Now().Add(time.Hour)
		_, end := run(t, l, &phones{})
		time.Sleep(59 * time.Minute)
		if l.calls() != 0 {
			t.Errorf("%d calls before the campaign begins", l.calls())
		}
		time.Sleep(2 * time.Minute)
		end()
		if l.calls() != 10 || l.state() != Finished {
			t.Errorf("%d calls, %s", l.calls(), l.state())
		}
		for i, e := range l.contacts {
			if i%2 == 0 && e.reason != "opt_out: the person asked not to be called" {
				t.Errorf("contact %d ended because %q", i, e.reason)
			}
		}
	})
}

func TestRunnerStartsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(1, Campaign{State: Scheduled, Schedule: Schedule{Cron: "30 9 * * *", Zone: "UTC"}, Scheduled: time.Now()})
		_, end := run(t, l, &phones{})
		time.Sleep(9*time.Hour + 29*time.Minute) // the bubble begins at midnight UTC
		if l.state() != Scheduled || l.calls() != 0 {
			t.Errorf("%s with %d calls before its time", l.state(), l.calls())
		}
		time.Sleep(2 * time.Minute)
		end()
		if l.calls() != 1 {
			t.Errorf("%d calls after its time", l.calls())
		}
	})
}

func TestRunnerSurvivesItsDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(10, Campaign{CPS: 100, Concurrency: 1})
		_, end := run(t, l, &phones{ring: time.Second})
		time.Sleep(1500 * time.Millisecond)
		l.mu.Lock()
		l.away = true
		l.mu.Unlock()
		time.Sleep(20 * time.Second)
		during := l.calls()
		l.mu.Lock()
		l.away = false
		l.mu.Unlock()
		time.Sleep(time.Minute)
		end()
		if during > 3 || l.calls() != 10 || l.state() != Finished {
			t.Errorf("%d calls while the database was away, %d in all, %s", during, l.calls(), l.state())
		}
	})
}

func TestRunnerWhenNothingCanBePlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(1, Campaign{CPS: 100})
		_, end := run(t, l, &phones{refuse: errors.New("the trunk is not registered")})
		time.Sleep(time.Hour)
		end()
		e := l.contacts[0]
		if e.tried.Attempts != 0 || e.tried.Failures != maxFailures || e.state != "done" {
			t.Errorf("%s after %+v", e.state, e.tried)
		}
	})
}

// TestRunnerLeavesBusyLinesAlone: while others have the lines no contact is used
// up, and when they are free again every one is called.
func TestRunnerLeavesBusyLinesAlone(t *testing.T) {
	for name, unseen := range map[string]bool{"seen": false, "taken meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(10, Campaign{CPS: 10, Concurrency: 10})
				p := &phones{ring: time.Second, lines: 3, others: 3, unseen: unseen}
				_, end := run(t, l, p)
				time.Sleep(5 * time.Minute)
				if l.calls() != 0 || l.state() != Running || (p.turned > 0) != unseen {
					t.Errorf("%d calls over busy lines, %s, %d turned away", l.calls(), l.state(), p.turned)
				}
				p.mu.Lock()
				p.others = 0
				p.mu.Unlock()
				time.Sleep(time.Minute)
				end()
				if l.calls() != 10 || l.state() != Finished || p.most > 3 {
					t.Errorf("%d calls, at most %d at once, %s", l.calls(), p.most, l.state())
				}
				for _, e := range l.contacts {
					if e.tried != (Tried{Attempts: 1}) {
						t.Errorf("a contact was tried %+v", e.tried)
					}
				}
			})
		})
	}
}
