package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/outcome"
)

// Commit keeps what the customer said before the bot's next line. The same
// fact of the same call is kept once.
func (s *Store) Commit(ctx context.Context, target call.Target, f dialog.Fact) error {
	data := doc(f)
	sum := sha256.Sum256([]byte(data))
	return s.w.do(ctx, "keeping a fact", func(t *tx) error {
		n, err := t.exec(`INSERT INTO facts (tenant, call, kind, digest, campaign, contact, data, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {now})
			ON CONFLICT (tenant, call, kind, digest) DO NOTHING`,
			target.Tenant, target.Call, string(f.Kind), hex.EncodeToString(sum[:]), target.Campaign, target.Contact, data)
		if err != nil || n == 0 {
			return err
		}
		person, err := t.person(target)
		if err != nil {
			return err
		}
		switch f.Kind {
		case dialog.FactOptOut:
			err = t.optOut(s, target.Tenant, target.To, person, target.Call, "call")
		case dialog.FactWrongNumber:
			err = t.closeMatter(s, target.Tenant, target.To, target.To, string(outcome.WrongNumber), target.Call)
		case dialog.FactDispute:
			err = t.closeMatter(s, target.Tenant, target.To, person, string(outcome.Dispute), target.Call)
		}
		if err != nil {
			return err
		}
		return t.publish(s, target.Tenant, "call.fact", map[string]any{"call": target.Call, "campaign": target.Campaign, "contact": target.Contact, "kind": f.Kind})
	})
}

// person is who the target is in the ledger: the contact's, else the number.
func (t *tx) person(target call.Target) (string, error) {
	person := target.To
	err := t.one("SELECT person FROM contacts WHERE tenant = ?1 AND id = ?2", []any{target.Tenant, target.Contact}, &person)
	if errors.Is(err, errNoRows) {
		err = nil
	}
	return person, err
}

// Answered keeps that a call was answered, and what ends its leg after a crash.
func (s *Store) Answered(ctx context.Context, target call.Target, at time.Time, leg string) error {
	return s.w.do(ctx, "keeping an answer", func(t *tx) error {
		_, err := t.exec("UPDATE attempts SET answered = ?3, leg = ?4 WHERE tenant = ?1 AND id = ?2 AND state = 'dialling'", target.Tenant, target.Attempt, ms(at), leg)
		return err
	})
}

// optOut is for ever and at once: it is keyed by number and person, so that no
// import brings them back.
func (t *tx) optOut(s *Store, tenant, phone, person, id, source string) error {
	if phone == "" && person == "" {
		return campaign.Invalid{Why: "an opt-out needs the number or the person that it is about"}
	}
	for _, key := range []string{phone, person} {
		if key == "" {
			continue
		}
		if _, err := t.exec("INSERT INTO opt_outs (tenant, key, call, source, at) VALUES (?1, ?2, ?3, ?4, {now}) ON CONFLICT (tenant, key) DO NOTHING",
			tenant, key, id, source); err != nil {
			return err
		}
	}
	if err := t.endWaiting(tenant, phone, person, "opt_out"); err != nil {
		return err
	}
	return t.publish(s, tenant, "contact.opted_out", map[string]any{"phone": phone, "call": id, "source": source})
}

// closeMatter ends a matter for number and person until a person lifts it.
func (t *tx) closeMatter(s *Store, tenant, phone, person, kind, id string) error {
	if phone == "" && person == "" {
		return campaign.Invalid{Why: "a matter is closed for a number or a person; there is neither"}
	}
	for _, key := range []string{phone, person} {
		if key == "" {
			continue
		}
		if _, err := t.exec("INSERT INTO closures (tenant, key, kind, call, at) VALUES (?1, ?2, ?3, ?4, {now}) ON CONFLICT (tenant, key, kind) DO UPDATE SET at = excluded.at",
			tenant, key, kind, id); err != nil {
			return err
		}
	}
	if err := t.endWaiting(tenant, phone, person, kind); err != nil {
		return err
	}
	return t.publish(s, tenant, "contact.closed", map[string]any{"phone": phone, "kind": kind, "call": id})
}

// endWaiting takes number and person out of every queue of the tenant. Those
// being dialled are ended by their settlement.
func (t *tx) endWaiting(tenant, phone, person, reason string) error {
	for _, q := range []string{
		"UPDATE campaign_contacts SET state = 'done', due = 0, reason = ?3, updated = {now} WHERE tenant = ?1 AND phone = ?2 AND state IN ('waiting', 'claimed')",
		"UPDATE campaign_contacts SET state = 'done', due = 0, reason = ?3, updated = {now} WHERE tenant = ?1 AND person = ?2 AND state IN ('waiting', 'claimed')",
	} {
		if _, err := t.exec(q, tenant, phone, reason); err != nil {
			return err
		}
		phone = person // the second statement asks for the person
	}
	return nil
}

// closeRefused ends a contact that its own call's facts spoke against, however
// the retry table saw the call.
func (t *tx) closeRefused(tenant, phone, person string) error {
	var n int
	if err := t.one("SELECT COUNT(*) FROM opt_outs WHERE tenant = ?1 AND key IN (?2, ?3)", []any{tenant, phone, person}, &n); err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	return t.endWaiting(tenant, phone, person, "opt_out")
}

// OptOut keeps a person's wish that came another way than in a call.
func (s *Store) OptOut(ctx context.Context, tenant, phone, person, source string) error {
	return s.w.do(ctx, "keeping an opt-out", func(t *tx) error { return t.optOut(s, tenant, phone, clean(person), "", clean(source)) })
}

// Payment tells that a debt is paid: whoever is meant leaves every queue at
// once. Any of phone, person and account may be "". It tells how many contacts
// left a queue.
func (s *Store) Payment(ctx context.Context, tenant, phone, person, account string) (int, error) {
	if phone == "" && person == "" && account == "" {
		return 0, campaign.Invalid{Why: "say who paid: phone, external_id or account_id"}
	}
	ended := int64(0)
	err := s.w.do(ctx, "keeping a payment", func(t *tx) error {
		ended = 0
		for column, key := range map[string]string{"phone": phone, "person": clean(person), "account": clean(account)} {
			if key == "" {
				continue
			}
			if _, err := t.exec("INSERT INTO closures (tenant, key, kind, call, at) VALUES (?1, ?2, 'paid', '', {now}) ON CONFLICT (tenant, key, kind) DO UPDATE SET at = excluded.at",
				tenant, key); err != nil {
				return err
			}
			n, err := t.exec("UPDATE campaign_contacts SET state = 'done', due = 0, reason = 'paid', updated = {now} WHERE tenant = ?1 AND "+column+" = ?2 AND state IN ('waiting', 'claimed')",
				tenant, key)
			if err != nil {
				return err
			}
			ended += n
		}
		return t.publish(s, tenant, "contact.paid", map[string]any{"phone": phone, "external_id": person, "account_id": account})
	})
	return int(ended), err
}
