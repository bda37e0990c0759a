package ear

import "math"

// Jury makes one judgement of two opinions, those of the noise model and of the
// network: the sum of their evidence (decision 0014). The noise model is quicker
// and better in steady noise, the network knows what is no voice.
type Jury struct {
	// Noise and Model are the weights of the two.
	Noise, Model float64
	// Patience is for how many frames the noise model may claim speech of which
	// the network believes nothing; then there is none until the network hears
	// some. 0 is for ever. Music is such a claim.
	Patience float32

	doubt float32 // such frames so far
}

// NewJury returns the jury of a live call.
func NewJury() Jury { return Jury{Noise: 0.7, Model: 0.5, Patience: 40} }

const (
	believed = 0.5 // the network hears speech
	denied   = 0.1 // it hears none
	regained = 0.5 // of a frame's doubt is gone with every frame without a claim
	vetoed   = 25  // the most that a vetoed frame is worth, in percent
)

// Join takes the two chances of speech in a frame and returns one, in percent.
func (j *Jury) Join(noise, model float64) int {
	voice := int(100/(1+math.Exp(-j.Noise*logit(noise)-j.Model*logit(model))) + 0.5)
	switch {
	case model >= believed:
		j.doubt = 0
	case noise >= 0.5 && model < denied:
		j.doubt = min(j.doubt+1, 2*j.Patience)
	case noise < 0.5:
		j.doubt = max(j.doubt-regained, 0)
	}
	if j.Patience > 0 && j.doubt > j.Patience {
		return min(voice, vetoed)
	}
	return voice
}

// logit is the evidence in a chance, bounded: the network's no counts for more
// than its yes, which babble gets too.
func logit(p float64) float64 {
	p = min(max(p, 0.0025), 0.99)
	return math.Log(p / (1 - p))
}
