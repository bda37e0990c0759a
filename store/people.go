package store

import (
	"context"
	"time"

	"parley/campaign"
)

// DNCEntry is a number on a do-not-call list.
type DNCEntry struct {
	Phone string `json:"phone"`
	// Campaign is "" for the whole tenant.
	Campaign string    `json:"campaign,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Added    time.Time `json:"added"`
}

// AddDNC puts a number on the list and takes it out of every queue at once.
func (s *Store) AddDNC(ctx context.Context, tenant string, e DNCEntry) error {
	return s.w.do(ctx, "adding to the do-not-call list", func(t *tx) error {
		if _, err := t.exec("INSERT INTO dnc (tenant, campaign, phone, reason, added) VALUES (?1, ?2, ?3, ?4, {now}) ON CONFLICT (tenant, campaign, phone) DO NOTHING",
			tenant, e.Campaign, e.Phone, clean(e.Reason)); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE campaign_contacts SET state = 'done', due = 0, reason = 'dnc', updated = {now}
			WHERE tenant = ?1 AND phone = ?2 AND state IN ('waiting', 'claimed') AND (?3 = '' OR campaign = ?3)`, tenant, e.Phone, e.Campaign)
		return err
	})
}

// RemoveDNC takes a number off a list. Contacts it ended stay ended.
func (s *Store) RemoveDNC(ctx context.Context, tenant, of, phone string) error {
	return s.w.do(ctx, "removing from the do-not-call list", func(t *tx) error {
		n, err := t.exec("DELETE FROM dnc WHERE tenant = ?1 AND campaign = ?2 AND phone = ?3", tenant, of, phone)
		if err == nil && n == 0 {
			return campaign.NotFound{What: "number on the do-not-call list"}
		}
		return err
	})
}

// DNC pages through the tenant's do-not-call numbers in their order: at most
// limit after the given number.
func (s *Store) DNC(ctx context.Context, tenant, after string, limit int) ([]DNCEntry, error) {
	var out []DNCEntry
	err := s.each(ctx, "do-not-call list", "SELECT phone, campaign, reason, added FROM dnc WHERE tenant = ?1 AND phone > ?2 ORDER BY phone, campaign LIMIT ?3",
		[]any{tenant, after, limit}, func(row scan) error {
			var e DNCEntry
			var added int64
			err := row(&e.Phone, &e.Campaign, &e.Reason, &added)
			e.Added = fromMS(added)
			out = append(out, e)
			return err
		})
	return out, err
}

// Closure is a matter after which nobody calls the number or person.
type Closure struct {
	Key  string    `json:"key"`
	Kind string    `json:"kind"` // "opt_out", "paid", "dispute", "wrong_number", …
	Call string    `json:"call,omitempty"`
	At   time.Time `json:"at"`
}

// Reopen lifts a closed matter (a checked dispute). An opt-out is for ever.
func (s *Store) Reopen(ctx context.Context, tenant, key, kind string) error {
	return s.w.do(ctx, "reopening a matter", func(t *tx) error {
		n, err := t.exec("DELETE FROM closures WHERE tenant = ?1 AND key = ?2 AND kind = ?3", tenant, clean(key), clean(kind))
		if err == nil && n == 0 {
			return campaign.NotFound{What: "closed matter"}
		}
		return err
	})
}

// Person is one customer over all lists and campaigns.
type Person struct {
	Contacts []campaign.Contact `json:"contacts"`
	Queues   []Queued           `json:"campaigns"`
	Calls    []CallRow          `json:"calls"`
	Closures []Closure          `json:"closures"`
}

// Queued is how a contact stands in a campaign.
type Queued struct {
	Campaign    string    `json:"campaign"`
	Contact     string    `json:"contact"`
	Phone       string    `json:"phone"`
	State       string    `json:"state"`
	Due         time.Time `json:"due,omitzero"`
	Attempts    int       `json:"attempts"`
	Network     string    `json:"network,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
	Reason      string    `json:"reason,omitempty"`
}

// personPage bounds each part of a person's history.
const personPage = 500

// Person gathers a number's history over all campaigns.
func (s *Store) Person(ctx context.Context, tenant, phone string) (Person, error) {
	p := Person{Contacts: []campaign.Contact{}, Queues: []Queued{}, Calls: []CallRow{}, Closures: []Closure{}}
	err := s.each(ctx, "contacts", "SELECT tenant, data FROM contacts WHERE tenant = ?1 AND phone = ?2 ORDER BY id LIMIT ?3",
		[]any{tenant, phone, personPage}, collectContacts(&p.Contacts))
	if err == nil {
		err = s.each(ctx, "campaigns", `SELECT campaign, contact, phone, state, due, attempts, network, disposition, reason FROM campaign_contacts
			WHERE tenant = ?1 AND phone = ?2 ORDER BY campaign LIMIT ?3`, []any{tenant, phone, personPage}, collectQueued(&p.Queues))
	}
	keys := []any{tenant, phone, phone}
	if len(p.Contacts) > 0 {
		keys[2] = clean(p.Contacts[0].Person())
	}
	if err == nil {
		err = s.each(ctx, "closed matters", `SELECT key, 'opt_out', call, at FROM opt_outs WHERE tenant = ?1 AND key IN (?2, ?3)
			UNION ALL SELECT key, kind, call, at FROM closures WHERE tenant = ?1 AND key IN (?2, ?3)`, keys, func(row scan) error {
			var c Closure
			var at int64
			err := row(&c.Key, &c.Kind, &c.Call, &at)
			c.At = fromMS(at)
			p.Closures = append(p.Closures, c)
			return err
		})
	}
	if err != nil {
		return p, err
	}
	page, err := s.Calls(ctx, CallFilter{Tenant: tenant, Phone: phone, Limit: personPage})
	p.Calls = page.Calls
	return p, err
}

func collectQueued(out *[]Queued) func(scan) error {
	return func(row scan) error {
		var q Queued
		var due int64
		err := row(&q.Campaign, &q.Contact, &q.Phone, &q.State, &due, &q.Attempts, &q.Network, &q.Disposition, &q.Reason)
		if due >= neverTried {
			q.Due = fromMS(due)
		}
		*out = append(*out, q)
		return err
	}
}

// CampaignContacts pages through a campaign's contacts in the order of their
// identifiers; state "" gives all.
func (s *Store) CampaignContacts(ctx context.Context, tenant, id, state, after string, limit int) ([]Queued, error) {
	out := []Queued{}
	err := s.each(ctx, "campaign's contacts", `SELECT campaign, contact, phone, state, due, attempts, network, disposition, reason FROM campaign_contacts
		WHERE tenant = ?1 AND campaign = ?2 AND contact > ?3 AND (?4 = '' OR state = ?4) ORDER BY contact LIMIT ?5`,
		[]any{tenant, id, after, state, limit}, collectQueued(&out))
	return out, err
}

// AddContacts appends contacts to a campaign, running or not. Numbers that it
// already has are left out; added tells how many were not.
func (s *Store) AddContacts(ctx context.Context, tenant, id string, contacts []campaign.Contact) (added []campaign.Contact, err error) {
	err = s.w.do(ctx, "adding contacts", func(t *tx) error {
		added = nil
		c, err := t.campaign(tenant, id)
		if err != nil {
			return err
		}
		for _, p := range contacts {
			var n int
			if err := t.one("SELECT COUNT(*) FROM campaign_contacts WHERE tenant = ?1 AND phone = ?2 AND campaign = ?3", []any{tenant, p.Phone, id}, &n); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			p.ID, p.Tenant, p.List = newID(), tenant, c.List
			if p.Imported.IsZero() {
				p.Imported = time.Now().UTC().Truncate(time.Millisecond)
			}
			if err := t.addContact(p); err != nil {
				return err
			}
			if _, err := t.exec(`INSERT INTO campaign_contacts (tenant, campaign, contact, phone, person, account, state, due, updated)
				VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, {now})`,
				tenant, id, p.ID, p.Phone, clean(p.Person()), clean(p.AccountID), 1000-p.Priority); err != nil {
				return err
			}
			added = append(added, p)
		}
		return nil
	})
	return added, err
}

// RemoveContact takes a contact out of a campaign; a call under way goes on.
func (s *Store) RemoveContact(ctx context.Context, tenant, id, contact string) error {
	return s.w.do(ctx, "removing a contact", func(t *tx) error {
		n, err := t.exec(`UPDATE campaign_contacts SET state = 'done', due = 0, reason = 'removed', updated = {now}
			WHERE tenant = ?1 AND campaign = ?2 AND contact = ?3 AND state IN ('waiting', 'claimed', 'uncertain')`, tenant, id, contact)
		if err == nil && n == 0 {
			return campaign.NotFound{What: "waiting contact"}
		}
		return err
	})
}

// DeletePerson forgets a number: contacts, transcripts, ladders, facts and the number in
// its attempts. Opt-out and do-not-call entries stay, so that nobody calls it
// again; attempts stay as figures without a person. It refuses while a call to
// the number is up.
func (s *Store) DeletePerson(ctx context.Context, tenant, phone string) error {
	return s.w.do(ctx, "forgetting a person", func(t *tx) error {
		var live int
		if err := t.one("SELECT COUNT(*) FROM attempts WHERE tenant = ?1 AND phone = ?2 AND state = 'dialling'", []any{tenant, phone}, &live); err != nil {
			return err
		}
		if live > 0 {
			return campaign.Conflict{Why: "a call to the number is under way; try again when it has ended"}
		}
		return t.all([]any{tenant, phone},
			"DELETE FROM turns WHERE tenant = ?1 AND call IN (SELECT id FROM attempts WHERE tenant = ?1 AND phone = ?2)",
			"DELETE FROM terms WHERE tenant = ?1 AND call IN (SELECT id FROM attempts WHERE tenant = ?1 AND phone = ?2)",
			"DELETE FROM ladders WHERE tenant = ?1 AND call IN (SELECT id FROM attempts WHERE tenant = ?1 AND phone = ?2)",
			"DELETE FROM facts WHERE tenant = ?1 AND call IN (SELECT id FROM attempts WHERE tenant = ?1 AND phone = ?2)",
			"DELETE FROM campaign_contacts WHERE tenant = ?1 AND phone = ?2",
			"DELETE FROM contacts WHERE tenant = ?1 AND phone = ?2",
			"UPDATE attempts SET phone = '', person = '', target = '{}', report = '', leg = '' WHERE tenant = ?1 AND phone = ?2")
	})
}
