// Package arousal judges from the sound of a voice how aroused and how angry a
// caller is, against the same caller's own first utterances.
//
// It is a logistic combination of a few features of package prosody whose
// directions are those that studies of acted and real speech agree on: high
// arousal raises pitch, its upper end, level, rate and the share of high
// frequencies (Banse and Scherer 1996; Juslin and Laukka 2003; Goudbeek and
// Scherer 2010); anger does so with a hard voice, bright and loud, more than
// with a wide pitch, which joy has too: beyond arousal it is the spectral balance
// that tells valence and potency (Goudbeek and Scherer 2010). The weights were
// set by hand, not trained: no emotional speech was at hand. A score orders
// utterances and is no measured chance; measure it with `parley emotion eval` on
// labelled speech before acting on it alone.
package arousal

import (
	"math"

	"parley/media/prosody"
)

// feature is how one feature counts.
type feature struct {
	kind prosody.Kind
	// deviation is how far a calm speaker's utterances spread around their own
	// mean, between how far speakers' and telephones' means spread around usual,
	// all in the feature's unit. A caller not heard before is held for usual.
	deviation, usual, between float64
	// Weights of one deviation in the two logits.
	arousal, anger float64
}

// Pitch in Mandarin carries words, so one utterance's median strays further
// than in English: the deviation is that of the two together. Gross statistics of
// the contour tell more of emotion than its shape does (Busso et al. 2009), so no
// slope is among them.
var features = []feature{
	{prosody.Pitch, 170, 3050, 500, 0.65, 0.45},
	{prosody.PitchHigh, 200, 3350, 500, 0.35, 0.20},
	{prosody.PitchSpread, 200, 600, 150, 0.15, 0.05},
	{prosody.Level, 250, -2400, 900, 0.40, 0.50},
	{prosody.Alpha, 200, -500, 400, 0.45, 0.65},
	{prosody.Hammarberg, 300, 1100, 500, -0.20, -0.35},
	{prosody.LowTilt, 200, 100, 300, 0.25, 0.30},
	{prosody.Rate, 90, 440, 100, 0.20, 0.15},
}

const (
	// most deviations that one feature may count: beyond it is an error or
	// another speaker, not a stronger mood.
	most = 3.0
	// calm is the logit of an utterance like the baseline: scores of 0.21 and 0.11.
	calmArousal, calmAnger = -1.3, -2.1
	// alone is how many deviations of level count that pitch and brightness do not
	// bear out: who raises the voice raises all three, who brings the telephone
	// closer only the level (Traunmüller and Eriksson 2000; Nordenberg and
	// Sundberg 2004: the alpha ratio rises 0.4 to 0.7 dB with each dB of level).
	alone = 0.5
	// few voiced frames make a feature stray: at this many its variance doubles.
	few = 25.0
	// enough voiced frames for a baseline: four seconds.
	enough = 200
	// shortest utterance that is judged at all: 0.2 s of voice.
	shortest = 10
)

// Moved is a feature that stands out from the caller's own.
type Moved struct {
	Kind prosody.Kind
	// Deviations from the baseline, of the size usual between calm utterances.
	Deviations float64
}

// Score is the judgement of one utterance.
type Score struct {
	Arousal, Anger float64 // 0 to 1
	// Confidence from 0 to 1: how much voice the utterance and the baseline
	// had. Under 0.3 the scores say little; 0 is no judgement.
	Confidence float64
	// Moved are the features a deviation or more off, the first N of them, in
	// the order of the model.
	Moved [8]Moved
	N     int
}

// Baseline is what is known of a caller's calm voice. The zero value knows
// nothing: it takes a caller for an average one, with little confidence.
type Baseline struct {
	sum, weight [prosody.Kinds]float64
	voiced      int
}

// Ready says that enough calm speech was heard.
func (b *Baseline) Ready() bool { return b.voiced >= enough }

// Learn takes an utterance as calm. One that strays far from those before it
// counts little, so that one outburst does not become the measure.
func (b *Baseline) Learn(f prosody.Features) {
	if f.Voiced < shortest {
		return
	}
	for _, k := range features {
		x := float64(f.Value[k.kind])
		w := weight(f)
		if b.weight[k.kind] > 0 {
			mean, spread := b.of(k, f)
			if off := math.Abs(x-mean) / spread; off > 2 {
				w *= 2 / off
			}
		}
		b.sum[k.kind] += w * x
		b.weight[k.kind] += w
	}
	b.voiced += int(f.Voiced)
}

// weight of an utterance is up to 1, for a long one.
func weight(f prosody.Features) float64 { return float64(f.Voiced) / (float64(f.Voiced) + few) }

// of is where the caller's calm mean is taken to be for this feature, and how
// far an utterance like f may stray from it: the posterior of a normal mean
// whose prior is the spread between speakers.
func (b *Baseline) of(k feature, f prosody.Features) (mean, spread float64) {
	own := k.deviation * k.deviation
	prior := k.between * k.between
	w := b.weight[k.kind]
	precision := 1/prior + w/own
	mean = (k.usual/prior + b.sum[k.kind]/own) / precision
	return mean, math.Sqrt(own/weight(f) + 1/precision)
}

// Score judges an utterance. It does not learn from it.
func (b *Baseline) Score(f prosody.Features) Score {
	if f.Voiced < shortest {
		return Score{}
	}
	s := Score{Confidence: weight(f) * (0.2 + 0.8*min(1, float64(b.voiced)/enough))}
	arousal, anger := calmArousal, calmAnger
	effort := b.effort(f)
	for _, k := range features {
		z := b.off(k, f)
		if k.kind == prosody.Level {
			z = max(min(0, effort)-alone, min(z, max(0, effort)+alone))
		}
		arousal += k.arousal * z
		anger += k.anger * z
		if math.Abs(z) >= 1 && s.N < len(s.Moved) {
			s.Moved[s.N] = Moved{Kind: k.kind, Deviations: z}
			s.N++
		}
	}
	s.Arousal, s.Anger = logistic(arousal), logistic(anger)
	return s
}

// off is how many deviations a feature of f is off the caller's calm, bounded.
func (b *Baseline) off(k feature, f prosody.Features) float64 {
	mean, spread := b.of(k, f)
	return most * math.Tanh((float64(f.Value[k.kind])-mean)/spread/most)
}

// effort is what pitch and brightness tell of vocal effort, in deviations.
func (b *Baseline) effort(f prosody.Features) (sum float64) {
	for _, k := range features {
		if k.kind == prosody.Pitch || k.kind == prosody.Alpha {
			sum += b.off(k, f)
		}
	}
	return sum
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
