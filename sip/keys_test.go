package sip

import (
	"testing"
	"time"
)

func TestKeysByTwoWays(t *testing.T) {
	type press struct {
		key rune
		by  way
		at  time.Duration
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		presses []press
		want    string
	}{
		{"one way", []press{{'5', inMedia, 0}, {'5', inMedia, 200 * ms}}, "55"},
		{"both ways", []press{{'5', inMedia, 0}, {'5', inINFO, 90 * ms}, {'5', inINFO, 300 * ms}, {'5', inMedia, 350 * ms}}, "55"},
		{"the other way first", []press{{'5', inINFO, 0}, {'5', inMedia, 40 * ms}, {'6', inINFO, 300 * ms}, {'6', inMedia, 340 * ms}}, "56"},
		{"far apart", []press{{'5', inINFO, 0}, {'5', inMedia, 500 * ms}}, "55"},
		{"other keys", []press{{'1', inINFO, 0}, {'2', inMedia, 10 * ms}}, "12"},
	} {
		var last lastKey
		var got string
		for _, p := range c.presses {
			if !last.repeats(p.key, p.by, time.Unix(1, 0).Add(p.at)) {
				got += string(p.key)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
