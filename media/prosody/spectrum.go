package prosody

import "math"

const (
	points = 256 // 32 ms at 8 kHz, 31.25 Hz a bin
	bands  = 14
)

// edges are the Bark scale's critical bands (Zwicker, 1961) within the telephone
// band, in Hz.
var edges = [bands + 1]float64{300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3400}

// The first band above 630, 1080, 1480 and 2000 Hz.
const at630, at1080, at1480, at2000 = 3, 6, 8, 10

var (
	window  [points]float32
	twiddle [points / 2][2]float32
	reverse [points]uint8
	bins    [bands + 1]int
	cosines [4][bands]float32
)

func init() {
	for i := range window {
		window[i] = float32(0.5-0.5*math.Cos(2*math.Pi*float64(i)/points)) / 32768
		var r int
		for b := range 8 {
			r |= i >> b & 1 << (7 - b)
		}
		reverse[i] = uint8(r)
	}
	for i := range twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / points)
		twiddle[i] = [2]float32{float32(cos), float32(sin)}
	}
	for i, f := range edges {
		bins[i] = int(f/31.25 + 0.5)
	}
	for k := range cosines {
		for b := range bands {
			cosines[k][b] = float32(math.Cos(math.Pi*float64(k+1)*(float64(b)+0.5)/bands)) * 2 / bands
		}
	}
}

// spectrum gives the power in the bands of the last 32 ms; a full-scale sine
// inside a band has about 0.2.
func spectrum(x *[points]int16) (power [bands]float32) {
	var re, im [points]float32
	for i, s := range x {
		re[reverse[i]] = float32(s) * window[i]
	}
	for size := 2; size <= points; size *= 2 {
		half, step := size/2, points/size
		for from := 0; from < points; from += size {
			for k := range half {
				a, b := (from+k)&(points-1), (from+k+half)&(points-1)
				w := &twiddle[k*step&(points/2-1)]
				tr := re[b]*w[0] - im[b]*w[1]
				ti := re[b]*w[1] + im[b]*w[0]
				re[b], im[b] = re[a]-tr, im[a]-ti
				re[a], im[a] = re[a]+tr, im[a]+ti
			}
		}
	}
	for b := range power {
		for k := bins[b]; k < bins[b+1]; k++ {
			power[b] += re[k]*re[k] + im[k]*im[k]
		}
		power[b] *= 4.0 / (points * points)
	}
	return power
}
