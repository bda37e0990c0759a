package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// drawn are how often each element is in a picture, and how many points its
// polylines have.
func drawn(t *testing.T, svg []byte) (elements map[string]int, points int) {
	t.Helper()
	elements = map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, points
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
			for _, a := range e.Attr {
				if e.Name.Local == "polyline" && a.Name.Local == "points" {
					points += len(strings.Fields(a.Value))
				}
			}
		}
	}
}

func TestChart(t *testing.T) {
	three := Curve{Name: "a < b & c", Color: "#111", X: []float64{0, 1, 2}, Y: []float64{3, 2, 1}}
	for name, c := range map[string]struct {
		chart    Chart
		polyline int
		circle   int
		points   int
	}{
		"empty":        {Chart{}, 0, 0, 0},
		"no number":    {Chart{Curves: []Curve{{X: []float64{0, math.NaN(), math.Inf(1)}, Y: []float64{math.NaN(), 1, 1}}}}, 0, 0, 0},
		"a curve":      {Chart{Curves: []Curve{three}}, 1, 0, 3},
		"and a dot":    {Chart{Curves: []Curve{three, {X: []float64{1}, Y: []float64{1}}}}, 1, 1, 3},
		"two axes":     {Chart{Right: &Axis{Label: "r"}, Curves: []Curve{three, {Right: true, Dashed: true, X: []float64{0, 9}, Y: []float64{1e6, 0}}}}, 2, 0, 5},
		"short of a y": {Chart{Curves: []Curve{{X: []float64{0, 1, 2}, Y: []float64{1, 2}}}}, 1, 0, 2},
	} {
		svg := c.chart.SVG()
		elements, points := drawn(t, svg)
		if elements["polyline"] != c.polyline || elements["circle"] != c.circle || points != c.points {
			t.Errorf("%s: %v with %d points", name, elements, points)
		}
		if s := string(svg); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s: a coordinate is no number", name)
		}
	}
}

// TestPlaces: the corners of the axes are the corners of the picture, and what
// lies beyond is on the border.
func TestPlaces(t *testing.T) {
	c := Chart{X: Axis{End: 10}, Left: Axis{End: 2}, Curves: []Curve{{X: []float64{0, 10, 99}, Y: []float64{0, 2, 99}}}}
	if want := `points="56.0,280.0 584.0,32.0 584.0,32.0"`; !strings.Contains(string(c.SVG()), want) {
		t.Errorf("no %s in %s", want, c.SVG())
	}
}

func TestCeiling(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, -3: 1, 0.7: 1, 1: 1, 1.5: 2, 3: 5, 7: 10, 120: 200, 0.03: 0.05} {
		if got := ceiling(v); math.Abs(got-want) > 1e-12 {
			t.Errorf("ceiling(%g) = %g, want %g", v, got, want)
		}
	}
}
