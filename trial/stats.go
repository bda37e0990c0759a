package trial

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Share is a part of a whole with the 95 % interval of Wilson (1927).
type Share struct {
	Of, All   int
	Low, High float64
}

func share(of, all int) Share {
	s := Share{Of: of, All: all}
	if all == 0 {
		s.High = 1
		return s
	}
	const z = 1.959964
	n, p := float64(all), float64(of)/float64(all)
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	s.Low, s.High = max(0, mid-half), min(1, mid+half)
	return s
}

// Value is the share itself; 0 of nothing.
func (s Share) Value() float64 {
	if s.All == 0 {
		return 0
	}
	return float64(s.Of) / float64(s.All)
}

// Rate is a count of rare events over time with its exact 95 % interval.
type Rate struct {
	Count     int
	Minutes   float64
	Low, High float64 // a minute
}

func rate(count int, minutes float64) Rate {
	r := Rate{Count: count, Minutes: minutes}
	if minutes <= 0 {
		return r
	}
	// The Poisson interval in the approximation of Wilson and Hilferty (1931).
	bound := func(n, z float64) float64 {
		if n <= 0 {
			return 0
		}
		v := 1 - 1/(9*n) + z/(3*math.Sqrt(n))
		return n * v * v * v
	}
	n := float64(count)
	r.Low, r.High = bound(n, -1.959964)/minutes, bound(n+1, 1.959964)/minutes
	return r
}

// Value is the rate a minute.
func (r Rate) Value() float64 {
	if r.Minutes <= 0 {
		return 0
	}
	return float64(r.Count) / r.Minutes
}

// Quantile of a sample with its bootstrapped 95 % interval, in ms.
type Quantile struct{ N, Value, Low, High int }

// resamples of a bootstrap.
const resamples = 500

func quantile(all []int, q float64) Quantile {
	out := Quantile{N: len(all)}
	if len(all) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(all))
	out.Value = at(sorted, q)
	r := rand.New(rand.NewPCG(uint64(len(all)), 1))
	again := make([]int, len(all))
	values := make([]int, resamples)
	for i := range values {
		for k := range again {
			again[k] = all[r.IntN(len(all))]
		}
		slices.Sort(again)
		values[i] = at(again, q)
	}
	slices.Sort(values)
	out.Low, out.High = at(values, 0.025), at(values, 0.975)
	return out
}

// at is the nearest rank.
func at(sorted []int, q float64) int {
	return sorted[max(0, min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1))]
}
