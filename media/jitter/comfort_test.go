package jitter

import (
	"math"
	"testing"
	"time"

	"parley/media"
)

// TestComfortNoise: a far side that stops sending and says how quiet it is
// there (RFC 3389) is neither lost nor dead nor speaking, and what it says next
// is played whole.
func TestComfortNoise(t *testing.T) {
	const level = 57 // RMS of the noise
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = level * int16(1-i%2*2)
	}
	const talk = 500 * ms
	for _, pause := range []time.Duration{100 * ms, time.Second, 5 * time.Second} {
		s := stream{buffer: New(Options{})}
		all := packets(4000, 20*ms, 0, true)
		for at := talk; at < talk+pause; at += 400 * ms {
			all = append(all, arrival{at + 20*ms, Packet{Timestamp: uint32(at / ms * 8), PCM: pcm, Noise: true}})
		}
		for _, a := range packets(4000, 20*ms, uint32((talk+pause)/ms*8), true) {
			a.at += talk + pause
			all = append(all, a)
		}
		s.play(t, all, 2)

		start := 0
		for s.frames[start].Is(media.Silence) {
			start++
		}
		quiet := 0
		for i, f := range s.frames[start:] {
			if f.Is(media.Concealed) || f.Is(media.Silence) {
				t.Fatalf("pause of %v: frame %d has flags %b", pause, i, f.Flags)
			}
			if f.Is(media.Voiced) {
				continue
			}
			quiet++
			var sum float64
			for _, v := range s.out[160*(start+i):][:160] {
				sum += float64(v) * float64(v)
			}
			// The frame in which sound begins again is a blend.
			if rms := math.Sqrt(sum / 160); i < 27 && (rms < level*0.85 || rms > level*1.15) {
				t.Errorf("pause of %v: frame %d has the level %.0f, want %d", pause, i, rms, level)
			}
		}
		got := s.buffer.Stats()
		if want := int(pause / media.Tick); quiet < want-3 || quiet > want+4 {
			t.Errorf("pause of %v: %d quiet frames, want %d", pause, quiet, want)
		}
		if got.Concealed != 0 || got.Played < 2*talk || got.Late != 0 {
			t.Errorf("pause of %v: %+v", pause, got)
		}
	}
}

// TestLossBeforeComfortNoise: what was lost before the noise is concealed.
func TestLossBeforeComfortNoise(t *testing.T) {
	s := stream{buffer: New(Options{})}
	all := packets(4000, 20*ms, 0, true)
	all = append(all[:23], all[24:]...)
	all = append(all, arrival{520 * ms, Packet{Timestamp: 4000, PCM: make([]int16, 160), Noise: true}})
	s.play(t, all, 20)
	if got := s.buffer.Stats(); got.Concealed != 20*ms {
		t.Errorf("%v concealed, want one packet", got.Concealed)
	}
}
