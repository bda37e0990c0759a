package sip

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// sources bounds the rate of every source address by itself, so that one noisy
// peer starves no other. The table is bounded, and forgetting resets nobody: a
// source leaves it only after a silence in which its bucket filled up, when a
// new one would be the same. When there is no such source, those without a
// place share one bucket, however many there are; those with one keep theirs.
type sources struct {
	limit rate.Limit
	burst int
	max   int
	// silence fills an empty bucket.
	silence time.Duration

	mu     sync.Mutex
	known  map[netip.Addr]*list.Element
	recent *list.List // of *source, the longest silent in front
	others *rate.Limiter
}

type source struct {
	addr   netip.Addr
	bucket *rate.Limiter
	last   time.Time
}

// maxSources are the addresses with a bucket of their own, about 200 bytes each.
const maxSources = 4096

// newSources allows every source so many messages a second, a quarter of a
// second's at once. With perSecond 0 it allows none.
func newSources(perSecond, size int) *sources {
	burst := max(perSecond/4, min(perSecond, 8))
	s := &sources{
		limit: rate.Limit(perSecond), burst: burst, max: size,
		known: map[netip.Addr]*list.Element{}, recent: list.New(),
		others: rate.NewLimiter(rate.Limit(perSecond), burst),
	}
	if perSecond > 0 {
		s.silence = time.Duration(float64(burst) / float64(perSecond) * float64(time.Second))
	}
	return s
}

// allow reports whether a message of this source may be heard now, and counts
// it. It is safe for several goroutines.
func (s *sources) allow(a netip.Addr, now time.Time) bool {
	a = origin(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[a]
	if e == nil {
		if !s.room(now) {
			return s.others.AllowN(now, 1)
		}
		e = s.recent.PushBack(&source{addr: a, bucket: rate.NewLimiter(s.limit, s.burst)})
		s.known[a] = e
	}
	from := e.Value.(*source)
	from.last = now
	s.recent.MoveToBack(e)
	return from.bucket.AllowN(now, 1)
}

// room makes place for one more source, when that costs nobody anything.
func (s *sources) room(now time.Time) bool {
	if len(s.known) < s.max {
		return true
	}
	e := s.recent.Front()
	oldest := e.Value.(*source)
	if now.Sub(oldest.last) < s.silence {
		return false
	}
	s.recent.Remove(e)
	delete(s.known, oldest.addr)
	return true
}

// origin is what a source cannot choose freely: of an IPv6 address the network,
// because a host has 2⁶⁴ of them.
func origin(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
