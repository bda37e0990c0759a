package pocketsphinx

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestOnlyWhatStandsOutIsLoud(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	sound := func(amplitude float64, tone bool) []int16 {
		pcm := make([]int16, 8000)
		for i := range pcm {
			x := noise.Float64()*2 - 1
			if tone {
				x = math.Sin(float64(i)/5) * (0.6 + 0.4*math.Sin(float64(i)/700))
			}
			pcm[i] = int16(amplitude * x)
		}
		return pcm
	}
	for _, c := range []struct {
		name   string
		parts  [][]int16
		lo, hi int // frames of the last second that may be loud
	}{
		{"zeros", [][]int16{make([]int16, 8000), make([]int16, 8000)}, 0, 0},
		{"idle line", [][]int16{sound(10, false), sound(10, false)}, 0, 0},
		{"steady noise", [][]int16{sound(3000, false), sound(3000, false)}, 0, 5},
		{"voice after silence", [][]int16{make([]int16, 8000), sound(3000, true)}, 95, 100},
		{"voice in noise", [][]int16{sound(1000, false), sound(3000, true)}, 60, 100},
		{"voice alone", [][]int16{sound(3000, true)}, 30, 100},
	} {
		l := loudness{frame: 80}
		l.add(make([]int16, 777))
		l.reset()
		for _, p := range c.parts {
			l.add(p)
		}
		end := int32(len(l.levels))
		if got := l.loud(end-100, end+10); got < c.lo || got > c.hi {
			t.Errorf("%s: %d frames are loud, want %d to %d", c.name, got, c.lo, c.hi)
		}
	}
}
