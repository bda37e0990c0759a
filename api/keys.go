package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/tenant"
)

func (s *server) keys() {
	huma.Register(s.api, operation(http.MethodGet, "/keys", "API keys, without their secrets"), s.listKeys)
	create := operation(http.MethodPost, "/keys", "Make an API key; its secret is shown only now")
	create.DefaultStatus = http.StatusCreated
	huma.Register(s.api, create, s.addKey)
	huma.Register(s.api, operation(http.MethodDelete, "/keys/{id}", "Remove an API key at once"), s.removeKey)
}

type keyDraft struct {
	Name    string      `json:"name" minLength:"1" maxLength:"200"`
	Role    tenant.Role `json:"role" enum:"admin,operator,merchant,qa,agent"`
	Expires time.Time   `json:"expires,omitzero"`
}

type newKey struct {
	tenant.Key
	Secret string `json:"secret"`
}

func (s *server) listKeys(ctx context.Context, _ *struct{}) (*body[items[tenant.Key]], error) {
	all, err := s.o.Keys.ListKeys(ctx, tenantOf(ctx))
	if err != nil {
		return nil, fault(s.o.Log, "list the keys", err)
	}
	return &body[items[tenant.Key]]{items[tenant.Key]{Items: all}}, nil
}

func (s *server) addKey(ctx context.Context, in *body[keyDraft]) (*body[newKey], error) {
	now := time.Now()
	if !in.Body.Expires.IsZero() && !in.Body.Expires.After(now) {
		return nil, newProblem(http.StatusUnprocessableEntity, "The key would have expired already.")
	}
	k, secret := tenant.NewKey(tenantOf(ctx), in.Body.Name, in.Body.Role, now)
	k.Expires = in.Body.Expires
	if err := s.o.Keys.AddKey(ctx, k); err != nil {
		return nil, fault(s.o.Log, "keep the key", err)
	}
	return &body[newKey]{newKey{k, secret}}, nil
}

func (s *server) removeKey(ctx context.Context, in *byID) (*struct{}, error) {
	if in.ID == who(ctx).key.ID {
		return nil, newProblem(http.StatusConflict, "A key cannot remove itself; use another admin key.")
	}
	return nil, fault(s.o.Log, "remove the key", s.o.Keys.RemoveKey(ctx, tenantOf(ctx), in.ID))
}
