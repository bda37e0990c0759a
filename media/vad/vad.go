// Package vad tells speech from noise on a telephone line, frame by frame, at
// the cost of a few microseconds: six sub-band energies are weighed against a
// Gaussian model of the noise and one of speech, both of which follow the line
// (the approach of Sohn, Kim and Sung, 1999), and the pitch adds its voice.
package vad

import "math"

// Result is what one frame holds.
type Result struct {
	// Speech is the decision with its hangover: short gaps are bridged.
	Speech bool
	// Prob is the chance that this frame itself holds speech, 0 to 1.
	Prob float64
	// LevelDB is the frame's power, 0 being full scale.
	LevelDB float64
	// AboveDB is the power over the noise floor.
	AboveDB float64
	// Pitch is how periodic the frame is, 0 to 1; 0 when it was not looked at.
	Pitch float64
}

const (
	// weakest: nothing below it is speech, whatever the floor says.
	weakest = -52.0
	// faintest is the power in dB that an empty band is taken to have.
	faintest = -85.0
	// hang bridges the gaps between syllables after speech that was not a click.
	hang = 5
)

// weights of the bands in the decision: the telephone band carries 300–3400 Hz.
var weights = [bands]float64{0.10, 0.18, 0.22, 0.22, 0.16, 0.12}

// Detector follows one direction of one call. The zero value is not usable.
type Detector struct {
	bank  bank
	noise [bands]model
	talk  [bands]float64 // mean speech energy of each band over its noise, dB
	floor model          // of the whole frame

	score float64 // smoothed log-likelihood ratio
	run   int     // frames of speech in a row
	left  int     // hangover still to go
	first bool
}

// New returns a detector for frames of 160 samples at 8 kHz.
func New() *Detector {
	d := &Detector{first: true}
	for i := range d.talk {
		d.talk[i] = 16
	}
	return d
}

func decibel(power float32) float64 {
	if power < 3e-9 {
		return faintest
	}
	return 10 * math.Log10(float64(power))
}

// Frame takes the next 20 ms and never allocates. It panics when pcm is shorter
// than 160 samples.
func (d *Detector) Frame(pcm []int16) Result {
	power, whole := d.bank.split(pcm)
	level := decibel(whole)
	var x [bands]float64
	for i, p := range power {
		x[i] = decibel(p)
	}
	if d.first {
		d.first = false
		for i := range x {
			d.noise[i].start(min(x[i], -42))
		}
		d.floor.start(min(level, -40))
	}
	ratio := d.ratio(x)
	var pitch float64
	if ratio > 0 && level > weakest {
		pitch = d.bank.periodicity()
		// Half the evidence of a loud frame is kept without a pitch: s, f, k.
		ratio += 6 * (min(pitch, 0.7) - 0.3)
	}
	if level <= weakest {
		ratio = min(ratio, resting)
	}
	d.score += 0.6 * (ratio - d.score)
	prob := 1 / (1 + math.Exp(-d.score))

	speech := prob >= 0.5
	d.learn(x, level, speech, prob)
	return Result{
		Speech: d.bridge(speech), Prob: prob, Pitch: pitch,
		LevelDB: level, AboveDB: max(0, level-d.floor.mean),
	}
}

// Rest takes the place of Frame for a frame that was not looked at because the
// gate was shut; of power levelDB. It returns how far that is over the floor.
func (d *Detector) Rest(levelDB float64) (aboveDB float64) {
	d.score += 0.6 * (resting - d.score)
	d.bridge(false)
	return max(0, levelDB-d.floor.mean)
}

// resting is the evidence of a frame that was not looked at.
const resting = -4.0

// ratio is the log-likelihood of speech against noise, summed over the bands.
func (d *Detector) ratio(x [bands]float64) float64 {
	var sum float64
	for i, v := range x {
		n := &d.noise[i]
		over := v - n.mean
		sd := math.Sqrt(n.variance)
		talk := max(d.talk[i], 9)
		// Beyond either mean more of the same is no further evidence.
		zn := max(over, 0) / sd
		zs := max(talk-over, 0) / 6
		l := (zn*zn-zs*zs)/2 + math.Log(sd/6)
		sum += weights[i] * max(-6, min(l, 14))
	}
	return sum - 0.7
}

// learn lets the models follow the line.
func (d *Detector) learn(x [bands]float64, level float64, speech bool, prob float64) {
	for i, v := range x {
		d.noise[i].follow(v, prob < 0.2)
		if speech {
			d.talk[i] += 0.02 * (max(v-d.noise[i].mean, 6) - d.talk[i])
		}
	}
	d.floor.follow(level, prob < 0.2)
}

// bridge adds the hangover.
func (d *Detector) bridge(speech bool) bool {
	if speech {
		d.run++
		if d.run >= 3 {
			d.left = hang
		}
		return true
	}
	d.run = 0
	d.left--
	return d.left >= 0
}
