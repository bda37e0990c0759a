package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"parley/call"
	"parley/media/wav"
)

// Size of the picture and of its margins, in pixels, and the time around the
// moment that it shows, in milliseconds.
const (
	waveWidth, waveHeight = 900, 300
	waveLeft, waveTop     = 70, 34
	waveBefore, waveAfter = 1200, 1400
)

// drawInterruption draws the first interruption of a recorded call: the customer
// above, the bot below, with the onset and what the bot did.
func drawInterruption(path, recording string, r call.Report) error {
	i := slices.IndexFunc(r.Overlaps, func(o call.Overlap) bool { return o.Stop > 0 && o.Action < o.Stop })
	if i < 0 {
		return errors.New("--plot: the customer did not interrupt the bot; there is nothing to draw")
	}
	s, err := wav.Read(recording)
	if err != nil {
		return fmt.Errorf("--plot: read the recording: %w", err)
	}
	if s.Channels != 2 {
		return errors.New("--plot: the recording has not two channels")
	}
	if err := os.WriteFile(path, waveform(s, r.Overlaps[i]), 0o644); err != nil { //nolint:gosec // a picture for everybody
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

// waveform is the picture as SVG.
func waveform(s wav.Sound, o call.Overlap) []byte {
	from, to := max(0, o.Onset-waveBefore), o.Onset+o.Stop+waveAfter
	x := func(ms int64) float64 {
		return waveLeft + float64(ms-from)/float64(to-from)*(waveWidth-waveLeft-10)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", waveWidth, waveHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", waveWidth, waveHeight)
	const lane = (waveHeight - waveTop - 30) / 2
	for ch, name := range []string{"customer", "bot"} {
		middle := float64(waveTop + lane*ch + lane/2)
		fmt.Fprintf(&b, `<text x="6" y="%.0f">%s</text>`+"\n", middle+4, name)
		fmt.Fprintf(&b, `<path stroke="%s" stroke-width="1" d="`, []string{"#b3541e", "#1f5fa8"}[ch])
		for px := waveLeft; px < waveWidth-10; px++ {
			at := func(px int) int {
				return int((float64(from) + float64(px-waveLeft)/(waveWidth-waveLeft-10)*float64(to-from)) * float64(s.Rate) / 1000)
			}
			low, high := 0.0, 0.0
			for i := at(px); i < at(px+1) && 2*i+1 < len(s.PCM); i++ {
				v := float64(s.PCM[2*i+ch]) / 32768
				low, high = math.Min(low, v), math.Max(high, v)
			}
			fmt.Fprintf(&b, "M%d %.1fV%.1f", px, middle-math.Min(high*2, 1)*lane/2, middle-math.Max(low*2, -1)*lane/2+0.5)
		}
		b.WriteString("\"/>\n")
	}
	for _, m := range []struct {
		at   int64
		name string
		end  bool
	}{{o.Onset, "onset", true}, {o.Onset + o.Action, fmt.Sprintf("duck +%d ms", o.Action), false}, {o.Onset + o.Stop, fmt.Sprintf("cut +%d ms", o.Stop), false}} {
		anchor, dx := "start", 3.0
		if m.end {
			anchor, dx = "end", -3
		}
		y := waveTop - 20
		if m.at == o.Onset+o.Action {
			y = waveTop - 6
		}
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#444" stroke-dasharray="4 3"/>`+"\n", x(m.at), x(m.at), waveTop-18, waveHeight-30)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="%s">%s</text>`+"\n", x(m.at)+dx, y+6, anchor, m.name)
	}
	for ms := (from/500 + 1) * 500; ms < to; ms += 500 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#666">%.1f s</text>`+"\n", x(ms), waveHeight-10, float64(ms)/1000)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
