package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestThePlotIsWellFormed(t *testing.T) {
	r := CallsResult{FloorTick: 4, Conversing: 25, Steps: []CallsStep{
		{Calls: 50, Tick: 9, LatenessP99: 0.2}, {Calls: 100, Tick: 8, LatenessP99: 0.4},
	}}
	for _, r := range []CallsResult{r, {}} {
		text := string(r.SVG())
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Error("a point is no number")
		}
		points := 0
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
				for _, a := range e.Attr {
					if a.Name.Local == "points" {
						points += len(strings.Fields(a.Value))
					}
				}
			}
		}
		if points != 2*len(r.Steps)+2 { // and the floor's ends
			t.Errorf("%d points for %d steps", points, len(r.Steps))
		}
	}
}

func TestSummaryIsOfTheGreatestGoodStep(t *testing.T) {
	r := CallsResult{Steps: []CallsStep{
		{Calls: 500, Cores: 0.5, Tick: 10, LatenessP99: 0.2, Bytes: 9}, {Calls: 1000, Cores: 0.8, Tick: 8, LatenessP99: 0.7, Bytes: 8},
		{Calls: 2000, Cores: 1.5, Tick: 7, LatenessP99: 0.9, Lost: 1},
	}}
	r.summary()
	if r.CallsPerCore != 1250 || r.Tick != 8 || r.LatenessP99 != 0.7 || r.Bytes != 8 {
		t.Errorf("%+v", r)
	}
	for _, bad := range []CallsStep{{Missed: 1}, {Dropped: 1}, {LatenessP99: 5.1}} {
		if bad.Good() {
			t.Errorf("%+v is good", bad)
		}
	}
}

func TestStepsEndAtTheMost(t *testing.T) {
	for most, want := range map[int]int{1: 1, 50: 1, 51: 2, 1000: 5, 9000: 12} {
		all := stepsTo(most)
		if len(all) != want || all[len(all)-1] != most {
			t.Errorf("up to %d: %v", most, all)
		}
	}
}
