package store_test

import (
	"testing"

	"go.uber.org/goleak"

	"parley/store"
	"parley/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, storetest.Bench{Open: func(t testing.TB, dir string) *store.Store {
		return open(t, store.Options{Dir: dir})
	}})
}
