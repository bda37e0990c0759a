package bench

import (
	"fmt"

	"parley/plot"
)

// SVG draws the steps: µs a tick with its floor on the left axis, lateness at
// p99 on the right one, over calls at a time.
func (r CallsResult) SVG() []byte {
	const blue, orange = "#1f5fa8", "#b3541e"
	tick, late := plot.Curve{Color: blue}, plot.Curve{Color: orange, Right: true}
	most := 1.0
	for _, s := range r.Steps {
		calls := float64(s.Calls)
		most = max(most, calls)
		tick.X, tick.Y = append(tick.X, calls), append(tick.Y, s.Tick)
		late.X, late.Y = append(late.X, calls), append(late.Y, s.LatenessP99)
	}
	floor := plot.Curve{Color: blue, Dashed: true, X: []float64{0, most}, Y: []float64{r.FloorTick, r.FloorTick}}
	return plot.Chart{
		X:      plot.Axis{Label: fmt.Sprintf("calls at a time, %d %% conversing", r.Conversing), End: most},
		Left:   plot.Axis{Label: "µs a call and tick (dashed: the floor)", Color: blue},
		Right:  &plot.Axis{Label: "lateness p99, ms", Color: orange},
		Curves: []plot.Curve{tick, late, floor},
	}.SVG()
}
