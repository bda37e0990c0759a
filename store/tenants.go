package store

import (
	"context"
	"errors"
	"time"

	"parley/campaign"
	"parley/tenant"
)

// CreateTenant makes a tenant; one that exists keeps its name.
func (s *Store) CreateTenant(ctx context.Context, id, name string) error {
	return s.w.do(ctx, "making a tenant", func(t *tx) error {
		_, err := t.exec("INSERT INTO tenants (id, name, created) VALUES (?1, ?2, {now}) ON CONFLICT (id) DO NOTHING", id, clean(name))
		return err
	})
}

// Tenants lists the identifiers of all tenants.
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	var out []string
	err := s.each(ctx, "tenants", "SELECT id FROM tenants ORDER BY id", nil, func(row scan) error {
		var id string
		err := row(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// Key implements tenant.Keys.
func (s *Store) Key(ctx context.Context, id string) (tenant.Key, error) {
	k := tenant.Key{ID: id}
	var created, expires int64
	err := s.one(ctx, "API key", "SELECT tenant, name, role, hash, created, expires FROM api_keys WHERE id = ?1", []any{clean(id)},
		&k.Tenant, &k.Name, &k.Role, &k.Hash, &created, &expires)
	var missing campaign.NotFound
	if errors.As(err, &missing) {
		return tenant.Key{}, tenant.ErrUnknownKey
	}
	k.Created, k.Expires = fromMS(created), fromMS(expires)
	return k, err
}

// AddKey implements tenant.Keys.
func (s *Store) AddKey(ctx context.Context, k tenant.Key) error {
	return s.w.do(ctx, "adding an API key", func(t *tx) error {
		_, err := t.exec("INSERT INTO api_keys (id, tenant, name, role, hash, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			k.ID, k.Tenant, clean(k.Name), string(k.Role), k.Hash, ms(k.Created), ms(k.Expires))
		return err
	})
}

// ListKeys implements tenant.Keys; the hashes stay here.
func (s *Store) ListKeys(ctx context.Context, of string) ([]tenant.Key, error) {
	var out []tenant.Key
	err := s.each(ctx, "API keys", "SELECT id, name, role, created, expires FROM api_keys WHERE tenant = ?1 ORDER BY created, id", []any{of}, func(row scan) error {
		k := tenant.Key{Tenant: of}
		var created, expires int64
		err := row(&k.ID, &k.Name, &k.Role, &created, &expires)
		k.Created, k.Expires = fromMS(created), fromMS(expires)
		out = append(out, k)
		return err
	})
	return out, err
}

// RemoveKey implements tenant.Keys.
func (s *Store) RemoveKey(ctx context.Context, of, id string) error {
	return s.w.do(ctx, "removing an API key", func(t *tx) error {
		n, err := t.exec("DELETE FROM api_keys WHERE tenant = ?1 AND id = ?2", of, clean(id))
		if err == nil && n == 0 {
			return campaign.NotFound{What: "API key"}
		}
		return err
	})
}

// Setting gives a tenant's setting, "" when it was never set.
func (s *Store) Setting(ctx context.Context, of, name string) (string, error) {
	var value string
	err := s.one(ctx, "setting", "SELECT value FROM settings WHERE tenant = ?1 AND name = ?2", []any{of, name}, &value)
	var missing campaign.NotFound
	if errors.As(err, &missing) {
		return "", nil
	}
	return value, err
}

// SetSetting keeps a tenant's setting.
func (s *Store) SetSetting(ctx context.Context, of, name, value string) error {
	return s.w.do(ctx, "keeping a setting", func(t *tx) error {
		_, err := t.exec("INSERT INTO settings (tenant, name, value) VALUES (?1, ?2, ?3) ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
			of, name, clean(value))
		return err
	})
}

// Flow is a version of a conversation.
type Flow struct {
	Name      string    `json:"name"`
	Version   int       `json:"version"`
	Source    string    `json:"source,omitempty"`
	Published bool      `json:"published"`
	Created   time.Time `json:"created"`
}

// SaveFlow keeps a further version of a flow, unpublished, and gives its number.
func (s *Store) SaveFlow(ctx context.Context, of, name, source string) (int, error) {
	var version int
	err := s.w.do(ctx, "keeping a flow", func(t *tx) error {
		return t.one(`INSERT INTO flows (tenant, name, version, source, created)
			SELECT ?1, ?2, COALESCE(MAX(version), 0) + 1, ?3, {now} FROM flows WHERE tenant = ?1 AND name = ?2 RETURNING version`,
			[]any{of, name, clean(source)}, &version)
	})
	return version, err
}

// PublishFlow makes a version, an older one too, the one that new campaigns use.
func (s *Store) PublishFlow(ctx context.Context, of, name string, version int) error {
	return s.w.do(ctx, "publishing a flow", func(t *tx) error {
		if _, err := t.exec("UPDATE flows SET published = 0 WHERE tenant = ?1 AND name = ?2", of, name); err != nil {
			return err
		}
		n, err := t.exec("UPDATE flows SET published = 1 WHERE tenant = ?1 AND name = ?2 AND version = ?3", of, name, version)
		if err == nil && n == 0 {
			return campaign.NotFound{What: "version of the flow"}
		}
		return err
	})
}

// Flow gives a version; 0 the published one.
func (s *Store) Flow(ctx context.Context, of, name string, version int) (Flow, error) {
	f := Flow{Name: name}
	var created int64
	err := s.one(ctx, "flow", `SELECT version, source, published, created FROM flows
		WHERE tenant = ?1 AND name = ?2 AND (version = ?3 OR CAST(?3 AS BIGINT) = 0 AND published = 1)`,
		[]any{of, name, version}, &f.Version, &f.Source, &f.Published, &created)
	f.Created = fromMS(created)
	return f, err
}

// Flows lists every version of every flow without its text.
func (s *Store) Flows(ctx context.Context, of string) ([]Flow, error) {
	out := []Flow{}
	err := s.each(ctx, "flows", "SELECT name, version, published, created FROM flows WHERE tenant = ?1 ORDER BY name, version", []any{of}, func(row scan) error {
		var f Flow
		var created int64
		err := row(&f.Name, &f.Version, &f.Published, &created)
		f.Created = fromMS(created)
		out = append(out, f)
		return err
	})
	return out, err
}
