package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rules"
)

// Lead makes this node the one that claims, under a higher epoch than any
// before. Whoever led before can begin nothing any more.
func (s *Store) Lead(ctx context.Context) (int64, error) {
	var epoch int64
	err := s.w.do(ctx, "taking the lead", func(t *tx) error {
		return t.one(`INSERT INTO leaders (name, epoch, holder, since) VALUES ('runner', 1, ?1, {now})
			ON CONFLICT (name) DO UPDATE SET epoch = leaders.epoch + 1, holder = excluded.holder, since = excluded.since RETURNING epoch`,
			[]any{s.node}, &epoch)
	})
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch = epoch
	return epoch, nil
}

func (s *Store) leading() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// Due times below this are no moments: contacts never tried, by priority.
const neverTried = 10_000

// Claim takes due contacts of a running campaign: first those whose moment has
// come (retries, callbacks), then the untried by priority. Without the lead it
// takes nothing.
func (s *Store) Claim(ctx context.Context, c campaign.Campaign, limit int, lease time.Duration) ([]campaign.Lease, error) {
	epoch := s.leading()
	if epoch == 0 || limit <= 0 {
		return nil, nil
	}
	now := time.Now()
	var leases []campaign.Lease
	err := s.w.do(ctx, "claiming contacts", func(t *tx) error {
		leases = nil
		// A lease that ended without a call gives its contact back.
		if _, err := t.exec(`UPDATE campaign_contacts SET state = 'waiting', node = '', lease_until = 0
			WHERE tenant = ?1 AND campaign = ?2 AND state = 'claimed' AND lease_until < {now}`, c.Tenant, c.ID); err != nil {
			return err
		}
		for _, due := range [][2]int64{{neverTried, now.UnixMilli()}, {-1, neverTried}} {
			if len(leases) == limit {
				break
			}
			// MATERIALIZED: PostgreSQL would run a plain sub-select once per row
			// and so claim more than the limit.
			err := t.each(`WITH pick AS MATERIALIZED (
					SELECT contact FROM campaign_contacts WHERE tenant = ?1 AND campaign = ?2 AND state = 'waiting' AND due > ?6 AND due <= ?7
					ORDER BY due LIMIT ?8 {skip locked})
				UPDATE campaign_contacts SET state = 'claimed', node = ?3, epoch = ?4, lease_until = {now} + ?5, updated = {now}
				WHERE tenant = ?1 AND campaign = ?2 AND contact IN (SELECT contact FROM pick)
				AND EXISTS (SELECT 1 FROM leaders WHERE name = 'runner' AND epoch = ?4)
				AND EXISTS (SELECT 1 FROM campaigns WHERE tenant = ?1 AND id = ?2 AND state = 'running')
				RETURNING contact, attempts, failures, lease_until`,
				[]any{c.Tenant, c.ID, s.node, epoch, lease.Milliseconds(), due[0], due[1], limit - len(leases)}, func(row scan) error {
					l := campaign.Lease{Campaign: c, Attempt: newID(), Epoch: epoch, Claimed: now}
					var until int64
					err := row(&l.Contact.ID, &l.Tried.Attempts, &l.Tried.Failures, &until)
					l.Until = fromMS(until)
					leases = append(leases, l)
					return err
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range leases {
		if err := s.fillLease(ctx, &leases[i], now); err != nil {
			return nil, err // the leases end by themselves
		}
	}
	return leases, nil
}

// Preview gives contacts that wait in a campaign as they would be judged now,
// without claiming any: at most limit, in the order of their turn.
func (s *Store) Preview(ctx context.Context, tenant, id string, limit int) ([]campaign.Lease, error) {
	c, err := s.Campaign(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	var leases []campaign.Lease
	err = s.each(ctx, "campaign's contacts", `SELECT contact, attempts, failures FROM campaign_contacts
		WHERE tenant = ?1 AND campaign = ?2 AND state = 'waiting' ORDER BY due LIMIT ?3`, []any{tenant, id, limit}, func(row scan) error {
		l := campaign.Lease{Campaign: c}
		err := row(&l.Contact.ID, &l.Tried.Attempts, &l.Tried.Failures)
		leases = append(leases, l)
		return err
	})
	now := time.Now()
	for i := range leases {
		if err == nil {
			err = s.fillLease(ctx, &leases[i], now)
		}
	}
	return leases, err
}

func (s *Store) fillLease(ctx context.Context, l *campaign.Lease, now time.Time) error {
	c, err := s.Contact(ctx, l.Campaign.Tenant, l.Contact.ID)
	if err != nil {
		return err
	}
	l.Contact = c
	h, err := s.history(ctx, l.Campaign.Tenant, l.Campaign.ID, c, now)
	l.From = h.From
	l.Case = campaign.CaseOf(l.Campaign, c, h, now)
	return err
}

// Contact gives one contact of a tenant.
func (s *Store) Contact(ctx context.Context, tenant, id string) (campaign.Contact, error) {
	c := campaign.Contact{Tenant: tenant}
	var data string
	if err := s.one(ctx, "contact", "SELECT data FROM contacts WHERE tenant = ?1 AND id = ?2", []any{tenant, id}, &data); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(data), &c); err != nil {
		return c, fmt.Errorf("a stored contact cannot be read: %w", err)
	}
	return c, nil
}

// Case gathers what the rules look at for a number that is called outside of
// any campaign: the contact's fields count, its identifier does not.
func (s *Store) Case(ctx context.Context, c campaign.Campaign, p campaign.Contact) (rules.Case, error) {
	now := time.Now()
	h, err := s.history(ctx, c.Tenant, c.ID, p, now)
	return campaign.CaseOf(c, p, h, now), err
}

// lookBack is the longest window that any rule has.
const lookBack = 7 * 24 * time.Hour

// earlierCalls are two searches, each by its own index: with OR the database
// walks through all calls of the tenant in the time. A talk that the customer
// began is among them.
const earlierCalls = `SELECT started, network, answered_by, state, caller_id, direction FROM attempts
	WHERE tenant = ?1 AND phone = ?2 AND started > ?4 AND (counted = 1 OR state = 'dialling' OR direction = 'inbound' AND answered_by = 'human')
	UNION ALL SELECT started, network, answered_by, state, caller_id, direction FROM attempts
	WHERE tenant = ?1 AND person = ?3 AND phone <> ?2 AND started > ?4
		AND (counted = 1 OR state = 'dialling' OR direction = 'inbound' AND answered_by = 'human') ORDER BY started`

// history is what the tenant's books say about a contact's number and person.
func (s *Store) history(ctx context.Context, tenant, id string, p campaign.Contact, now time.Time) (campaign.History, error) {
	var h campaign.History
	who := []any{tenant, p.Phone, clean(p.Person())}
	err := s.each(ctx, "do-not-call lists", "SELECT campaign FROM dnc WHERE tenant = ?1 AND phone = ?2 AND campaign IN ('', ?3) ORDER BY campaign DESC",
		[]any{tenant, p.Phone, id}, func(row scan) error {
			var of string
			err := row(&of)
			h.DNC = "campaign"
			if of == "" {
				h.DNC = "tenant"
			}
			return err
		})
	if err != nil {
		return h, err
	}
	var n int
	if err := s.one(ctx, "opt-outs", "SELECT COUNT(*) FROM opt_outs WHERE tenant = ?1 AND key IN (?2, ?3)", who, &n); err != nil {
		return h, err
	}
	h.OptedOut = n > 0
	account := clean(p.AccountID)
	if account == "" {
		account = p.Phone
	}
	err = s.each(ctx, "closed matters", "SELECT kind, at FROM closures WHERE tenant = ?1 AND key IN (?2, ?3, ?4) ORDER BY at", append(who, account), func(row scan) error {
		var kind string
		var at int64
		if err := row(&kind, &at); err != nil {
			return err
		}
		if kind != "paid" {
			h.Closed = outcome.Disposition(kind)
		} else if at >= ms(p.Imported) { // what is imported later is another debt
			h.Paid = true
		}
		return nil
	})
	if err != nil {
		return h, err
	}
	err = s.each(ctx, "earlier calls", earlierCalls,
		append(who, now.Add(-lookBack).UnixMilli()), func(row scan) error {
			var at int64
			var network, by, state, from, direction string
			if err := row(&at, &network, &by, &state, &from, &direction); err != nil {
				return err
			}
			if from != "" {
				h.From = from
			}
			answered := network == string(outcome.Answered)
			if direction == call.Inbound { // the customer's own: a talk, but no attempt of ours
				h.Live = h.Live || state == "dialling" && now.Sub(fromMS(at)) < maxInbound
				if answered {
					h.LastTalk = fromMS(at)
				}
				return nil
			}
			h.Calls = append(h.Calls, rules.Call{At: fromMS(at), Answered: answered, Talked: answered && by == string(outcome.Human)})
			h.Live = h.Live || state == "dialling"
			return nil
		})
	return h, err
}
