package campaign

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/call"
	"parley/event"
	"parley/outcome"
	"parley/rules"
)

// exchange is a working telephone network in memory that keeps books of its
// own: it is the Placer of a runner and the CallerBooks of its Callers.
type exchange struct {
	talk time.Duration
	dead map[string]bool // nobody answers these caller IDs

	mu     sync.Mutex
	calls  map[string][]made
	live   map[string]int
	most   map[string]int
	rests  map[string]CallerRest
	events []event.Event
	reads  int
}

type made struct {
	begun  time.Time
	ended  bool
	report call.Report
}

func newExchange(talk time.Duration, dead ...string) *exchange {
	x := &exchange{talk: talk, dead: map[string]bool{}, calls: map[string][]made{}, live: map[string]int{}, most: map[string]int{}, rests: map[string]CallerRest{}}
	for _, n := range dead {
		x.dead[n] = true
	}
	return x
}

func (x *exchange) Warm(string) {}
func (x *exchange) Release()    {}
func (x *exchange) Free() int   { return 1000 }

func (x *exchange) Prepare(context.Context, call.Target) (Prepared, error) { return x, nil }

func (x *exchange) Place(_ context.Context, t call.Target) (call.Report, error) {
	x.mu.Lock()
	n := len(x.calls[t.From])
	x.calls[t.From] = append(x.calls[t.From], made{begun: time.Now()})
	x.live[t.From]++
	x.most[t.From] = max(x.most[t.From], x.live[t.From])
	x.mu.Unlock()
	time.Sleep(x.talk)
	x.mu.Lock()
	defer x.mu.Unlock()
	r := call.Report{ID: t.Call, To: t.To, Network: outcome.Answered, AnsweredBy: outcome.Human, Disposition: outcome.PromiseToPay, Rang: true}
	if x.dead[t.From] {
		r.Network, r.AnsweredBy, r.Disposition = outcome.NoAnswer, "", ""
	}
	x.calls[t.From][n].ended, x.calls[t.From][n].report = true, r
	x.live[t.From]--
	return r, nil
}

func (x *exchange) CallerUse(_ context.Context, _, number string, q CallerQuery) (CallerUse, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reads++
	u := CallerUse{Rest: x.rests[number]}
	for _, m := range x.calls[number] {
		if q.Now.Sub(m.begun) < 24*time.Hour {
			if u.Day++; u.Day == 1 {
				u.Again = m.begun.Add(24 * time.Hour)
			}
		}
		if m.ended && q.Now.Sub(m.begun) < q.Window && m.begun.After(u.Rest.Until) {
			u.Samples.Add(m.report.Network, m.report.AnsweredBy, x.talk, q.Short)
		}
	}
	return u, nil
}

func (x *exchange) RestCaller(_ context.Context, _ string, r CallerRest) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rests[r.Number] = r
	x.events = append(x.events, event.Event{Subject: "caller_id.resting"})
	return nil
}

func (x *exchange) Publish(_ context.Context, e event.Event) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, known := range x.events {
		if known.ID == e.ID {
			return nil
		}
	}
	x.events = append(x.events, e)
	return nil
}

// told counts the events of a subject.
func (x *exchange) told(subject string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, e := range x.events {
		if e.Subject == subject {
			n++
		}
	}
	return n
}

func (x *exchange) made(number string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.calls[number])
}

// dialling starts a runner that calls through the exchange.
func dialling(t *testing.T, l *ledger, x *exchange, o CallersOptions) (end func()) {
	t.Helper()
	k, err := rules.NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	o.Books, o.Health = x, NewCallerHealth()
	r := NewRunner(RunnerOptions{Contacts: l, Placer: x, Kernel: k, Callers: NewCallers(o)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestANumberThatNobodyAnswersRests, and the others of its pool go on.
func TestANumberThatNobodyAnswersRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sick, well, fine = "+12125550101", "+12125550102", "+12125550103"
		l := newLedger(400, Campaign{CPS: 1, Concurrency: 10, MaxAttempts: 1, CallerIDs: []string{sick, well, fine}})
		x := newExchange(10*time.Second, sick)
		end := dialling(t, l, x, CallersOptions{})
		time.Sleep(3 * time.Minute)
		before := x.made(sick)
		if before < 30 || before > 50 || x.told("caller_id.resting") != 1 {
			t.Errorf("it had %d calls, and %d rests were told", before, x.told("caller_id.resting"))
		}
		time.Sleep(10 * time.Minute)
		end()
		if x.made(sick) != before {
			t.Errorf("%d calls while it rested", x.made(sick)-before)
		}
		if l.state() != Finished || x.made("") != 0 || x.made(well)+x.made(fine)+before != 400 || x.told("caller_id.pool_held") != 0 {
			t.Errorf("%s after %d, %d and %d calls and %d without a number", l.state(), before, x.made(well), x.made(fine), x.made(""))
		}
	})
}

// TestACampaignWaitsForItsNumbers: when all of them rest nobody is called, from
// whatever number, until one is back on trial.
func TestACampaignWaitsForItsNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const number = "+12125550101"
		l := newLedger(100, Campaign{CPS: 1, Concurrency: 10, MaxAttempts: 1, CallerIDs: []string{number}})
		x := newExchange(20*time.Second, number)
		end := dialling(t, l, x, CallersOptions{})
		time.Sleep(10 * time.Minute)
		before := x.made(number)
		if before < 30 || before >= 100 || x.told("caller_id.pool_held") != 1 {
			t.Errorf("%d calls before it waits, told %d times", before, x.told("caller_id.pool_held"))
		}
		x.mu.Lock()
		back := time.Until(x.rests[number].Until)
		x.most[number] = 0
		x.mu.Unlock()
		time.Sleep(back - time.Second)
		if n := l.calls(); n != before || x.told("caller_id.pool_held") > 6 {
			t.Errorf("%d calls while the pool rested, told %d times", n-before, x.told("caller_id.pool_held"))
		}
		// Another server would find the same in the books.
		end()
		end = dialling(t, l, x, CallersOptions{})
		time.Sleep(2 * time.Minute)
		end()
		x.mu.Lock()
		defer x.mu.Unlock()
		if n := len(x.calls[number]); n <= before || x.most[number] > trialCalls || len(x.calls[""]) > 0 {
			t.Errorf("on trial it had %d calls, %d at a time; %d went without a number", n-before, x.most[number], len(x.calls[""]))
		}
	})
}

// TestCallersKeepBounds: a number is never presented beyond its bounds, and its
// day ends in time.
func TestCallersKeepBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const number = "+12125550101"
		l := newLedger(100, Campaign{CPS: 20, Concurrency: 50})
		x := newExchange(7 * time.Second)
		end := dialling(t, l, x, CallersOptions{House: map[string][]CallerID{"default": {{Number: number, Daily: 20, Parallel: 3}}}})
		time.Sleep(time.Hour)
		if n := x.made(number); n != 20 || x.most[number] != 3 {
			t.Errorf("%d calls in an hour, at most %d at a time; want 20 and 3", n, x.most[number])
		}
		time.Sleep(24 * time.Hour)
		end()
		if n := x.made(number); n != 40 || x.made("") > 0 {
			t.Errorf("%d calls after a day, %d without a number; want 40", n, x.made(""))
		}
	})
}

// TestTakeAtOnce: many at a time get no more than there is.
func TestTakeAtOnce(t *testing.T) {
	c := NewCallers(CallersOptions{Books: newExchange(0), Health: NewCallerHealth(), Others: CallerID{Parallel: 5}})
	pool := c.Pool("default", []string{"+12125550101", "+12125550102"})
	if _, err := c.Ready(t.Context(), "default", pool); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	got := make(chan func(), 100)
	for i := range 100 {
		wg.Go(func() {
			if _, release, ok := c.Take("default", pool, Callee{Contact: fmt.Sprint(i)}, time.Now()); ok {
				got <- release
			}
		})
	}
	wg.Wait()
	if len(got) != 10 {
		t.Errorf("%d took a number, want 10", len(got))
	}
	release := <-got
	release()
	release()
	if _, _, ok := c.Take("default", pool, Callee{}, time.Now()); !ok {
		t.Error("a number that was given back is not free")
	}
	if _, _, ok := c.Take("default", pool, Callee{}, time.Now()); ok {
		t.Error("one that was given back twice is free twice")
	}
	if err := c.Allowed("default", []string{"+12125550109"}); err != nil {
		t.Errorf("without a list every number is allowed: %v", err)
	}
	c = NewCallers(CallersOptions{House: map[string][]CallerID{"default": {{Number: "+12125550101"}}}})
	if c.Allowed("default", []string{"+12125550101"}) != nil || c.Allowed("default", []string{"+12125550109"}) == nil {
		t.Error("the list of the house does not hold")
	}
	if c.MayPresent("other", "+12125550101") || !c.MayPresent("other", "+12125550109") {
		t.Error("a tenant without numbers may present another's, or none")
	}
}

// TestACampaignWithForeignNumbersWaits: it was made before the house had a list.
func TestACampaignWithForeignNumbersWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ours, foreign = "+12125550101", "+12125550109"
		l := newLedger(3, Campaign{CPS: 10, Concurrency: 10, CallerIDs: []string{ours, foreign}})
		x := newExchange(time.Second)
		end := dialling(t, l, x, CallersOptions{House: map[string][]CallerID{"default": {{Number: ours}}}})
		time.Sleep(50 * time.Minute)
		end()
		if l.calls() != 0 || l.state() != Running || x.told("caller_id.pool_held") != 1 {
			t.Errorf("%d calls, %s, told %d times", l.calls(), l.state(), x.told("caller_id.pool_held"))
		}
		end = dialling(t, l, x, CallersOptions{House: map[string][]CallerID{"default": {{Number: ours}, {Number: foreign}}}})
		time.Sleep(time.Minute)
		end()
		if l.state() != Finished || l.calls() != 3 {
			t.Errorf("with its number listed: %s after %d calls", l.state(), l.calls())
		}
	})
}

// TestALongPoolIsReadInParts: the first time whole, then some numbers at a time,
// each after its ten seconds.
func TestALongPoolIsReadInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(0)
		c := NewCallers(CallersOptions{Books: x, Health: NewCallerHealth()})
		var numbers []string
		for i := range 25 {
			numbers = append(numbers, fmt.Sprintf("+120255501%02d", i))
		}
		pool := c.Pool("default", numbers)
		for i, step := range []struct {
			after time.Duration
			reads int
		}{{0, 25}, {callerReads, 0}, {1, 10}, {0, 10}, {0, 5}, {0, 0}, {time.Hour, 10}} {
			time.Sleep(step.after)
			x.reads = 0
			if uses, err := c.Uses(t.Context(), "default", pool); err != nil || len(uses) != 25 || x.reads != step.reads {
				t.Errorf("step %d: %d reads of %d numbers, %v, want %d", i, x.reads, len(uses), err, step.reads)
			}
		}
	})
}

// TestACampaignThatIsOverEnds, though its caller ID has had the calls of its day.
func TestACampaignThatIsOverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const number = "+12125550101"
		l := newLedger(5, Campaign{CPS: 10, Concurrency: 10})
		x := newExchange(time.Second)
		end := dialling(t, l, x, CallersOptions{House: map[string][]CallerID{"default": {{Number: number, Daily: 5}}}})
		time.Sleep(time.Minute)
		end()
		if l.state() != Finished || l.calls() != 5 {
			t.Errorf("%s after %d calls", l.state(), l.calls())
		}
	})
}
