package line

import "time"

// MOS estimates how a listener would score the call, 1 to 4.5, by the E-model
// (ITU-T G.107) reduced to what a G.711 leg can measure: mouth-to-ear delay,
// and the share of packets, 0 to 1, that were lost or came too late. Loss is
// taken as random and concealed (G.113: Ie 0, Bpl 25.1).
func MOS(delay time.Duration, loss float64) float64 {
	const (
		base = 93.2 // R of an unimpaired narrow-band call
		bpl  = 25.1
	)
	ms := float64(delay) / float64(time.Millisecond)
	impairment := 0.024 * ms
	if ms > 177.3 {
		impairment += 0.11 * (ms - 177.3)
	}
	percent := 100 * min(max(loss, 0), 1)
	r := base - impairment - 95*percent/(percent+bpl)
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
