package codec

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ebitengine/purego"

	"parley/media"
)

// signals that drive every part of the coder: speech-like, loud beyond the
// scale, silence, and noise.
func g722Signals(rate float64, n int) map[string][]int16 {
	random := rand.New(rand.NewPCG(7, 22))
	all := map[string][]int16{}
	for name, f := range map[string]func(i int) float64{
		"silence": func(int) float64 { return 0 },
		"tone":    func(i int) float64 { return 9000 * math.Sin(2*math.Pi*1004*float64(i)/rate) },
		"clipped": func(i int) float64 { return 90000 * math.Sin(2*math.Pi*441*float64(i)/rate) },
		"noise":   func(int) float64 { return 6000 * random.NormFloat64() },
		"voice": func(i int) float64 {
			x := float64(i) / rate
			var v float64
			for h := 1.0; h < 20; h++ {
				v += math.Sin(2*math.Pi*118*h*x) / h
			}
			return 5000 * v * (1 + math.Sin(2*math.Pi*3*x)) / 2
		},
		"steps": func(i int) float64 { return float64(random.IntN(2)*60000-30000) * float64(i/800%2) },
	} {
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = int16(min(max(f(i), -32768), 32767))
		}
		all[name] = pcm
	}
	return all
}

// TestG722AsSpandsp compares every bit with spandsp, whose coder passes the test
// sequences of ITU-T G.722 appendix II: its narrow-band mode both ways, and our
// decoder on what its wide-band encoder sends.
func TestG722AsSpandsp(t *testing.T) {
	lib, err := purego.Dlopen("libspandsp.so.2", purego.RTLD_NOW)
	if err != nil {
		t.Skip("libspandsp.so.2 is not installed; make deps installs it with baresip")
	}
	var (
		encodeInit, decodeInit func(state uintptr, rate, options int32) uintptr
		encodeFree, decodeFree func(state uintptr) int32
		encode                 func(state uintptr, out *byte, in *int16, n int32) int32
		decode                 func(state uintptr, out *int16, in *byte, n int32) int32
	)
	for name, f := range map[string]any{
		"g722_encode_init": &encodeInit, "g722_decode_init": &decodeInit,
		"g722_encode_free": &encodeFree, "g722_decode_free": &decodeFree,
		"g722_encode": &encode, "g722_decode": &decode,
	} {
		purego.RegisterLibFunc(f, lib, name)
	}
	const n, narrow = 16000, 1
	for name, pcm := range g722Signals(8000, n) {
		c, theirs, back := NewG722(), make([]byte, n), make([]int16, n)
		enc, dec := encodeInit(0, 64000, narrow), decodeInit(0, 64000, narrow)
		ours := c.AppendPayload(nil, pcm)
		if encode(enc, &theirs[0], &pcm[0], n) != n || !slices.Equal(ours, theirs) {
			t.Errorf("%s: the encoders differ", name)
		}
		if decode(dec, &back[0], &theirs[0], n) != n || !slices.Equal(c.AppendPCM(nil, theirs), back) {
			t.Errorf("%s: the decoders differ", name)
		}
		encodeFree(enc)
		decodeFree(dec)
	}
	for name, pcm := range g722Signals(16000, 2*n) {
		wide, back := make([]byte, n), make([]int16, n)
		enc, dec := encodeInit(0, 64000, 0), decodeInit(0, 64000, narrow)
		if encode(enc, &wide[0], &pcm[0], 2*n) != n || decode(dec, &back[0], &wide[0], n) != n ||
			!slices.Equal(NewG722().AppendPCM(nil, wide), back) {
			t.Errorf("%s in wide band: the decoders differ", name)
		}
		encodeFree(enc)
		decodeFree(dec)
	}
}

// TestG722Bits holds what TestG722AsSpandsp has shown, where spandsp is absent.
func TestG722Bits(t *testing.T) {
	h := sha256.New()
	signals := g722Signals(8000, 8000)
	for _, name := range []string{"silence", "tone", "voice"} {
		h.Write(NewG722().AppendPayload(nil, signals[name]))
	}
	const want = "88683719b588669a"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("the payload's hash is %s, want %s", got, want)
	}
}

// TestG722Quality: a voice comes back with little noise, and again soon after a
// lost packet.
func TestG722Quality(t *testing.T) {
	pcm := g722Signals(8000, 16000)["voice"]
	snr := func(got []int16, from, to int) float64 {
		var signal, noise float64
		for i := from; i < to; i++ {
			d := float64(got[i]) - float64(pcm[i])
			signal, noise = signal+float64(pcm[i])*float64(pcm[i]), noise+d*d
		}
		return 10 * math.Log10(signal/noise)
	}
	c := NewG722()
	payload := c.AppendPayload(nil, pcm)
	got := c.AppendPCM(nil, payload)
	whole := snr(got, 0, len(got))

	const lost = 8000
	c = NewG722()
	got = c.AppendPCM(nil, payload[:lost])
	got = append(got, make([]int16, 160)...)
	got = c.AppendPCM(got, payload[lost+160:])
	after := snr(got, lost+160+1600, lost+160+3200)
	t.Logf("signal to noise %.1f dB, 200 ms after a lost packet %.1f dB", whole, after)
	if whole < 25 || after < 15 {
		t.Errorf("signal to noise %.1f dB, 200 ms after a lost packet %.1f dB", whole, after)
	}
}

func TestStaticPayloadTypes(t *testing.T) {
	for name, pt := range map[string]uint8{"pcmu": 0, "PCMA": 8, "g722": 9} {
		c, ok := ByName(name)
		if got, known := PayloadType(c); !ok || !known || got != pt || c.Rate() != media.Rate8k {
			t.Errorf("%s: %v, type %d", name, ok, got)
		}
	}
	a, _ := ByPayloadType(9)
	if b, _ := ByPayloadType(9); a == b {
		t.Error("two legs share the state of one G722")
	}
	if _, ok := ByName("G729"); ok {
		t.Error("G729 is known")
	}
}

func BenchmarkG722(b *testing.B) {
	pcm := g722Signals(8000, 160)["voice"]
	c, payload, out := NewG722(), make([]byte, 0, 160), make([]int16, 0, 160)
	b.ReportAllocs()
	for b.Loop() {
		payload = c.AppendPayload(payload[:0], pcm)
		out = c.AppendPCM(out[:0], payload)
	}
}
