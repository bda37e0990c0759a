package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/store"
)

// orphans are the legs of answered calls whose server was killed: the customer
// hears nothing, and the carrier counts on, until they get their BYE.
type orphans struct {
	// end sends the BYE of a leg, and forget drops what was kept of it.
	end    func(ctx context.Context, leg string) error
	forget func(context.Context, store.Orphan) error
	log    *slog.Logger
}

// Bounds of the ending: so many at one time, so long for each. What was
// answered longer ago than orphanAge has been ended by its carrier.
const (
	orphansAtOnce = 20
	orphanTimeout = 5 * time.Second
	orphanAge     = 12 * time.Hour
)

// endAll returns when every leg had its BYE, or ctx is over; what is left then
// is the next start's.
func (o *orphans) endAll(ctx context.Context, all []store.Orphan) {
	if len(all) == 0 {
		return
	}
	queue := make(chan store.Orphan)
	var silent, old atomic.Int64
	var wg sync.WaitGroup
	for range min(len(all), orphansAtOnce) {
		wg.Go(func() {
			for leg := range queue {
				switch {
				case time.Since(leg.Answered) > orphanAge:
					old.Add(1)
				case !o.endOne(ctx, leg):
					silent.Add(1)
				}
				if ctx.Err() != nil {
					return
				}
				if err := o.forget(ctx, leg); err != nil {
					o.log.Error("an ended leg stays noted as up", "attempt", leg.Attempt, "error", err)
				}
			}
		})
	}
hand:
	for _, leg := range all {
		select {
		case queue <- leg:
		case <-ctx.Done():
			break hand
		}
	}
	close(queue)
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	o.log.Warn("the last run's answered calls were ended", "calls", len(all), "unconfirmed", silent.Load(), "too_old", old.Load())
}

// endOne reports whether the far side confirmed the end.
func (o *orphans) endOne(ctx context.Context, leg store.Orphan) bool {
	ctx, cancel := context.WithTimeout(ctx, orphanTimeout)
	defer cancel()
	return o.end(ctx, leg.Leg) == nil
}
