package campaign

import "time"

// Pacer says how many calls may be placed now: a token bucket for the calls
// per second under a ceiling of calls at once. It is pure arithmetic over the
// times it is given and not safe for concurrent use.
type Pacer struct {
	// CPS is the rate of new calls, Concurrency the most at once; 0 for 1 and 10.
	CPS         float64
	Concurrency int

	tokens float64
	last   time.Time
}

// Grant gives the number of calls to place now, with live calls under way and
// waiting contacts at hand, and takes their tokens. A pause earns no more than
// one second's worth of calls.
func (p *Pacer) Grant(now time.Time, live, waiting int) int {
	cps, most := p.CPS, p.Concurrency
	if cps <= 0 {
		cps = 1
	}
	if most <= 0 {
		most = 10
	}
	burst := max(cps, 1)
	switch {
	case p.last.IsZero():
		p.tokens = 1 // a campaign begins with one call, not with a burst
	case now.After(p.last):
		p.tokens = min(p.tokens+cps*now.Sub(p.last).Seconds(), burst)
	}
	p.last = now
	n := max(min(int(p.tokens), most-live, waiting), 0)
	p.tokens -= float64(n)
	return n
}

// Unused gives tokens of a grant back.
func (p *Pacer) Unused(n int) { p.tokens += float64(n) }
