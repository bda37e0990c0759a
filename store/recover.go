package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
)

// Recovered says what a start found of the last run.
type Recovered struct {
	// Returned were claimed and never dialled; Released were made durable and
	// never sent; Uncertain may have rung and are not rung again for that
	// attempt; Unknown are attempts that only the journal knew, as after the
	// restore of an older database.
	Returned  int `json:"returned"`
	Released  int `json:"released"`
	Uncertain int `json:"uncertain"`
	Unknown   int `json:"unknown"`
	// Cut are calls that customers had begun.
	Cut int `json:"cut"`
	// Damaged counts the journal's unreadable records. Their attempts are in
	// the database or are lost to the caps.
	Damaged int `json:"damaged"`
	// Orphans were answered when a run ended and may still be up. They are told
	// again at every start until LegEnded.
	Orphans []Orphan `json:"-"`
}

// Orphan is the leg of an answered call whose server is gone.
type Orphan struct {
	Tenant, Attempt string
	Answered        time.Time
	// Leg is what its dialer ends it with (call.Progress.Leg).
	Leg string
}

// Recover compares database and journal at this node's start, before anything
// is dialled. Campaigns keep their states: what was paused or stopped stays so.
func (s *Store) Recover(ctx context.Context) (Recovered, error) {
	var r Recovered
	sent := map[string]bool{}
	for _, rec := range s.journal.found {
		sent[rec.Attempt] = true
	}
	r.Damaged = s.journal.damaged
	err := s.w.do(ctx, "recovering claims", func(t *tx) error {
		n, err := t.exec("UPDATE campaign_contacts SET state = 'waiting', node = '', lease_until = 0, updated = {now} WHERE state = 'claimed' AND node = ?1", s.node)
		r.Returned = int(n)
		return err
	})
	if err != nil {
		return r, err
	}
	var open []call.Target
	err = s.each(ctx, "open attempts", "SELECT target FROM attempts WHERE node = ?1 AND state = 'dialling' ORDER BY started",
		[]any{s.node}, func(row scan) error {
			var t call.Target
			var target string
			if err := row(&target); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(target), &t); err != nil {
				return err
			}
			open = append(open, t)
			return nil
		})
	if err != nil {
		return r, err
	}
	if r.Orphans, err = s.orphans(ctx); err != nil {
		return r, err
	}
	for _, t := range open {
		if t.Inbound { // it rang here, not there: nothing to release and nothing to count
			r.Cut++
			if err := s.w.do(ctx, "ending a call that came in", func(tx *tx) error { return tx.cutOff(s, t) }); err != nil {
				return r, err
			}
			continue
		}
		if !sent[t.Attempt] {
			r.Released++
			err = s.w.do(ctx, "releasing an attempt", func(tx *tx) error { return tx.release(t.Tenant, t.Attempt) })
		} else {
			r.Uncertain++
			err = s.w.do(ctx, "marking an attempt", func(tx *tx) error { return tx.uncertain(s, t.Tenant, t.Attempt, t.Campaign, t.Contact) })
		}
		if err != nil {
			return r, err
		}
	}
	for _, rec := range s.journal.found {
		known, err := s.adopt(ctx, rec)
		if err != nil {
			return r, err
		}
		if !known {
			r.Unknown++
		}
	}
	if err := s.journal.forget(time.Now().Add(-keepFor)); err != nil {
		return r, fmt.Errorf("shortening the attempt journal: %w", err)
	}
	return r, nil
}

// orphans are this node's legs that no settlement and no BYE has ended.
func (s *Store) orphans(ctx context.Context) (all []Orphan, err error) {
	err = s.each(ctx, "orphaned legs", "SELECT tenant, id, answered, leg FROM attempts WHERE node = ?1 AND leg <> '' ORDER BY answered DESC",
		[]any{s.node}, func(row scan) error {
			var o Orphan
			var answered int64
			err := row(&o.Tenant, &o.Attempt, &answered, &o.Leg)
			o.Answered = fromMS(answered)
			all = append(all, o)
			return err
		})
	return all, err
}

// LegEnded forgets what would end this leg: it is over, or not worth a BYE.
func (s *Store) LegEnded(ctx context.Context, o Orphan) error {
	return s.w.do(ctx, "forgetting an orphaned leg", func(t *tx) error {
		_, err := t.exec("UPDATE attempts SET leg = '' WHERE tenant = ?1 AND id = ?2", o.Tenant, o.Attempt)
		return err
	})
}

// uncertain ends an attempt whose result a crash hid. It counts against every
// cap; whether the contact is called again is the campaign's retry table's to
// say, by default nobody calls.
func (t *tx) uncertain(s *Store, tenant, id, campaignID, contact string) error {
	// What was a promise is known from its fact, whatever became of the call.
	if _, err := t.exec(`UPDATE attempts SET state = 'uncertain', counted = 1, network = 'uncertain', ended = {now}, report = ?3
		WHERE tenant = ?1 AND id = ?2 AND state IN ('dialling', 'uncertain')`, tenant, id,
		doc(call.Report{ID: id, Campaign: campaignID, Contact: contact, Attempt: id, Network: outcome.Uncertain, Rang: true,
			Problem: "the server ended during the call"})); err != nil {
		return err
	}
	if err := t.publish(s, tenant, "call.ended", map[string]any{"id": id, "campaign": campaignID, "contact": contact, "network": outcome.Uncertain}); err != nil {
		return err
	}
	if campaignID == "" {
		return nil
	}
	c, err := t.campaign(tenant, campaignID)
	var gone campaign.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return err
	}
	var tried campaign.Tried
	err = t.one("SELECT attempts, failures FROM campaign_contacts WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3",
		[]any{tenant, campaignID, contact}, &tried.Attempts, &tried.Failures)
	if errors.Is(err, errNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	tried.Attempts++
	next := c.Retry.After(call.Report{Network: outcome.Uncertain, Rang: true}, tried, c.MaxAttempts, time.Now())
	state := "waiting"
	if next.Final {
		state = "uncertain"
	}
	_, err = t.exec(`UPDATE campaign_contacts SET state = ?4, due = ?5, attempts = attempts + 1, network = 'uncertain', reason = ?6,
		attempt = ?7, node = '', lease_until = 0, updated = {now} WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state <> 'done'`,
		tenant, campaignID, contact, state, ms(next.At), next.Reason, id)
	return err
}

// adopt takes an attempt into the books that only the journal knows.
func (s *Store) adopt(ctx context.Context, rec record) (known bool, err error) {
	err = s.w.do(ctx, "adopting an attempt", func(t *tx) error {
		known = true
		if rec.Tenant == "" {
			return nil
		}
		if _, err := t.exec("INSERT INTO tenants (id, name, created) VALUES (?1, ?1, {now}) ON CONFLICT (id) DO NOTHING", rec.Tenant); err != nil {
			return err
		}
		target := call.Target{Call: rec.Attempt, Attempt: rec.Attempt, Tenant: rec.Tenant, Campaign: rec.Campaign, Contact: rec.Contact, To: rec.Number}
		n, err := t.exec(`INSERT INTO attempts (tenant, id, campaign, contact, phone, person, state, counted, node, epoch, started, target, rulings)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'uncertain', 1, ?7, 0, ?8, ?9, '[]') ON CONFLICT (tenant, id) DO NOTHING`,
			rec.Tenant, rec.Attempt, rec.Campaign, rec.Contact, rec.Number, rec.Person, s.node, rec.At, doc(target))
		if err != nil || n == 0 {
			return err
		}
		known = false
		return t.uncertain(s, rec.Tenant, rec.Attempt, rec.Campaign, rec.Contact)
	})
	return known, err
}
