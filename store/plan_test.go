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
	var steps []string
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+earlierCalls, "tenant", "phone", "person", 0)
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
		if strings.Contains(step, "attempts") {
			steps = append(steps, step)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 2 || !strings.Contains(steps[0], "phone=?") || !strings.Contains(steps[1], "person=?") {
		t.Errorf("the plan is %q", steps)
	}
}
