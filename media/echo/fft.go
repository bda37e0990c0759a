package echo

import "math"

// longest is the size of the longest transform, that of the search.
const longest = 4096

// turns holds cos and -sin of 2πk/longest, shared by every call.
var turns = func() (t [2][longest]float32) {
	for k := range longest {
		s, c := math.Sincos(2 * math.Pi * float64(k) / longest)
		t[0][k], t[1][k] = float32(c), float32(-s)
	}
	return t
}()

// transform is the discrete Fourier transform of re + i·im in place, unscaled;
// with re and im swapped it is the inverse. The length is 256 or 4096: an even
// power of 4, so that after the last pass of Stockham's algorithm in radix 4
// the result is back where it came from. wr and wi are its scratch.
func transform(re, im, wr, wi []float32) {
	n := len(re)
	for size, stride := n, 1; size > 1; size, stride = size/4, stride*4 {
		pass(re, im, wr, wi, size, stride)
		re, im, wr, wi = wr, wi, re, im
	}
}

// pass is one pass of n/4 butterflies from x to y.
func pass(xr, xi, yr, yi []float32, size, stride int) {
	quarter := size / 4 * stride
	step := longest / size
	for p := range size / 4 {
		c1, s1 := turns[0][p*step], turns[1][p*step]
		c2, s2 := turns[0][2*p*step], turns[1][2*p*step]
		c3, s3 := turns[0][3*p*step], turns[1][3*p*step]
		from, to := stride*p, stride*4*p
		ar, ai := xr[from:from+stride], xi[from:from+stride]
		br, bi := xr[from+quarter:][:stride], xi[from+quarter:][:stride]
		cr, ci := xr[from+2*quarter:][:stride], xi[from+2*quarter:][:stride]
		dr, di := xr[from+3*quarter:][:stride], xi[from+3*quarter:][:stride]
		er, ei := yr[to:to+stride], yi[to:to+stride]
		fr, fi := yr[to+stride:][:stride], yi[to+stride:][:stride]
		gr, gi := yr[to+2*stride:][:stride], yi[to+2*stride:][:stride]
		hr, hi := yr[to+3*stride:][:stride], yi[to+3*stride:][:stride]
		for q := range stride {
			sumR, sumI := ar[q]+cr[q], ai[q]+ci[q]
			offR, offI := ar[q]-cr[q], ai[q]-ci[q]
			evenR, evenI := br[q]+dr[q], bi[q]+di[q]
			oddR, oddI := di[q]-bi[q], br[q]-dr[q] // i·(b-d)
			er[q], ei[q] = sumR+evenR, sumI+evenI
			r, i := offR-oddR, offI-oddI
			fr[q], fi[q] = r*c1-i*s1, r*s1+i*c1
			r, i = sumR-evenR, sumI-evenI
			gr[q], gi[q] = r*c2-i*s2, r*s2+i*c2
			r, i = offR+oddR, offI+oddI
			hr[q], hi[q] = r*c3-i*s3, r*s3+i*c3
		}
	}
}

const (
	// size of the filter's transforms, of real samples.
	size = 512
	half = size / 2
	bins = half + 1
)

// spectrum is the transform of size real samples, 0 to 4 kHz.
type spectrum struct{ re, im [bins]float32 }

// forward fills s with the transform of x: a complex transform of half the
// length over even and odd samples.
func (s *spectrum) forward(x *[size]float32) {
	var re, im, wr, wi [half]float32
	for k := range half {
		re[k], im[k] = x[2*k], x[2*k+1]
	}
	transform(re[:], im[:], wr[:], wi[:])
	const step = longest / size
	for k := 1; k < half; k++ {
		evenR, evenI := (re[k]+re[half-k])/2, (im[k]-im[half-k])/2
		oddR, oddI := (im[k]+im[half-k])/2, (re[half-k]-re[k])/2
		c, t := turns[0][k*step], turns[1][k*step]
		s.re[k] = evenR + oddR*c - oddI*t
		s.im[k] = evenI + oddR*t + oddI*c
	}
	s.re[0], s.im[0] = re[0]+im[0], 0
	s.re[half], s.im[half] = re[0]-im[0], 0
}

// inverse fills x with the samples of s.
func (s *spectrum) inverse(x *[size]float32) {
	var re, im, wr, wi [half]float32
	const step = longest / size
	for k := range half {
		evenR, evenI := s.re[k]+s.re[half-k], s.im[k]-s.im[half-k]
		offR, offI := s.re[k]-s.re[half-k], s.im[k]+s.im[half-k]
		c, t := turns[0][k*step], -turns[1][k*step]
		oddR, oddI := offR*c-offI*t, offR*t+offI*c
		re[k], im[k] = evenR-oddI, evenI+oddR
	}
	transform(im[:], re[:], wi[:], wr[:])
	const scale = 1.0 / size
	for k := range half {
		x[2*k], x[2*k+1] = re[k]*scale, im[k]*scale
	}
}
