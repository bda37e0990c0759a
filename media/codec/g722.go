package codec

import (
	"slices"

	"parley/media"
)

// G722 is the lower sub-band of ITU-T G.722 at 64 kbit/s, which by itself is
// sound at 8 kHz: 0 to 4 kHz of the 7 kHz on the wire, all that the telephone
// chain behind a line can use. One byte carries one sample of either sub-band,
// so a packet has as many bytes as 8 kHz samples and its RTP clock runs at
// 8000 Hz, which RFC 3551 section 4.5.2 keeps by an old mistake and which fits
// here. What is sent has an upper sub-band of silence.
//
// Sender and receiver adapt by the bits themselves, so each leg has its own
// G722, used by one goroutine. A lost packet leaves them apart for some
// milliseconds: the adaptation leaks.
type G722 struct {
	encoder, decoder subband
}

// NewG722 makes a codec for one leg.
func NewG722() *G722 {
	c := &G722{}
	c.encoder.scale, c.decoder.scale = g722LeastScale, g722LeastScale
	return c
}

var _ media.Codec = (*G722)(nil)

// Name is the SDP encoding name.
func (*G722) Name() string { return "G722" }

// Rate is that of the sub-band: see G722.
func (*G722) Rate() media.Rate { return media.Rate8k }

// AppendPCM decodes the lower six bits of every byte.
func (c *G722) AppendPCM(dst []int16, payload []byte) []int16 {
	n := len(dst)
	dst = slices.Grow(dst, len(payload))[:n+len(payload)]
	out := dst[n:]
	for i, b := range payload {
		out[i] = int16(c.decoder.decode(int(b&0x3F)) << 1)
	}
	return dst
}

// AppendPayload encodes with the upper sub-band's smallest step, 11.
func (c *G722) AppendPayload(dst []byte, pcm []int16) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(pcm))[:n+len(pcm)]
	out := dst[n:]
	for i, s := range pcm {
		out[i] = 0xC0 | byte(c.encoder.encode(int(s)>>1))
	}
	return dst
}

const (
	g722LeastScale = 32
	// g722LogMost bounds the logarithmic scale factor, NBL.
	g722LogMost = 18432
)

// The tables of G.722, with the names of its sections 3 to 6.
var (
	// g722Q6 are the decision levels of the 60-level quantiser, in 1/4096 of
	// the scale.
	g722Q6 = [30]int{
		0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
		1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
	}
	// g722QM6 and g722QM4 are the output levels of all six and of the upper
	// four bits, in 1/32768 of the scale.
	g722QM6 = [64]int{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	g722QM4 = [16]int{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	// g722WL moves the logarithmic scale; g722RL42 folds the upper four bits
	// into its index.
	g722WL   = [8]int{-60, -30, 58, 172, 334, 538, 1198, 3042}
	g722RL42 = [16]uint8{0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0}
	// g722ILB is 2048 times two to the power of i/32.
	g722ILB = [32]int{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
)

// subband is the adaptive predictor of one direction's lower sub-band: two
// poles and six zeros that follow the signal by its signs.
type subband struct {
	estimate int // s, the prediction of the next sample
	zeros    int // sz, the part of it by the zeros
	r, a, p  [2]int
	d, b     [6]int
	log      int // nb
	scale    int // det
}

// encode quantises one 15-bit sample to six bits.
func (s *subband) encode(x int) int {
	e := saturate(x - s.estimate)
	size := e
	if e < 0 {
		size = ^e
	}
	level := 1 // the decision levels rise: the first above the size
	for level < len(g722Q6) && size >= g722Q6[level]*s.scale>>12 {
		level++
	}
	code := 62 - level // 61 down to 32
	if e < 0 {
		if code = 34 - level; level < 3 { // 63, 62, then 31 down to 4
			code = 64 - level
		}
	}
	s.adapt(code >> 2)
	return code
}

// decode gives the 15-bit sample of six bits.
func (s *subband) decode(code int) int {
	x := min(max(s.estimate+s.scale*g722QM6[code]>>15, -16384), 16383)
	s.adapt(code >> 2)
	return x
}

// adapt follows the upper four bits: sender and receiver do the same, even when
// a network on the way uses the lower two for data.
func (s *subband) adapt(code int) {
	difference := s.scale * g722QM4[code] >> 15
	s.log = min(max(s.log*127>>7+g722WL[g722RL42[code]], 0), g722LogMost)
	if shift := 8 - s.log>>11; shift < 0 {
		s.scale = g722ILB[s.log>>6&31] << -shift << 2
	} else {
		s.scale = g722ILB[s.log>>6&31] >> shift << 2
	}
	s.predict(difference)
}

// predict is block 4 of G.722: it moves every coefficient a little towards the
// sign of what it would have predicted better, and predicts the next sample.
func (s *subband) predict(d int) {
	r, p := saturate(s.estimate+d), saturate(s.zeros+d)

	step := saturate(s.a[0] << 2)
	one, two := -192, -128
	if sameSign(p, s.p[0]) {
		step, one = -step, 192
	}
	if sameSign(p, s.p[1]) {
		two = 128
	}
	a1 := min(max(min(step, 32767)>>7+two+s.a[1]*32512>>15, -12288), 12288)
	bound := saturate(15360 - a1)
	a0 := min(max(saturate(one+s.a[0]*32640>>15), -bound), bound)

	for i := range s.b {
		move := 0
		if d != 0 {
			move = -128
			if sameSign(d, s.d[i]) {
				move = 128
			}
		}
		s.b[i] = saturate(move + s.b[i]*32640>>15)
	}
	s.a = [2]int{a0, a1}
	s.r = [2]int{r, s.r[0]}
	s.p = [2]int{p, s.p[0]}
	copy(s.d[1:], s.d[:5])
	s.d[0] = d

	poles := saturate(s.a[0]*saturate(2*s.r[0])>>15 + s.a[1]*saturate(2*s.r[1])>>15)
	zeros := 0
	for i := range s.b {
		zeros += s.b[i] * saturate(2*s.d[i]) >> 15
	}
	s.zeros = saturate(zeros)
	s.estimate = saturate(poles + s.zeros)
}

// sameSign takes nought for positive.
func sameSign(a, b int) bool { return a^b >= 0 }

func saturate(v int) int { return min(max(v, -32768), 32767) }
