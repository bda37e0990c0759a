package prosody

import "math"

const (
	frame = 160
	// clearest is how periodic a frame must be for its periods to be compared
	// one by one.
	clearest = 0.8
	// quietest level in dB and steps of the histograms.
	quietest = -90
	lowest   = 1350 // 60 Hz in cents over 27.5 Hz
	step     = 25   // cents
	// louder is how far a sound must stand over the noise to be one.
	louder = 8.0
)

// Meter gathers an utterance's features. What it knows of the line's noise it
// keeps from one utterance to the next. Its state is about 2.5 KB.
type Meter struct {
	past  [320]int16 // the last 40 ms
	noise [bands]float32
	calm  [bands]float32 // smoothed powers, whose lows are the noise
	known bool

	u gathered
}

// gathered is what the open utterance has summed up.
type gathered struct {
	frames, sounding, voiced int
	last                     int // frame of the last sound, counted from the first
	pitch                    [136]uint16
	level                    [90]uint16 // of voiced frames, 1 dB a step
	peaks                    [90]uint16 // levels of syllable nuclei
	pitchLine, levelLine     line

	power            [bands]float32 // summed over voiced frames
	cepstrum, square [4]float32
	clarity          float32
	jitter, shimmer  float32
	cycles           int

	// Of the syllable counter: the lowest level since the last nucleus, the
	// highest since that low, and whether it was voiced there.
	low, top  float32
	topVoiced bool
}

// line is a straight line through points, by least squares.
type line struct{ n, t, tt, x, xt float64 }

func (l *line) add(t, x float64) {
	l.n++
	l.t += t
	l.tt += t * t
	l.x += x
	l.xt += x * t
}

// slope is x a second; 0 for less than 0.2 s.
func (l *line) slope() float64 {
	d := l.n*l.tt - l.t*l.t
	if l.n < 10 || d <= 0 {
		return 0
	}
	return (l.n*l.xt - l.x*l.t) / d
}

// New returns a meter for frames of 160 samples at 8 kHz.
func New() *Meter { return &Meter{} }

// Begin forgets the utterance before and begins one.
func (m *Meter) Begin() { m.u = gathered{low: quietest, top: quietest} }

// Frame takes the next 20 ms of the utterance with its pitch in Hz, 0 for
// unvoiced, and its clarity, both as package pitch gives them. It never
// allocates and panics when pcm is shorter than 160 samples.
func (m *Meter) Frame(pcm []int16, f0, clarity float64) {
	copy(m.past[:], m.past[frame:])
	copy(m.past[len(m.past)-frame:], pcm[:frame])
	power := spectrum((*[points]int16)(m.past[len(m.past)-points:]))
	m.follow(&power)

	var whole, floor float32
	for b, p := range power {
		whole += p
		floor += m.noise[b]
	}
	level := decibel(whole)
	u := &m.u
	if level-decibel(floor) < louder && f0 == 0 || level <= -65 {
		if u.sounding > 0 {
			u.frames++
			u.nucleus(level, false)
		}
		return
	}
	u.frames++
	u.sounding++
	u.last = u.frames
	u.nucleus(level, f0 > 0)
	if f0 <= 0 {
		return
	}
	u.voiced++
	t := float64(u.frames) * 0.02
	cents := 1200 * math.Log2(f0/27.5)
	u.pitch[clamp(int(cents-lowest)/step, len(u.pitch))]++
	u.level[clamp(int(level-quietest), len(u.level))]++
	u.pitchLine.add(t, cents)
	u.levelLine.add(t, float64(level))
	u.clarity += float32(clarity)
	u.timbre(&power)
	if clarity >= clearest {
		if j, s, ok := perturbation(m.past[:], 8000/f0); ok {
			u.jitter += float32(j)
			u.shimmer += float32(s)
			u.cycles++
		}
	}
}

// Rest takes 20 ms of the utterance in which nobody speaks, without listening
// to them. It costs next to nothing.
func (m *Meter) Rest() {
	if m.u.sounding > 0 {
		m.u.frames++
		m.u.nucleus(quietest, false)
	}
}

// timbre adds a voiced frame's bands and cepstrum.
func (u *gathered) timbre(power *[bands]float32) {
	var logs [bands]float32
	for b, p := range power {
		u.power[b] += p
		logs[b] = float32(math.Log(float64(p) + 1e-10))
	}
	for k := range u.cepstrum {
		var c float32
		for b, l := range logs {
			c += l * cosines[k][b]
		}
		u.cepstrum[k] += c
		u.square[k] += c * c
	}
}

// follow lets the noise sink at once to the lowest smoothed power and rise by
// 1 dB a second, so that a pause shows it again.
func (m *Meter) follow(power *[bands]float32) {
	for b, p := range power {
		if !m.known {
			m.calm[b], m.noise[b] = p, p
			continue
		}
		m.calm[b] += 0.25 * (p - m.calm[b])
		m.noise[b] = min(m.calm[b], m.noise[b]*1.0046+1e-12)
	}
	m.known = true
}

// nucleus finds syllables as peaks of the level with 2 dB of fall on both sides
// and voice at the top (de Jong and Wempe, 2009).
func (u *gathered) nucleus(level float32, voiced bool) {
	const dip = 2
	if level > u.top {
		u.top, u.topVoiced = level, voiced || u.topVoiced && level-u.top < dip
	}
	if level < u.top-dip {
		if u.topVoiced && u.top > u.low+dip {
			u.peaks[clamp(int(u.top-quietest), len(u.peaks))]++
		}
		u.low, u.top, u.topVoiced = level, level, false
	} else if level < u.low {
		u.low, u.top, u.topVoiced = level, level, false
	}
}

// perturbation compares the periods in the sound one by one, by their highest
// peaks: the mean change of the length in shares of it and of the height in dB.
// ok is false when fewer than three periods stand out.
func perturbation(x []int16, period float64) (jitter, shimmer float64, ok bool) {
	sign := 1.0
	at := len(x) - int(period) - 1
	if at < 2 {
		return 0, 0, false
	}
	best := at
	for i := at; i < len(x)-1; i++ {
		if abs(x[i]) > abs(x[best]) {
			best = i
		}
	}
	if x[best] < 0 {
		sign = -1
	}
	pos, height := summit(x, best, sign)
	var lastLength, lastHeight float64
	n := 0
	for range 8 {
		from, to := int(pos-1.15*period), int(pos-0.85*period)
		if from < 1 || height <= 0 {
			break
		}
		top := from
		for i := from; i <= to; i++ {
			if sign*float64(x[i]) > sign*float64(x[top]) {
				top = i
			}
		}
		p, h := summit(x, top, sign)
		if h <= 0 {
			break
		}
		length := pos - p
		if lastLength > 0 {
			jitter += math.Abs(length - lastLength)
			shimmer += math.Abs(20 * math.Log10(h/lastHeight))
			n++
		}
		lastLength, lastHeight, pos, height = length, h, p, h
	}
	if n < 2 {
		return 0, 0, false
	}
	jitter, shimmer = jitter/(float64(n)*period), shimmer/float64(n)
	return jitter, shimmer, jitter < 0.1 // more is a wrong peak
}

// summit is where and how high the peak beside i is, between the samples.
func summit(x []int16, i int, sign float64) (at, height float64) {
	if i < 1 || i >= len(x)-1 {
		return float64(i), 0
	}
	a, b, c := sign*float64(x[i-1]), sign*float64(x[i]), sign*float64(x[i+1])
	curve := a - 2*b + c
	if curve >= 0 {
		return float64(i), b
	}
	d := max(-1, min((a-c)/(2*curve), 1))
	return float64(i) + d, b - (a-c)*d/4
}

func abs(v int16) int {
	if v < 0 {
		return -int(v)
	}
	return int(v)
}

func decibel(p float32) float32 {
	if p < 1e-9 {
		return quietest
	}
	return float32(10 * math.Log10(float64(p)))
}

func clamp(i, n int) int { return max(0, min(i, n-1)) }
