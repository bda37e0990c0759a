package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rules"
)

// Begin makes an attempt durable: claimed becomes dialling where the epoch is
// current, the lease alive by the database's clock, the campaign running, and
// neither opt-out, do-not-call list nor payment speaks against it; then the
// journal's line. Only after both may the INVITE leave.
func (s *Store) Begin(ctx context.Context, l campaign.Lease, target call.Target, ruled []rules.Ruling) (time.Time, error) {
	var begun time.Time
	err := s.w.do(ctx, "beginning an attempt", func(t *tx) error {
		begun = time.Now()
		n, err := t.exec(`UPDATE campaign_contacts SET state = 'dialling', attempt = ?4, updated = {now}
			WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state = 'claimed' AND node = ?5 AND epoch = ?6 AND lease_until > {now}
			AND EXISTS (SELECT 1 FROM leaders WHERE name = 'runner' AND epoch = ?6)
			AND EXISTS (SELECT 1 FROM campaigns WHERE tenant = ?1 AND id = ?2 AND state = 'running')`,
			target.Tenant, target.Campaign, target.Contact, target.Attempt, s.node, l.Epoch)
		if err != nil {
			return err
		}
		if n == 0 {
			return campaign.ErrRefused
		}
		return t.attempt(s, attempt{target: target, person: clean(l.Contact.Person()), account: clean(l.Contact.AccountID),
			imported: ms(l.Contact.Imported), epoch: l.Epoch, since: ms(l.Claimed), begun: begun, rulings: ruled})
	})
	if err != nil {
		return time.Time{}, err
	}
	return begun, s.witness(ctx, target, l.Contact.Person(), begun)
}

// BeginCall is Begin for a call of no campaign: the same refusals but those of
// a campaign, the same journal.
func (s *Store) BeginCall(ctx context.Context, target call.Target, ruled []rules.Ruling) (time.Time, error) {
	var begun time.Time
	err := s.w.do(ctx, "beginning a call", func(t *tx) error {
		begun = time.Now()
		return t.attempt(s, attempt{target: target, person: target.To, begun: begun, rulings: ruled})
	})
	if err != nil {
		return time.Time{}, err
	}
	return begun, s.witness(ctx, target, target.To, begun)
}

// maxInbound is longer than any call lasts: what is older and not ended is no
// call any more.
const maxInbound = 4 * time.Hour

type attempt struct {
	target          call.Target
	person, account string
	imported, epoch int64
	since           int64 // a call to the number after this moment refuses; 0 for none
	begun           time.Time
	rulings         []rules.Ruling
}

// attempt inserts the row, unless something speaks against the number now.
func (t *tx) attempt(s *Store, a attempt) error {
	if a.account == "" {
		a.account = a.target.To
	}
	if a.since == 0 {
		a.since = math.MaxInt64
	}
	n, err := t.exec(`INSERT INTO attempts (tenant, id, campaign, contact, phone, person, state, counted, node, epoch, started, target, rulings, caller_id)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, 'dialling', 1, ?7, ?8, ?9, ?10, ?11, ?16
		WHERE NOT EXISTS (SELECT 1 FROM opt_outs WHERE tenant = ?1 AND key IN (?5, ?6))
		AND NOT EXISTS (SELECT 1 FROM dnc WHERE tenant = ?1 AND campaign IN ('', ?3) AND phone = ?5)
		AND NOT EXISTS (SELECT 1 FROM closures WHERE tenant = ?1 AND key IN (?5, ?6, ?12) AND (kind <> 'paid' OR at >= ?13))
		AND NOT EXISTS (SELECT 1 FROM attempts WHERE tenant = ?1 AND phone = ?5 AND counted = 1 AND started >= ?14)
		AND NOT EXISTS (SELECT 1 FROM attempts WHERE tenant = ?1 AND phone = ?5 AND state = 'dialling' AND direction = 'inbound' AND started >= ?15)`,
		a.target.Tenant, a.target.Attempt, a.target.Campaign, a.target.Contact, a.target.To, a.person, s.node, a.epoch, ms(a.begun),
		doc(stored(a.target)), doc(a.rulings), a.account, a.imported, a.since, ms(a.begun.Add(-maxInbound)), clean(a.target.From))
	if clashes(err) || err == nil && n == 0 {
		return campaign.ErrRefused // a leg to this number is up, or somebody asked not to be called
	}
	if err != nil {
		return err
	}
	return t.publish(s, a.target.Tenant, "call.started", map[string]any{
		"id": a.target.Call, "campaign": a.target.Campaign, "contact": a.target.Contact, "to": a.target.To, "started": a.begun.UTC(), "direction": a.target.Direction(),
	})
}

// stored is the part of a target that is kept: the case is in the rulings, the
// variables are the contact's, and a signed identity is good for a minute.
func stored(t call.Target) call.Target {
	t.Case, t.Variables, t.Identity = rules.Case{}, nil, ""
	return t
}

// witness writes the journal's line. Without it the attempt never was: it is
// taken back, and no call is placed.
func (s *Store) witness(ctx context.Context, t call.Target, person string, begun time.Time) error {
	err := s.journal.append(ctx, record{
		Attempt: t.Attempt, Number: t.To, At: ms(begun), Tenant: t.Tenant, Campaign: t.Campaign, Contact: t.Contact, Person: person,
	})
	if err == nil {
		return nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	undo := s.w.do(back, "taking an attempt back", func(tx *tx) error { return tx.release(t.Tenant, t.Attempt) })
	return errors.Join(fmt.Errorf("beginning an attempt: %w", err), undo)
}

// release says that an attempt was never sent: it counts for nothing, and its
// contact waits again.
func (t *tx) release(tenant, attempt string) error {
	return t.all([]any{tenant, attempt},
		"UPDATE attempts SET state = 'released', counted = 0, ended = {now} WHERE tenant = ?1 AND id = ?2 AND state = 'dialling'",
		`UPDATE campaign_contacts SET state = 'waiting', attempt = '', node = '', lease_until = 0, updated = {now}
			WHERE tenant = ?1 AND attempt = ?2 AND state = 'dialling'`)
}

// Return gives a claimed contact back without an attempt. A lease that is over
// is no error: somebody else has the contact.
func (s *Store) Return(ctx context.Context, l campaign.Lease, ruled []rules.Ruling, next campaign.Next) error {
	state, due := "waiting", ms(next.At)
	if next.Final {
		state, due = "done", 0
	}
	rulings := ""
	if ruled != nil {
		rulings = doc(ruled)
	}
	return s.w.do(ctx, "returning a contact", func(t *tx) error {
		_, err := t.exec(`UPDATE campaign_contacts SET state = ?4, due = CASE WHEN ?10 = 1 AND due < ?5 THEN due ELSE ?6 END,
			reason = ?7, rulings = ?8, node = '', lease_until = 0, updated = {now}
			WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state = 'claimed' AND epoch = ?9`,
			l.Campaign.Tenant, l.Campaign.ID, l.Contact.ID, state, neverTried, due, clean(next.Reason), rulings, l.Epoch,
			// A contact that nothing spoke against keeps its place in the queue.
			flag(ruled == nil && !next.Final))
		return err
	})
}

// Settle writes attempt, outcome, next step and transcript in one transaction.
// It may be called again with the same settlement.
func (s *Store) Settle(ctx context.Context, l campaign.Lease, st campaign.Settlement) error {
	state, due := "waiting", ms(st.Next.At)
	if st.Next.Final {
		state, due = "done", 0
	}
	tenant, packed := l.Campaign.Tenant, pack(st.Report.Ladder)
	return s.w.do(ctx, "settling an attempt", func(t *tx) error {
		fresh, err := t.settleAttempt(s, tenant, l.Attempt, clean(l.Contact.Person()), st.Report, st.Counted)
		if err == nil && fresh {
			err = t.keepLadder(tenant, l.Attempt, packed)
		}
		if err != nil || !fresh {
			return err
		}
		n, err := t.exec(`UPDATE campaign_contacts SET state = ?4, due = ?5, attempts = attempts + ?6, failures = failures + ?7,
			network = ?8, disposition = ?9, reason = ?10, node = '', lease_until = 0, updated = {now}
			WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND attempt = ?11 AND state IN ('dialling', 'uncertain')`,
			tenant, l.Campaign.ID, l.Contact.ID, state, due, flag(st.Counted), flag(!st.Counted),
			string(st.Report.Network), clean(string(st.Report.Disposition)), clean(st.Next.Reason), l.Attempt)
		if err != nil || n == 0 {
			return err // removed meanwhile: the attempt alone is on record
		}
		if !st.Next.Final { // otherwise the turn is over already
			if err := t.endPromised(tenant, l.Campaign.ID, l.Contact.ID, l.Contact.Phone); err != nil {
				return err
			}
		}
		return t.closeRefused(tenant, l.Contact.Phone, clean(l.Contact.Person()))
	})
}

// SettleCall is Settle for a call of no campaign.
func (s *Store) SettleCall(ctx context.Context, target call.Target, r call.Report) error {
	packed := pack(r.Ladder)
	return s.w.do(ctx, "settling a call", func(t *tx) error {
		fresh, err := t.settleAttempt(s, target.Tenant, target.Attempt, target.To, r, campaign.Counted(r))
		if err == nil && fresh {
			err = t.keepLadder(target.Tenant, target.Attempt, packed)
		}
		return err
	})
}

// closing are the dispositions after which nobody calls the number or person
// again until a person lifts it.
var closing = map[outcome.Disposition]bool{
	outcome.WrongNumber: true, outcome.Deceased: true, outcome.Lawyer: true, outcome.Bankrupt: true, outcome.Dispute: true,
}

// settleAttempt ends the attempt's row; false when it was ended before.
func (t *tx) settleAttempt(s *Store, tenant, id, person string, r call.Report, counted bool) (bool, error) {
	var phone, state string
	err := t.one("SELECT phone, state FROM attempts WHERE tenant = ?1 AND id = ?2", []any{tenant, id}, &phone, &state)
	if errors.Is(err, errNoRows) {
		return false, campaign.NotFound{What: "attempt"}
	}
	if err != nil || state != "dialling" && state != "uncertain" {
		return false, err
	}
	end := "ended"
	if r.Network == "" {
		end = "released"
	}
	anger := 0.0
	if r.Emotion != nil {
		anger = r.Emotion.Peak
	}
	cost, currency, err := t.price(tenant, &r)
	if err != nil {
		return false, err
	}
	turns := r.Turns
	r.Turns = nil // they have a table of their own
	_, err = t.exec(`UPDATE attempts SET state = ?3, counted = ?4, answered = ?5, ended = ?6, talk_ms = ?7, network = ?8, answered_by = ?9,
		disposition = ?10, intents = ?11, anger = ?12, report = ?13, leg = '', cost = ?14, currency = ?15 WHERE tenant = ?1 AND id = ?2`,
		tenant, id, end, flag(counted), ms(r.Answered), ms(r.Ended), r.TalkMS, string(r.Network), string(r.AnsweredBy),
		clean(string(r.Disposition)), intentText(r.Intents), anger, doc(r), cost, currency)
	if err != nil {
		return false, err
	}
	if err := t.transcript(tenant, id, turns); err != nil {
		return false, err
	}
	switch {
	case phone == "" && person == "": // a caller who hides the number: nobody to keep it for
	case r.Disposition == outcome.OptOut:
		err = t.optOut(s, tenant, phone, person, id, "call")
	case closing[r.Disposition]:
		err = t.closeMatter(s, tenant, phone, person, string(r.Disposition), id)
	}
	if err != nil {
		return false, err
	}
	return true, t.publish(s, tenant, "call.ended", map[string]any{
		"id": id, "campaign": r.Campaign, "contact": r.Contact, "to": phone, "network": r.Network, "answered_by": r.AnsweredBy,
		"disposition": r.Disposition, "promise": r.Promise, "talk_ms": r.TalkMS, "cost": r.Cost.WithoutRate(), "started": r.Started, "ended": r.Ended, "direction": r.Direction,
	})
}
