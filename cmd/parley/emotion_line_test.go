package main

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"parley/media/codec"
	"parley/media/prosody"
	"parley/media/wav"
	"parley/nlu/arousal"
	"parley/probe"
	"parley/sharedtest"
)

// TestEmotionOfTheLine: what the line does to human sentences is no mood. Each
// is judged against itself as it was spoken. The bounds lie a little over the
// worst seen on these very sentences (0.09, 0.01 and 0.03), not on others.
func TestEmotionOfTheLine(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "speech", "clips"), "*.wav"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sentences: %v", err)
	}
	said := func(pcm []int16) (all []prosody.Features) {
		for _, u := range utterances(pcm) {
			all = append(all, u.features)
		}
		return all
	}
	r := rand.New(rand.NewPCG(19, 1))
	for _, file := range files {
		sound, err := wav.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		pcm, err := probe.Mono(sound, 0)
		if err != nil {
			t.Fatal(err)
		}
		var power float64
		for _, s := range pcm {
			power += float64(s) * float64(s) / float64(len(pcm))
		}
		noise := math.Sqrt(power) / 10
		var b arousal.Baseline
		for range 5 { // as well known as a caller after some turns
			for _, f := range said(pcm) {
				b.Learn(f)
			}
		}
		calm := whole(&b, said(pcm))
		for _, c := range []struct {
			name  string
			most  float64 // change of the arousal
			spoil func([]int16) []int16
		}{
			{"6 dB louder", 0.12, func(x []int16) []int16 { return gained(x, 2, 0, r) }},
			{"6 dB fainter", 0.12, func(x []int16) []int16 { return gained(x, 0.5, 0, r) }},
			{"mu law", 0.02, func(x []int16) []int16 { return codec.PCMU.AppendPCM(nil, codec.PCMU.AppendPayload(nil, x)) }},
			{"A law", 0.02, func(x []int16) []int16 { return codec.PCMA.AppendPCM(nil, codec.PCMA.AppendPayload(nil, x)) }},
			{"20 dB noise", 0.05, func(x []int16) []int16 { return gained(x, 1, noise, r) }},
		} {
			s := whole(&b, said(c.spoil(pcm)))
			t.Logf("%s, %s: arousal %.2f after %.2f, anger %.2f after %.2f", filepath.Base(file), c.name, s.Arousal, calm.Arousal, s.Anger, calm.Anger)
			if s.Confidence == 0 || math.Abs(s.Arousal-calm.Arousal) > c.most {
				t.Errorf("%s, %s: arousal %.2f after %.2f", filepath.Base(file), c.name, s.Arousal, calm.Arousal)
			}
		}
	}
}

// gained is the sound with a gain and white noise.
func gained(x []int16, gain, noise float64, r *rand.Rand) []int16 {
	y := make([]int16, len(x))
	for i, s := range x {
		y[i] = int16(max(-32768, min(32767, gain*float64(s)+noise*r.NormFloat64())))
	}
	return y
}
