package tenant

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// shelf is a working key store in memory.
type shelf map[string]Key

func (s shelf) Key(_ context.Context, id string) (Key, error) {
	k, ok := s[id]
	if !ok {
		return Key{}, ErrUnknownKey
	}
	return k, nil
}
func (s shelf) AddKey(_ context.Context, k Key) error { s[k.ID] = k; return nil }
func (s shelf) ListKeys(context.Context, string) ([]Key, error) {
	return nil, errors.New("not asked in these tests")
}
func (s shelf) RemoveKey(_ context.Context, _, id string) error { delete(s, id); return nil }

func TestOnlyTheVeryKeyOpens(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	k, secret := NewKey(Default, "first", Admin, now)
	k.Expires = now.Add(time.Hour)
	s := shelf{k.ID: k}
	got, err := Open(t.Context(), s, secret, now)
	if err != nil || got.Tenant != Default || got.Role != Admin {
		t.Fatalf("the key itself gives %+v, %v", got, err)
	}
	if strings.Contains(k.Hash, secret[len(secret)-64:]) {
		t.Error("the stored key holds its secret")
	}
	other, foreign := NewKey(Default, "other", Merchant, now)
	mixed := "parley_" + k.ID + "_" + foreign[len(foreign)-64:]
	for name, wrong := range map[string]string{
		"empty": "", "not ours": "Bearer x", "unknown": foreign, "another's secret": mixed,
		"one letter more": secret + "0", "upper case": strings.ToUpper(secret),
	} {
		if _, err := Open(t.Context(), s, wrong, now); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("%s: got %v, want ErrUnknownKey", name, err)
		}
	}
	if _, err := Open(t.Context(), s, secret, now.Add(time.Hour)); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("expired: got %v, want ErrUnknownKey", err)
	}
	if other.ID == k.ID {
		t.Error("two keys share an identifier")
	}
}

func TestRoles(t *testing.T) {
	if !Admin.May(QA) || !QA.May(Operator, QA) || Merchant.May(Operator) || Agent.May() {
		t.Error("a role may what it should not, or may not what it should")
	}
}
