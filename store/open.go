// Package store keeps what must not be lost, on SQLite or PostgreSQL, behind
// one portable SQL. It implements campaign.Contacts, call.Facts, event.Bus and
// tenant.Keys. Every write is on the disk before its call returns.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // the driver "sqlite3"
	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"

	"parley/call"
	"parley/campaign"
	"parley/event"
	"parley/tenant"
)

// The ports that a Store implements.
var (
	_ campaign.Contacts = (*Store)(nil)
	_ call.Facts        = (*Store)(nil)
	_ event.Bus         = (*Store)(nil)
	_ tenant.Keys       = (*Store)(nil)
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of a store.
type Options struct {
	// Dir is the data folder: the lock, the journal and, on SQLite, the
	// database. It is made when it is missing.
	Dir string
	// DSN of a PostgreSQL server ("postgres://…"); "" for SQLite in Dir.
	DSN string
	// Node names this server among several; "" for "node".
	Node string
	// Readers at once; 0 for 4.
	Readers int
	Log     *slog.Logger
}

// Store is safe for concurrent use.
type Store struct {
	d       *dialect
	node    string
	dir     string
	log     *slog.Logger
	read    *sql.DB
	writeDB *sql.DB
	w       *writer
	journal *journal
	lock    *os.File
	stop    context.CancelFunc
	wg      sync.WaitGroup
	watch   watchers

	mu    sync.Mutex
	epoch int64
}

// ErrInUse: another server works in the data folder.
var ErrInUse = errors.New("another parley server already uses this data folder; stop it or choose another folder with --data")

// Open opens the data folder and the database, brings the tables up to date
// and reads the journal. It refuses a folder that another server uses.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Dir == "" {
		return nil, errors.New("name a data folder with --data")
	}
	s := &Store{d: newDialect(o.DSN != ""), node: o.Node, dir: o.Dir, log: o.Log, stop: func() {}}
	if s.node == "" {
		s.node = "node"
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	if s.lock, err = lockFolder(o.Dir); err != nil {
		return nil, err
	}
	if err := s.openDatabase(ctx, o); err != nil {
		return nil, fmt.Errorf("opening the database: %w", explain(err))
	}
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("bringing the database up to date: %w", explain(err))
	}
	if s.journal, err = openJournal(filepath.Join(o.Dir, "journal")); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.w = newWriter(s.writeDB, s.d)
	s.wg.Go(func() { s.w.run(run) })
	s.wg.Go(func() { s.journal.run(run) })
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close finishes the queued writes and gives the folder free. It may be called
// twice.
func (s *Store) Close() error {
	s.stop()
	s.wg.Wait()
	var errs []error
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	for _, db := range []*sql.DB{s.read, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	s.read, s.writeDB, s.journal = nil, nil, nil
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return explain(s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.d.name }

func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	// The lock ends with the process, however that ends.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, ErrInUse
	}
	return f, nil
}

func (s *Store) openDatabase(ctx context.Context, o Options) error {
	readers := o.Readers
	if readers <= 0 {
		readers = 4
	}
	if o.DSN != "" {
		if !strings.HasPrefix(o.DSN, "postgres://") && !strings.HasPrefix(o.DSN, "postgresql://") {
			return errors.New("the database address must begin with postgres://")
		}
		return s.openPools(ctx, "pgx", o.DSN, o.DSN, readers)
	}
	path := filepath.Join(o.Dir, "parley.db")
	// Made here because SQLite would make it readable for everybody.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	// FULL: with NORMAL a power cut loses acknowledged commits.
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_foreign_keys=on"
	return s.openPools(ctx, "sqlite3", base+"&_txlock=immediate&_cache_size=-65536", base+"&_query_only=true&_cache_size=-16384", readers)
}

func (s *Store) openPools(ctx context.Context, driver, write, read string, readers int) (err error) {
	if s.writeDB, err = sql.Open(driver, write); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if err = s.writeDB.PingContext(ctx); err != nil {
		return err
	}
	if driver == "sqlite3" {
		// Fewer, larger checkpoints keep the latency of commits even.
		if _, err = s.writeDB.ExecContext(ctx, "PRAGMA wal_autocheckpoint=10000"); err != nil {
			return err
		}
	}
	if s.read, err = sql.Open(driver, read); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	s.read.SetConnMaxIdleTime(10 * time.Minute)
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if s.d.rewrite {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, s.writeDB, dir)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("the database was made by a newer parley (version %d, this one knows %d); use that one", current, target)
	}
	_, err = p.Up(ctx)
	return err
}

// begin makes the tenant of a server that has one, and drops the lists and
// rate tables whose import a crash cut off.
func (s *Store) begin(ctx context.Context) error {
	return s.w.do(ctx, "preparing the database", func(t *tx) error {
		if _, err := t.exec("INSERT INTO tenants (id, name, created) VALUES (?1, ?1, {now}) ON CONFLICT (id) DO NOTHING", tenant.Default); err != nil {
			return err
		}
		return t.all([]any{s.node},
			"DELETE FROM contacts WHERE (tenant, list) IN (SELECT tenant, id FROM lists WHERE state = 'loading ' || ?1)",
			"DELETE FROM list_errors WHERE (tenant, list) IN (SELECT tenant, id FROM lists WHERE state = 'loading ' || ?1)",
			"DELETE FROM lists WHERE state = 'loading ' || ?1",
			"DELETE FROM rates WHERE (tenant, rate_table) IN (SELECT tenant, id FROM rate_tables WHERE state = 'loading ' || ?1)",
			"DELETE FROM rate_tables WHERE state = 'loading ' || ?1")
	})
}

// all runs statements that share their arguments.
func (t *tx) all(args []any, statements ...string) error {
	for _, q := range statements {
		if _, err := t.exec(q, args...); err != nil {
			return err
		}
	}
	return nil
}
