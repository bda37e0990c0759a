package arousal

import "parley/media/prosody"

// Caller follows one caller through a call: the first utterances are the
// baseline, all are judged, and the trend tells where it goes.
type Caller struct {
	Baseline
	said []Score
}

// limit is how many utterances the trend looks back on.
const limit = 64

// Hear judges the next utterance, against those before it.
func (c *Caller) Hear(f prosody.Features) Score {
	s := c.Score(f)
	if !c.Ready() {
		c.Learn(f)
	}
	if s.Confidence > 0 {
		if len(c.said) == limit {
			c.said = append(c.said[:0], c.said[1:]...)
		}
		c.said = append(c.said, s)
	}
	return s
}

// Trend is the arousal of the later half of the utterances less that of the
// earlier one, each weighted by its confidence: -1 to 1, 0 for fewer than two.
func (c *Caller) Trend() float64 {
	half := len(c.said) / 2
	if half == 0 {
		return 0
	}
	return mean(c.said[len(c.said)-half:]) - mean(c.said[:half])
}

// Peak is the highest anger, each score shrunk by its confidence.
func (c *Caller) Peak() float64 {
	var peak float64
	for _, s := range c.said {
		peak = max(peak, s.Anger*s.Confidence)
	}
	return peak
}

func mean(said []Score) float64 {
	var sum, weight float64
	for _, s := range said {
		sum += s.Confidence * s.Arousal
		weight += s.Confidence
	}
	return sum / weight
}
