package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"parley/call"
	"parley/media/wav"
)

// TestTheWaveformShowsAnInterruption: both lanes lie on one scale of time, and
// the marks stand where the report says.
func TestTheWaveformShowsAnInterruption(t *testing.T) {
	o := call.Overlap{Onset: 2000, Action: 160, Stop: 420}
	s := wav.Sound{Rate: 8000, Channels: 2, PCM: make([]int16, 2*8*5000)}
	for i := range 8 * 5000 {
		level := int16(12000 - i%2*24000)
		if ms := int64(i / 8); ms >= o.Onset && ms < o.Onset+900 {
			s.PCM[2*i] = level
		} else if ms < o.Onset {
			s.PCM[2*i+1] = level
		}
	}
	svg := waveform(s, o)
	words, lines, paths := parts(t, svg)
	if strings.Join(words[:2], " ") != "customer bot" || len(paths) != 2 {
		t.Fatalf("the lanes are %q, with %d paths", words, len(paths))
	}
	for _, want := range []string{"onset", "duck +160 ms", "cut +420 ms", "1.0 s", "3.5 s"} {
		if !strings.Contains(strings.Join(words, "|"), want) {
			t.Errorf("the picture does not say %q: %q", want, words)
		}
	}
	if len(lines) != 3 || lines[0] >= lines[1] || lines[1] >= lines[2] {
		t.Fatalf("the marks stand at %v", lines)
	}
	// Pixels that are tall in a lane, left and right of the onset's mark.
	customer, bot := tall(t, paths[0]), tall(t, paths[1])
	if got := customer(0, lines[0]-1); got != 0 {
		t.Errorf("the customer sounds at %d pixels before the onset", got)
	}
	if got := customer(lines[0]+1, lines[2]); got < int(lines[2]-lines[0])-3 {
		t.Errorf("the customer sounds at %d pixels between onset and cut, at %v", got, lines)
	}
	if before, after := bot(0, lines[0]-1), bot(lines[0]+1, waveWidth); before < 100 || after != 0 {
		t.Errorf("the bot sounds at %d pixels before the onset and %d after it", before, after)
	}
}

// parts are the picture's words, the places of its marks, and its paths.
func parts(t *testing.T, svg []byte) (words []string, lines []float64, paths []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words, lines, paths
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
		switch e := token.(type) {
		case xml.CharData:
			if word := strings.TrimSpace(string(e)); word != "" {
				words = append(words, word)
			}
		case xml.StartElement:
			for _, a := range e.Attr {
				switch {
				case e.Name.Local == "path" && a.Name.Local == "d":
					paths = append(paths, a.Value)
				case e.Name.Local == "line" && a.Name.Local == "x1":
					x, err := strconv.ParseFloat(a.Value, 64)
					if err != nil {
						t.Fatal(err)
					}
					lines = append(lines, x)
				}
			}
		}
	}
}

// tall counts a path's pixels between two places that are higher than a line.
func tall(t *testing.T, path string) func(from, to float64) int {
	t.Helper()
	var places []float64
	for piece := range strings.SplitSeq(strings.TrimPrefix(path, "M"), "M") {
		var x, high, low float64
		if _, err := fmt.Sscanf(piece, "%f %fV%f", &x, &high, &low); err != nil {
			t.Fatalf("%q: %v", piece, err)
		}
		if low-high > 10 {
			places = append(places, x)
		}
	}
	return func(from, to float64) (n int) {
		for _, x := range places {
			if x >= from && x <= to {
				n++
			}
		}
		return n
	}
}

// TestNoPictureIsNoFailure: the call was answered, whatever there is to draw.
func TestNoPictureIsNoFailure(t *testing.T) {
	var errs bytes.Buffer
	c := callCmd{Plot: filepath.Join(t.TempDir(), "picture.svg"), Record: "call.wav"}
	c.draw(&terminal{err: &errs}, call.Report{})
	if got := errs.String(); !strings.HasPrefix(got, "parley: --plot: the customer did not interrupt") || strings.Count(got, "\n") != 1 {
		t.Errorf("it says %q", got)
	}
}

func TestAPictureNeedsAnInterruption(t *testing.T) {
	file := filepath.Join(t.TempDir(), "picture.svg")
	stopped := call.Report{Overlaps: []call.Overlap{{Onset: 100, Action: 100, Resume: 700}, {Onset: 900, Action: 140, Stop: 400}}}
	mono := filepath.Join(t.TempDir(), "mono.wav")
	if err := wav.Write(mono, wav.Sound{Rate: 8000, Channels: 1, PCM: make([]int16, 800)}); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		recording string
		report    call.Report
	}{
		"did not interrupt":  {mono, call.Report{Overlaps: stopped.Overlaps[:1]}},
		"read the recording": {filepath.Join(t.TempDir(), "none.wav"), stopped},
		"two channels":       {mono, stopped},
	} {
		if err := drawInterruption(file, c.recording, c.report); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error of %q, got %v", want, err)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a picture of nothing")
	}
	stereo := filepath.Join(t.TempDir(), "stereo.wav")
	if err := wav.Write(stereo, wav.Sound{Rate: 8000, Channels: 2, PCM: make([]int16, 32000)}); err != nil {
		t.Fatal(err)
	}
	if err := drawInterruption(file, stereo, stopped); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Contains(b, []byte("cut +400 ms")) {
		t.Errorf("the picture is %d bytes, %v", len(b), err)
	}
}
