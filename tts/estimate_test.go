package tts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEstimateWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"It's 128.50 dollars, please.", []string{"It's", "128.50", "dollars", "please"}},
		{"请还 12.50 元", []string{"请", "还", "12.50", "元"}},
		{"twenty-one", []string{"twenty-one"}},
		{"... !", nil},
	} {
		var got []string
		for _, m := range Estimate(c.text, 0, 0, time.Second) {
			got = append(got, m.Text)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestEstimateIsOrderedAndInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ae'tz09.,- 还款，。é"))).Draw(t, "text")
		offset := rapid.IntRange(0, 50).Draw(t, "offset")
		from := time.Duration(rapid.IntRange(0, 1000).Draw(t, "from")) * time.Millisecond
		to := from + time.Duration(rapid.IntRange(0, 5000).Draw(t, "length"))*time.Millisecond
		at, pos := from, offset
		for _, m := range Estimate(text, offset, from, to) {
			if m.From < at || m.To < m.From || m.To > to {
				t.Fatalf("%q lies at %v..%v, after %v, in %v..%v", m.Text, m.From, m.To, at, from, to)
			}
			if m.Start < pos || text[m.Start-offset:m.End-offset] != m.Text || !m.Estimated {
				t.Fatalf("mark %+v after byte %d", m, pos)
			}
			at, pos = m.To, m.End
		}
	})
}

func TestLongWordsTakeLonger(t *testing.T) {
	marks := Estimate("a responsibility", 0, 0, time.Second)
	if a, b := marks[0].To-marks[0].From, marks[1].To-marks[1].From; b < 3*a {
		t.Errorf("%q takes %v, %q %v", marks[0].Text, a, marks[1].Text, b)
	}
}
