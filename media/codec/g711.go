package codec

import (
	"math/bits"
	"slices"

	"parley/media"
)

// g711 is one law of ITU-T G.711 by table. The encoder's table is indexed by
// the bits of a sample that the law looks at: 14 for mu, 12 for A, so that it
// stays in the first-level cache.
type g711 struct {
	name    string
	silence byte
	shift   uint
	encode  []byte
	decode  *[256]int16
}

func (g *g711) Name() string     { return g.name }
func (g *g711) Rate() media.Rate { return media.Rate8k }

func (g *g711) AppendPCM(dst []int16, payload []byte) []int16 {
	n := len(dst)
	dst = slices.Grow(dst, len(payload))[:n+len(payload)]
	out, table := dst[n:], g.decode
	for i, b := range payload {
		out[i] = table[b]
	}
	return dst
}

func (g *g711) AppendPayload(dst []byte, pcm []int16) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(pcm))[:n+len(pcm)]
	out, table, shift := dst[n:], g.encode, g.shift&15
	for i, s := range pcm {
		out[i] = table[uint16(s)>>shift]
	}
	return dst
}

// muLinear is G.711 table 2: eight segments of sixteen steps, each segment with
// twice the step of the one below. Values are scaled from 14 to 16 bits.
func muLinear() *[256]int16 {
	var t [256]int16
	for i := range t {
		code := ^byte(i) // all bits travel inverted
		step, segment := int(code&0x0F), code>>4&7
		magnitude := ((2*step+33)<<segment - 33) << 2
		if code&0x80 != 0 {
			magnitude = -magnitude
		}
		t[i] = int16(magnitude)
	}
	return &t
}

// muTable maps 14-bit samples. A negative sample is taken by its one's
// complement, as in the reference software of ITU-T G.191, so that the law has
// a positive and a negative zero.
func muTable() []byte {
	const clip, bias = 8158, 33
	t := make([]byte, 1<<14)
	for i := range t {
		v, sign := int(int16(i<<2)>>2), byte(0)
		if v < 0 {
			v, sign = ^v, 0x80
		}
		v = min(v, clip) + bias // 33..8191: the leading one names the segment
		segment := bits.Len(uint(v)) - 6
		t[i] = ^(sign | byte(segment)<<4 | byte(v>>(segment+1))&0x0F)
	}
	return t
}

// aLinear is G.711 table 1: as mu-law but its two lowest segments share a step.
func aLinear() *[256]int16 {
	var t [256]int16
	for i := range t {
		code := byte(i) ^ 0x55 // every other bit travels inverted
		step, segment := int(code&0x0F), code>>4&7
		magnitude := 2*step + 1
		if segment > 0 {
			magnitude = (magnitude + 32) << (segment - 1)
		}
		magnitude <<= 3
		if code&0x80 == 0 {
			magnitude = -magnitude
		}
		t[i] = int16(magnitude)
	}
	return &t
}

// aTable maps 12-bit samples, negative ones by their one's complement.
func aTable() []byte {
	t := make([]byte, 1<<12)
	for i := range t {
		v, sign := int(int16(i<<4)>>4), byte(0x80)
		if v < 0 {
			v, sign = ^v, 0
		}
		code := byte(v) // 0..31 is linear: two segments of step 1
		if segment := bits.Len(uint(v)) - 4; segment > 1 {
			code = byte(segment)<<4 | byte(v>>(segment-1))&0x0F
		}
		t[i] = (sign | code) ^ 0x55
	}
	return t
}
