package pitch

import "math"

const (
	// bias: a frame is unvoiced for as much more as its best correlation falls
	// short of it. Noise in a band of 1.1 kHz over 25 ms correlates up to 0.5 by chance.
	bias = 0.6
	// glide is the price of a change of pitch, per octave and 20 ms.
	glide = 0.5
	// leap is the price of exactly an octave up or down, on top of the glide
	// from there: a creaky voice does it, an error does it more often.
	leap = 0.3
	// onset is the price of going from unvoiced to voiced or back.
	onset = 0.06
)

// path is the cheapest way through the frames so far to each candidate of the
// last frame, and to "unvoiced": a Viterbi search that answers at once, with
// the state that is cheapest now.
type path struct {
	lags  [most]float32
	costs [most]float32
	n     int
	quiet float32 // cost of unvoiced
}

// step moves on by one frame.
func (p *path) step(c *candidates) Result {
	var next path
	next.n = c.n
	// Costs are counted from the cheapest state, so they stay small.
	quiet := p.quiet
	for i := range p.costs[:p.n] {
		quiet = min(quiet, p.costs[i]+onset)
	}
	// Unvoiced costs nothing where nothing correlates and more the more does.
	next.quiet = quiet + max(0, c.best-bias)
	least, at := next.quiet, -1
	for i := range c.list[:c.n] {
		k := &c.list[i]
		cost := p.quiet + onset
		for j := range p.lags[:p.n] {
			cost = min(cost, p.costs[j]+move(p.lags[j], k.lag))
		}
		cost += max(0, bias-k.fit) + (c.best - k.rank)
		next.lags[i], next.costs[i] = k.lag, cost
		if cost < least {
			least, at = cost, i
		}
	}
	for i := range next.costs[:next.n] {
		next.costs[i] -= least
	}
	next.quiet -= least
	*p = next

	if at < 0 {
		return Result{Clarity: float64(c.best)}
	}
	f := rate / float64(c.list[at].lag)
	if f < Lowest || f > Highest {
		return Result{Clarity: float64(c.best)}
	}
	return Result{F0: f, Clarity: float64(c.list[at].fit)}
}

// move is the price of going from one period to another.
func move(from, to float32) float32 {
	d := float32(math.Abs(math.Log2(float64(to / from))))
	return glide * min(d, leap/glide+float32(math.Abs(float64(d-1))))
}
