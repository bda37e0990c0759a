package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"parley/api"
	"parley/campaign"
	"parley/phone"
	"parley/sip"
	"parley/tenant"
)

// CallerIDsConfig are our own numbers and when one rests.
type CallerIDsConfig struct {
	// Numbers are those that may be presented; none means that campaigns name
	// theirs freely, and that trunks present their own otherwise.
	Numbers []CallerIDConfig `yaml:"numbers"`
	// Daily and Parallel bound a number's calls of 24 hours and of one time, 0 for
	// no bound.
	Daily    int                `yaml:"daily"`
	Parallel int                `yaml:"parallel"`
	Health   CallerHealthConfig `yaml:"health"`
}

// CallerIDConfig is one number; bounds of 0 are those of all.
type CallerIDConfig struct {
	Number   string `yaml:"number"`
	Tenant   string `yaml:"tenant"`
	Daily    int    `yaml:"daily"`
	Parallel int    `yaml:"parallel"`
}

// CallerHealthConfig says when a number is taken badly.
type CallerHealthConfig struct {
	Off           bool          `yaml:"off"`
	Window        time.Duration `yaml:"window"`
	Samples       int           `yaml:"samples"`
	LeastAnswered float64       `yaml:"least_answered"`
	MostShort     float64       `yaml:"most_short"`
	Short         time.Duration `yaml:"short"`
	AgainstPool   float64       `yaml:"against_pool"`
	Rest          time.Duration `yaml:"rest"`
}

func defaultCallerIDs() CallerIDsConfig {
	return CallerIDsConfig{Health: CallerHealthConfig(campaign.NewCallerHealth())}
}

// maxHouse bounds the numbers of a server.
const maxHouse = 1000

// check finds what is wrong; its errors count numbers from 1 and hold none.
func (c CallerIDsConfig) check() error {
	if len(c.Numbers) > maxHouse {
		return fmt.Errorf("caller_ids.numbers: %d are too many; %d is the most", len(c.Numbers), maxHouse)
	}
	if c.Daily < 0 || c.Parallel < 0 {
		return errors.New("caller_ids: daily and parallel must not be below 0, which bounds nothing")
	}
	seen := map[[2]string]bool{}
	for i, n := range c.Numbers {
		key := [2]string{n.tenant(), n.Number}
		if err := campaign.CheckCallerID(n.Number); err != nil {
			return fmt.Errorf("caller_ids.numbers: entry %d: %w", i+1, err)
		}
		if n.Daily < 0 || n.Parallel < 0 {
			return fmt.Errorf("caller_ids.numbers: entry %d: daily and parallel must not be below 0, which is as for all", i+1)
		}
		if seen[key] {
			return fmt.Errorf("caller_ids.numbers: entry %d is there already; leave one out", i+1)
		}
		seen[key] = true
	}
	if err := campaign.CallerHealth(c.Health).Check(); err != nil {
		return fmt.Errorf("caller_ids.health: %w", err)
	}
	return nil
}

// checkTenants finds numbers of nobody, which the configuration alone cannot know.
func (c CallerIDsConfig) checkTenants(tenants []string) error {
	for i, n := range c.Numbers {
		if !slices.Contains(tenants, n.tenant()) {
			return fmt.Errorf("caller_ids.numbers: entry %d: there is no tenant %q; choose one of %v", i+1, n.tenant(), tenants)
		}
	}
	return nil
}

func (n CallerIDConfig) tenant() string {
	if n.Tenant == "" {
		return tenant.Default
	}
	return n.Tenant
}

// newCallers gives every call its caller ID.
func newCallers(c CallerIDsConfig, books campaign.CallerBooks, log *slog.Logger) *campaign.Callers {
	house := map[string][]campaign.CallerID{}
	for _, n := range c.Numbers {
		id := campaign.CallerID{Number: n.Number, Daily: n.Daily, Parallel: n.Parallel}
		if id.Daily == 0 {
			id.Daily = c.Daily
		}
		if id.Parallel == 0 {
			id.Parallel = c.Parallel
		}
		house[n.tenant()] = append(house[n.tenant()], id)
	}
	return campaign.NewCallers(campaign.CallersOptions{
		Books: books, Health: campaign.CallerHealth(c.Health), House: house, Others: campaign.CallerID{Daily: c.Daily, Parallel: c.Parallel}, Log: log,
	})
}

// warnUnnamed tells of trunks whose calls go out as anonymous.
func warnUnnamed(c Config, log *slog.Logger) {
	for _, t := range c.Trunks {
		if t.CallerID == "" && len(c.CallerIDs.Numbers) == 0 {
			log.Warn("calls that name no caller ID go out as anonymous; give the trunk a caller_id, or list numbers under caller_ids", "trunk", t.Name)
		}
	}
}

// numbers are a tenant's own and those of its campaigns, in their order.
func (b *booksAPI) numbers(ctx context.Context, tenant string) ([]campaign.CallerID, error) {
	var named []string
	for _, id := range b.callers.Pool(tenant, nil) {
		named = append(named, id.Number)
	}
	all, err := b.Campaigns(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		named = append(named, c.CallerIDs...)
	}
	if len(named) == 0 {
		return nil, nil
	}
	slices.Sort(named)
	return b.callers.Pool(tenant, slices.Compact(named)), nil
}

// CallerIDs implements api.Store.
func (b *booksAPI) CallerIDs(ctx context.Context, tenant, after string, limit int) ([]api.CallerID, error) {
	pool, err := b.numbers(ctx, tenant)
	if err != nil {
		return nil, err
	}
	from, found := slices.BinarySearchFunc(pool, after, func(id campaign.CallerID, n string) int { return strings.Compare(id.Number, n) })
	if found {
		from++
	}
	pool = pool[from:min(from+limit, len(pool))]
	uses, err := b.callers.Uses(ctx, tenant, pool)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := make([]api.CallerID, 0, len(uses))
	for _, u := range uses {
		state, until := b.callers.State(u, now)
		if !b.callers.MayPresent(tenant, u.Number) { // a campaign of before names it
			state, until = campaign.CallerForeign, time.Time{}
		}
		row := api.CallerID{
			Number: u.Number, State: string(state), Until: until, Live: u.Live, Day: u.Day, Daily: u.Daily, Parallel: u.Parallel,
			Samples: u.Samples.Calls, ASR: u.Samples.ASR(), Short: u.Samples.ShortShare(), Rests: u.Rest.Times,
		}
		if state == campaign.CallerResting {
			row.Why = u.Rest.Why
		}
		out = append(out, row)
	}
	return out, nil
}

// WakeCallerID implements api.Store.
func (b *booksAPI) WakeCallerID(ctx context.Context, tenant, number string) error {
	n, err := phone.Parse(number, b.region)
	if err != nil {
		return campaign.Invalid{Why: fmt.Sprintf("number: %v", err)}
	}
	if err := b.WakeCaller(ctx, tenant, n.E164, time.Now()); err != nil {
		return err
	}
	b.callers.Forget(tenant, n.E164)
	return nil
}

// present chooses the caller ID of a call outside any campaign: the one that is
// asked for, if it may be presented now, else one of the tenant's own. release
// gives it back.
func (l *placer) present(ctx context.Context, tenant, from string, to campaign.Callee) (number string, release func(), err error) {
	if l.callers == nil || from == sip.Anonymous {
		return from, func() {}, nil
	}
	var named []string
	if from != "" {
		named = []string{from}
		if !l.callers.MayPresent(tenant, from) {
			return "", nil, campaign.Invalid{Why: "from: this is none of the numbers that may be presented; list it in the configuration under caller_ids.numbers"}
		}
	}
	pool := l.callers.Pool(tenant, named)
	if _, err := l.callers.Ready(ctx, tenant, pool); err != nil {
		return "", nil, err
	}
	number, release, ok := l.callers.Take(tenant, pool, to, time.Now())
	if !ok {
		return "", nil, campaign.Conflict{Why: "no caller ID may be presented now; GET /api/v1/caller-ids says why, and another can be named with from"}
	}
	return number, release, nil
}
