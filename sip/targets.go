package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// shunned remembers which of a server's addresses failed lately. An INVITE that
// met silence is not repeated at the next address, since a phone may ring; but
// the next call begins there.
type shunned struct {
	mu    sync.Mutex
	until map[netip.AddrPort]time.Time
}

// Bounds of what is remembered of addresses.
const (
	shunFor    = time.Minute
	maxShunned = 1024
)

// add notes that this address failed; it comes last for shunFor.
func (s *shunned) add(a netip.AddrPort, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[netip.AddrPort]time.Time{}
	}
	if len(s.until) >= maxShunned {
		for other, until := range s.until {
			if now.After(until) {
				delete(s.until, other)
			}
		}
	}
	if len(s.until) < maxShunned {
		s.until[a] = now.Add(shunFor)
	}
}

// clear notes that this address works.
func (s *shunned) clear(a netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, a)
}

func (s *shunned) has(a netip.AddrPort, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[a]
	return ok && now.Before(until)
}

// arrange puts the hop where the trunk stands registered in front and those
// that failed lately at the end; otherwise the order stays.
func arrange(hops []hop, home netip.AddrPort, failed func(netip.AddrPort) bool) {
	rank := func(h hop) int {
		switch {
		case failed(h.addr):
			return 2
		case h.addr != home:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(hops, func(a, b hop) int { return rank(a) - rank(b) })
}

// resolveTimeout bounds a name look-up for one message.
const resolveTimeout = 3 * time.Second

// locate finds the next hops of a place, the one to try first in front.
func (s *Stack) locate(ctx context.Context, p place) ([]hop, error) {
	hops, err := s.names.locate(ctx, p, s.families(), rand.IntN)
	if err != nil {
		return nil, err
	}
	if len(hops) == 0 {
		return nil, fmt.Errorf("%w: %s; check the name", ErrNoSuchName, p.host)
	}
	if hops = slices.DeleteFunc(hops, func(h hop) bool { return h.addr.Addr().Is4() != s.local.Addr().Is4() }); len(hops) == 0 {
		return nil, fmt.Errorf("%w: %s is an address of the other IP version than our own, %s; let sip.listen be one of its kind",
			ErrTarget, p.host, s.local.Addr())
	}
	if p.name != "" {
		for i := range hops {
			hops[i].name = p.name
		}
	}
	var home netip.AddrPort
	if a := p.account; a != nil {
		a.mu.Lock()
		home = a.home
		a.mu.Unlock()
	}
	now := time.Now()
	arrange(hops, home, func(a netip.AddrPort) bool { return s.shunned.has(a, now) })
	return hops, nil
}

// resolve is the first of locate.
func (s *Stack) resolve(ctx context.Context, p place) (hop, error) {
	hops, err := s.locate(ctx, p)
	if err != nil {
		return hop{}, err
	}
	return hops[0], nil
}

// families are the kinds of addresses that our sockets can send to.
func (s *Stack) families() []uint16 {
	if s.local.Addr().Is6() {
		return []uint16{dns.TypeAAAA}
	}
	return []uint16{dns.TypeA}
}

// Pauses between two searches for a trunk that is known by its name.
const (
	searchAgain = 10 * time.Second // after one that failed
	searchEvery = 5 * time.Minute
)

// keepKnown listens to a trunk that is known by its name before anything is
// sent there: it may have a word about the calls of the last run, or a call.
func (s *Stack) keepKnown(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		pause := time.NewTimer(searchEvery)
		hops, err := s.locate(ctx, a.next())
		if err != nil {
			s.log.Debug("a trunk is not found by its name yet", "trunk", a.Name, "error", err)
			pause.Reset(searchAgain)
		}
		for _, h := range hops {
			a.meet(s, h.addr.Addr())
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}
