package pocketsphinx

import "math"

const (
	// quietest is the level in dB below full scale under which nothing counts
	// as speech, above the idle noise of a line.
	quietest = -58
	// rise is by how much speech must stand out of the quietest tenth of its
	// utterance. Steady noise does not, and a decoder would find words in it.
	rise = 4
	// spread is how many frames of 10 ms are averaged.
	spread = 5
)

// loudness is the level of an utterance, frame by frame of 10 ms.
type loudness struct {
	frame  int // samples of one
	sum    float64
	have   int
	last   [spread]float64 // mean squares
	levels []int8          // dB below full scale, smoothed
	counts [128]int        // of each level, for the quietest tenth
}

func (l *loudness) reset() {
	*l = loudness{frame: l.frame, levels: l.levels[:0]}
}

func (l *loudness) add(pcm []int16) {
	for _, s := range pcm {
		l.sum += float64(s) * float64(s)
		if l.have++; l.have < l.frame {
			continue
		}
		l.last[len(l.levels)%spread] = l.sum / float64(l.frame)
		l.sum, l.have = 0, 0
		var mean float64
		for _, m := range l.last {
			mean += m / spread
		}
		level := 10*math.Log10(mean+1) - 90.3
		l.levels = append(l.levels, int8(level))
		l.counts[min(127, int(-level))]++
	}
}

// bar is the level above which sound may be speech.
func (l *loudness) bar() int8 {
	seen := 0
	for level := 127; level >= 0; level-- {
		if seen += l.counts[level]; seen*10 > len(l.levels) {
			return max(quietest, int8(rise-level))
		}
	}
	return quietest
}

// loud counts the frames from a to b that stand out.
func (l *loudness) loud(a, b int32) int {
	bar, n := l.bar(), 0
	for i := max(0, int(a)); i < min(int(b), len(l.levels)); i++ {
		if l.levels[i] >= bar {
			n++
		}
	}
	return n
}
