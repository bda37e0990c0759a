package store

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	sqlite "github.com/mattn/go-sqlite3"

	"parley/campaign"
)

// dialect turns the one SQL that this package writes into a database's own:
//
//	?1            a parameter
//	{now}         the database's clock in milliseconds since 1970
//	{skip locked} rows that another writer holds are left to it
type dialect struct {
	name    string
	now     string
	skip    string
	rewrite bool // ?1 becomes $1

	known sync.Map // query as written -> as the database reads it
}

func newDialect(postgres bool) *dialect {
	if postgres {
		return &dialect{name: "postgres", now: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)", skip: "FOR UPDATE SKIP LOCKED", rewrite: true}
	}
	return &dialect{name: "sqlite", now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)"}
}

var parameter = regexp.MustCompile(`\?(\d+)`)

// sql is remembered: the queries that come here are constants.
func (d *dialect) sql(query string) string {
	if s, ok := d.known.Load(query); ok {
		return s.(string)
	}
	s := d.translate(query)
	d.known.Store(query, s)
	return s
}

func (d *dialect) translate(query string) string {
	s := strings.ReplaceAll(query, "{now}", d.now)
	s = strings.ReplaceAll(s, "{skip locked}", d.skip)
	if d.rewrite {
		s = parameter.ReplaceAllString(s, "$$$1")
	}
	return s
}

// clashes reports that a unique index refused a row.
func clashes(err error) bool {
	var lite sqlite.Error
	if errors.As(err, &lite) {
		return lite.ExtendedCode == sqlite.ErrConstraintUnique || lite.ExtendedCode == sqlite.ErrConstraintPrimaryKey
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// mayRetry reports that the statement lost against another transaction and
// nothing of it remains.
func mayRetry(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// explain adds to an error of the database what an operator can do about it.
func explain(err error) error {
	var lite sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code {
		case sqlite.ErrFull:
			return Unavailable{Why: "the disk of the data folder is full; make room, nothing was lost", Cause: err}
		case sqlite.ErrBusy, sqlite.ErrLocked:
			return Unavailable{Why: "the database is locked by another program; end it, nothing was lost", Cause: err}
		case sqlite.ErrIoErr, sqlite.ErrReadonly, sqlite.ErrCantOpen:
			return Unavailable{Why: "the data folder cannot be written; check the disk and its permissions", Cause: err}
		case sqlite.ErrCorrupt, sqlite.ErrNotADB:
			return Unavailable{Why: "the database file is damaged; stop the server and restore a backup", Cause: err}
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "53100" {
		return Unavailable{Why: "the disk of the database server is full; make room, nothing was lost", Cause: err}
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return Unavailable{Why: "the database server cannot be reached; check its address and that it runs", Cause: err}
	}
	return err
}

// Unavailable is a fault outside of this program that may pass.
type Unavailable = campaign.Unavailable
