package echo

import "math"

// bands of the residual gate, their borders in bins of 15.6 Hz: about 190 to
// 3,600 Hz.
var borders = [bandCount + 1]int{12, 19, 26, 35, 45, 58, 74, 96, 126, 168, 230}

const (
	bandCount = 10
	// fade of what a room still holds, in power per frame: 60 dB in 0.4 s.
	fade = 0.5
	// over is how far in dB a band must stand over the expected residual to
	// speak for the customer.
	over = 5.0
	// enough evidence, in dB a band on average, that somebody else sounds.
	enough = 1.6
	// audible: an echo weaker than this, in dB of full scale, explains nothing.
	audible = -66.0
)

// residual tells what of the sound behind the filter is still echo: the late
// part of a room, a loudspeaker's distortion, a codec's. In each band it learns
// which share of the echo the filter leaves.
type residual struct {
	tail  [bandCount]float32 // expected echo before the filter, with its decay
	share [bandCount]float32 // in dB, of it that is left
	noise [bandCount]float32
}

func (r *residual) start() {
	for b := range r.share {
		r.share[b] = 0
		r.tail[b] = 0
	}
}

// judge reports whether what is left is explained by what was sent, and how
// many dB a band it stands over that on average.
func (r *residual) judge(echo, unsure, left *[bins]float32) (explained bool, evidence float64) {
	var expected [bandCount]float32
	var total float32
	var above [bandCount]float64
	for b := range bandCount {
		var e, u, l float32
		for k := borders[b]; k < borders[b+1]; k++ {
			e += echo[k]
			u += unsure[k]
			l += left[k]
		}
		r.tail[b] = max(e, fade*r.tail[b])
		expected[b] = u + r.tail[b]*power(r.share[b])
		total += r.tail[b] + u
		if l < r.noise[b] || r.noise[b] == 0 {
			r.noise[b] += 0.3 * (l - r.noise[b])
		} else {
			r.noise[b] *= 1.01
		}
		above[b] = decibel(float64(l)/block/size) - decibel(float64(expected[b]+2*r.noise[b])/block/size)
		evidence += max(0, min(12, above[b]-over+2)) / bandCount
	}
	if decibel(float64(total)/block/size) < audible {
		return false, 12
	}
	explained = evidence < enough
	for b := range bandCount {
		// Bands without echo teach nothing.
		if r.tail[b] < 4*r.noise[b] {
			continue
		}
		rate := float32(0.02)
		if explained {
			rate = 0.6
		}
		if above[b]+decibelOf(expected[b]) > decibelOf(r.tail[b])+float64(r.share[b]) {
			r.share[b] += rate
		} else {
			r.share[b] -= rate / 4
		}
		r.share[b] = max(-26, min(r.share[b], 3))
	}
	return explained, evidence
}

func decibelOf(p float32) float64 { return decibel(float64(p) / block / size) }

func power(db float32) float32 { return float32(math.Pow(10, float64(db)/10)) }

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
