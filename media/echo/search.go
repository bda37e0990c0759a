package echo

import "math"

const (
	// The search runs at 4 kHz: most of a voice and of a small loudspeaker lies
	// below 2 kHz.
	narrow = 2
	// latest is the greatest delay that is looked for, in samples at 4 kHz:
	// 600 ms.
	latest = 2400
	// span is how much received sound is compared, 128 ms at 4 kHz.
	span = 512
	// reach is how much sent sound that takes.
	reach = latest + span
	// scale of received sound as it is kept, against what was sent.
	scale = 16384
	// halfTaps on either side of the half-band filter's middle.
	halfTaps = 7
)

// halfband are the odd taps of a half-band low-pass (Hamming-windowed sinc);
// the even ones are zero but the middle, which is a half.
var halfband = func() (h [(halfTaps + 1) / 2]float32) {
	for i := range h {
		k := float64(2*i + 1)
		window := 0.54 + 0.46*math.Cos(math.Pi*k/(halfTaps+1))
		h[i] = float32(math.Sin(math.Pi*k/2) / (math.Pi * k) * window)
	}
	return h
}()

// halve writes every second sample of the low half of x's band; x holds
// halfTaps samples more than 2·len(dst) on its left and on its right.
func halve(dst, x []float32) {
	for i := range dst {
		at := 2*i + halfTaps
		v := x[at] / 2
		for k, h := range halfband {
			v += h * (x[at-2*k-1] + x[at+2*k+1])
		}
		dst[i] = v
	}
}

// find is where received sound looks most like what was sent.
type find struct {
	lag int // in samples at 8 kHz
	// match is the correlation of the two at that delay, both whitened, 0 to 1;
	// its square is the share of what was received that is explained by one
	// path of that delay. next is the best elsewhere.
	match, next float32
	// gain is the power gain of the path.
	gain float32
}

// look compares the last span of received sound with all that was sent in reach
// before its end. Generalised cross-correlation: both are whitened by the
// received spectrum (Knapp and Carter, 1976), so that neither pitch nor
// formants make wide peaks, and the result is normalised by the energy of each
// stretch, so that it says how sure it is.
func look(sent *[reach]float32, got *[span]int16) (f find) {
	var re, im, wr, wi [longest]float32
	copy(re[:], sent[:])
	for i, v := range got {
		im[i] = float32(v)
	}
	transform(re[:], im[:], wr[:], wi[:])
	energy := whiten(&re, &im)
	if energy <= 0 {
		return f
	}
	transform(im[:], re[:], wi[:], wr[:])
	// Now re holds longest times the whitened sent sound, im the correlation.
	var mine, top float32
	for _, v := range re[:span] {
		mine += v * v
	}
	level := mine
	for s := 0; s < latest; s++ {
		level += re[s+span]*re[s+span] - re[s]*re[s]
		top = max(top, level)
	}
	best, sum := -1, mine
	var match [latest + 1]float32
	for s := 0; s <= latest; s++ {
		if sum > top/50 {
			m := im[s] / sqrt(sum*energy)
			match[s] = max(m, -m)
			if match[s] > f.match {
				f.match, best = match[s], s
				gain := im[s] * longest / (sum * scale)
				f.gain = gain * gain
			}
		}
		if s < latest {
			sum += re[s+span]*re[s+span] - re[s]*re[s]
		}
	}
	for s, m := range match {
		if off := s - best; off > near || off < -near {
			f.next = max(f.next, m)
		}
	}
	f.lag = narrow * (latest - best)
	return f
}

// near is how far beside a peak its own slopes and a room's first reflections
// reach, in samples at 4 kHz.
const near = 40

// beside is how many bins on either side are averaged for the spectrum's shape:
// about 80 Hz each way: formants and the band, but no pitch.
const beside = 80

// whiten takes the transform of sent + i·received and leaves that of the
// whitened sent sound + i·(its correlation with the received). It returns the
// energy of the whitened received sound. Only shapes matter: both keep the scale
// of an unscaled transform.
func whiten(re, im *[longest]float32) float32 {
	var power [longest/2 + 1]float32
	var mean float32
	for k := range power {
		m := (longest - k) % longest
		// Received is the odd part over i.
		r, i := (im[k]+im[m])/2, (re[m]-re[k])/2
		power[k] = r*r + i*i
		mean += power[k] / (longest / 2)
	}
	var energy, around float32
	for _, v := range power[:beside] {
		around += v
	}
	for k := range power {
		if k+beside < len(power) {
			around += power[k+beside]
		}
		if k > beside {
			around -= power[k-beside-1]
		}
		m := (longest - k) % longest
		sr, si := (re[k]+re[m])/2, (im[k]-im[m])/2
		gr, gi := (im[k]+im[m])/2, (re[m]-re[k])/2
		w := 1 / (max(0, around)/(2*beside+1) + mean*1e-2 + 1e-9)
		root := sqrt(w)
		energy += 2 * power[k] * w
		ar, ai := sr*root, si*root
		cr, ci := (sr*gr+si*gi)*w, (si*gr-sr*gi)*w
		// a + i·c, and its mirror conj(a) + i·conj(c).
		re[k], im[k] = ar-ci, ai+cr
		re[m], im[m] = ar+ci, cr-ai
	}
	return energy / longest // Parseval
}

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }
