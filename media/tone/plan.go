package tone

import "time"

// plan is one tone of one country: what sounds, and its cycle of on and off.
type plan struct {
	kind    Kind
	country string
	sounds  signal
	cycle   []time.Duration
	// atOnce: the frequencies alone say it; no need to wait for the pause.
	atOnce bool
}

const ms = time.Millisecond

func cycle(on ...int) []time.Duration {
	c := make([]time.Duration, len(on))
	for i, v := range on {
		c[i] = time.Duration(v) * ms
	}
	return c
}

// plans are national tones of ITU-T E.180 Supplement 2 (and BT SIN 350 for
// Britain). Where countries share a tone the first is named; what is in no plan
// is judged by the recommendation itself, see general.
var plans = []plan{
	{Ringback, "CN", hz450, cycle(1000, 4000), false},
	{Busy, "CN", hz450, cycle(350, 350), false},
	{Congestion, "CN", hz450, cycle(700, 700), false},
	{Ringback, "US", hz440and480, cycle(2000, 4000), true},
	{Busy, "US", hz480and620, cycle(500, 500), false},
	{Congestion, "US", hz480and620, cycle(250, 250), false},
	{Ringback, "GB", hz400and450, cycle(400, 200, 400, 2000), true},
	{Busy, "GB", hz400, cycle(375, 375), false},
	{Congestion, "GB", hz400, cycle(400, 350, 225, 525), false},
	{Ringback, "EU", hz425, cycle(1000, 4000), false},
	{Busy, "EU", hz425, cycle(500, 500), false},
	{Congestion, "EU", hz425, cycle(250, 250), false},
	{Congestion, "SE", hz425, cycle(250, 750), false},
	{Congestion, "BR", hz425, cycle(250, 250, 750, 250), false},
	{Congestion, "ES", hz425, cycle(200, 200, 200, 200, 200, 600), false},
	{Ringback, "AU", hz425, cycle(400, 200, 400, 2000), false},
	{Busy, "AU", hz425, cycle(375, 375), false},
	{Ringback, "FR", hz440, cycle(1500, 3500), false},
	{Busy, "FR", hz440, cycle(500, 500), false},
	{Congestion, "FR", hz440, cycle(250, 250), false},
	{Ringback, "JP", hz400, cycle(1000, 2000), false},
	{Busy, "JP", hz400, cycle(500, 500), false},
	{Ringback, "IN", hz400, cycle(400, 200, 400, 2000), false},
	{Busy, "IN", hz400, cycle(750, 750), false},
	{Congestion, "IN", hz400, cycle(250, 250), false},
	{Busy, "SG", hz425, cycle(750, 750), false},
	{Ringback, "PH", hz425and480, cycle(1000, 4000), true},
}

// slack is how far a measured time may lie from the plan's.
const slack = 45 * ms

func near(a, b time.Duration) bool { return a >= b-slack && a <= b+slack }

// fits reports how far the latest times, the newest last and an off, lie from
// the cycle at its best rotation. A cycle of two must have come twice.
func (p plan) fits(s signal, times []time.Duration) (off time.Duration, ok bool) {
	n := max(4, len(p.cycle))
	if p.sounds != s || len(times) < n {
		return 0, false
	}
	times = times[len(times)-n:]
	best := time.Duration(-1)
	for turn := 0; turn < len(p.cycle); turn += 2 {
		var sum time.Duration
		whole := true
		for i, v := range times {
			want := p.cycle[(i+turn)%len(p.cycle)]
			whole = whole && near(v, want)
			sum += (v - want).Abs()
		}
		if whole && (best < 0 || sum < best) {
			best = sum
		}
	}
	return best / time.Duration(n), best >= 0
}

// general judges a cycle that is in no plan, by E.180: a tone of equal on and
// off is busy, and congestion when it is quick.
func general(times []time.Duration) Kind {
	if len(times) < 4 {
		return None
	}
	times = times[len(times)-4:]
	on, off := times[2], times[3]
	if !near(times[0], on) || !near(times[1], off) || (on-off).Abs() > slack+on/6 {
		return None
	}
	switch period := on + off; {
	case period < 260*ms || period > 1650*ms:
		return None
	case period < 550*ms:
		return Congestion
	}
	return Busy
}
