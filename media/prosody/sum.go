package prosody

import "math"

// Features sums the utterance up. It does not end it.
func (m *Meter) Features() Features {
	u := &m.u
	f := Features{Frames: int32(u.last), Voiced: int32(u.voiced)}
	if u.voiced == 0 {
		return f
	}
	v := &f.Value
	cents := func(share float64) int16 {
		return round(lowest + step*percentile(u.pitch[:], share))
	}
	v[Pitch], v[PitchHigh] = cents(0.5), cents(0.9)
	v[PitchSpread] = v[PitchHigh] - cents(0.1)
	v[PitchSlope] = round(u.pitchLine.slope())
	level := func(share float64) float64 { return quietest + percentile(u.level[:], share) }
	v[Level] = round(100 * level(0.8))
	v[LevelSpread] = round(100 * (level(0.8) - level(0.2)))
	v[LevelSlope] = round(100 * u.levelLine.slope())
	v[Rate] = round(100 * float64(u.syllables()) / (float64(max(u.last, 1)) * 0.02))
	if u.cycles > 0 {
		n := float64(u.cycles)
		v[Jitter], v[Shimmer] = round(1e4*float64(u.jitter)/n), round(100*float64(u.shimmer)/n)
	}
	n := float64(u.voiced)
	clarity := min(float64(u.clarity)/n, 0.999)
	v[Harmonics] = round(1000 * math.Log10(max(clarity, 0.01)/(1-clarity)))
	v[VoicedShare] = round(1e4 * n / float64(max(u.last, 1)))
	v[PauseShare] = round(1e4 * float64(max(u.last-u.sounding, 0)) / float64(max(u.last, 1)))
	m.tilts(v)
	var spread float64
	for k := range u.cepstrum {
		mean := float64(u.cepstrum[k]) / n
		v[Cepstrum1+Kind(k)] = round(100 * mean)
		spread += math.Sqrt(max(0, float64(u.square[k])/n-mean*mean)) / 4
	}
	v[CepstrumSpread] = round(100 * spread)
	return f
}

// tilts are of the mean spectrum of voiced sound less the noise of the line, so
// that a steady noise does not pass for a bright voice.
func (m *Meter) tilts(v *[Kinds]int16) {
	var p [bands]float64
	n := float64(m.u.voiced)
	for b := range p {
		mean := float64(m.u.power[b]) / n
		// The lows of a smoothed noise lie some 2 dB under its mean.
		p[b] = max(mean-1.6*float64(m.noise[b]), mean/20) + 1e-10
	}
	sum := func(from, to int) (s float64) {
		for _, x := range p[from:to] {
			s += x
		}
		return s
	}
	top := func(from, to int) (s float64) {
		for _, x := range p[from:to] {
			s = max(s, x)
		}
		return s
	}
	ratio := func(a, b float64) int16 { return round(1000 * math.Log10(a/b)) }
	v[Alpha] = ratio(sum(at1080, bands), sum(0, at1080))
	v[Hammarberg] = ratio(top(0, at2000), top(at2000, bands))
	v[LowTilt] = ratio(sum(at630, at1480), sum(0, at630))
}

// syllables are the nuclei within 25 dB of the loud ones.
func (u *gathered) syllables() int {
	peaks := u.peaks
	if u.topVoiced && u.top > u.low+2 { // the last one did not fall yet
		peaks[clamp(int(u.top-quietest), len(peaks))]++
	}
	from := clamp(int(percentile(u.level[:], 0.95))-25, len(peaks))
	n := 0
	for _, c := range peaks[from:] {
		n += int(c)
	}
	return n
}

// percentile is where in a histogram this share lies below, in steps.
func percentile(h []uint16, share float64) float64 {
	var all int
	for _, c := range h {
		all += int(c)
	}
	target := share * float64(all)
	var sum float64
	for i, c := range h {
		if c > 0 && sum+float64(c) >= target {
			return float64(i) + (target-sum)/float64(c)
		}
		sum += float64(c)
	}
	return float64(len(h))
}

func round(x float64) int16 {
	return int16(max(math.MinInt16, min(math.Round(x), math.MaxInt16)))
}
