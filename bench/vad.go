package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley/ear"
	"parley/media"
	"parley/media/codec"
	"parley/media/resample"
	"parley/media/silero"
	"parley/media/wav"
)

// VADOptions say what the speech detectors are measured on.
type VADOptions struct {
	// Speech is a folder with WAV files, one utterance each or more; every folder
	// below it is searched.
	Speech string
	// Model is measured beside the built-in detector; nil for that alone.
	Model *silero.Model
	Seed  uint64
	// Synthetic says that the speech is; the result says it again.
	Synthetic bool
	// Clips bounds how many files are taken, evenly from all; 0 for 120.
	Clips int
}

// VADScore is what one detector made of one condition.
type VADScore struct {
	// AUC is the chance that a frame of speech is valued above one of noise.
	AUC float64 `json:"auc"`
	// OnsetP50 and P95 are from an utterance's first sound to the end of the
	// first tick that is held for speech, in ms; Lost is the share of utterances
	// of which none was within half a second.
	OnsetP50 float64 `json:"onset_p50_ms"`
	OnsetP95 float64 `json:"onset_p95_ms"`
	Lost     float64 `json:"lost"`
	// Alarms a minute are stretches of 60 ms and more, between the utterances,
	// that are held for speech.
	Alarms float64 `json:"alarms_per_minute"`
}

// VADRow is one condition by every detector.
type VADRow struct {
	Noise string `json:"noise"`
	// SNR in dB of the speech's active level over the noise; absent without
	// speech.
	SNR     *float64  `json:"snr_db,omitempty"`
	Energy  VADScore  `json:"energy"`
	Silero  *VADScore `json:"silero,omitempty"`
	Ungated *VADScore `json:"silero_ungated,omitempty"`
}

// VADResult is a whole run.
type VADResult struct {
	Seed       uint64   `json:"seed"`
	Utterances int      `json:"utterances"`
	Synthetic  bool     `json:"synthetic,omitempty"`
	Rows       []VADRow `json:"rows"`
	// µs a tick of each detector while somebody speaks at 20 dB, and while the
	// line is quiet; the floor is one copy of the frame.
	EnergyTick float64 `json:"energy_us_per_tick"`
	SileroTick float64 `json:"silero_us_per_tick,omitempty"`
	QuietTick  float64 `json:"quiet_us_per_tick"`
	FloorTick  float64 `json:"floor_us_per_tick"`
}

// VAD measures the speech detectors of the ear, as they stand in a call, on
// speech in noise after G.711.
func VAD(o VADOptions) (VADResult, error) {
	if o.Clips <= 0 {
		o.Clips = 120
	}
	clips, err := utterances(o.Speech, o.Clips)
	if err != nil {
		return VADResult{}, err
	}
	r := VADResult{Seed: o.Seed, Utterances: len(clips), Synthetic: o.Synthetic}
	for i, name := range []string{"white", "pink", "babble", "hum"} {
		for _, snr := range []float64{20, 10, 5} {
			s := stage(clips, snr, noiseOf(name, clips, rand.New(rand.NewPCG(o.Seed, uint64(i)))))
			row := VADRow{Noise: name, SNR: &snr, Energy: s.judge(tickOf(nil))}
			if o.Model != nil {
				gated, bare := s.judge(tickOf(o.Model)), s.judge(bareTick(o.Model))
				row.Silero, row.Ungated = &gated, &bare
			}
			r.Rows = append(r.Rows, row)
		}
	}
	for i, name := range []string{"white", "pink", "hum", "music (synthetic)"} {
		s := stage(nil, 0, noiseOf(name, clips, rand.New(rand.NewPCG(o.Seed, uint64(100+i)))))
		row := VADRow{Noise: name, Energy: s.judge(tickOf(nil))}
		if o.Model != nil {
			gated, bare := s.judge(tickOf(o.Model)), s.judge(bareTick(o.Model))
			row.Silero, row.Ungated = &gated, &bare
		}
		r.Rows = append(r.Rows, row)
	}
	r.cost(clips, o)
	return r, nil
}

// cost times the detectors on the same sound.
func (r *VADResult) cost(clips [][]float64, o VADOptions) {
	loud := stage(clips, 20, noiseOf("pink", clips, rand.New(rand.NewPCG(o.Seed, 50))))
	var spoken []int16
	for i, speech := range loud.speech {
		if speech {
			spoken = append(spoken, loud.pcm[i*tick:(i+1)*tick]...)
		}
	}
	r.EnergyTick = timed(spoken, tickOf(nil))
	if o.Model != nil {
		r.SileroTick = timed(spoken, tickOf(o.Model))
	}
	r.QuietTick = timed(make([]int16, len(spoken)), tickOf(o.Model))
	var to [tick]int16
	r.FloorTick = timed(spoken, func(pcm []int16) int { return copy(to[:], pcm) })
}

func timed(pcm []int16, detect func([]int16) int) float64 {
	begun := time.Now()
	n := 0
	for time.Since(begun) < 200*time.Millisecond {
		for i := 0; i+tick <= len(pcm); i += tick {
			detect(pcm[i : i+tick])
			n++
		}
	}
	return us(time.Since(begun)) / float64(max(n, 1))
}

// tickOf is the ear's detector as a live call has it.
func tickOf(m *silero.Model) func([]int16) int {
	v := ear.NewVoice(m)
	return func(pcm []int16) int {
		voice, _ := v.Frame(media.Frame{Rate: media.Rate8k, PCM: pcm})
		return voice
	}
}

// bareTick is the network without a gate before it.
func bareTick(m *silero.Model) func([]int16) int {
	s := m.Stream()
	return func(pcm []int16) int {
		s.Feed(pcm)
		return int(s.Prob()*100 + 0.5)
	}
}

// utterances reads a folder's sound at 8 kHz, its active level the same in all.
func utterances(dir string, most int) (clips [][]float64, err error) {
	var paths []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(path), ".wav") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the folder with speech: %w", err)
	}
	slices.Sort(paths)
	for i := range min(most, len(paths)) {
		path := paths[i*len(paths)/min(most, len(paths))]
		sound, err := wav.Read(path)
		if err != nil {
			return nil, err
		}
		one := make([]int16, 0, len(sound.PCM)/sound.Channels)
		for k := 0; k < len(sound.PCM); k += sound.Channels {
			one = append(one, sound.PCM[k])
		}
		pcm, err := resample.Convert(one, sound.Rate, media.Rate8k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if x := levelled(pcm); x != nil {
			clips = append(clips, x)
		}
	}
	if len(clips) == 0 {
		return nil, errors.New("there is no WAV file with sound in " + dir)
	}
	return clips, nil
}

const (
	// spoken is the active level of every utterance, a little under a loud talker.
	spoken = 0.06
	// faint is how far under its active level a frame still counts as speech.
	faint = 0.1
	gap   = 50 // ticks between utterances
	drop  = 12 // ticks after an utterance's last sound that nobody is asked about
)

// levelled brings the active level, the mean power of the louder half of the
// frames, to spoken. It returns nil for silence.
func levelled(pcm []int16) []float64 {
	x := make([]float64, len(pcm)/tick*tick)
	var powers []float64
	for i := range x {
		x[i] = float64(pcm[i]) / 32768
	}
	for i := 0; i < len(x); i += tick {
		powers = append(powers, power(x[i:i+tick]))
	}
	slices.Sort(powers)
	var sum float64
	loud := powers[len(powers)/2:]
	for _, p := range loud {
		sum += p
	}
	if len(loud) == 0 || sum == 0 {
		return nil
	}
	gain := spoken / math.Sqrt(sum/float64(len(loud)))
	for i := range x {
		x[i] *= gain
	}
	return x
}

func power(x []float64) (p float64) {
	for _, v := range x {
		p += v * v
	}
	return p / float64(max(len(x), 1))
}

// scene is sound with the truth about every tick.
type scene struct {
	pcm    []int16
	speech []bool
	noise  []bool // well outside of speech
	onsets []int  // ticks
}

// stage puts utterances into noise and sends all of it through G.711.
func stage(clips [][]float64, snr float64, noise func() float64) scene {
	clean := make([]float64, 2*gap*tick)
	for _, x := range clips {
		clean = append(append(clean, x...), make([]float64, gap*tick)...)
	}
	if len(clips) == 0 {
		clean = make([]float64, 120*50*tick)
		snr = 10
	}
	probe := make([]float64, 5*8000)
	for i := range probe {
		probe[i] = noise()
	}
	scale := spoken * math.Pow(10, -snr/20) / math.Sqrt(power(probe))
	var s scene
	last := -2 * drop
	for i := 0; i+tick <= len(clean); i += tick {
		n := i / tick
		speech := math.Sqrt(power(clean[i:i+tick])) > spoken*faint
		if speech {
			if n-last > gap/2 {
				s.onsets = append(s.onsets, n)
			}
			last = n
		}
		s.speech = append(s.speech, speech)
		s.noise = append(s.noise, n-last > drop && n > gap && power(clean[i:i+tick]) < 1e-9)
		for _, v := range clean[i : i+tick] {
			s.pcm = append(s.pcm, int16(32767*max(-1, min(v+scale*noise(), 1))))
		}
	}
	wire := codec.PCMU.AppendPayload(nil, s.pcm)
	s.pcm = codec.PCMU.AppendPCM(s.pcm[:0], wire)
	return s
}

// judge lets a detector hear the scene.
func (s scene) judge(detect func([]int16) int) (score VADScore) {
	held := make([]bool, len(s.speech))
	var with, without [101]float64
	var alarms, run, quiet int
	for i := range s.speech {
		voice := detect(s.pcm[i*tick : (i+1)*tick])
		held[i] = voice >= 50
		switch {
		case s.speech[i]:
			with[voice]++
		case s.noise[i]:
			without[voice]++
			quiet++
			if run++; !held[i] {
				run = 0
			}
			if run == 3 {
				alarms++
			}
			continue
		}
		run = 0
	}
	const longest = 25
	var delays []float64
	var lost int
	for _, on := range s.onsets {
		n := 0
		for n < longest && on+n < len(held) && !held[on+n] {
			n++
		}
		if n == longest {
			lost++
		}
		delays = append(delays, float64(20*(n+1)))
	}
	slices.Sort(delays)
	if len(delays) > 0 {
		score.OnsetP50, score.OnsetP95 = delays[len(delays)/2], delays[len(delays)*95/100]
		score.Lost = float64(lost) / float64(len(delays))
		score.AUC = area(with, without)
	}
	score.Alarms = float64(alarms) / max(float64(quiet)/3000, 1e-9)
	return score
}

// area is the area under the curve of two histograms.
func area(with, without [101]float64) float64 {
	var below, wins, a, b float64
	for v := range with {
		wins += with[v] * (below + without[v]/2)
		below += without[v]
		a, b = a+with[v], b+without[v]
	}
	return wins / max(a*b, 1)
}
