package ear

import (
	"parley/media"
	"parley/media/silero"
	"parley/media/vad"
)

const (
	// lead is how many frames before the gate's opening the model hears, so
	// that it knows the onset and not only what follows it.
	lead = 5
	// restFor is how many frames pass between two looks of the noise model while
	// the gate is shut.
	restFor = 3
)

// Voice says frame by frame whether a person speaks: a gate that costs next to
// nothing, behind it the noise model, and the neural network when there is one.
//
//	frame ─▶ gate ─┬ open ─▶ noise model ─▶ level, chance of speech ─▶ voice
//	               │      └▶ network, after the frames before ──────────▲
//	               └ shut ─▶ level, no voice; a look at the noise now and then
type Voice struct {
	gate  vad.Gate
	noise *vad.Detector
	model *silero.Stream // nil without a model

	rest   int // frames until the next look at the noise
	open   bool
	frames [lead][160]int16 // what came while the gate was shut
	kept   int              // of them, since it shut
	watch  *Watch

	jury  Jury
	alone bool       // the network judges alone
	said  [2]float64 // the last two opinions
}

// NewVoice begins a stream; a nil model leaves the judgement to the noise model.
func NewVoice(m *silero.Model) *Voice {
	v := &Voice{noise: vad.New(), jury: NewJury()}
	if m != nil {
		v.model = m.Stream()
	}
	return v
}

// Alone leaves the judgement to the network, for a comparison.
func (v *Voice) Alone() *Voice {
	v.alone = v.model != nil
	return v
}

// Opinions are the chances of speech by the noise model and by the network in
// the last frame for which the gate was open; both are 0 without a network, which
// alone asks for them.
func (v *Voice) Opinions() (noise, model float64) { return v.said[0], v.said[1] }

// Open reports whether the network ran on the last frame: the gate was open.
// Without a network it is always false.
func (v *Voice) Open() bool { return v.open }

// Frame takes 20 ms at 8 kHz, at least 160 samples. voice is the chance of
// speech in percent, 50 the border for either detector; level is in dB over the
// noise. It allocates nothing.
func (v *Voice) Frame(f media.Frame) (voice, level int) {
	pcm := f.PCM[:160]
	open := v.gate.Open(pcm) || f.Is(media.Voiced)
	v.watch.lap(GatePart)
	if !open {
		level = v.shut(pcm)
		v.watch.lap(NoisePart)
		return 0, level
	}
	r := v.noise.Frame(pcm)
	v.watch.lap(NoisePart)
	v.rest = restFor
	level = int(r.AboveDB + 0.5)
	if v.model == nil {
		return int(r.Prob*100 + 0.5), level
	}
	if !v.open {
		v.catchUp()
	}
	v.open = true
	v.model.Feed(pcm)
	v.watch.lap(NetworkPart)
	v.said = [2]float64{r.Prob, float64(v.model.Prob())}
	if v.alone {
		return int(v.said[1]*100 + 0.5), level
	}
	return v.jury.Join(v.said[0], v.said[1]), level
}

// shut keeps the frame for the opening and returns its level.
func (v *Voice) shut(pcm []int16) (level int) {
	if v.model != nil {
		if v.open {
			v.open, v.kept = false, 0
		}
		copy(v.frames[v.kept%lead][:], pcm)
		v.kept++
	}
	if v.rest--; v.rest < 0 {
		v.rest = restFor
		return int(v.noise.Frame(pcm).AboveDB + 0.5)
	}
	return int(v.noise.Rest(v.gate.LevelDB()) + 0.5)
}

// catchUp gives the model the frames before the opening. After a gap it begins
// anew: what it remembers is not what came just before.
func (v *Voice) catchUp() {
	if v.kept > lead {
		v.model.Reset()
	}
	for i := max(0, v.kept-lead); i < v.kept; i++ {
		v.model.Feed(v.frames[i%lead][:])
	}
}
