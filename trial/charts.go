package trial

import (
	"fmt"

	"parley/plot"
)

// Chart is one picture of a report.
type Chart struct {
	// File is its name without a folder, Title what it shows.
	File, Title string
	SVG         []byte
}

// Colours of the detectors; first actions are lighter.
const (
	ownColor, ownLight     = "#1f5fa8", "#85b4e6"
	plainColor, plainLight = "#b3541e", "#e8ab85"
)

// longestLatency is where the end-of-turn curves end, in ms.
const longestLatency = 2000

// Charts are the curves of a report, a picture for each language and source.
func (r Report) Charts() []Chart {
	var all []Chart
	for _, t := range r.Times {
		if t.Detector == ownName {
			all = append(all, r.bargeChart(t.Language, t.Origin))
		}
	}
	for _, t := range r.Turns {
		if t.Detector == ownName {
			all = append(all, r.turnChart(t.Language, t.Origin))
		}
	}
	return all
}

// bargeChart is which share of the interruptions had the prompt lowered or
// stopped by when.
func (r Report) bargeChart(language, origin string) Chart {
	c := plot.Chart{
		X:    plot.Axis{Label: fmt.Sprintf("ms after the first voiced sample of an interruption (%s, %s)", language, origin), End: 1600},
		Left: plot.Axis{Label: "% of interruptions", End: 100},
	}
	for _, t := range r.Times {
		if t.Language != language || t.Origin != origin {
			continue
		}
		first, stop := ownLight, ownColor
		if t.Detector != ownName {
			first, stop = plainLight, plainColor
		}
		if t.Detector == ownName { // a plain rule's first action is its stop
			c.Curves = append(c.Curves, steps("ear: first action", first, t.First, t.Of))
		}
		c.Curves = append(c.Curves, steps(t.Detector+": full stop", stop, t.Stop, t.Of))
	}
	return Chart{"barge-" + language + "-" + origin + ".svg",
		fmt.Sprintf("Share of interruptions with a first action and a full stop by when, %s, %s voices", language, origin), c.SVG()}
}

// steps is the share of all that had come by each of the sorted times.
func steps(name, color string, sorted []int, all int) plot.Curve {
	v := plot.Curve{Name: name, Color: color, X: []float64{0}, Y: []float64{0}}
	before := 0.0
	for i, t := range sorted {
		now := 100 * float64(i+1) / float64(max(1, all))
		v.X, v.Y = append(v.X, float64(t), float64(t)), append(v.Y, before, now)
		before = now
	}
	v.X, v.Y = append(v.X, 1600), append(v.Y, before)
	return v
}

// turnChart is the end-of-turn curves; a dot is what is set.
func (r Report) turnChart(language, origin string) Chart {
	c := plot.Chart{
		X:    plot.Axis{Label: fmt.Sprintf("mean latency of an end of turn, ms (%s, %s)", language, origin), End: longestLatency},
		Left: plot.Axis{Label: "% of turns with a pause that are cut off (dot: as set)", End: 100},
	}
	for _, t := range r.Turns {
		if t.Language != language || t.Origin != origin {
			continue
		}
		name, color := "ear", ownColor
		if t.Detector != ownName {
			name, color = "plain silence", plainColor
		}
		v := plot.Curve{Name: name, Color: color}
		if t.Paused == 0 { // shares of nothing
			continue
		}
		for _, p := range t.Curve {
			if p.Latency <= longestLatency {
				v.X, v.Y = append(v.X, p.Latency), append(v.Y, 100*p.Cut.Value())
			}
		}
		set := plot.Curve{Color: color, X: []float64{t.AsSet.Latency}, Y: []float64{100 * t.AsSet.Cut.Value()}}
		c.Curves = append(c.Curves, v, set)
	}
	return Chart{"turn-" + language + "-" + origin + ".svg",
		fmt.Sprintf("Turns cut off over the latency of their end, %s, %s voices", language, origin), c.SVG()}
}
