package store

import (
	"strings"
	"testing"
)

// TestEarlierCallsAreFoundByIndex: a claim asks for the calls to one number and
// person; what it costs must not grow with the calls of the tenant.
func TestEarlierCallsAreFoundByIndex(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	steps := planOf(t, s, earlierCalls, "tenant", "phone", "person", 0)
	if len(steps) != 2 || !strings.Contains(steps[0], "phone=?") || !strings.Contains(steps[1], "person=?") {
		t.Errorf("the plan is %q", steps)
	}
}

// TestCallerIDsAreFoundByIndex: what a caller ID did is asked every few seconds.
func TestCallerIDsAreFoundByIndex(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		query, index string
		args         []any
	}{
		{callerDay, "USING COVERING INDEX attempts_caller (tenant=? AND caller_id=? AND started>?)", []any{"tenant", "number", 0, 1}},
		{callerFull, "USING COVERING INDEX attempts_caller (tenant=? AND caller_id=?)", []any{"tenant", "number", 1}},
		{callerLive, "USING INDEX attempts_caller_live (tenant=? AND caller_id=?)", []any{"tenant", "number", "node"}},
		{callerCalls, "USING INDEX attempts_caller (tenant=? AND caller_id=? AND started>?)", []any{"tenant", "number", 0, 1}},
	} {
		if steps := planOf(t, s, c.query, c.args...); len(steps) != 1 || !strings.Contains(steps[0], c.index) {
			t.Errorf("%s\nis planned as %q, want %q", c.query, steps, c.index)
		}
	}
}

// TestAPageOfRatesIsFoundByIndex: what it costs must not grow with its table.
func TestAPageOfRatesIsFoundByIndex(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	steps := planOf(t, s, pageOfRates, "tenant", "table", "1", 10)
	if len(steps) != 1 || !strings.Contains(steps[0], "(tenant=? AND rate_table=? AND prefix>?)") {
		t.Errorf("the plan is %q", steps)
	}
}

// planOf are the steps of a query that touch the attempts or the rates, or that
// sort.
func planOf(t *testing.T, s *Store, query string, args ...any) (steps []string) {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(step, "attempts") || strings.Contains(step, "rates") || strings.Contains(step, "TEMP B-TREE") {
			steps = append(steps, step)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
