package vad

// model is the noise in one band: a Gaussian of its energy in dB, held between
// bounds that come from the lowest energies of the last two seconds (minimum
// statistics, Martin 2001), so that it recovers when a noise begins or ends.
type model struct {
	mean, variance float64
	smooth         float64
	lows           [slots]float64 // lowest smoothed energy of each slot
	slot, count    int
}

const (
	slots      = 4
	slotFrames = 25
	// bias: the minimum of smoothed noise lies about this far below its mean.
	bias = 2.0
	// room: the mean may stand this far over the lowest energies.
	room = 5.0
)

func (m *model) start(level float64) {
	*m = model{mean: level, variance: 9, smooth: level}
	for i := range m.lows {
		m.lows[i] = level
	}
}

// follow takes the next energy; quiet says that the frame is held to be noise.
func (m *model) follow(v float64, quiet bool) {
	m.smooth += 0.3 * (v - m.smooth)
	if m.count++; m.count == slotFrames {
		m.count = 0
		m.slot = (m.slot + 1) % slots
		m.lows[m.slot] = m.smooth
	}
	m.lows[m.slot] = min(m.lows[m.slot], m.smooth)

	if quiet {
		off := v - m.mean
		m.mean += 0.06 * off
		m.variance += 0.04 * (off*off - m.variance)
		m.variance = max(4, min(m.variance, 25))
	}
	low := m.lows[0]
	for _, l := range m.lows[1:] {
		low = min(low, l)
	}
	m.mean = max(low+bias, min(m.mean, low+bias+room))
}
