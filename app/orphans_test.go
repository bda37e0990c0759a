package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/store"
)

// carrierOf is a line whose far side never answers the BYE of a leg that is
// "silent", and takes a second for the others.
type carrierOf struct {
	mu           sync.Mutex
	ended        []string
	forgotten    []string
	live, widest int
}

func (c *carrierOf) end(ctx context.Context, leg string) error {
	c.mu.Lock()
	c.ended = append(c.ended, leg)
	c.live++
	c.widest = max(c.widest, c.live)
	c.mu.Unlock()
	defer func() { c.mu.Lock(); c.live--; c.mu.Unlock() }()
	reply := time.NewTimer(time.Second)
	defer reply.Stop()
	if leg == "silent" {
		reply.Stop()
	}
	select {
	case <-reply.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *carrierOf) forget(_ context.Context, o store.Orphan) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten = append(c.forgotten, o.Leg)
	if o.Leg == "silent" {
		return errors.New("the disk is full")
	}
	return nil
}

func TestOrphansAreEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []store.Orphan{{Leg: "old", Answered: time.Now().Add(-13 * time.Hour)}, {Leg: "silent", Answered: time.Now()}}
		for i := range 45 {
			all = append(all, store.Orphan{Leg: fmt.Sprint("leg", i), Answered: time.Now().Add(-11 * time.Hour)})
		}
		var c carrierOf
		var log strings.Builder
		began := time.Now()
		o := &orphans{end: c.end, forget: c.forget, log: slog.New(slog.NewTextHandler(&log, nil))}
		o.endAll(t.Context(), all)
		if took := time.Since(began); took != orphanTimeout {
			t.Errorf("it took %v, want that of the silent one", took)
		}
		if len(c.ended) != 46 || slices.Contains(c.ended, "old") || len(c.forgotten) != 47 || c.widest != orphansAtOnce {
			t.Errorf("%d legs ended, %d forgotten, %d at once", len(c.ended), len(c.forgotten), c.widest)
		}
		if !strings.Contains(log.String(), "calls=47 unconfirmed=1 too_old=1") {
			t.Errorf("logged %s", &log)
		}
	})
}

// TestOrphansOutliveAStop: what the server's own stop cuts off is left for the
// next start.
func TestOrphansOutliveAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := slices.Repeat([]store.Orphan{{Leg: "silent", Answered: time.Now()}}, 50)
		var c carrierOf
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		(&orphans{end: c.end, forget: c.forget, log: slog.New(slog.DiscardHandler)}).endAll(ctx, all)
		if len(c.ended) != orphansAtOnce || len(c.forgotten) != 0 {
			t.Errorf("%d legs were begun with, %d forgotten", len(c.ended), len(c.forgotten))
		}
	})
}

func TestTheSecretOutlivesTheServer(t *testing.T) {
	dir := t.TempDir()
	first, err := sipSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := sipSecret(dir); err != nil || again != first || first == [32]byte{} {
		t.Errorf("%x after %x, %v", again, first, err)
	}
	if other, err := sipSecret(t.TempDir()); err != nil || other == first {
		t.Errorf("another folder has %x, %v", other, err)
	}
}
