package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"parley/barge"
	"parley/ear"
	"parley/media"
)

// recordScale is the scale of the silences, in percent, at which turns are
// replayed with sound. Up to its first TurnEnd an ear of any smaller scale has
// heard the very same signals, so those are decided from the log alone.
const recordScale = 400

// scales of the ear's silences and silences of the baseline that are tried.
var (
	scales   = spread(8, recordScale, 26)
	silences = spread(80, 3000, 26)
)

// spread is n whole numbers from low to high, evenly on a log scale.
func spread(low, high float64, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = int(math.Round(low * math.Pow(high/low, float64(i)/float64(n-1))))
	}
	return all
}

// endAt is when a turn first ends, in ms of the case, for an ear with this
// configuration that heard the signals of the log; -1 for never.
func endAt(log []byte, c barge.Config, from int) (int, error) {
	head, rest, _ := bytes.Cut(log, []byte{'\n'})
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(head, &fields); err != nil {
		return 0, fmt.Errorf("the head of a signal log: %w", err)
	}
	var err error
	if fields["barge"], err = json.Marshal(c); err != nil {
		return 0, err
	}
	if head, err = json.Marshal(fields); err != nil {
		return 0, err
	}
	for h, err := range ear.Replay(bytes.NewReader(append(append(head, '\n'), rest...))) {
		if err != nil {
			return 0, err
		}
		at := int((h.At + media.Tick).Milliseconds())
		if h.Decision == barge.TurnEnd && at > from {
			return at, nil
		}
	}
	return -1, nil
}

// plainEnd is the same for the baseline.
func plainEnd(speech []bool, silence, from int) int {
	p := Plain{Min: 1 << 30, Silence: silence}
	for i, s := range speech {
		if at := (i + 1) * 20; p.hear(s) == barge.TurnEnd && at > from {
			return at
		}
	}
	return -1
}

// Point of a curve.
type Point struct {
	// Setting is the scale in percent, or the baseline's silence in ms.
	Setting int
	// Latency is the mean over the turns that were not cut off, in ms.
	Latency float64
	// Cut are the turns with a pause inside that were cut off.
	Cut Share
	// Never are turns that did not end.
	Never int
}

// point sums up what one setting made of the turns: when each ended first.
func point(setting int, cases []Case, ends []int) Point {
	p := Point{Setting: setting}
	var sum, n, cuts, paused int
	for i, c := range cases {
		cut, latency, ended := turnEnd(c, ends[i])
		if len(c.Speech) > 1 {
			paused++
			cuts += b2i(cut)
		}
		switch {
		case ended:
			sum += latency
			n++
		case !cut:
			p.Never++
		}
	}
	p.Cut = share(cuts, paused)
	if n > 0 {
		p.Latency = float64(sum) / float64(n)
	}
	return p
}

// Curve of one detector: points by rising setting.
type Curve []Point

// CutAt is the share of cut-offs at a mean latency, between the points; ok is
// false where the curve does not reach so far down.
func (c Curve) CutAt(budget float64) (v float64, ok bool) {
	for i := 1; i < len(c); i++ {
		a, b := c[i-1], c[i]
		if a.Latency <= budget && budget <= b.Latency {
			if a.Latency == b.Latency {
				return b.Cut.Value(), true
			}
			t := (budget - a.Latency) / (b.Latency - a.Latency)
			return a.Cut.Value() + t*(b.Cut.Value()-a.Cut.Value()), true
		}
	}
	return 0, false
}

// LatencyAt is the least mean latency with this share of cut-offs.
func (c Curve) LatencyAt(cut float64) (ms float64, ok bool) {
	for i := len(c) - 1; i > 0; i-- {
		a, b := c[i-1], c[i]
		if a.Cut.Value() > cut && b.Cut.Value() <= cut {
			t := (a.Cut.Value() - cut) / (a.Cut.Value() - b.Cut.Value())
			return a.Latency + t*(b.Latency-a.Latency), true
		}
	}
	return 0, false
}
