package vad

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGate: noise alone keeps it shut at any usual level, speech above it opens
// it at once and it stays open over short pauses.
func TestGate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(dB float64) []int16 {
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = int16(random.NormFloat64() * 32768 * math.Pow(10, dB/20))
		}
		return pcm
	}
	for _, background := range []float64{-80, -65, -50, -42} {
		var g Gate
		for range 400 { // 8 s to learn it
			g.Open(noise(background))
		}
		var wrong int
		for range 200 {
			if g.Open(noise(background)) {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("noise of %.0f dB: open in %d of 200 packets", background, wrong)
		}
		if !g.Open(noise(background+15)) && background+15 > gateLeast {
			t.Errorf("a voice 15 dB above %.0f did not open it", background)
		}
	}
	var g Gate
	g.Open(noise(-20))
	for i := range 9 {
		if !g.Open(noise(-80)) {
			t.Errorf("shut %d ms after the voice", 20*i)
		}
	}
	if g.Open(noise(-80)); g.Open(noise(-80)) {
		t.Error("still open 220 ms after the voice")
	}
}
