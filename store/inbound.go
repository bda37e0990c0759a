package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/outcome"
)

// mostMatters bounds how many contacts of one number are looked at.
const mostMatters = 100

// OpenMatter finds whose matter a call from this number is about: of the
// contacts that are neither paid, closed nor expired one whose turn in a
// campaign is still to come, else the one imported last; and its campaign if it
// has one. It is NotFound when there is none, and when the number belongs to
// more than one person: nobody can say then who calls. A list without
// identifiers tells people apart by their names.
func (s *Store) OpenMatter(ctx context.Context, tenant, phone string) (campaign.Campaign, campaign.Contact, error) {
	of, none := campaign.Campaign{Tenant: tenant}, campaign.NotFound{What: "open matter of the number"}
	var people int
	if err := s.one(ctx, "people of a number", "SELECT COUNT(DISTINCT person) FROM contacts WHERE tenant = ?1 AND phone = ?2",
		[]any{tenant, phone}, &people); err != nil {
		return of, campaign.Contact{}, err
	}
	if phone == "" || people != 1 {
		return of, campaign.Contact{}, none
	}
	var open []campaign.Contact
	var name string
	now := time.Now()
	err := s.each(ctx, "open matters", `SELECT c.data, COALESCE(q.campaign, '') FROM contacts c
		LEFT JOIN campaign_contacts q ON q.tenant = c.tenant AND q.contact = c.id
		WHERE c.tenant = ?1 AND c.phone = ?2 AND NOT EXISTS
		(SELECT 1 FROM closures x WHERE x.tenant = c.tenant AND (x.key IN (c.phone, c.person) OR c.account <> '' AND x.key = c.account)
			AND (x.kind <> 'paid' OR x.at >= c.imported))
		ORDER BY CASE WHEN q.state IN ('waiting', 'claimed', 'dialling') THEN 0 ELSE 1 END, c.imported DESC, c.id DESC, COALESCE(q.updated, 0) DESC
		LIMIT ?3`, []any{tenant, phone, mostMatters}, func(row scan) error {
		c := campaign.Contact{Tenant: tenant}
		var data, in string
		if err := row(&data, &in); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			return fmt.Errorf("a stored contact cannot be read: %w", err)
		}
		if !c.Expires.IsZero() && !c.Expires.After(now) {
			return nil
		}
		if len(open) == 0 {
			name = in
		}
		open = append(open, c)
		return nil
	})
	if err != nil {
		return of, campaign.Contact{}, err
	}
	if len(open) == 0 || slices.ContainsFunc(open, func(c campaign.Contact) bool { return another(c, open[0]) }) {
		return of, campaign.Contact{}, none
	}
	if name != "" {
		of, err = s.Campaign(ctx, tenant, name)
	}
	return of, open[0], err
}

// another reports whether two contacts of one number, without an identifier,
// are two people.
func another(a, b campaign.Contact) bool {
	return a.ExternalID == "" && !strings.EqualFold(strings.TrimSpace(a.Name), strings.TrimSpace(b.Name))
}

// BeginInbound makes a call durable that the customer began. It counts against
// no cap and nothing refuses it: whoever asked not to be called may call.
func (s *Store) BeginInbound(ctx context.Context, target call.Target) error {
	return s.w.do(ctx, "keeping a call that came in", func(t *tx) error {
		person, err := t.person(target)
		if err != nil {
			return err
		}
		now := time.Now()
		if _, err := t.exec(`INSERT INTO attempts (tenant, id, campaign, contact, phone, person, state, counted, node, epoch, started, target, rulings, direction)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'dialling', 0, ?7, 0, ?8, ?9, '[]', 'inbound')`,
			target.Tenant, target.Attempt, target.Campaign, target.Contact, target.To, person, s.node, ms(now), doc(stored(target))); err != nil {
			return err
		}
		return t.publish(s, target.Tenant, "call.started", map[string]any{
			"id": target.Call, "campaign": target.Campaign, "contact": target.Contact, "to": target.To, "started": now.UTC(), "direction": call.Inbound,
		})
	})
}

// SettleInbound writes the report of such a call, and what it means for the
// contact's turn in its campaign: a promise ends it, a wish to be called sets
// its moment, and what settled nothing changes nothing.
func (s *Store) SettleInbound(ctx context.Context, target call.Target, r call.Report) error {
	packed := pack(r.Ladder)
	return s.w.do(ctx, "settling a call that came in", func(t *tx) error {
		person, err := t.person(target)
		if err != nil {
			return err
		}
		fresh, err := t.settleAttempt(s, target.Tenant, target.Attempt, person, r, false)
		if err == nil && fresh {
			err = t.keepLadder(target.Tenant, target.Attempt, packed)
		}
		if err != nil || !fresh || target.Campaign == "" || r.Disposition == "" {
			return err
		}
		c, err := t.campaign(target.Tenant, target.Campaign)
		if errors.As(err, new(campaign.NotFound)) {
			return nil // removed meanwhile: the call alone is on record
		}
		if err != nil {
			return err
		}
		next := c.Retry.After(r, campaign.Tried{}, math.MaxInt32, time.Now())
		state, due := "waiting", ms(next.At)
		switch {
		case next.Final:
			state, due = "done", 0
		case r.Disposition != outcome.Callback:
			return nil
		}
		_, err = t.exec(`UPDATE campaign_contacts SET state = ?4, due = ?5, disposition = ?6, reason = ?7, node = '', lease_until = 0, updated = {now}
			WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state IN ('waiting', 'claimed')`,
			target.Tenant, target.Campaign, target.Contact, state, due, clean(string(r.Disposition)), clean(next.Reason))
		return err
	})
}

// cutOff ends a call that came in and that a crash cut off.
func (t *tx) cutOff(s *Store, target call.Target) error {
	r := call.Report{
		ID: target.Call, Direction: call.Inbound, Campaign: target.Campaign, Contact: target.Contact, Attempt: target.Attempt,
		Network: outcome.Uncertain, Problem: "the server ended during the call",
	}
	if _, err := t.exec(`UPDATE attempts SET state = 'uncertain', network = 'uncertain', ended = {now}, report = ?3
		WHERE tenant = ?1 AND id = ?2 AND state = 'dialling'`, target.Tenant, target.Attempt, doc(r)); err != nil {
		return err
	}
	if err := t.endPromised(target.Tenant, target.Campaign, target.Contact, target.To); err != nil {
		return err
	}
	return t.publish(s, target.Tenant, "call.ended", map[string]any{
		"id": target.Call, "campaign": target.Campaign, "contact": target.Contact, "network": outcome.Uncertain, "direction": call.Inbound,
	})
}

// endPromised ends a contact's turn when the customer, in a call that came in
// lately, made a promise that the turn's own state does not show: a leg of ours
// was up beside that call, or a crash cut it off.
func (t *tx) endPromised(tenant, campaign, contact, phone string) error {
	_, err := t.exec(`UPDATE campaign_contacts SET state = 'done', due = 0, disposition = ?6, reason = ?6, node = '', lease_until = 0, updated = {now}
		WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state IN ('waiting', 'claimed') AND EXISTS
		(SELECT 1 FROM attempts a JOIN facts f ON f.tenant = a.tenant AND f.call = a.id AND f.kind = ?7
			WHERE a.tenant = ?1 AND a.phone = ?4 AND a.started > ?5 AND a.direction = 'inbound' AND a.campaign = ?2 AND a.contact = ?3)`,
		tenant, campaign, contact, phone, time.Now().Add(-maxInbound).UnixMilli(), string(outcome.PromiseToPay), string(dialog.FactPromise))
	return err
}
