// Package tenant knows who may use a server: tenants, their API keys and the
// roles those carry.
package tenant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Default is the tenant of a server that has only one.
const Default = "default"

// Role is what a key's holder may do.
type Role string

const (
	Admin    Role = "admin"
	Operator Role = "operator"
	Merchant Role = "merchant"
	QA       Role = "qa"
	Agent    Role = "agent"
)

// Key is an API key as it is stored: never its secret, only its hash.
//
// A key is 256 random bits, so one round of SHA-256 is enough to store it; a
// slow hash protects passwords that people choose.
type Key struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Hash    string    `json:"-"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

// Keys stores API keys.
type Keys interface {
	// Key returns the key with this identifier, or ErrUnknownKey.
	Key(ctx context.Context, id string) (Key, error)
	AddKey(ctx context.Context, k Key) error
	ListKeys(ctx context.Context, tenant string) ([]Key, error)
	RemoveKey(ctx context.Context, tenant, id string) error
}

// ErrUnknownKey is the one answer to every key that does not open: wrong,
// expired, removed or malformed.
var ErrUnknownKey = errors.New("this API key is not valid; an admin makes one with POST /api/v1/keys")

const prefix = "parley"

// NewKey makes a key and the secret that is shown once.
func NewKey(tenant, name string, role Role, now time.Time) (Key, string) {
	raw := make([]byte, 40)
	_, _ = rand.Read(raw) // never fails: crypto/rand aborts the process instead
	id, secret := hex.EncodeToString(raw[:8]), hex.EncodeToString(raw[8:])
	k := Key{ID: id, Tenant: tenant, Name: name, Role: role, Hash: hash(secret), Created: now.UTC()}
	return k, fmt.Sprintf("%s_%s_%s", prefix, id, secret)
}

// Open finds the key that a caller presented and checks it. Every failure but
// one of the store itself is ErrUnknownKey.
func Open(ctx context.Context, keys Keys, presented string, now time.Time) (Key, error) {
	parts := strings.Split(presented, "_")
	if len(parts) != 3 || parts[0] != prefix || len(parts[1]) != 16 || len(parts[2]) != 64 {
		return Key{}, ErrUnknownKey
	}
	k, err := keys.Key(ctx, parts[1])
	if errors.Is(err, ErrUnknownKey) {
		return Key{}, ErrUnknownKey
	}
	if err != nil {
		return Key{}, fmt.Errorf("look up an API key: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hash(parts[2]))) != 1 {
		return Key{}, ErrUnknownKey
	}
	if !k.Expires.IsZero() && !now.Before(k.Expires) {
		return Key{}, ErrUnknownKey
	}
	return k, nil
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// May reports whether a role covers what another role may do. An admin may do
// everything; beyond that roles do not contain each other.
func (r Role) May(as ...Role) bool {
	if r == Admin {
		return true
	}
	for _, a := range as {
		if r == a {
			return true
		}
	}
	return false
}
