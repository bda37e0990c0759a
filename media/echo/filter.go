package echo

// The filter is a partitioned-block Kalman filter in the frequency domain
// (Enzner and Vary, 2006; Kuech, Mabande and Enzner, 2014): every bin of every
// partition knows how uncertain it is, and learns as fast as that uncertainty
// stands out of everything else in the received sound. The customer's voice is
// such an everything else, so it slows learning by itself.
const (
	block      = 160
	partitions = 2
	// apart is the distance of two partitions in blocks: each has 320 taps, and
	// overlap-save leaves 512-320 samples, enough for a block.
	apart  = 2
	taps   = apart * block
	blocks = (partitions-1)*apart + 1
	// keep is how much of a path is the same a block later, squared; what it is
	// short of 1 is how fast a path may drift.
	change = 0.005
	// overlap is the scale between full and windowed spectra.
	overlap = float32(size) / block
	// quantum is the share of the received power that is always noise: G.711
	// distorts both directions by about 37 dB each.
	quantum = 3e-4
	// faint is the energy of a block that says nothing: 70 dB below full scale.
	faint = block * 1e-7
)

// filter is what is known of an echo's path behind its bulk delay.
type filter struct {
	sent  [blocks]spectrum // the newest at head
	head  int
	path  [partitions]spectrum
	doubt [partitions][bins]float32 // variance of path
	other [bins]float32             // power of all that is no echo
	// received and left are smoothed powers before and behind the filter.
	received, left float32
	louder         bool // the last block is louder by 2 dB behind the filter
	// tried blocks since the start in which both an echo was estimated and
	// something received, and of the recent ones their weight, the estimate's
	// power, and its product with the received sound, both as shares of that.
	tried               int
	weight, self, cross float32
}

// start forgets the path; gain is the power gain that it probably has.
func (f *filter) start(gain float32) {
	*f = filter{}
	f.stir(gain)
}

// stir makes everything uncertain again, to the size of gain.
func (f *filter) stir(gain float32) {
	for k := range bins {
		f.doubt[0][k] = max(f.doubt[0][k], gain)
		f.doubt[1][k] = max(f.doubt[1][k], gain/8)
	}
}

// push takes the sent samples whose newest is the newest that can be heard, or
// nil when all of them are silence.
func (f *filter) push(x *[size]float32) {
	f.head = (f.head + 1) % blocks
	if x == nil {
		f.sent[f.head] = spectrum{}
		return
	}
	f.sent[f.head].forward(x)
}

// at is the sent spectrum of a partition.
func (f *filter) at(p int) *spectrum { return &f.sent[(f.head-p*apart+2*blocks)%blocks] }

// remove takes a received block and leaves what is no echo in clean. It fills
// the powers of the echo as estimated, of what of it is expected to be left by
// the path's own uncertainty, and of what is left.
func (f *filter) remove(clean *[block]float32, got *[block]float32, echo, unsure, left *[bins]float32) {
	var y spectrum
	for p := range partitions {
		x, w, d := f.at(p), &f.path[p], &f.doubt[p]
		for k := range bins {
			xr, xi, wr, wi := x.re[k], x.im[k], w.re[k], w.im[k]
			y.re[k] += xr*wr - xi*wi
			y.im[k] += xr*wi + xi*wr
			unsure[k] += (xr*xr + xi*xi) * d[k] / overlap
		}
	}
	var x [size]float32
	y.inverse(&x)
	var before, after, self, cross float32
	for i, v := range got {
		y := x[size-block+i]
		e := v - y
		self += y * y
		cross += v * y
		clean[i] = e
		before += v * v
		after += e * e
	}
	x = [size]float32{}
	copy(x[size-block:], clean[:])
	var e spectrum
	e.forward(&x)
	for k := range bins {
		echo[k] = (y.re[k]*y.re[k] + y.im[k]*y.im[k]) / overlap
		left[k] = e.re[k]*e.re[k] + e.im[k]*e.im[k]
	}
	f.received += 0.2 * (before - f.received)
	f.left += 0.2 * (after - f.left)
	f.louder = after > 1.6*before
	f.weigh(self, before, cross)
	f.learn(&e, left, unsure, before*quantum)
}

// weigh keeps what the estimates were worth.
func (f *filter) weigh(self, all, cross float32) {
	if self < faint || all < faint {
		return
	}
	f.tried++
	f.weight += 0.05 * (1 - f.weight)
	f.self += 0.05 * (self/all - f.self)
	f.cross += 0.05 * (cross/all - f.cross)
}

// worth is how much the recent estimates, each made before its block came,
// correlated with what came: near 0 where there is no echo, whoever speaks.
func (f *filter) worth() float32 {
	if f.tried == 0 {
		return 0
	}
	return f.cross / sqrt(f.self*f.weight)
}

// learn is the Kalman step.
func (f *filter) learn(e *spectrum, left, unsure *[bins]float32, floor float32) {
	var weight [bins]float32
	for k := range bins {
		fresh := max(left[k]-unsure[k], 0.2*left[k])
		if fresh > f.other[k] {
			f.other[k] += 0.5 * (fresh - f.other[k])
		} else {
			f.other[k] += 0.15 * (fresh - f.other[k])
		}
		weight[k] = 1 / (overlap*(unsure[k]+f.other[k]+floor) + 1e-12)
	}
	for p := range partitions {
		x, w, d := f.at(p), &f.path[p], &f.doubt[p]
		var step spectrum
		for k := range bins {
			xr, xi := x.re[k], x.im[k]
			mu := d[k] * weight[k]
			step.re[k] = mu * (xr*e.re[k] + xi*e.im[k])
			step.im[k] = mu * (xr*e.im[k] - xi*e.re[k])
			power := xr*xr + xi*xi
			d[k] *= max(0, 1-mu*power/overlap)
			if power > 0 {
				d[k] += change * (w.re[k]*w.re[k] + w.im[k]*w.im[k])
			}
		}
		// What would act beyond the partition's taps is wrapped around, no path.
		var h [size]float32
		step.inverse(&h)
		clear(h[taps:])
		step.forward(&h)
		for k := range bins {
			w.re[k] += step.re[k]
			w.im[k] += step.im[k]
		}
	}
}

// gain is the power gain of the whole path.
func (f *filter) gain() (g float32) {
	for p := range partitions {
		for k := range bins {
			g += f.path[p].re[k]*f.path[p].re[k] + f.path[p].im[k]*f.path[p].im[k]
		}
	}
	return g / bins
}

// diverged reports that the filter adds more than it removes.
func (f *filter) diverged() bool { return f.left > 1.5*f.received && f.left > 1e-4 }
