package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Probed is what came of one OPTIONS to one address of a trunk.
type Probed struct {
	At        time.Time
	Transport string // UDP, TCP or TLS
	Addr      netip.AddrPort
	// Code and Reason are the final response's, 0 without one; RTT is how long
	// it took, repetitions included.
	Code   int
	Reason string
	RTT    time.Duration
	// Err is why there was no response, or none that a working trunk gives.
	Err error

	rest time.Duration // its Retry-After
}

// alive reports whether this final response comes from a trunk that works. Many
// refuse OPTIONS, want credentials or do not know the user: they live. 408 and
// 504 come from a proxy whose gateway does not, and 500, 502 and 503 say of the
// trunk itself that it cannot.
func alive(code int) bool {
	switch code {
	case 408, 500, 502, 503, 504:
		return false
	}
	return code >= 200
}

// Probe sends OPTIONS (RFC 3261 section 11) to each address of a trunk, at most
// four, one after another, 5 s each at most. An error means that there is none;
// what a probe met is in Probed.Err. It does not change what calls the trunk
// gets. Run must be reading.
func (s *Stack) Probe(ctx context.Context, trunk string) ([]Probed, error) {
	a := s.trunks[trunk]
	if a == nil {
		return nil, fmt.Errorf("%w: there is no trunk %q; name one of the configuration", ErrTarget, trunk)
	}
	hops, err := s.locate(ctx, a.next())
	if err != nil {
		return nil, err
	}
	var all []Probed
	for _, h := range hops[:min(len(hops), maxErrands)] {
		a.meet(s, h.addr.Addr())
		p := s.probe(ctx, a, h)
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if p.Err != nil {
			s.shunned.add(h.addr, p.At)
		} else {
			s.shunned.clear(h.addr)
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *Stack) probe(ctx context.Context, a *account, to hop) Probed {
	d := s.outside(a, callIDOf(""), to)
	d.from = sip.Uri{Scheme: "sip", User: "parley", Host: d.contact.Host}
	if a.FromDomain != "" {
		d.from.Host = a.FromDomain
	}
	d.to = sip.Uri{Scheme: "sip", Host: a.Host, Port: a.Port}
	if a.Domain != "" {
		d.to = sip.Uri{Scheme: "sip", Host: a.Domain}
	}
	req := d.request(sip.OPTIONS, d.to, 1)
	if a.proxy.Host != "" {
		req.AppendHeader(&sip.RouteHeader{Address: a.proxy})
	}
	req.AppendHeader(d.contactHeader())
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	req.SetBody(nil)
	p := Probed{At: time.Now(), Transport: to.via.String(), Addr: to.addr}
	res, _, err := s.errand(ctx, req, to)
	if p.RTT = time.Since(p.At); err != nil {
		p.Err = err
		return p
	}
	p.Code, p.Reason = res.StatusCode, res.Reason
	if !alive(p.Code) {
		p.Err = &Failure{Code: p.Code, Reason: p.Reason}
		if h := res.GetHeader("Retry-After"); h != nil && p.Code == sip.StatusServiceUnavailable {
			p.rest = retryAfter(h.Value())
		}
	}
	return p
}

// place is the trunk itself, whatever proxy is before it.
func (a *account) place() place {
	return place{via: a.via, host: a.Host, port: a.Port, anyVia: a.Transport == "", account: a}
}

// next is where requests to the trunk go.
func (a *account) next() place {
	p := a.place()
	if a.proxy.Host != "" {
		p.host, p.port = a.proxy.Host, a.proxy.Port
	}
	return p
}

// leastProbe bounds how often a trunk is probed.
const leastProbe = time.Second

// nextProbe is how long until a trunk is probed again: not while it rests, soon
// after a probe that failed, which may only have been lost, else every so
// often. It is a pure function; roll, from 0 to below 1, spreads the probes of
// many trunks.
func nextProbe(h health, every time.Duration, now time.Time, roll float64) time.Duration {
	switch {
	case now.Before(h.until):
		return h.until.Sub(now)
	case h.probed:
		return min(every, firstPause)
	}
	return every - time.Duration(roll/10*float64(every))
}

// keepProbed probes a trunk until ctx ends, and tells its breaker.
func (s *Stack) keepProbed(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		trial := a.tryProbe(time.Now())
		all, err := s.Probe(ctx, a.Name)
		if ctx.Err() != nil {
			return
		}
		h := a.noteProbe(summary(all, err), trial)
		pause := time.NewTimer(nextProbe(h, a.Probe, time.Now(), rand.Float64()))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// summary is the first probe that was answered well, or what the first one
// met: a trunk works when one of its addresses does.
func summary(all []Probed, err error) Probed {
	for _, p := range all {
		if p.Err == nil {
			return p
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return Probed{At: time.Now(), Err: err}
}

// tryProbe makes a probe the trial of a breaker that probes opened: no call has
// to find out whether the trunk works again.
func (a *account) tryProbe(now time.Time) (trial bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if trial = a.health.probed && a.health.pause > 0 && a.health.admits(now); trial {
		a.health.begin()
	}
	return trial
}

// noteProbe tells the breaker, and gives its state.
func (a *account) noteProbe(p Probed, trial bool) health {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.health.trial && !trial {
		// A call is finding out, and knows more than a probe.
	} else if p.Err == nil {
		a.health.answered(p.At.Add(p.RTT))
	} else {
		a.health.missed(p.At.Add(p.RTT), p.rest)
	}
	a.probed = p
	return a.health
}

// checkProbe finds what is wrong with a trunk's pace of probes.
func checkProbe(every time.Duration) error {
	if every < 0 || every > 0 && every < leastProbe {
		return errors.New("probe: " + every.String() + " is too often; 0 for never, or " + leastProbe.String() + " at least")
	}
	return nil
}
