package arousal

import (
	"testing"

	"parley/media/prosody"
)

// calm is an utterance of two seconds of voice.
func calm() prosody.Features {
	f := prosody.Features{Frames: 150, Voiced: 100}
	for _, k := range features {
		f.Value[k.kind] = int16(k.usual)
	}
	return f
}

// with is a calm utterance with features moved by so many hundredths of a deviation.
func with(moves map[prosody.Kind]int) prosody.Features {
	f := calm()
	for _, k := range features {
		f.Value[k.kind] += int16(int(k.deviation) * moves[k.kind] / 100)
	}
	return f
}

func heard(f prosody.Features, n int) *Baseline {
	var b Baseline
	for range n {
		b.Learn(f)
	}
	return &b
}

func TestDirections(t *testing.T) {
	b := heard(calm(), 3)
	anger := map[prosody.Kind]int{prosody.Pitch: 200, prosody.Level: 200, prosody.Alpha: 200, prosody.Hammarberg: -200, prosody.LowTilt: 150, prosody.Rate: 50}
	joy := map[prosody.Kind]int{prosody.Pitch: 250, prosody.PitchHigh: 250, prosody.PitchSpread: 200, prosody.Level: 50, prosody.Rate: 100}
	sadness := map[prosody.Kind]int{prosody.Pitch: -50, prosody.Level: -150, prosody.Alpha: -150, prosody.Hammarberg: 150, prosody.Rate: -150}
	for _, c := range []struct {
		name               string
		moves              map[prosody.Kind]int
		arousal, anger     float64 // from
		toArousal, toAnger float64
	}{
		{"calm", nil, 0.1, 0, 0.35, 0.2},
		{"anger", anger, 0.8, 0.7, 1, 1},
		{"joy", joy, 0.7, 0.2, 1, 0.6},
		{"sadness", sadness, 0, 0, 0.15, 0.06},
		{"closer to the telephone", map[prosody.Kind]int{prosody.Level: 300}, 0.2, 0.1, 0.3, 0.2},
	} {
		s := b.Score(with(c.moves))
		t.Logf("%s: %+v", c.name, s)
		if s.Arousal < c.arousal || s.Arousal > c.toArousal || s.Anger < c.anger || s.Anger > c.toAnger {
			t.Errorf("%s: arousal %.2f, anger %.2f", c.name, s.Arousal, s.Anger)
		}
	}
}

func TestBaseline(t *testing.T) {
	deep, high := calm(), calm()
	deep.Value[prosody.Pitch] -= 700
	high.Value[prosody.Pitch] += 700
	a, b := heard(deep, 3).Score(deep), heard(high, 3).Score(high)
	if d := a.Arousal - b.Arousal; d > 0.05 || d < -0.05 {
		t.Errorf("a deep voice like itself has %.2f, a high one %.2f", a.Arousal, b.Arousal)
	}
	var none Baseline
	if s := none.Score(high); s.Confidence > 0.25 || s.Arousal > 0.6 {
		t.Errorf("an unknown high voice: %+v", s)
	}
	mixed := heard(calm(), 4)
	mixed.Learn(with(map[prosody.Kind]int{prosody.Pitch: 1000, prosody.Alpha: 1000}))
	if s := mixed.Score(with(map[prosody.Kind]int{prosody.Pitch: 200, prosody.Alpha: 200})); s.Arousal < 0.3 {
		t.Errorf("one outburst became the measure: %+v", s)
	}
	if s := none.Score(prosody.Features{Frames: 20, Voiced: 3}); s != (Score{}) {
		t.Errorf("a click is judged: %+v", s)
	}
}

func TestTrend(t *testing.T) {
	var up, flat Caller
	for i := range 100 {
		flat.Hear(calm())
		up.Hear(with(map[prosody.Kind]int{prosody.Pitch: 5 * i, prosody.Alpha: 5 * i}))
	}
	if len(up.said) != limit || up.Trend() < 0.1 || flat.Trend() > 0.05 || flat.Trend() < -0.05 {
		t.Errorf("trends %.2f and %.2f of %d", up.Trend(), flat.Trend(), len(up.said))
	}
	if up.Peak() <= flat.Peak() {
		t.Errorf("peaks %.2f and %.2f", up.Peak(), flat.Peak())
	}
}
