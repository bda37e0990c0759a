package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/rules"
)

// gate is the one dialer that app hands out: it asks the rules in the moment
// before the INVITE. What has no permission is refused without a packet.
type gate struct {
	next   call.Dialer
	kernel *rules.Kernel
	now    func() time.Time
	// tests are the only numbers that profile "test" dials here, whatever a
	// campaign says: without a clock and without consent it must not be a way
	// around the rules.
	tests []string
	// seen is told what was decided; nil for nobody.
	seen *sight
}

// testProfile is the profile without a clock, for this machine and the numbers
// that the server's own configuration allows.
const testProfile = "test"

var _ call.Dialer = (*gate)(nil)

// Dial implements call.Dialer.
func (g *gate) Dial(ctx context.Context, t call.Target) call.Leg {
	if t.Case.Profile == testProfile {
		t.Case.AllowList = g.tests
	}
	rulings := g.kernel.Judge(t.Case, g.now())
	if decision, until, reason := rules.Decide(rulings); decision != rules.Allow {
		err := fmt.Errorf("not dialled: %s", reason)
		if !until.IsZero() {
			err = fmt.Errorf("%w (until %s)", err, until.Format(time.RFC3339))
		}
		g.seen.refused(t, err)
		return call.Refused(call.Cause{
			Network: outcome.Cancelled, By: call.PartyBot, Retryable: true, Err: err, Rules: rulings,
		})
	}
	if t.Case.Number != t.To {
		return call.Refused(call.Cause{
			Network: outcome.Cancelled, By: call.PartyBot, Rules: rulings,
			Err: fmt.Errorf("not dialled: the rules judged another number than the one to call"),
		})
	}
	g.seen.passed(t, rulings)
	return &ruled{Leg: g.next.Dial(ctx, t), rulings: rulings, target: t, seen: g.seen}
}

// ruled remembers the rulings that let a leg pass.
type ruled struct {
	call.Leg
	rulings []rules.Ruling
	target  call.Target
	seen    *sight
	once    sync.Once
}

// Unwrap gives what the call can do beside (call.As).
func (r *ruled) Unwrap() call.Leg { return r.Leg }

func (r *ruled) Ended() call.Cause {
	c := r.Leg.Ended()
	c.Rules = r.rulings
	r.once.Do(func() { r.seen.tried(r.target, c) })
	return c
}
