package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"parley/event"
	"parley/phone"
)

// CallerBooks are what the store knows of caller IDs. What is remembered of
// them outlives the process there and nowhere else.
type CallerBooks interface {
	// CallerUse reads a number of a tenant: its calls, its last rest, and its live
	// calls of other nodes only.
	CallerUse(ctx context.Context, tenant, number string, q CallerQuery) (CallerUse, error)
	// RestCaller keeps that a number rests, together with the event that says so.
	RestCaller(ctx context.Context, tenant string, r CallerRest) error
	// Publish hands over an event; one with a known ID is kept once.
	Publish(ctx context.Context, e event.Event) error
}

// CallerQuery says which calls count.
type CallerQuery struct {
	Now time.Time
	// Daily is the number's bound of 24 hours, 0 for none.
	Daily int
	// Samples are at most Most calls of the last Window.
	Window, Short time.Duration
	Most          int
}

// CallersOptions wire Callers.
type CallersOptions struct {
	Books  CallerBooks
	Health CallerHealth
	// House are the numbers of each tenant with their bounds: the pool of whoever
	// names none. Others are for numbers that it does not list.
	House  map[string][]CallerID
	Others CallerID
	Log    *slog.Logger
}

// Callers give calls their caller IDs and let those rest that are taken badly.
// They are safe for concurrent use. What they hold in memory is what the books
// said a moment ago and what this server does now.
type Callers struct {
	o CallersOptions

	mu    sync.Mutex
	known map[callerKey]*caller
	held  map[string]string // by campaign: the ID of the last alert
}

type callerKey struct{ tenant, number string }

// caller is one number as this server sees it.
type caller struct {
	use  CallerUse // as the books had it
	read time.Time // when; zero for never
	next time.Time // when to read again
	live int       // of this server
	// taken are the calls of the last moments: the books may not have them yet.
	taken []time.Time
}

const (
	// callerReads is how often the books are read. To read takes at most one part
	// in readShare of the time.
	callerReads = 10 * time.Second
	readShare   = 50
	// maxReread bounds how many numbers are read anew at a time.
	maxReread = 10
	// settleIn is how long a call may take from its number to its Begin. Counted
	// twice for so long, it may delay a call near a bound, never exceed it.
	settleIn = prepareWithin + beginWithin
	// maxKnown bounds what is remembered; what nobody used for an hour goes first.
	maxKnown   = 10_000
	keepCaller = time.Hour
)

// NewCallers makes Callers.
func NewCallers(o CallersOptions) *Callers {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Callers{o: o, known: map[callerKey]*caller{}, held: map[string]string{}}
}

// Pool are the numbers among which a call of a tenant chooses: those that are
// named, else the tenant's own. Without any the trunk presents its own.
func (c *Callers) Pool(tenant string, named []string) []CallerID {
	house := c.o.House[tenant]
	if len(named) == 0 {
		return house
	}
	pool := make([]CallerID, 0, len(named))
	for _, number := range named {
		i := slices.IndexFunc(house, func(h CallerID) bool { return h.Number == number })
		if i >= 0 {
			pool = append(pool, house[i])
			continue
		}
		pool = append(pool, CallerID{Number: number, Daily: c.o.Others.Daily, Parallel: c.o.Others.Parallel})
	}
	return pool
}

// Allowed says whether a tenant may present numbers.
func (c *Callers) Allowed(tenant string, numbers []string) error {
	if i := slices.IndexFunc(numbers, func(n string) bool { return !c.MayPresent(tenant, n) }); i >= 0 {
		return fmt.Errorf("caller_ids: entry %d is none of the numbers that may be presented; list it in the configuration under caller_ids.numbers", i+1)
	}
	return nil
}

// MayPresent says whether a tenant may present a number: where the house lists
// its own, only those, and never one that it lists for others only.
func (c *Callers) MayPresent(tenant, number string) bool {
	lists := func(ids []CallerID) bool {
		return slices.ContainsFunc(ids, func(id CallerID) bool { return id.Number == number })
	}
	if house := c.o.House[tenant]; len(house) > 0 {
		return lists(house)
	}
	for _, ids := range c.o.House {
		if lists(ids) {
			return false
		}
	}
	return true
}

// State is whether a number may be presented, as CallerHealth.State says it.
func (c *Callers) State(u CallerUse, now time.Time) (CallerState, time.Time) {
	return c.o.Health.State(u, now)
}

// Forget reads a number anew before it is presented next.
func (c *Callers) Forget(tenant, number string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(tenant, number).read = time.Time{}
}

// Uses tells how numbers of a tenant stand, in their order; what is older than
// some seconds is read anew.
func (c *Callers) Uses(ctx context.Context, tenant string, pool []CallerID) ([]CallerUse, error) {
	now := time.Now()
	for _, id := range c.stale(tenant, pool, now) {
		use, err := c.o.Books.CallerUse(ctx, tenant, id.Number, CallerQuery{
			Now: now, Daily: id.Daily, Window: c.o.Health.Window, Short: c.o.Health.Short, Most: maxSamples,
		})
		if err != nil {
			return nil, err
		}
		use.CallerID, use.Place = id, phone.PlaceOf(id.Number)
		c.learn(tenant, use, now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.uses(tenant, pool), nil
}

// Ready reads a pool for a Take, and sends into rest what is taken badly in it.
func (c *Callers) Ready(ctx context.Context, tenant string, pool []CallerID) ([]CallerUse, error) {
	now := time.Now()
	uses, err := c.Uses(ctx, tenant, pool)
	if err != nil {
		return nil, err
	}
	for _, rest := range c.o.Health.Judge(uses, now) {
		if err := c.o.Books.RestCaller(ctx, tenant, rest); err != nil {
			return nil, err
		}
		c.o.Log.Warn("a caller ID is taken badly and rests", "tenant", tenant, "caller_id", phone.Mask(rest.Number),
			"why", rest.Why, "until", rest.Until)
		i := slices.IndexFunc(uses, func(u CallerUse) bool { return u.Number == rest.Number })
		uses[i].Rest, uses[i].Samples = rest, CallerSamples{}
		c.rests(tenant, rest)
	}
	return uses, nil
}

// stale are the numbers that have to be read: all that nobody read yet, and some
// of those that were, so that no one waits for a long pool at once.
func (c *Callers) stale(tenant string, pool []CallerID, now time.Time) []CallerID {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(now)
	var out []CallerID
	again := 0
	for _, id := range pool {
		n := c.at(tenant, id.Number)
		switch {
		case n.read.IsZero(), n.use.Daily != id.Daily:
			out = append(out, id)
		case now.After(n.next) && again < maxReread:
			out = append(out, id)
			again++
		}
	}
	return out
}

// at finds or makes what is known of a number; c.mu is held.
func (c *Callers) at(tenant, number string) *caller {
	key := callerKey{tenant, number}
	n := c.known[key]
	if n == nil {
		n = &caller{}
		c.known[key] = n
	}
	return n
}

// forget drops what nobody used for long; c.mu is held.
func (c *Callers) forget(now time.Time) {
	if len(c.known) < maxKnown {
		return
	}
	for key, n := range c.known {
		if n.live == 0 && now.Sub(n.read) > keepCaller {
			delete(c.known, key)
		}
	}
	clear(c.held)
}

// learn takes what the books said, asked at a moment.
func (c *Callers) learn(tenant string, use CallerUse, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.at(tenant, use.Number)
	n.use, n.read = use, asked
	n.next = asked.Add(max(callerReads, readShare*time.Since(asked)))
	n.taken = slices.DeleteFunc(n.taken, func(at time.Time) bool { return asked.Sub(at) > settleIn })
}

func (c *Callers) rests(tenant string, r CallerRest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.at(tenant, r.Number)
	n.use.Rest, n.use.Samples = r, CallerSamples{}
}

// uses are the numbers as they stand now, by the books and this server; c.mu is
// held.
func (c *Callers) uses(tenant string, pool []CallerID) []CallerUse {
	out := make([]CallerUse, len(pool))
	for i, id := range pool {
		n := c.at(tenant, id.Number)
		out[i] = n.use
		out[i].CallerID = id
		out[i].Live += n.live
		out[i].Day += len(n.taken)
	}
	return out
}

// Room tells how many calls of a campaign may begin now for the sake of their
// caller IDs. With a pool that rests, or has had its day, it is 0 and the
// campaign waits: each attempt at a contact is limited and cannot be had back,
// a number that is pressed on gets worse, and a call without a number of ours
// is not what the campaign asked for. It waits as well when one of its numbers
// may not be presented any more. An event says so, once an hour.
func (c *Callers) Room(ctx context.Context, of Campaign, now time.Time) (int, error) {
	if c.Allowed(of.Tenant, of.CallerIDs) != nil {
		states := map[CallerState]int{}
		for _, n := range of.CallerIDs {
			if !c.MayPresent(of.Tenant, n) {
				states[CallerForeign]++
			}
		}
		return 0, c.alert(ctx, of, states, time.Time{}, now)
	}
	pool := c.Pool(of.Tenant, of.CallerIDs)
	if len(pool) == 0 {
		return math.MaxInt, nil
	}
	uses, err := c.Ready(ctx, of.Tenant, pool)
	if err != nil {
		return 0, err
	}
	room, busy := 0, false
	states := map[CallerState]int{}
	var until time.Time
	for _, u := range uses {
		room += min(c.o.Health.room(u, now), MaxConcurrency)
		state, again := c.o.Health.State(u, now)
		states[state]++
		busy = busy || state == CallerBusy
		if !again.IsZero() && (until.IsZero() || again.Before(until)) {
			until = again
		}
	}
	if room == 0 && !busy {
		err = c.alert(ctx, of, states, until, now)
	}
	return room, err
}

// alert tells that a campaign waits for its caller IDs.
func (c *Callers) alert(ctx context.Context, of Campaign, states map[CallerState]int, until, now time.Time) error {
	id := fmt.Sprintf("caller-ids-held-%s-%d", of.ID, now.Unix()/3600)
	c.mu.Lock()
	told := c.held[of.ID] == id
	c.mu.Unlock()
	if told {
		return nil
	}
	data, err := json.Marshal(struct {
		Campaign string              `json:"campaign"`
		Numbers  map[CallerState]int `json:"numbers"`
		Until    time.Time           `json:"until,omitzero"`
	}{of.ID, states, until})
	if err != nil {
		return fmt.Errorf("write the alert of caller IDs: %w", err)
	}
	if err := c.o.Books.Publish(ctx, event.Event{ID: id, Tenant: of.Tenant, Subject: "caller_id.pool_held", At: now, Data: data}); err != nil {
		return err
	}
	c.o.Log.Warn("the campaign waits: its caller IDs may not be presented; add others, end a rest, or list them under caller_ids.numbers",
		"tenant", of.Tenant, "campaign", of.ID, "numbers", states, "until", until)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[of.ID] = id
	return nil
}

// Take chooses a caller ID of a pool and holds it until release, which may be
// called twice. It asks nobody: Ready must have read the pool before. false: none
// is left. An empty pool leaves the choice to the trunk.
func (c *Callers) Take(tenant string, pool []CallerID, to Callee, now time.Time) (number string, release func(), ok bool) {
	if len(pool) == 0 {
		return "", func() {}, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if number = c.o.Health.Choose(c.uses(tenant, pool), to, now); number == "" {
		return "", nil, false
	}
	n := c.at(tenant, number)
	n.live++
	n.taken = append(n.taken, now)
	return number, sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		n.live--
	}), true
}
