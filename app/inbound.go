package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/dialog/flow"
	"parley/phone"
	"parley/rules"
	"parley/sip"
	"parley/tenant"
)

// checkInbound finds what cannot work in the numbers that customers call.
func (c *Config) checkInbound() (problems []error) {
	bad := func(i int, format string, args ...any) {
		problems = append(problems, fmt.Errorf("inbound[%d]: "+format, append([]any{i}, args...)...))
	}
	seen := map[string]bool{}
	for i, n := range c.Inbound {
		number, err := phone.Parse(n.Number, c.Rules.Region)
		at := slices.IndexFunc(c.Trunks, func(t TrunkConfig) bool { return t.Name == n.Trunk })
		switch {
		case err != nil:
			bad(i, "number: %v", err)
		case at < 0:
			bad(i, "there is no trunk %q; name one of the configuration", n.Trunk)
		case !c.Trunks[at].calls():
			bad(i, "trunk %s has a host name; list the addresses it calls from under its peers", n.Trunk)
		case n.Flow == "" || n.UnknownFlow == "":
			bad(i, "name a flow, and an unknown_flow for callers without an open matter")
		case seen[number.E164+n.Trunk]:
			bad(i, "the same number and trunk stand above; leave one out")
		}
		seen[number.E164+n.Trunk] = true
	}
	return problems
}

// calls reports whether it is known where the trunk's calls come from.
func (t TrunkConfig) calls() bool {
	host := t.Host
	if a, err := netip.ParseAddrPort(host); err == nil {
		host = a.Addr().String()
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || len(t.Peers) > 0
}

// receiver takes the calls that customers begin and gives each its
// conversation.
type receiver struct {
	lines  []inboundLine
	region string
	log    *slog.Logger
	// placer holds the calls; nil before the server is ready for any.
	placer atomic.Pointer[placer]
}

// inboundLine is one number of ours.
type inboundLine struct {
	InboundConfig

	e164 string
}

func newReceiver(c Config, log *slog.Logger) *receiver {
	r := &receiver{region: c.Rules.Region, log: log}
	for _, n := range c.Inbound {
		number, err := phone.Parse(n.Number, c.Rules.Region)
		if err != nil {
			continue // check has refused it
		}
		if n.Tenant == "" {
			n.Tenant = tenant.Default
		}
		r.lines = append(r.lines, inboundLine{n, number.E164})
	}
	return r
}

// check finds flows and rules that the configuration alone cannot know.
func (r *receiver) check(shelf *flowShelf, profiles, tenants []string) error {
	for i, n := range r.lines {
		if !slices.Contains(tenants, n.Tenant) {
			return fmt.Errorf("inbound[%d]: there is no tenant %q; choose one of %v", i, n.Tenant, tenants)
		}
		policy, err := shelf.policy(n.Flow)
		if err != nil {
			return fmt.Errorf("inbound[%d]: flow: %w", i, err)
		}
		unknown, err := shelf.policy(n.UnknownFlow)
		if err != nil {
			return fmt.Errorf("inbound[%d]: unknown_flow: %w", i, err)
		}
		if _, err := unknown.Open(n.Language, nil); err != nil {
			return fmt.Errorf("inbound[%d]: unknown_flow must speak without variables, in the language that is named: %w", i, err)
		}
		if p, ok := unknown.(*flow.Policy); ok && n.WithheldFlow == "" {
			n.WithheldFlow = "withheld-caller." + p.Flow().Language
			r.lines[i] = n
		}
		withheld, err := shelf.policy(n.WithheldFlow)
		if err != nil {
			return fmt.Errorf("inbound[%d]: withheld_flow: %w", i, err)
		}
		if _, err := withheld.Open(n.Language, nil); err != nil {
			return fmt.Errorf("inbound[%d]: withheld_flow must speak without variables, in the language that is named: %w", i, err)
		}
		if p, ok := policy.(*flow.Policy); ok && n.Language != "" && p.Flow().Language != n.Language {
			return fmt.Errorf("inbound[%d]: the flow %q speaks %q, not %q", i, n.Flow, p.Flow().Language, n.Language)
		}
		if n.Profile != "" && !slices.Contains(profiles, n.Profile) {
			return fmt.Errorf("inbound[%d]: there is no rules profile %q; choose one of %v", i, n.Profile, profiles)
		}
	}
	return nil
}

// line finds which number of ours is called over a trunk.
func (r *receiver) line(called, trunk string) (inboundLine, bool) {
	n, err := phone.Parse(called, r.region)
	if err != nil {
		return inboundLine{}, false
	}
	i := slices.IndexFunc(r.lines, func(l inboundLine) bool { return l.e164 == n.E164 && l.Trunk == trunk })
	if i < 0 {
		return inboundLine{}, false
	}
	return r.lines[i], true
}

// offered is sip.Options.Inbound.
func (r *receiver) offered(in sip.Incoming) int {
	if _, ok := r.line(in.Called, in.Trunk); !ok {
		return 403
	}
	l := r.placer.Load()
	switch {
	case l == nil || l.isClosed():
		return 503
	case len(l.slots) == cap(l.slots):
		return 486
	}
	return 0
}

// isClosed: the server drains.
func (l *placer) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// matterTimeout bounds the look-up of who calls.
const matterTimeout = 3 * time.Second

// run takes calls until ctx ends; those under way are the placer's.
func (r *receiver) run(ctx context.Context, from call.Acceptor) error {
	var taking sync.WaitGroup
	defer taking.Wait()
	for {
		leg, t, err := from.Accept(ctx)
		if err != nil {
			return ctx.Err()
		}
		taking.Go(func() {
			if err := r.take(ctx, leg, t); err != nil {
				r.log.Warn("a call that came in was not taken", "trunk", t.Trunk, "error", err)
				r.decline(leg)
			}
		})
	}
}

// decline ends a call that rings; it is told that nobody is there.
func (r *receiver) decline(leg call.Leg) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := leg.Hangup(ctx); err != nil {
		r.log.Warn("a call that came in was not refused in time", "error", err)
	}
}

// unkept are the facts of a caller without a number: there is nothing to keep
// an opt-out or a closed matter by, and the flow for such callers says so.
type unkept struct{ call.Facts }

func (u unkept) Commit(ctx context.Context, t call.Target, f dialog.Fact) error {
	switch f.Kind {
	case dialog.FactOptOut, dialog.FactWrongNumber, dialog.FactDispute:
		return nil
	}
	return u.Facts.Commit(ctx, t, f)
}

// here is a dialer whose one call is there already: it dials nothing.
type here struct{ leg call.Leg }

func (h here) Dial(context.Context, call.Target) call.Leg { return h.leg }

// take begins the conversation; the call rings until its session runs.
func (r *receiver) take(ctx context.Context, leg call.Leg, came call.Target) error {
	l := r.placer.Load()
	line, ok := r.line(came.From, came.Trunk)
	if l == nil || !ok {
		return errDraining
	}
	caller, err := phone.Parse(came.To, r.region)
	if err != nil {
		caller.E164 = "" // withheld, or no number
	}
	t, p, err := r.prepare(ctx, l, leg, line, caller.E164)
	if err != nil {
		return err
	}
	l.seen.came(t, leg)
	if !l.enter(t, p.session) {
		l.seen.end(t)
		p.Release()
		return errDraining
	}
	if err := l.books.BeginInbound(ctx, t); err != nil {
		l.leave(t)
		p.Release()
		return err
	}
	r.log.Info("a call came in", "tenant", t.Tenant, "campaign", t.Campaign, "contact", t.Contact, "call", t.Call, "trunk", t.Trunk, "flow", t.Flow)
	go l.hold(context.WithoutCancel(ctx), t, p)
	return nil
}

// prepare chooses the conversation: about the caller's open matter, or without
// one, and where that cannot be spoken, that of an unknown caller.
func (r *receiver) prepare(ctx context.Context, l *placer, leg call.Leg, line inboundLine, caller string) (call.Target, *prepared, error) {
	unknown := call.Target{Call: newID(), Tenant: line.Tenant, Flow: line.UnknownFlow, Variables: map[string]string{}}
	finish := func(t call.Target) call.Target {
		t.Inbound, t.Attempt, t.To, t.From = true, t.Call, caller, line.e164
		t.Trunk, t.Language = line.Trunk, line.Language
		t.Case = rules.Case{Profile: line.Profile}
		return t
	}
	if unknown = finish(unknown); caller == "" {
		unknown.Flow = line.WithheldFlow
	}
	find, cancel := context.WithTimeout(ctx, matterTimeout)
	defer cancel()
	of, contact, err := l.books.OpenMatter(find, line.Tenant, caller)
	if err == nil {
		t := campaign.TargetOf(campaign.Lease{Campaign: of, Contact: contact, Attempt: unknown.Call}, "")
		t.Flow = line.Flow
		t = finish(t)
		if contact.Timezone != "" {
			if zone, err := time.LoadLocation(contact.Timezone); err == nil {
				t.Zone = zone
			}
		}
		p, err := l.prepareOver(ctx, here{leg}, t)
		if err == nil || !errors.As(err, new(campaign.Invalid)) {
			return t, p, err
		}
		r.log.Warn("the flow cannot speak about the caller's matter, the unknown caller's is held", "flow", line.Flow, "contact", contact.ID, "error", err)
		unknown.Campaign, unknown.Contact, unknown.Zone = t.Campaign, t.Contact, t.Zone
	} else if !errors.As(err, new(campaign.NotFound)) {
		r.log.Error("the caller's matter cannot be looked up", "error", err)
	}
	p, err := l.prepareOver(ctx, here{leg}, unknown)
	return unknown, p, err
}
