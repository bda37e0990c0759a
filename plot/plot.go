// Package plot draws curves as SVG pictures for the documentation.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
)

// Size of a chart and of its margins, in pixels.
const (
	width, height = 640, 320
	left, right   = 56, 56
	top, bottom   = 32, 40
)

// Axis begins at 0.
type Axis struct {
	// Label is drawn beside it; the left and right ones' in Color, black
	// without.
	Label, Color string
	// End is its greatest value; 0 to take the next round number over the
	// curves that use it.
	End float64
}

// Curve joins points, those of X in order. A single point is a dot.
type Curve struct {
	Name  string // in the legend; none without
	Color string
	X, Y  []float64
	// Dashed, for a floor or a goal.
	Dashed bool
	// Right: Y is on the right axis.
	Right bool
}

// Chart is curves over one axis and one or two beside it.
type Chart struct {
	X, Left Axis
	Right   *Axis // nil for none
	Curves  []Curve
}

// SVG draws the chart. Points beyond an axis lie on its border; what is no
// number is left out.
func (c Chart) SVG() []byte {
	ends := c.ends()
	x := func(v float64) float64 { return left + share(v, ends.x)*(width-left-right) }
	y := func(v float64, onRight bool) float64 {
		end := ends.left
		if onRight {
			end = ends.right
		}
		return height - bottom - share(v, end)*(height-top-bottom)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for i := range 5 {
		part := float64(i) / 4
		across, up := x(part*ends.x), y(part*ends.left, false)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", left, width-right, up, up)
		text(&b, left-6, up+4, "end", c.Left.Color, fmt.Sprintf("%.3g", part*ends.left))
		if c.Right != nil {
			text(&b, width-right+6, up+4, "start", c.Right.Color, fmt.Sprintf("%.3g", part*ends.right))
		}
		text(&b, across, height-bottom+16, "middle", "", fmt.Sprintf("%.4g", part*ends.x))
	}
	for _, v := range c.Curves {
		v.draw(&b, x, y)
	}
	text(&b, left, 16, "start", c.Left.Color, c.Left.Label)
	if c.Right != nil {
		text(&b, width-right, 16, "end", c.Right.Color, c.Right.Label)
	}
	text(&b, width/2, height-8, "middle", "", c.X.Label)
	c.legend(&b)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

type ends struct{ x, left, right float64 }

func (c Chart) ends() ends {
	var e ends
	for _, v := range c.Curves {
		for i := range v.points() {
			e.x = max(e.x, v.X[i])
			if v.Right {
				e.right = max(e.right, v.Y[i])
			} else {
				e.left = max(e.left, v.Y[i])
			}
		}
	}
	or := func(set, found float64) float64 {
		if set > 0 {
			return set
		}
		return ceiling(found)
	}
	e.x, e.left = or(c.X.End, e.x), or(c.Left.End, e.left)
	if c.Right != nil {
		e.right = or(c.Right.End, e.right)
	}
	return e
}

// points are how many there are.
func (v Curve) points() int { return min(len(v.X), len(v.Y)) }

func (v Curve) draw(b *bytes.Buffer, x func(float64) float64, y func(float64, bool) float64) {
	var points bytes.Buffer
	var px, py float64
	n := 0
	for i := range v.points() {
		if number(v.X[i]) && number(v.Y[i]) {
			px, py = x(v.X[i]), y(v.Y[i], v.Right)
			fmt.Fprintf(&points, "%.1f,%.1f ", px, py)
			n++
		}
	}
	switch {
	case n == 1:
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", px, py, v.Color)
	case n > 1:
		dash := ""
		if v.Dashed {
			dash = ` stroke-dasharray="4 4"`
		}
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2"%s points="%s"/>`+"\n", v.Color, dash, bytes.TrimSpace(points.Bytes()))
	}
}

// legend are the names, in the upper right corner.
func (c Chart) legend(b *bytes.Buffer) {
	at := float64(top + 14)
	for _, v := range c.Curves {
		if v.Name == "" {
			continue
		}
		text(b, width-right-8, at, "end", v.Color, v.Name)
		at += 14
	}
}

func text(b *bytes.Buffer, x, y float64, anchor, color, s string) {
	if s == "" {
		return
	}
	if color == "" {
		color = "#000"
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">`, x, y, anchor, color)
	_ = xml.EscapeText(b, []byte(s)) // a buffer takes everything
	b.WriteString("</text>\n")
}

func share(v, end float64) float64 { return max(0, min(1, v/end)) }

func number(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// ceiling is the next round number: 1, 2 or 5 times a power of ten.
func ceiling(v float64) float64 {
	if v <= 0 || !number(v) {
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
