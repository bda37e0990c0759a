package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley/sharedtest"
	"parley/store"
	"parley/store/storetest"
)

// TestPostgres runs the suite on a real server of its own, on a socket in a
// temporary folder.
func TestPostgres(t *testing.T) {
	socket := startPostgres(t)
	// Copies of one migrated database save a minute of migrations.
	admin(t, socket, "CREATE DATABASE fresh")
	if err := open(t, store.Options{Dir: t.TempDir(), DSN: dsn(socket, "fresh")}).Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	names := map[string]string{} // by data folder
	storetest.Run(t, storetest.Bench{Open: func(t testing.TB, dir string) *store.Store {
		mu.Lock()
		name, ok := names[dir]
		if !ok {
			name = fmt.Sprintf("books%d", len(names))
			names[dir] = name
		}
		mu.Unlock()
		if !ok {
			admin(t, socket, "CREATE DATABASE "+name+" TEMPLATE fresh")
		}
		return open(t, store.Options{Dir: dir, DSN: dsn(socket, name)})
	}})
}

// TestPostgresTwoNodes: two servers on one database; only the one that leads
// claims, and a number has one leg whoever dials.
func TestPostgresTwoNodes(t *testing.T) {
	socket := startPostgres(t)
	admin(t, socket, "CREATE DATABASE shared")
	storetest.RunTwo(t, func(t testing.TB, node, dir string) *store.Store {
		return open(t, store.Options{Dir: dir, DSN: dsn(socket, "shared"), Node: node})
	})
}

func dsn(socket, name string) string { return "postgres://parley@/" + name + "?host=" + socket }

func admin(t testing.TB, socket, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn(socket, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// startPostgres starts a server and stops it when the test ends. Absent
// binaries skip the test, except in CI.
func startPostgres(t *testing.T) (socket string) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		sharedtest.Missing(t, "PostgreSQL's programs are not in /usr/lib/postgresql; install the package postgresql")
		return ""
	}
	bin := filepath.Dir(slices.Max(found))
	// A short path: a socket's address has room for about a hundred bytes.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr, err := ordinaryUser(dir)
	if err != nil {
		sharedtest.Missing(t, "PostgreSQL does not run as root, and there is no other user for it: %v", err)
		return ""
	}
	data := filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var log bytes.Buffer
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=16MB")
	server.SysProcAttr, server.Dir, server.Stderr = attr, dir, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT) // immediate: the data are thrown away
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.Bytes())
		}
	})
	db, err := sql.Open("pgx", dsn(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return dir
		}
		if ctx.Err() != nil {
			t.Fatalf("PostgreSQL did not answer: %v", errors.Join(err, ctx.Err()))
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ordinaryUser gives a folder, and the programs started with the attributes,
// to a user that is not root.
func ordinaryUser(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
