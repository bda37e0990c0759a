package bench

import (
	"math"
	"testing"

	"parley/ear"
)

// TestBarge counts what was measured, not how fast it was.
func TestBarge(t *testing.T) {
	said, prompt := make([]int16, 80*tick), make([]int16, 150*tick)
	for i := range said { // a buzz with syllables
		said[i] = int16(9000 * math.Sin(float64(i)/1500) * math.Mod(float64(i)/60, 1))
	}
	for i := range prompt {
		prompt[i] = int16(4000 * math.Sin(float64(i*i%977)/50))
	}
	r, err := Barge(t.Context(), BargeOptions{Max: 10, Said: said, Prompt: prompt, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != 2 || r.Steps[0].Calls != 1 || r.Steps[1].Calls != 10 || math.Abs(r.Spoken-0.4) > 0.05 {
		t.Fatalf("%+v", r)
	}
	for _, s := range r.Steps {
		var parts float64
		for p := range ear.Parts {
			parts += s.Parts[p.String()]
		}
		if parts <= 0 || s.Tick != s.BuiltIn || s.Floor <= 0 || s.Bytes < 20_000 || s.Heard == 0 || s.Parts[ear.NetworkPart.String()] != 0 {
			t.Errorf("%+v", s)
		}
	}
}
