package bench

import (
	"math"
	"testing"
)

func TestArea(t *testing.T) {
	var high, low, even [101]float64
	high[90], low[10], even[10], even[90] = 5, 7, 2, 2
	for _, c := range []struct {
		with, without [101]float64
		want          float64
	}{{high, low, 1}, {low, high, 0}, {high, high, 0.5}, {high, even, 0.75}} {
		if got := area(c.with, c.without); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

// TestJudge: a detector that is told the truth scores as one, and one that
// always says yes does not.
func TestJudge(t *testing.T) {
	clip := make([]float64, 40*tick)
	for i := range clip {
		clip[i] = spoken * math.Sqrt2 * math.Sin(float64(i)/5)
	}
	s := stage([][]float64{clip, clip}, 20, func() float64 { return 0.001 })
	n := -1
	if got := s.judge(func([]int16) int {
		if n++; s.speech[n] {
			return 100
		}
		return 0
	}); got.AUC != 1 || got.OnsetP50 != 20 || got.Alarms != 0 || got.Lost != 0 || len(s.onsets) != 2 {
		t.Errorf("the truth scores %+v with %d onsets", got, len(s.onsets))
	}
	if got := s.judge(func([]int16) int { return 100 }); got.AUC != 0.5 || got.Alarms == 0 {
		t.Errorf("always yes scores %+v", got)
	}
}
