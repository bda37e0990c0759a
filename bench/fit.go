package bench

import (
	"math/rand/v2"

	"parley/ear"
	"parley/media"
	"parley/media/silero"
)

// FitOptions say on what the ear's jury is chosen and on what it is judged.
type FitOptions struct {
	// Fit and Held are folders with speech of different speakers.
	Fit, Held string
	Model     *silero.Model
	Seed      uint64
	Clips     int // of each folder; 0 for 120
}

// FitRow is one jury over all conditions of one part.
type FitRow struct {
	Name string `json:"name"`
	// Noise and Model are the weights, Patience the frames until the veto.
	Noise    float64 `json:"noise_weight"`
	Model    float64 `json:"model_weight"`
	Patience float32 `json:"patience_frames"`
	// AUC, OnsetP50, OnsetP95, Lost and Alarms are means over noises and levels;
	// Music is the alarms a minute in synthetic music alone.
	VADScore
	Music float64 `json:"music_alarms_per_minute"`
}

// FitResult is the choice with its score on what it was chosen on and on what
// it was not.
type FitResult struct {
	Seed      uint64   `json:"seed"`
	Fit, Held []FitRow // in the same order, the chosen one last
}

// opinions are what both detectors said of every tick of a scene.
type opinions struct {
	scene
	both  [][2]float64
	open  []bool // the gate
	music bool
}

// Fit chooses the weights and the veto on one folder in white noise and hum and
// scores them on the other in pink noise and babble, and in other music.
func Fit(o FitOptions) (r FitResult, err error) {
	if o.Clips <= 0 {
		o.Clips = 120
	}
	r.Seed = o.Seed
	fit, err := conditions(o.Fit, []string{"white", "hum"}, o, 0)
	if err != nil {
		return r, err
	}
	held, err := conditions(o.Held, []string{"pink", "babble"}, o, 1000)
	if err != nil {
		return r, err
	}
	live := ear.NewJury()
	rivals := []FitRow{{Name: "built-in", Noise: 1}, {Name: "network", Model: 1}, {Name: "live", Noise: live.Noise, Model: live.Model, Patience: live.Patience}, {Name: "no veto", Noise: live.Noise, Model: live.Model}}
	for _, c := range rivals {
		r.Fit, r.Held = append(r.Fit, c.score(fit)), append(r.Held, c.score(held))
	}
	// The weights first: no more alarms and no more lost than by the built-in
	// detector, and of those the best.
	limit := r.Fit[0]
	bad := func(row FitRow) bool { return row.Alarms > limit.Alarms || row.Lost > limit.Lost+0.005 }
	best := FitRow{Name: "chosen", Noise: 1}.score(fit)
	for _, noise := range []float64{0.3, 0.5, 0.6, 0.7, 0.8, 0.9} {
		for _, model := range []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.7} {
			if row := (FitRow{Name: best.Name, Noise: noise, Model: model}).score(fit); !bad(row) && row.AUC > best.AUC {
				best = row
			}
		}
	}
	// Then the veto: as soon as it may be without costing speech.
	for _, patience := range []float32{20, 30, 40, 50, 60, 80} {
		row := best
		if row.Patience = patience; !bad(row.score(fit)) && row.score(fit).AUC > best.AUC-0.002 {
			best = row.score(fit)
			break
		}
	}
	r.Fit, r.Held = append(r.Fit, best), append(r.Held, best.score(held))
	return r, nil
}

// conditions are the scenes of a folder, heard once.
func conditions(dir string, noises []string, o FitOptions, stream uint64) (all []opinions, err error) {
	clips, err := utterances(dir, o.Clips)
	if err != nil {
		return nil, err
	}
	for i, name := range noises {
		for _, snr := range []float64{20, 10, 5} {
			all = append(all, hear(stage(clips, snr, noiseOf(name, clips, rand.New(rand.NewPCG(o.Seed, stream+uint64(i))))), o.Model))
		}
	}
	music := hear(stage(nil, 0, noiseOf("music (synthetic)", clips, rand.New(rand.NewPCG(o.Seed, stream+100)))), o.Model)
	music.music = true
	return append(all, music), nil
}

func hear(s scene, m *silero.Model) opinions {
	o := opinions{scene: s}
	v := ear.NewVoice(m)
	for i := range s.speech {
		v.Frame(media.Frame{Rate: media.Rate8k, PCM: s.pcm[i*tick : (i+1)*tick]})
		noise, model := v.Opinions()
		o.both = append(o.both, [2]float64{noise, model})
		o.open = append(o.open, v.Open())
	}
	return o
}

// score fills the means over all conditions in.
func (f FitRow) score(all []opinions) FitRow {
	f.VADScore, f.Music = VADScore{}, 0
	n := float64(len(all) - 1)
	for _, o := range all {
		j := ear.Jury{Noise: f.Noise, Model: f.Model, Patience: f.Patience}
		i := -1
		s := o.judge(func([]int16) int {
			if i++; !o.open[i] {
				return 0
			}
			return j.Join(o.both[i][0], o.both[i][1])
		})
		if o.music {
			f.Music = s.Alarms
			continue
		}
		f.AUC += s.AUC / n
		f.OnsetP50 += s.OnsetP50 / n
		f.OnsetP95 += s.OnsetP95 / n
		f.Lost += s.Lost / n
		f.Alarms += s.Alarms / n
	}
	return f
}
