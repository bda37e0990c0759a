package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// writer is the one goroutine that changes the database. It commits in groups,
// eagerly: whatever queued while the last commit went to the disk is the next
// group. Each request runs in a savepoint, so that one that fails does not
// take its group along.
type writer struct {
	db    *sql.DB
	d     *dialect
	queue chan request
	done  chan struct{}
}

const (
	maxQueue = 1024
	maxGroup = 256
)

type request struct {
	ctx  context.Context
	run  func(*tx) error
	done chan error
}

// tx is a request's view of the transaction.
type tx struct {
	w     *writer
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	after []func()
}

var errClosed = errors.New("the database is closed")

// ErrOverload: too many writes wait already; nothing was done.
var ErrOverload = Unavailable{Why: "the database is busy; try again in a moment"}

func newWriter(db *sql.DB, d *dialect) *writer {
	return &writer{db: db, d: d, queue: make(chan request, maxQueue), done: make(chan struct{})}
}

// do runs a request and returns after its commit is on the disk. When ctx ends
// first the request may still be done. what names it in errors.
func (w *writer) do(ctx context.Context, what string, run func(*tx) error) error {
	r := request{ctx, run, make(chan error, 1)}
	select {
	case <-w.done:
		return fmt.Errorf("%s: %w", what, errClosed)
	case w.queue <- r:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, errors.Join(ErrOverload, ctx.Err()))
	}
	select {
	case err := <-r.done:
		if err != nil {
			return fmt.Errorf("%s: %w", what, explain(err))
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case <-w.done:
		// The last group may have been answered while this was chosen.
		select {
		case err := <-r.done:
			if err == nil {
				return nil
			}
			return fmt.Errorf("%s: %w", what, explain(err))
		default:
			return fmt.Errorf("%s: %w", what, errClosed)
		}
	}
}

// run works until ctx ends, then finishes what is queued.
func (w *writer) run(ctx context.Context) {
	defer close(w.done)
	t := &tx{w: w}
	defer t.drop()
	for {
		var group []request
		select {
		case r := <-w.queue:
			group = append(group, r)
		case <-ctx.Done():
			select {
			case r := <-w.queue:
				group = append(group, r)
			default:
				return
			}
		}
	fill:
		for len(group) < maxGroup {
			select {
			case r := <-w.queue:
				group = append(group, r)
			default:
				break fill
			}
		}
		w.commit(t, group)
	}
}

// commit runs a group and answers each of it.
func (w *writer) commit(t *tx, group []request) {
	results := make([]error, len(group))
	err := w.try(t, group, results)
	if err != nil {
		t.drop()
	}
	for i, r := range group {
		if err != nil && results[i] == nil {
			results[i] = err
		}
		r.done <- results[i]
	}
	after := t.after
	t.after = nil
	if err == nil {
		for _, f := range after {
			f()
		}
	}
}

// commitWithin bounds a group, and with it how long a request can hang on a
// database that does not answer.
const commitWithin = time.Minute

func (w *writer) try(t *tx, group []request, results []error) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitWithin)
	defer cancel()
	if err := t.open(ctx); err != nil {
		return err
	}
	begin := "BEGIN IMMEDIATE"
	if w.d.rewrite {
		begin = "BEGIN"
	}
	if _, err := t.conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	for i, r := range group {
		if r.ctx.Err() != nil { // nobody waits for it any more
			results[i] = r.ctx.Err()
			continue
		}
		var fatal error
		if results[i], fatal = t.request(ctx, r); fatal != nil {
			_, _ = t.conn.ExecContext(ctx, "ROLLBACK")
			return fatal
		}
	}
	if _, err := t.conn.ExecContext(ctx, "COMMIT"); err != nil {
		_, _ = t.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	return nil
}

// request runs one request in its savepoint. The second error is one after
// which the transaction cannot go on.
func (t *tx) request(ctx context.Context, r request) (result, fatal error) {
	for try := 0; ; try++ {
		if _, err := t.conn.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return nil, err
		}
		kept := len(t.after)
		if result = r.run(t); result == nil {
			_, err := t.conn.ExecContext(ctx, "RELEASE SAVEPOINT one")
			return nil, err
		}
		t.after = t.after[:kept]
		if _, err := t.conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT one"); err != nil {
			return result, err
		}
		if _, err := t.conn.ExecContext(ctx, "RELEASE SAVEPOINT one"); err != nil {
			return result, err
		}
		if try == 2 || !mayRetry(result) {
			return result, nil
		}
	}
}

func (t *tx) open(ctx context.Context) error {
	if t.conn != nil {
		return nil
	}
	conn, err := t.w.db.Conn(ctx)
	if err != nil {
		return err
	}
	t.conn, t.stmts = conn, map[string]*sql.Stmt{}
	return nil
}

// drop gives the connection up; the next group opens a fresh one.
func (t *tx) drop() {
	for _, s := range t.stmts {
		_ = s.Close()
	}
	if t.conn != nil {
		_ = t.conn.Close()
	}
	t.conn, t.stmts = nil, nil
}

// The statements of a request do not end with the request's context: half a
// request must not be torn out of its group.

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), t.w.d.sql(query))
	if err == nil {
		t.stmts[query] = s
	}
	return s, err
}

// exec tells how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed by drop
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one scans the single row of a query; sql.ErrNoRows when there is none.
func (t *tx) one(query string, args []any, into ...any) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed by drop
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(into...)
}

// each scans every row of a query.
func (t *tx) each(query string, args []any, row func(scan) error) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the connection's life, closed by drop
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	return drain(rows, row)
}

// scan reads the columns of one row.
type scan func(into ...any) error

func drain(rows *sql.Rows, row func(scan) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
