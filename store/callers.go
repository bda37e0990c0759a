package store

import (
	"context"
	"errors"
	"time"

	"parley/campaign"
	"parley/outcome"
)

var _ campaign.CallerBooks = (*Store)(nil)

// day is the span of a caller ID's daily bound.
const day = 24 * time.Hour

// mostOfDay bounds the count of a number's calls.
const mostOfDay = 100_000

// What is asked of a number every few seconds; each is found by its own index.
const (
	callerDay = `SELECT COUNT(*) FROM (SELECT 1 FROM attempts WHERE tenant = ?1 AND caller_id = ?2 AND started > ?3 LIMIT ?4) calls`
	// callerFull is the call that must fall out of the 24 hours before another
	// may begin.
	callerFull  = `SELECT started FROM attempts WHERE tenant = ?1 AND caller_id = ?2 ORDER BY started DESC LIMIT 1 OFFSET ?3`
	callerLive  = `SELECT COUNT(*) FROM attempts WHERE tenant = ?1 AND caller_id = ?2 AND state = 'dialling' AND node <> ?3`
	callerCalls = `SELECT network, answered_by, talk_ms FROM attempts
		WHERE tenant = ?1 AND caller_id = ?2 AND started > ?3 AND state = 'ended' ORDER BY started DESC LIMIT ?4`
)

// CallerUse reads how a number of a tenant was taken and what it does on other
// nodes; what it does here the caller knows better.
func (s *Store) CallerUse(ctx context.Context, tenant, number string, q campaign.CallerQuery) (campaign.CallerUse, error) {
	u := campaign.CallerUse{CallerID: campaign.CallerID{Number: number}}
	var err error
	if u.Rest, err = s.callerRest(ctx, tenant, number); err != nil {
		return u, err
	}
	since := ms(q.Now.Add(-day))
	err = s.one(ctx, "caller ID's day", callerDay, []any{tenant, number, since, mostOfDay}, &u.Day)
	if err == nil && q.Daily > 0 && u.Day >= q.Daily {
		var at int64
		err = s.one(ctx, "caller ID's day", callerFull, []any{tenant, number, q.Daily - 1}, &at)
		u.Again = fromMS(at).Add(day)
	}
	if err == nil {
		err = s.one(ctx, "caller ID's live calls", callerLive, []any{tenant, number, s.node}, &u.Live)
	}
	if err != nil {
		return u, err
	}
	from := q.Now.Add(-q.Window)
	if u.Rest.Until.After(from) {
		from = u.Rest.Until // what came before it was judged already
	}
	err = s.each(ctx, "caller ID's calls", callerCalls,
		[]any{tenant, number, ms(from), q.Most}, func(row scan) error {
			var network, by string
			var talk int64
			if err := row(&network, &by, &talk); err != nil {
				return err
			}
			u.Samples.Add(outcome.Network(network), outcome.AnsweredBy(by), time.Duration(talk)*time.Millisecond, q.Short)
			return nil
		})
	return u, err
}

func (s *Store) callerRest(ctx context.Context, tenant, number string) (campaign.CallerRest, error) {
	r := campaign.CallerRest{Number: number}
	var began, until int64
	err := s.one(ctx, "caller ID's rest", "SELECT began, until, why, times FROM caller_rests WHERE tenant = ?1 AND number = ?2",
		[]any{tenant, number}, &began, &until, &r.Why, &r.Times)
	if errors.As(err, new(campaign.NotFound)) {
		return campaign.CallerRest{}, nil
	}
	r.From, r.Until = fromMS(began), fromMS(until)
	return r, err
}

// RestCaller keeps that a number rests, with the event that says so.
func (s *Store) RestCaller(ctx context.Context, tenant string, r campaign.CallerRest) error {
	return s.w.do(ctx, "resting a caller ID", func(t *tx) error {
		_, err := t.exec(`INSERT INTO caller_rests (tenant, number, began, until, why, times) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
			ON CONFLICT (tenant, number) DO UPDATE SET began = excluded.began, until = excluded.until, why = excluded.why, times = excluded.times`,
			tenant, r.Number, ms(r.From), ms(r.Until), clean(r.Why), r.Times)
		if err != nil {
			return err
		}
		return t.publish(s, tenant, "caller_id.resting", r)
	})
}

// WakeCaller ends the rest of a number before its time; it is on trial then.
func (s *Store) WakeCaller(ctx context.Context, tenant, number string, now time.Time) error {
	return s.w.do(ctx, "ending a caller ID's rest", func(t *tx) error {
		n, err := t.exec("UPDATE caller_rests SET until = ?3 WHERE tenant = ?1 AND number = ?2 AND until > ?3", tenant, number, ms(now))
		if err == nil && n == 0 {
			return campaign.NotFound{What: "resting caller ID"}
		}
		if err != nil {
			return err
		}
		return t.publish(s, tenant, "caller_id.trial", map[string]any{"number": number})
	})
}
