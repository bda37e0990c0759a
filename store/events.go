package store

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"parley/campaign"
	"parley/event"
)

// publish puts an event into the outbox, in the transaction that makes it
// true. Its number is taken under a lock on the tenant's row, so numbers and
// commits have one order.
func (t *tx) publish(s *Store, tenant, subject string, data any) error {
	return t.put(s, event.Event{ID: newID(), Tenant: tenant, Subject: subject, At: time.Now(), Data: json.RawMessage(doc(data))})
}

func (t *tx) put(s *Store, e event.Event) error {
	err := t.one("UPDATE tenants SET event_seq = event_seq + 1 WHERE id = ?1 RETURNING event_seq", []any{e.Tenant}, &e.Seq)
	if err != nil {
		return noTenant(err)
	}
	_, err = t.exec("INSERT INTO events (tenant, seq, id, subject, at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		e.Tenant, e.Seq, e.ID, e.Subject, ms(e.At), string(e.Data))
	if err != nil {
		return err
	}
	t.after = append(t.after, func() { s.watch.tell(e.Tenant) })
	return nil
}

// Publish keeps an event that something else than this store made true; one
// with a known ID is kept once.
func (s *Store) Publish(ctx context.Context, e event.Event) error {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if len(e.Data) == 0 {
		e.Data = json.RawMessage("null")
	}
	err := s.w.do(ctx, "publishing an event", func(t *tx) error { return t.put(s, e) })
	if clashes(err) {
		return nil
	}
	return err
}

const (
	watchPage = 256
	// watchPoll finds events of other nodes, which tell nobody here.
	watchPoll = time.Second
)

// Watch yields a tenant's events above after, from the table and then as they
// come. It reads at the watcher's own pace, so a slow one holds nobody up and
// misses nothing that is still on record.
func (s *Store) Watch(ctx context.Context, tenant, subject string, after int64) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		news, leave := s.watch.join(tenant)
		defer leave()
		poll := time.NewTicker(watchPoll)
		defer poll.Stop()
		for {
			page, err := s.Events(ctx, tenant, after, watchPage)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(event.Event{}, err)
				return
			}
			for _, e := range page {
				after = e.Seq
				if below(e.Subject, subject) && !yield(e, nil) {
					return
				}
			}
			if len(page) == watchPage {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-news:
			case <-poll.C:
			}
		}
	}
}

// below: "call" has "call" and "call.ended" below it, not "callback".
func below(subject, prefix string) bool {
	rest, ok := strings.CutPrefix(subject, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '.')
}

// Events gives up to limit of a tenant's events after a number, in order.
func (s *Store) Events(ctx context.Context, tenant string, after int64, limit int) ([]event.Event, error) {
	var out []event.Event
	err := s.each(ctx, "events", "SELECT seq, id, subject, at, data FROM events WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
		[]any{tenant, after, limit}, func(row scan) error {
			e := event.Event{Tenant: tenant}
			var at int64
			var data string
			if err := row(&e.Seq, &e.ID, &e.Subject, &at, &data); err != nil {
				return err
			}
			e.At, e.Data = fromMS(at), json.RawMessage(data)
			out = append(out, e)
			return nil
		})
	return out, err
}

// LastEvent is the number of the tenant's newest event, from which a watcher
// of what comes now begins.
func (s *Store) LastEvent(ctx context.Context, tenant string) (int64, error) {
	var seq int64
	err := s.one(ctx, "tenant", "SELECT event_seq FROM tenants WHERE id = ?1", []any{tenant}, &seq)
	return seq, err
}

// ForgetEvents removes events older than a moment; watchers that slept longer
// go on with what is left.
func (s *Store) ForgetEvents(ctx context.Context, before time.Time) error {
	return s.w.do(ctx, "forgetting events", func(t *tx) error {
		_, err := t.exec("DELETE FROM events WHERE at < ?1", ms(before))
		return err
	})
}

// watchers are told that there is something new, never what: a full channel
// already says so.
type watchers struct {
	mu  sync.Mutex
	all map[string]map[chan struct{}]bool
}

func (w *watchers) join(tenant string) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]map[chan struct{}]bool{}
	}
	if w.all[tenant] == nil {
		w.all[tenant] = map[chan struct{}]bool{}
	}
	c := make(chan struct{}, 1)
	w.all[tenant][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all[tenant], c)
		if len(w.all[tenant]) == 0 {
			delete(w.all, tenant)
		}
	}
}

func (w *watchers) tell(tenant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.all[tenant] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func noTenant(err error) error {
	if errors.Is(err, errNoRows) {
		return campaign.NotFound{What: "tenant"}
	}
	return err
}
