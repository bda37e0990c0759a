package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"parley/campaign"
)

var errNoRows = sql.ErrNoRows

// newID is unique and sorts by the time it was made.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// ms is how a time is kept; 0 stands for none.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// doc writes a document. What this package stores always can be written.
func doc(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: a %T cannot be written as JSON: %v", v, err))
	}
	return string(b)
}

// clean makes text that both databases take: PostgreSQL refuses null
// characters and broken UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")
}

// flag is how a truth is kept.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// one scans the single row of a reading query; a missing row is NotFound.
func (s *Store) one(ctx context.Context, what, query string, args []any, into ...any) error {
	err := s.read.QueryRowContext(ctx, s.d.sql(query), args...).Scan(into...)
	if errors.Is(err, errNoRows) {
		return campaign.NotFound{What: what}
	}
	if err != nil {
		return fmt.Errorf("reading the %s: %w", what, explain(err))
	}
	return nil
}

// each scans every row of a reading query.
func (s *Store) each(ctx context.Context, what, query string, args []any, row func(scan) error) error {
	rows, err := s.read.QueryContext(ctx, s.d.sql(query), args...)
	if err == nil {
		err = drain(rows, row)
	}
	if err != nil {
		return fmt.Errorf("reading the %s: %w", what, explain(err))
	}
	return nil
}
