package sip

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/call"
)

// Offer is what the router would make of one trunk for a call.
type Offer struct {
	Trunk            string
	Priority, Weight int
	// Share of the calls that this trunk is tried first for, among those of its
	// priority, 0 to 1.
	Share float64
	// Err is why the trunk would not get the call now; nil when it would.
	Err error
}

// Offers tells in which order the router would offer a call to the trunks that
// its target names, by priority and then by share; those that would not get it
// come last. Nothing is sent.
func (s *Stack) Offers(t call.Target) ([]Offer, error) {
	choices, err := s.choices(t)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var all []Offer
	weights := map[int]int{}
	for _, c := range choices {
		o := Offer{Trunk: c.name, Priority: c.priority, Weight: c.weight, Err: s.trunks[c.name].objection(t.To, now)}
		if o.Err == nil {
			weights[c.priority] += c.weight
		}
		all = append(all, o)
	}
	taken := map[int]bool{}
	for i := range all {
		o := &all[i]
		switch sum := weights[o.Priority]; {
		case o.Err != nil:
		case sum > 0:
			o.Share = float64(o.Weight) / float64(sum)
		case !taken[o.Priority]: // weights of 0 alone: the first one
			o.Share = 1
		}
		taken[o.Priority] = taken[o.Priority] || o.Err == nil
	}
	slices.SortStableFunc(all, func(a, b Offer) int {
		switch {
		case a.Err == nil && b.Err != nil:
			return -1
		case a.Err != nil && b.Err == nil:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Share, a.Share))
	})
	return all, nil
}

// objection is why the trunk would not get a call to this number now.
func (a *account) objection(to string, now time.Time) error {
	if !strings.Contains(to, ":") {
		if _, err := a.plan.dial(to); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch live := a.live.Load(); {
	case a.registered(now) != nil:
		return a.registered(now)
	case !a.health.admits(now):
		return ErrTrunkRests
	case a.Channels > 0 && live >= int64(a.Channels):
		return fmt.Errorf("%w: all %d channels are in use", ErrTrunkFull, a.Channels)
	}
	return nil
}
