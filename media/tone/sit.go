package tone

import (
	"math"
	"time"
)

// sitBands are where the three tones of the special information tone lie: by
// ITU-T E.180 950, 1400 and 1800 Hz, each within 50 Hz. In North America the
// exact place and length of the first two are a code.
var sitBands = [3]float64{950, 1400, 1800}

// sit gathers the tones of one.
type sit struct {
	n      int
	hz     [3]float64
	length [3]time.Duration
}

// step is the place that a tone has after those gathered, from 1, or 0.
func (s *sit) step(hz float64, length time.Duration) int {
	if s.n >= len(sitBands) || length < 200*time.Millisecond || length > 460*time.Millisecond {
		return 0
	}
	if math.Abs(hz-sitBands[s.n]) > 52 {
		return 0
	}
	return s.n + 1
}

func (s *sit) add(hz float64, length time.Duration) {
	if s.n < len(s.hz) {
		s.hz[s.n], s.length[s.n] = hz, length
		s.n++
	}
}

// kind reads the code (Telcordia's, as switches of North America send it): the
// first two tones low (913.8, 1370.6 Hz) or high (985.2, 1428.5 Hz). All else
// is a SIT without further meaning.
func (s *sit) kind() Kind {
	first, second := pitch(s.hz[0], 913.8, 985.2), pitch(s.hz[1], 1370.6, 1428.5)
	long := func(i int) bool { return s.length[i] > 327*time.Millisecond }
	switch {
	case first == 0 || second == 0 || math.Abs(s.hz[2]-1776.7) > 12:
		return SIT
	case first < 0 && second < 0 && long(0) && long(1):
		return SITNoCircuit // between carriers
	case first < 0 && second < 0:
		return SITIntercept
	case first > 0 && second < 0 && !long(0):
		return SITReorder // between carriers
	case first > 0 && second < 0:
		return SITVacant
	case first < 0 && second > 0:
		return SITReorder
	case !long(0) && !long(1):
		return SIT // ineffective for another reason
	}
	return SITNoCircuit
}

// pitch is -1 near low, 1 near high, 0 for neither.
func pitch(hz, low, high float64) int {
	switch {
	case math.Abs(hz-low) < 12:
		return -1
	case math.Abs(hz-high) < 12:
		return 1
	}
	return 0
}
