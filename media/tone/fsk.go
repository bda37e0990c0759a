package tone

import (
	"math"
	"time"
)

// fsk notices the 300 bit/s signals with which a fax answers (ITU-T V.21,
// channel 2: 1650 and 1850 Hz): all power within a quarter of a kilohertz
// around 1750 Hz, for longer than any consonant, and no single tone.
type fsk struct {
	length time.Duration
	told   bool
}

const (
	// narrow is the share of the power that must lie in the band.
	narrow = 0.75
	// preamble is how long it must last; the flags before the first frame take
	// a second.
	preamble = 500 * time.Millisecond
)

func (k *fsk) hear(x []float32, f single) bool {
	if f.level < weakest || f.pure || f.rough < 1450 || f.rough > 2050 || k.share(x) < narrow {
		if k.length -= 4 * tick; k.length <= 0 {
			*k = fsk{told: k.told && k.length > -3*time.Second}
		}
		return false
	}
	k.length += tick
	if k.told || k.length < preamble {
		return false
	}
	k.told = true
	return true
}

// share is the power around 1750 Hz: sums over 2 ms are a filter whose first
// zero lies 500 Hz off.
func (k *fsk) share(x []float32) float64 {
	const n = 16
	var in, all float64
	for i := 0; i+n <= len(x); i += n {
		in += dft(x[i:i+n], 2*math.Pi*1750/8000).power()
	}
	for _, v := range x {
		all += float64(v) * float64(v)
	}
	if all == 0 {
		return 0
	}
	return 2 * in / (n * all)
}
