package progress

import (
	"math"
	"testing"

	"parley/outcome"
)

func TestJoin(t *testing.T) {
	off := Verdict{Network: outcome.PowerOff, Class: "power_off", Confidence: 0.9}
	for _, c := range []struct {
		name       string
		heard      Verdict
		ended      outcome.Network
		want       outcome.Network
		confidence float64
		conflict   bool
	}{
		{"a vague code says less than the carrier's words", off, outcome.NoAnswer, outcome.PowerOff, 0.9, false},
		{"two witnesses agree", off, outcome.PowerOff, outcome.PowerOff, 0.97, false},
		{"they contradict: the words count, and less", off, outcome.Busy, outcome.PowerOff, 0.63, true},
		{"nothing was heard", Verdict{}, outcome.Busy, outcome.Busy, 0.7, false},
		{"ringback says nothing", Verdict{Class: "ringback", Confidence: 0.95}, outcome.NoAnswer, outcome.NoAnswer, 0.7, false},
		{"404 for a suspended number", Verdict{Network: outcome.Suspended, Confidence: 0.9}, outcome.InvalidNumber, outcome.Suspended, 0.9, false},
		{"no cause at all", off, "", outcome.PowerOff, 0.9, false},
	} {
		j := Join(c.heard, c.ended)
		if j.Network != c.want || math.Abs(j.Confidence-c.confidence) > 1e-9 || (j.Conflict != "") != c.conflict {
			t.Errorf("%s: %+v", c.name, j)
		}
	}
}
