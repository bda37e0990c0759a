package bench

import (
	"bytes"
	"fmt"
	"math"
)

// Size of the plot and of its margins, in pixels.
const (
	plotWidth, plotHeight = 640, 320
	plotLeft, plotRight   = 56, 56
	plotTop, plotBottom   = 32, 40
)

// SVG draws the steps: µs a tick with its floor on the left axis, lateness at
// p99 on the right one, over calls at a time.
func (r CallsResult) SVG() []byte {
	calls, tick, late := 1.0, r.FloorTick, 0.0
	for _, s := range r.Steps {
		calls, tick, late = max(calls, float64(s.Calls)), max(tick, s.Tick), max(late, s.LatenessP99)
	}
	tick, late = ceiling(tick), ceiling(late)
	x := func(v float64) float64 { return plotLeft + v/calls*(plotWidth-plotLeft-plotRight) }
	y := func(v, top float64) float64 {
		return plotHeight - plotBottom - v/top*(plotHeight-plotTop-plotBottom)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	for i := range 5 {
		share := float64(i) / 4
		at := y(share, 1)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", plotLeft, plotWidth-plotRight, at, at)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end" fill="#1f5fa8">%.3g</text>`+"\n", plotLeft-6, at+4, share*tick)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" fill="#b3541e">%.3g</text>`+"\n", plotWidth-plotRight+6, at+4, share*late)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x(share*calls), plotHeight-plotBottom+16, share*calls)
	}
	curve := func(color string, top float64, value func(CallsStep) float64) {
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, color)
		for _, s := range r.Steps {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(float64(s.Calls)), y(value(s), top))
		}
		b.WriteString("\"/>\n")
	}
	curve("#1f5fa8", tick, func(s CallsStep) float64 { return s.Tick })
	curve("#b3541e", late, func(s CallsStep) float64 { return s.LatenessP99 })
	floor := y(r.FloorTick, tick)
	fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#1f5fa8" stroke-dasharray="4 4"/>`+"\n", plotLeft, plotWidth-plotRight, floor, floor)
	fmt.Fprintf(&b, `<text x="%d" y="18" fill="#1f5fa8">µs a call and tick (dashed: the floor)</text>`+"\n", plotLeft)
	fmt.Fprintf(&b, `<text x="%d" y="18" text-anchor="end" fill="#b3541e">lateness p99, ms</text>`+"\n", plotWidth-plotRight)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">calls at a time, %d %% conversing</text>`+"\n", plotWidth/2, plotHeight-8, r.Conversing)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// ceiling is the next round number: 1, 2 or 5 times a power of ten.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}
