package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"parley/campaign"
)

// batch is how many rows of an import are one write.
const batch = 500

// ImportList reads a CSV list into the tenant's books. Nobody sees the list
// before its last row is in; a file that is no list, or a reader that fails,
// leaves nothing behind.
func (s *Store) ImportList(ctx context.Context, tenant, name string, file io.Reader, o campaign.Options) (campaign.List, error) {
	if o.Now.IsZero() {
		o.Now = time.Now().UTC().Truncate(time.Millisecond)
	}
	l := campaign.List{ID: newID(), Tenant: tenant, Name: clean(name), Region: o.Region, Created: o.Now}
	err := s.w.do(ctx, "beginning an import", func(t *tx) error {
		_, err := t.exec("INSERT INTO lists (tenant, id, name, region, state, summary, created) VALUES (?1, ?2, ?3, ?4, 'loading ' || ?5, '{}', ?6)",
			tenant, l.ID, l.Name, l.Region, s.node, ms(l.Created))
		return err
	})
	if err != nil {
		return l, err
	}
	in := importer{s: s, list: l}
	l.Summary, err = campaign.Import(file, o, func(c campaign.Contact) error { return in.put(ctx, c) },
		func(e campaign.RowError) error { return in.bad(ctx, e) })
	if err == nil {
		err = in.flush(ctx)
	}
	if err == nil {
		err = s.w.do(ctx, "ending an import", func(t *tx) error {
			if _, err := t.exec("UPDATE lists SET state = 'ready', summary = ?3 WHERE tenant = ?1 AND id = ?2", tenant, l.ID, doc(l.Summary)); err != nil {
				return err
			}
			return t.publish(s, tenant, "list.imported", map[string]any{"id": l.ID, "name": l.Name, "summary": l.Summary})
		})
	}
	if err != nil {
		// ctx may be what ended the import; the rows go in any case, at the
		// latest at the next start.
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if derr := s.dropList(gone, tenant, l.ID); derr != nil {
			s.log.Warn("a broken import could not be removed yet", "tenant", tenant, "error", derr)
		}
		return campaign.List{}, err
	}
	return l, nil
}

type importer struct {
	s    *Store
	list campaign.List
	rows []campaign.Contact
	errs []campaign.RowError
	n    int
}

func (in *importer) put(ctx context.Context, c campaign.Contact) error {
	c.ID, c.List, c.Tenant = newID(), in.list.ID, in.list.Tenant
	in.rows = append(in.rows, c)
	return in.full(ctx)
}

func (in *importer) bad(ctx context.Context, e campaign.RowError) error {
	in.errs = append(in.errs, e)
	return in.full(ctx)
}

func (in *importer) full(ctx context.Context) error {
	if len(in.rows)+len(in.errs) < batch {
		return nil
	}
	return in.flush(ctx)
}

func (in *importer) flush(ctx context.Context) error {
	rows, errs, n := in.rows, in.errs, in.n
	in.rows, in.errs, in.n = nil, nil, in.n+len(in.errs)
	return in.s.w.do(ctx, "importing rows", func(t *tx) error {
		for _, c := range rows {
			if err := t.addContact(c); err != nil {
				return err
			}
		}
		for i, e := range errs {
			if _, err := t.exec("INSERT INTO list_errors (tenant, list, n, row_number, column_name, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
				in.list.Tenant, in.list.ID, n+i, e.Row, e.Column, e.Problem); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) addContact(c campaign.Contact) error {
	_, err := t.exec(`INSERT INTO contacts (tenant, id, list, phone, person, account, priority, imported, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
		c.Tenant, c.ID, c.List, c.Phone, clean(c.Person()), clean(c.AccountID), c.Priority, ms(c.Imported), doc(c))
	return err
}

func (s *Store) dropList(ctx context.Context, tenant, id string) error {
	return s.w.do(ctx, "removing a list", func(t *tx) error {
		return t.all([]any{tenant, id},
			"DELETE FROM contacts WHERE tenant = ?1 AND list = ?2",
			"DELETE FROM list_errors WHERE tenant = ?1 AND list = ?2",
			"DELETE FROM lists WHERE tenant = ?1 AND id = ?2")
	})
}

// DeleteList removes a list that no campaign uses.
func (s *Store) DeleteList(ctx context.Context, tenant, id string) error {
	if _, err := s.List(ctx, tenant, id); err != nil {
		return err
	}
	var used int
	err := s.one(ctx, "list", `SELECT COUNT(*) FROM campaign_contacts cc JOIN contacts c ON c.tenant = cc.tenant AND c.id = cc.contact
		WHERE c.tenant = ?1 AND c.list = ?2`, []any{tenant, id}, &used)
	if err != nil {
		return err
	}
	if used > 0 {
		return campaign.Conflict{Why: "a campaign uses the list"}
	}
	return s.dropList(ctx, tenant, id)
}

// Lists gives a tenant's lists, newest first, at most limit.
func (s *Store) Lists(ctx context.Context, tenant string, limit int) ([]campaign.List, error) {
	var out []campaign.List
	err := s.each(ctx, "lists", "SELECT id, name, region, summary, created FROM lists WHERE tenant = ?1 AND state = 'ready' ORDER BY created DESC, id DESC LIMIT ?2",
		[]any{tenant, limit}, func(row scan) error {
			l, err := readList(tenant, row)
			out = append(out, l)
			return err
		})
	return out, err
}

// List gives one.
func (s *Store) List(ctx context.Context, tenant, id string) (campaign.List, error) {
	var l campaign.List
	found := false
	err := s.each(ctx, "list", "SELECT id, name, region, summary, created FROM lists WHERE tenant = ?1 AND state = 'ready' AND id = ?2",
		[]any{tenant, id}, func(row scan) (err error) {
			l, err = readList(tenant, row)
			found = true
			return err
		})
	if err == nil && !found {
		err = campaign.NotFound{What: "list"}
	}
	return l, err
}

func readList(tenant string, row scan) (campaign.List, error) {
	l := campaign.List{Tenant: tenant}
	var summary string
	var created int64
	if err := row(&l.ID, &l.Name, &l.Region, &summary, &created); err != nil {
		return l, err
	}
	l.Created = fromMS(created)
	return l, json.Unmarshal([]byte(summary), &l.Summary)
}

// ListErrors gives the bad rows of a list in the file's order.
func (s *Store) ListErrors(ctx context.Context, tenant, id string) ([]campaign.RowError, error) {
	if _, err := s.List(ctx, tenant, id); err != nil {
		return nil, err
	}
	var out []campaign.RowError
	err := s.each(ctx, "list's errors", "SELECT row_number, column_name, problem FROM list_errors WHERE tenant = ?1 AND list = ?2 ORDER BY n",
		[]any{tenant, id}, func(row scan) error {
			var e campaign.RowError
			err := row(&e.Row, &e.Column, &e.Problem)
			out = append(out, e)
			return err
		})
	return out, err
}

// ListContacts pages through a list in the order of its import: at most limit
// after the contact with the given id ("" for the first page).
func (s *Store) ListContacts(ctx context.Context, tenant, list, after string, limit int) ([]campaign.Contact, error) {
	var out []campaign.Contact
	err := s.each(ctx, "contacts", "SELECT tenant, data FROM contacts WHERE tenant = ?1 AND list = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
		[]any{tenant, list, after, limit}, collectContacts(&out))
	return out, err
}

func collectContacts(out *[]campaign.Contact) func(scan) error {
	return func(row scan) error {
		var c campaign.Contact
		var tenant, data string
		if err := row(&tenant, &data); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			return fmt.Errorf("a stored contact cannot be read: %w", err)
		}
		c.Tenant = tenant
		*out = append(*out, c)
		return nil
	}
}
