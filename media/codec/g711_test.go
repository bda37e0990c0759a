package codec

import (
	"math"
	"testing"

	"parley/media"
)

// definition states G.711's tables 1a and 2a the way the recommendation does:
// as decision values x(n) and the output value between two of them, in units of
// the law's own resolution.
type definition struct {
	codec      media.Codec
	unit       int // one unit in 16-bit samples
	invert     byte
	positive   byte
	start, gap int // first decision value and first step
	first      int // steps before the step doubles for the first time
}

var laws = []definition{
	{codec: PCMU, unit: 4, invert: 0xFF, positive: 0x00, start: 1, gap: 2, first: 15},
	{codec: PCMA, unit: 16, invert: 0x55, positive: 0x80, start: 1, gap: 1, first: 31},
}

// decisions lists x(1)..x(128): mu-law runs 0,1,3,..31,35,..; A-law 0,1,2,..32,34,..
func (d definition) decisions() []int {
	x := []int{0}
	for v, step, left := d.start, d.gap, d.first; len(x) < 128; left-- {
		x = append(x, v)
		if left == 0 {
			step, left = 2*step, 16
		}
		v += step
	}
	return x
}

func TestEncodeFollowsTheDecisionValues(t *testing.T) {
	for _, law := range laws {
		t.Run(law.codec.Name(), func(t *testing.T) {
			x := law.decisions()
			for s := math.MinInt16; s <= math.MaxInt16; s++ {
				magnitude, sign := s, law.positive
				if s < 0 {
					magnitude, sign = ^s, law.positive^0x80
				}
				magnitude /= law.unit
				var n int
				for n+1 < len(x) && magnitude >= x[n+1] {
					n++
				}
				want := (sign | byte(n)) ^ law.invert
				if got := law.codec.AppendPayload(nil, []int16{int16(s)})[0]; got != want {
					t.Fatalf("%d encodes to %#02x, want %#02x", s, got, want)
				}
			}
		})
	}
}

// The corner rows of G.711's tables, in 16-bit scale.
func TestDecodeCorners(t *testing.T) {
	for _, c := range []struct {
		codec media.Codec
		code  byte
		want  int16
	}{
		{PCMU, 0x80, 32124}, {PCMU, 0x00, -32124}, {PCMU, 0xFF, 0}, {PCMU, 0x7F, 0}, {PCMU, 0xFE, 8}, {PCMU, 0x8F, 16764},
		{PCMA, 0xAA, 32256}, {PCMA, 0x2A, -32256}, {PCMA, 0xD5, 8}, {PCMA, 0x55, -8}, {PCMA, 0xA5, 8 * 2112},
	} {
		if got := c.codec.AppendPCM(nil, []byte{c.code})[0]; got != c.want {
			t.Errorf("%s %#02x decodes to %d, want %d", c.codec.Name(), c.code, got, c.want)
		}
	}
}

// TestDecodeIsTheMiddleOfItsInterval ties the decoder to the same decision
// values: each output value lies half-way between its two.
func TestDecodeIsTheMiddleOfItsInterval(t *testing.T) {
	for _, law := range laws {
		x := law.decisions()
		for n := 1; n < len(x)-1; n++ {
			code := (law.positive | byte(n)) ^ law.invert
			got := int(law.codec.AppendPCM(nil, []byte{code})[0])
			if want := (x[n] + x[n+1]) * law.unit / 2; got != want {
				t.Errorf("%s: code %d decodes to %d, want %d", law.codec.Name(), n, got, want)
			}
		}
	}
}

func TestTranscodingTwiceChangesNothing(t *testing.T) {
	for _, law := range laws {
		for i := range 256 {
			pcm := law.codec.AppendPCM(nil, []byte{byte(i)})
			again := law.codec.AppendPCM(nil, law.codec.AppendPayload(nil, pcm))
			if pcm[0] != again[0] {
				t.Errorf("%s %#02x: %d becomes %d", law.codec.Name(), i, pcm[0], again[0])
			}
		}
	}
}

// TestSignalToQuantisation holds both laws to the mask of ITU-T G.712 figure 9:
// 33 dB from 0 to -30 dBm0 and 27 dB at -40 for a sine.
func TestSignalToQuantisation(t *testing.T) {
	for _, law := range laws {
		for _, c := range []struct{ dBm0, want float64 }{{0, 33}, {-10, 33}, {-20, 33}, {-30, 33}, {-40, 27}, {-45, 22}} {
			// +3.14 dBm0 (A) and +3.17 dBm0 (mu) is full scale.
			amplitude := 32124 * math.Pow(10, (c.dBm0-3.17)/20)
			pcm := make([]int16, 8000)
			for i := range pcm {
				pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*1020*float64(i)/8000)))
			}
			out := law.codec.AppendPCM(nil, law.codec.AppendPayload(nil, pcm))
			var signal, noise float64
			for i := range pcm {
				e := float64(out[i]) - float64(pcm[i])
				signal += float64(pcm[i]) * float64(pcm[i])
				noise += e * e
			}
			got := 10 * math.Log10(signal/noise)
			t.Logf("%s at %.0f dBm0: %.1f dB", law.codec.Name(), c.dBm0, got)
			if got < c.want {
				t.Errorf("%s at %.0f dBm0: %.1f dB, want at least %.0f", law.codec.Name(), c.dBm0, got, c.want)
			}
		}
	}
}

func TestLookUp(t *testing.T) {
	for _, c := range []struct {
		name string
		pt   uint8
	}{{"pcmu", 0}, {"PCMA", 8}} {
		byName, ok := ByName(c.name)
		byType, ok2 := ByPayloadType(c.pt)
		pt, ok3 := PayloadType(byName)
		if !ok || !ok2 || !ok3 || byName != byType || pt != c.pt {
			t.Errorf("%s: %v %v %d", c.name, byName, byType, pt)
		}
	}
	if _, ok := ByName("G729"); ok {
		t.Error("G729 was found")
	}
	if _, ok := ByPayloadType(18); ok {
		t.Error("payload type 18 was found")
	}
}

func TestNoAllocation(t *testing.T) {
	pcm, payload := make([]int16, 0, 160), make([]byte, 160)
	if n := testing.AllocsPerRun(100, func() {
		payload = PCMA.AppendPayload(payload[:0], PCMU.AppendPCM(pcm, payload))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkG711(b *testing.B) {
	pcm, payload := make([]int16, 160), make([]byte, 160)
	for i := range pcm {
		pcm[i] = int16(i * 200)
	}
	for _, c := range []media.Codec{PCMU, PCMA} {
		b.Run(c.Name()+"/encode", func(b *testing.B) {
			for b.Loop() {
				payload = c.AppendPayload(payload[:0], pcm)
			}
		})
		b.Run(c.Name()+"/decode", func(b *testing.B) {
			for b.Loop() {
				pcm = c.AppendPCM(pcm[:0], payload)
			}
		})
	}
}
