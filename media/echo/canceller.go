// Package echo removes from what is received the echo of what we are saying
// ourselves, and tells what of the rest is still explained by it: the hybrid of
// a line, a speakerphone in a room, a far end that loops.
//
//	sent ──► history ─► delay ─► filter ──┐
//	            │                         ▼ -
//	received ───┼────────────────────────(+)──► clean ─► residual gate ─► Echo
//	            └─► search ◄──────────────┘
//
// Nothing runs while we are silent, and next to nothing while nothing comes
// back.
package echo

import "math/bits"

const (
	// kept frames of what was sent: the latest delay, the stretch that is
	// searched, and the filter's taps.
	kept   = 38
	stored = kept * block
	// active: sent frames weaker than this in dB cause no echo that matters.
	active = -50.0
	// heard: received frames weaker than this are nobody's business.
	heard = -58.0
	// ahead is how many samples of the filter lie before the delay found.
	ahead = 32
	// likely is a match that must come back, and votes what its squares must add
	// up to.
	likely = 0.22
	votes  = 0.12
	// plain is a match that is tried at once.
	plain = 0.38
	// stale is a match of what is left of the sound behind the filter: the
	// path has changed.
	stale = 0.30
	// soonest and seldom are the ticks between two searches.
	soonest = 2
	seldom  = 16
	// again is the time until the stretch that is compared is another one.
	again = 7
	// fewest blocks prove that the filter is worth something: some, and doubt
	// over their number. Less than none is nothing. Then it is stirred to so
	// many times its gain.
	fewest  = 4
	some    = 0.2
	doubt   = 2
	none    = 0.1
	stirred = 4
	// trial and patient are the blocks after which a filter that is worth
	// nothing is given up: one that never was, and one that was.
	trial   = 64
	patient = 150
	// nearby is how far two finds of one delay lie apart at most.
	nearby = 12
)

// Result of one frame.
type Result struct {
	// Echo: what is heard in this frame is explained by what we said.
	Echo bool
	// Learnt: with this frame an echo became known that was not known before:
	// what was heard until now may have been it.
	Learnt bool
	// Over is how many dB, 0 to 12, what is left stands over the echo that is
	// expected to be left; 12 where no echo is expected.
	Over int
}

// Canceller follows one call. It has one owner; no method allocates. Its size
// is about 28 KB.
type Canceller struct {
	past   [stored]int16
	end    int    // of the newest frame in past
	loud   uint64 // bit n: the frame of n ticks ago was active
	filter filter
	rest   residual

	known  bool // an echo, and its delay
	trying bool // the filter runs to see whether there is one
	proven bool // the filter did remove an echo in this call, at home
	home   int
	poor   int // blocks in a row in which a known echo was not to be seen
	lag    int // of the filter's first tap

	got, left [span]int16 // received and clean sound at 4 kHz
	edge      [2][2 * halfTaps]float32
	fresh     int // ticks since received sound began
	wait      int // ticks until the next search
	pause     int // between searches
	voted     [4]vote

	// hint is a delay that the path may have now, found at hinted.
	hint, hinted int

	clean [block]int16
}

type vote struct {
	lag   int
	score float32
	count int
}

// New returns a canceller that knows nothing.
func New() *Canceller { return &Canceller{} }

// Known reports whether there is an echo.
func (c *Canceller) Known() bool { return c.known }

// Delay is the delay of the echo's first sound in samples, when it is known.
func (c *Canceller) Delay() int { return c.lag + ahead }

// Clean is the last frame without its echo, until the next call of Frame.
func (c *Canceller) Clean() []int16 { return c.clean[:] }

// Frame takes a received frame and the frame sent one tick before it. An empty
// out is silence; an empty in is nothing received, and then there is no result.
func (c *Canceller) Frame(in, out []int16) (r Result) {
	c.send(out)
	if len(in) < block {
		c.fresh = 0
		if c.known || c.trying {
			c.reference()
		}
		return Result{}
	}
	in = in[:block]
	copy(c.clean[:], in)
	if c.loud == 0 {
		c.fresh = 0
		return Result{Over: 12}
	}
	var got, clean [block]float32
	for i, v := range in {
		got[i] = float32(v) / 32768
	}
	clean = got
	r.Over = 12
	if (c.known || c.trying) && c.reference() {
		was, tried := c.known, c.filter.tried
		r = c.cancel(&clean, &got)
		if c.filter.tried != tried {
			r.Learnt = c.prove()
		}
		if !was {
			r.Echo, r.Over = false, 12
			clean = got
			copy(c.clean[:], in)
		}
	}
	c.follow(&got, &clean)
	if c.fresh == 1 {
		c.pause = min(c.pause, 2*soonest)
	}
	if c.wait--; c.wait <= 0 && c.fresh >= 6 && !r.Echo && decibel(energy(in)/block) > heard {
		c.search()
	}
	return r
}

// send keeps what goes out.
func (c *Canceller) send(out []int16) {
	c.end = (c.end + block) % stored
	at := c.past[(c.end-block+stored)%stored:][:block]
	c.loud = c.loud << 1 & (1<<kept - 1)
	if len(out) < block {
		clear(at)
		return
	}
	copy(at, out)
	if decibel(energy(at)/block) > active {
		c.loud |= 1
	}
}

// recall fills x with sent samples, the last of them lag samples old.
func (c *Canceller) recall(x []float32, lag int) {
	at := c.end - lag - len(x)
	for at < 0 {
		at += stored
	}
	for i := range x {
		if at == stored {
			at = 0
		}
		x[i] = float32(c.past[at]) / 32768
		at++
	}
}

// reference gives the filter its next block and reports whether anything can
// be heard of it.
func (c *Canceller) reference() bool {
	from, to := max(0, c.lag)/block, min(kept-1, (c.lag+size)/block)
	if bits.OnesCount64(c.loud>>from&(1<<(to-from+1)-1)) == 0 {
		c.filter.push(nil)
		tail := min(kept-1, to+(blocks-1))
		return c.loud>>from&(1<<(tail-from+1)-1) != 0
	}
	var x [size]float32
	c.recall(x[:], c.lag)
	c.filter.push(&x)
	return true
}

// cancel runs filter and gate.
func (c *Canceller) cancel(clean, got *[block]float32) Result {
	var echo, unsure, left [bins]float32
	c.filter.remove(clean, got, &echo, &unsure, &left)
	if c.filter.diverged() {
		g := c.filter.gain()
		c.filter.start(min(1, g))
		c.rest.start()
		*clean = *got
	}
	explained, evidence := c.rest.judge(&echo, &unsure, &left)
	if c.filter.louder || c.filter.left > c.filter.received {
		*clean = *got
	}
	for i, v := range clean {
		c.clean[i] = int16(max(-32768, min(32767, v*32768)))
	}
	return Result{Echo: explained, Over: int(evidence + 0.5)}
}

// follow keeps the last stretch of received and of clean sound at 4 kHz.
func (c *Canceller) follow(got, clean *[block]float32) {
	c.fresh++
	for n, pair := range [...]struct {
		ring *[span]int16
		x    *[block]float32
	}{{&c.got, got}, {&c.left, clean}} {
		var wide [block + 2*halfTaps]float32
		copy(wide[:], c.edge[n][:])
		copy(wide[2*halfTaps:], pair.x[:])
		copy(c.edge[n][:], wide[block:])
		var low [block / narrow]float32
		halve(low[:], wide[:])
		copy(pair.ring[:], pair.ring[len(low):])
		for i, v := range low {
			pair.ring[span-len(low)+i] = int16(v * scale)
		}
	}
}

// sentLow fills u with what was sent at 4 kHz, as late as the received sound in
// its filter's middle.
func (c *Canceller) sentLow(u *[reach]float32) {
	var wide [narrow*reach + 2*halfTaps]float32
	c.recall(wide[:], 0)
	halve(u[:], wide[:])
}

// search looks for an echo in what is left.
func (c *Canceller) search() {
	c.wait = c.pause
	c.pause = min(seldom, c.pause+c.pause/8+1)
	var u [reach]float32
	c.sentLow(&u)
	f := look(&u, &c.left)
	if !c.known {
		c.suspect(f)
		return
	}
	if f.match < stale {
		return
	}
	c.wait, c.pause = soonest, soonest
	// Another stretch must have said the same: somebody else's voice finds
	// another delay each time.
	g := look(&u, &c.got)
	if g.match < likely {
		return
	}
	within := func(lag int) bool { return lag >= c.lag+ahead/2 && lag < c.lag+taps }
	if within(g.lag) && (f.lag-g.lag > 4*nearby || g.lag-f.lag > 4*nearby) {
		return // where the echo was; the rest is somebody else
	}
	off, since := g.lag-c.hint, c.fresh-c.hinted
	if since < again && c.hinted > 0 {
		return
	}
	c.hint, c.hinted = g.lag, c.fresh
	if off > nearby || off < -nearby || since > 50 || since < 0 {
		return
	}
	if within(g.lag) {
		c.filter.stir(max(c.filter.gain(), g.gain))
		return
	}
	c.try(g)
}

// suspect weighs a find while no echo is known.
func (c *Canceller) suspect(f find) {
	if off := f.lag - ahead - c.lag; !c.believe(f) || c.trying && off <= nearby && off >= -nearby {
		return
	}
	c.try(f)
}

// try runs the filter at a delay to see whether it removes anything there.
// Somebody else's voice looks like ours somewhere every few seconds, but what
// we say does not foretell it.
func (c *Canceller) try(f find) {
	c.known, c.trying, c.poor = false, true, 0
	c.settle(f)
}

// prove judges what the filter is worth after another block, and reports
// whether an echo became known that was never known before.
func (c *Canceller) prove() (learnt bool) {
	worth, tried := c.filter.worth(), c.filter.tried
	if tried >= fewest && worth >= some+doubt/float32(tried) {
		if !c.known {
			// What was learnt from the first weak sounds must not stand.
			c.filter.stir(stirred * c.filter.gain())
		}
		learnt = !c.known && !c.proven
		c.known, c.proven, c.home, c.poor = true, true, c.lag, 0
		return learnt
	}
	if c.known {
		c.poor++
		if worth >= none {
			c.poor = 0
		}
		if c.poor < patient {
			return false
		}
		c.known, c.trying, c.poor = false, true, 0
		c.filter.tried, c.filter.weight, c.filter.self, c.filter.cross = 0, 0, 0, 0
		return false
	}
	if tried < trial || worth >= none && tried < patient {
		return false
	}
	c.trying = false
	if c.proven && c.lag != c.home {
		c.try(find{lag: c.home + ahead, gain: 1})
	}
	return false
}

// believe adds a find to the votes and reports whether that is enough.
func (c *Canceller) believe(f find) bool {
	if f.match < likely || f.next > 0.8*f.match {
		return false
	}
	c.wait = again // another stretch
	weakest := 0
	for i := range c.voted {
		v := &c.voted[i]
		if off := v.lag - f.lag; v.count > 0 && off <= nearby && off >= -nearby {
			v.score += f.match * f.match
			v.count++
			c.wait = soonest
			return v.score >= votes
		}
		if v.score < c.voted[weakest].score {
			weakest = i
		}
		v.score *= 0.9
	}
	c.voted[weakest] = vote{lag: f.lag, score: f.match * f.match, count: 1}
	return f.match >= plain && !c.trying
}

// settle begins anew at the delay that was found.
func (c *Canceller) settle(f find) {
	c.lag = max(0, f.lag-ahead)
	c.filter.start(2)
	c.rest.start()
	c.voted = [4]vote{}
	// The spectra of the blocks before this one.
	for n := blocks - 1; n >= 0; n-- {
		var x [size]float32
		c.recall(x[:], c.lag+n*block)
		c.filter.push(&x)
	}
}
