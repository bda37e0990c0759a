// Package echo tells which received frames are explained by what we are saying
// ourselves: line and handset echo, judged by its level alone. It removes
// nothing; it keeps echo from being taken for the customer.
//
// The level of an echo follows the level of what was sent, some frames later
// and some decibels weaker. For every delay up to half a second the gate keeps
// the mean and the spread of that difference; where there is an echo the spread
// at its delay is small, and nothing else looks like that for long.
package echo

import "math"

const (
	// hop is the step of the delays in samples, 5 ms: steps of a frame would
	// leave the two envelopes so far apart that no spread is small.
	hop  = 40
	hops = 160 / hop
	// delays that are tried, in hops: 0 to 495 ms.
	delays = 100
	// active: sent frames weaker than this say nothing about an echo.
	active = -38.0
	// heard: received frames weaker than this are nobody's business.
	heard = -55.0
	// enough frames must have agreed before a path is believed.
	enough = 16
	// tight is the spread in dB (a standard deviation) of a real echo.
	tight = 2.2
	// margin over the expected echo that still belongs to it.
	margin = 3.5
	// loss an echo path has at least, unless it is a loop: a test number or a
	// far end that sends our own sound back as it is. Nothing else follows us
	// as closely as that, so a loop must be tighter, for longer.
	loss       = 3.0
	loopGain   = 1.0
	loopTight  = 1.0
	loopFrames = 25
	// decay of the tail of an echo in dB a frame.
	decay = 5.0
)

// path is what is known of one delay.
type path struct {
	mean, variance float64
	frames         int
}

// Gate follows one call.
type Gate struct {
	// sent is the level of the 20 ms of sent sound that end at each hop, the
	// newest at now; energy is that of the last hops, from which it is summed.
	sent   [delays + hops]float64
	energy [hops]float64
	now    int
	paths  [delays]path
	best   int // the believed delay, or -1
	learnt bool
	tail   float64
}

// New returns a gate.
func New() *Gate {
	g := &Gate{best: -1, tail: -90}
	for i := range g.sent {
		g.sent[i] = -90
	}
	return g
}

// Frame takes a received frame and the frame sent one tick before it, and
// reports whether what was received is an echo. An empty out is silence. It
// never allocates.
func (g *Gate) Frame(in, out []int16) bool {
	g.send(out)
	got := decibel(energy(in) / float64(max(1, len(in))))
	expected := g.expect()
	g.tail = max(expected, g.tail-decay)
	known := g.best
	explained := g.best >= 0 && g.tail > heard && got <= g.tail+margin
	// What is far over the expected echo is somebody speaking: no lesson.
	if got > heard && (g.best < 0 || got <= g.tail+1.5*margin) {
		g.learn(got)
	}
	g.learnt = g.best >= 0 && (known < 0 || abs(g.best-known) > hops)
	return explained
}

// Learnt reports that the last frame made an echo known which was not known
// before: what was heard until then may have been it.
func (g *Gate) Learnt() bool { return g.learnt }

// send takes what went out, hop by hop.
func (g *Gate) send(out []int16) {
	for i := range hops {
		copy(g.energy[:], g.energy[1:])
		g.energy[hops-1] = 0
		if len(out) >= (i+1)*hop {
			g.energy[hops-1] = energy(out[i*hop : (i+1)*hop])
		}
		var sum float64
		for _, e := range g.energy {
			sum += e
		}
		g.now = (g.now + 1) % len(g.sent)
		g.sent[g.now] = decibel(sum / 160)
	}
}

// at is the level of the 20 ms that were sent d hops ago.
func (g *Gate) at(d int) float64 {
	i := g.now - d
	if i < 0 {
		i += len(g.sent)
	}
	return g.sent[i]
}

func (g *Gate) expect() float64 {
	if g.best < 0 {
		return -90
	}
	return g.at(g.best) + g.paths[g.best].mean
}

// learn lets every delay have its say and believes the tightest. A path that is
// believed is kept through a customer's words over the echo.
func (g *Gate) learn(got float64) {
	best, least := -1, tight*tight
	if g.best >= 0 && g.paths[g.best].variance < 4*tight*tight {
		best, least = g.best, min(least, g.paths[g.best].variance)
	}
	for d := range g.paths {
		sent := g.at(d)
		if sent < active {
			continue
		}
		p := &g.paths[d]
		p.frames++
		rate := max(0.04, 1/float64(p.frames))
		off := got - sent - p.mean
		p.mean += rate * off
		p.variance += rate * ((1-rate)*off*off - p.variance)
	}
	for d := range g.paths {
		p := &g.paths[d]
		if p.variance < least && (p.frames >= enough && p.mean <= -loss || p.loops()) {
			best, least = d, p.variance
		}
	}
	g.best = best
}

// loops reports whether the path gives back what was sent, at its level.
func (p *path) loops() bool {
	return p.frames >= loopFrames && p.mean <= loopGain && p.variance < loopTight*loopTight
}

func abs(n int) int { return max(n, -n) }

// energy is the sum of squares, full scale being 1.
func energy(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		v := float64(s)
		sum += v * v
	}
	return sum / (32768 * 32768)
}

func decibel(power float64) float64 {
	if power < 1e-9 {
		return -90
	}
	return 10 * math.Log10(power)
}
