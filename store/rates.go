package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rates"
)

// everyone is the tenant of what the server's configuration says for all.
const everyone = ""

const (
	fromUpload        = "upload"
	fromConfiguration = "configuration"
)

// AddRates keeps a tenant's rate table for a trunk, in effect from a moment on.
// Calls that began before it, and those that are settled, keep their costs.
// Nobody's call has a price of it before its last entry is in.
func (s *Store) AddRates(ctx context.Context, tenant, trunk string, from time.Time, all []rates.Rate) (rates.Table, error) {
	return s.addRates(ctx, tenant, rates.Table{Trunk: trunk, From: from, Source: fromUpload}, digestOf(all), all)
}

// ConfigureRates makes a table the server's own for a trunk, from now on, unless
// it is the one that is so already. It tells whether it was new.
func (s *Store) ConfigureRates(ctx context.Context, trunk string, all []rates.Rate) (isNew bool, err error) {
	digest, latest := digestOf(all), ""
	err = s.one(ctx, "rate table", `SELECT digest FROM rate_tables WHERE tenant = '' AND trunk = ?1 AND state = 'ready'
		ORDER BY effective DESC, created DESC, id DESC LIMIT 1`, []any{trunk}, &latest)
	if err != nil && !errors.As(err, new(campaign.NotFound)) {
		return false, err
	}
	if latest == digest {
		return false, nil
	}
	_, err = s.addRates(ctx, everyone, rates.Table{Trunk: trunk, From: time.Now(), Source: fromConfiguration}, digest, all)
	return err == nil, err
}

func digestOf(all []rates.Rate) string {
	sum := sha256.Sum256([]byte(doc(all)))
	return hex.EncodeToString(sum[:])
}

func (s *Store) addRates(ctx context.Context, tenant string, table rates.Table, digest string, all []rates.Rate) (rates.Table, error) {
	table.ID, table.Entries, table.Created = newID(), len(all), fromMS(time.Now().UnixMilli())
	table.From = fromMS(ms(table.From))
	err := s.w.do(ctx, "beginning a rate table", func(t *tx) error {
		_, err := t.exec(`INSERT INTO rate_tables (tenant, id, trunk, effective, state, source, entries, digest, created)
			VALUES (?1, ?2, ?3, ?4, 'loading ' || ?5, ?6, ?7, ?8, ?9)`,
			tenant, table.ID, table.Trunk, ms(table.From), s.node, table.Source, table.Entries, digest, ms(table.Created))
		return err
	})
	for left := all; err == nil && len(left) > 0; {
		n := min(len(left), batch)
		some := left[:n]
		left = left[n:]
		err = s.w.do(ctx, "keeping rates", func(t *tx) error {
			for _, r := range some {
				if _, err := t.exec(`INSERT INTO rates (tenant, rate_table, prefix, per_minute, first_s, next_s, setup, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
					tenant, table.ID, r.Prefix, int64(r.PerMinute), r.First, r.Next, int64(r.Setup), r.Currency); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		err = s.w.do(ctx, "ending a rate table", func(t *tx) error {
			_, err := t.exec("UPDATE rate_tables SET state = 'ready' WHERE tenant = ?1 AND id = ?2", tenant, table.ID)
			return err
		})
	}
	if err != nil {
		// ctx may be what ended it; what is left goes at the next start at the latest.
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if derr := s.dropRates(gone, tenant, table.ID); derr != nil {
			s.log.Warn("a broken rate table could not be removed yet", "tenant", tenant, "error", derr)
		}
		return rates.Table{}, err
	}
	return table, nil
}

func (s *Store) dropRates(ctx context.Context, tenant, id string) error {
	return s.w.do(ctx, "removing a rate table", func(t *tx) error {
		return t.all([]any{tenant, id},
			"DELETE FROM rates WHERE tenant = ?1 AND rate_table = ?2",
			"DELETE FROM rate_tables WHERE tenant = ?1 AND id = ?2")
	})
}

// RemoveRates removes a tenant's table; the one before it is in effect again.
// What calls cost by it stays.
func (s *Store) RemoveRates(ctx context.Context, tenant, id string) error {
	table, err := s.RateTable(ctx, tenant, id)
	if err != nil {
		return err
	}
	if table.Source == fromConfiguration {
		return campaign.Conflict{Why: "this rate table comes from the server's configuration; upload your own for the trunk, which goes before it"}
	}
	return s.dropRates(ctx, tenant, id)
}

// tableColumns are those of readTable.
const tableColumns = "id, trunk, effective, source, entries, created"

func readTable(row scan) (t rates.Table, err error) {
	var from, created int64
	err = row(&t.ID, &t.Trunk, &from, &t.Source, &t.Entries, &created)
	t.From, t.Created = fromMS(from), fromMS(created)
	return t, err
}

// RateTables lists what prices a tenant's calls, its own and the server's, by
// trunk, those that take effect last first; at most limit.
func (s *Store) RateTables(ctx context.Context, tenant string, limit int) ([]rates.Table, error) {
	all := []rates.Table{}
	err := s.each(ctx, "rate tables", "SELECT "+tableColumns+` FROM rate_tables WHERE tenant IN (?1, '') AND state = 'ready'
		ORDER BY trunk, effective DESC, created DESC, id DESC LIMIT ?2`, []any{tenant, limit}, func(row scan) error {
		t, err := readTable(row)
		all = append(all, t)
		return err
	})
	return all, err
}

// RateTable gives one of RateTables.
func (s *Store) RateTable(ctx context.Context, tenant, id string) (rates.Table, error) {
	var t rates.Table
	found := false
	err := s.each(ctx, "rate table", "SELECT "+tableColumns+" FROM rate_tables WHERE tenant IN (?1, '') AND id = ?2 AND state = 'ready'",
		[]any{tenant, id}, func(row scan) (err error) {
			found = true
			t, err = readTable(row)
			return err
		})
	if err == nil && !found {
		err = campaign.NotFound{What: "rate table"}
	}
	return t, err
}

// Rates pages through a table in the order of its prefixes: at most limit after
// the given one.
func (s *Store) Rates(ctx context.Context, tenant, id, after string, limit int) ([]rates.Rate, error) {
	table, err := s.RateTable(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if table.Source == fromConfiguration {
		tenant = everyone
	}
	all := []rates.Rate{}
	err = s.each(ctx, "rates", pageOfRates, []any{tenant, id, after, limit}, collectRates(&all))
	return all, err
}

// pageOfRates reads in the order of the primary key, of one owner, so that no
// page reads or sorts what comes after it.
const pageOfRates = `SELECT prefix, per_minute, first_s, next_s, setup, currency FROM rates
	WHERE tenant = ?1 AND rate_table = ?2 AND prefix > ?3 ORDER BY prefix LIMIT ?4`

func collectRates(all *[]rates.Rate) func(scan) error {
	return func(row scan) error {
		var r rates.Rate
		err := row(&r.Prefix, &r.PerMinute, &r.First, &r.Next, &r.Setup, &r.Currency)
		*all = append(*all, r)
		return err
	}
}

// price writes into an answered call's report what it cost, or why that is not
// known, by the table that was in effect when it began.
func (t *tx) price(tenant string, r *call.Report) (amount int64, currency string, err error) {
	if r.Network != outcome.Answered || r.Answered.IsZero() {
		return 0, "", nil
	}
	r.Cost, r.CostUnknown = nil, ""
	prefixes := rates.Prefixes(r.To)
	switch {
	case r.Direction == call.Inbound:
		r.CostUnknown = "the customer called; rate tables price our own calls"
		return 0, "", nil
	case r.Trunk == "":
		r.CostUnknown = "the call left by no trunk"
		return 0, "", nil
	case prefixes == nil:
		r.CostUnknown = "the called address is no telephone number"
		return 0, "", nil
	}
	owner, table, err := t.tableOf(tenant, r.Trunk, ms(r.Started))
	if err != nil {
		return 0, "", err
	}
	if table == "" {
		r.CostUnknown = fmt.Sprintf("trunk %s had no rate table when the call began; upload one", r.Trunk)
		return 0, "", nil
	}
	args := []any{owner, table}
	for i := range rates.MaxPrefix {
		args = append(args, prefixes[min(i, len(prefixes)-1)])
	}
	var found []rates.Rate
	if err := t.each(`SELECT prefix, per_minute, first_s, next_s, setup, currency FROM rates WHERE tenant = ?1 AND rate_table = ?2
		AND prefix IN (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`, args, collectRates(&found)); err != nil {
		return 0, "", err
	}
	rate, ok := rates.Longest(found, r.To)
	if !ok {
		r.CostUnknown = fmt.Sprintf("the rate table of trunk %s has no prefix for the number", r.Trunk)
		return 0, "", nil
	}
	talk := time.Duration(r.TalkMS) * time.Millisecond
	r.Cost = rate.Apply(table, talk)
	cost, _ := rate.Cost(talk)
	return int64(cost), rate.Currency, nil
}

// tableOf finds the table in effect for a trunk at a moment: the tenant's own
// or, without one, the server's; "" when there is none.
func (t *tx) tableOf(tenant, trunk string, at int64) (owner, table string, err error) {
	for _, owner := range []string{tenant, everyone} {
		err := t.one(`SELECT id FROM rate_tables WHERE tenant = ?1 AND trunk = ?2 AND effective <= ?3 AND state = 'ready'
			ORDER BY effective DESC, created DESC, id DESC LIMIT 1`, []any{owner, trunk, at}, &table)
		if err == nil {
			return owner, table, nil
		}
		if !errors.Is(err, errNoRows) {
			return "", "", err
		}
	}
	return "", "", nil
}

// Spent is what a campaign's calls cost in one currency.
type Spent struct {
	Amount   rates.Micro
	Currency string
	Calls    int
}

// spending sums a campaign's costs, and counts the answered calls that have none.
func (s *Store) spending(ctx context.Context, tenant, id string) (all []Spent, unpriced int, err error) {
	err = s.each(ctx, "campaign's costs", `SELECT currency, CAST(SUM(cost) AS BIGINT), COUNT(*) FROM attempts
		WHERE tenant = ?1 AND campaign = ?2 AND network = 'answered' AND direction = 'outbound' GROUP BY currency ORDER BY currency`, []any{tenant, id}, func(row scan) error {
		var sum Spent
		if err := row(&sum.Currency, &sum.Amount, &sum.Calls); err != nil {
			return err
		}
		if sum.Currency == "" {
			unpriced = sum.Calls
			return nil
		}
		all = append(all, sum)
		return nil
	})
	return all, unpriced, err
}
