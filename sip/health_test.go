package sip

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHealthOfATrunk(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	fail := func(h *health, n int) {
		for range n {
			h.begin()
			h.bad(now, 0)
		}
	}
	for name, c := range map[string]struct {
		do   func(*health)
		rest time.Duration // 0: it admits calls now
	}{
		"new":                    {func(*health) {}, 0},
		"a few failures":         {func(h *health) { fail(h, breakAfter-1) }, 0},
		"it breaks":              {func(h *health) { fail(h, breakAfter) }, firstPause},
		"successes between":      {func(h *health) { fail(h, breakAfter-1); h.good(now); fail(h, breakAfter-1) }, 0},
		"failures of old calls":  {func(h *health) { fail(h, breakAfter); h.bad(now, 0); h.bad(now, 0) }, firstPause},
		"success closes it":      {func(h *health) { fail(h, breakAfter); h.good(now) }, 0},
		"it asks for a rest":     {func(h *health) { h.bad(now, 30*time.Second) }, 30 * time.Second},
		"it asks for too much":   {func(h *health) { h.bad(now, 24*time.Hour) }, maxRest},
		"an old call's success":  {func(h *health) { h.bad(now, 30*time.Second); h.good(now) }, 30 * time.Second},
		"the longer rest counts": {func(h *health) { h.bad(now, 30*time.Second); h.bad(now, time.Second) }, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var h health
			c.do(&h)
			if c.rest == 0 {
				if !h.admits(now) {
					t.Errorf("it admits no call: %+v", h)
				}
				return
			}
			if h.admits(now) || h.admits(now.Add(c.rest-1)) || !h.admits(now.Add(c.rest)) {
				t.Errorf("it does not rest for %v: %+v", c.rest, h)
			}
		})
	}
}

func TestBreakerLetsOneTry(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var h health
	for range breakAfter {
		h.begin()
		h.bad(now, 0)
	}
	for _, seconds := range []int{2, 4, 8, 16, 32, 60, 60} {
		pause := time.Duration(seconds) * time.Second
		if h.admits(now.Add(pause-1)) || !h.admits(now.Add(pause)) {
			t.Fatalf("the pause is not %v: %+v", pause, h)
		}
		now = now.Add(pause)
		h.begin()
		if h.admits(now) {
			t.Fatalf("a second call while the first one tries: %+v", h)
		}
		h.bad(now, 0)
	}
	now = now.Add(maxPause)
	h.begin()
	h.drop() // hung up before anything was heard
	if !h.admits(now) {
		t.Fatal("a trial that taught nothing blocks the next")
	}
	h.begin()
	h.good(now)
	if h != (health{}) {
		t.Errorf("after a success it is %+v", h)
	}
}

// TestHealthNeverSticks: whatever happened, a trunk that nobody uses gets a
// call again within the longest rest.
func TestHealthNeverSticks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h health
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "s")) * time.Second)
			if !h.admits(now) {
				continue
			}
			h.begin()
			switch rapid.IntRange(0, 3).Draw(t, "end") {
			case 0:
				h.good(now)
			case 1:
				h.bad(now, 0)
			case 2:
				h.bad(now, time.Duration(rapid.IntRange(1, 5000).Draw(t, "rest"))*time.Second)
			}
			h.drop()
		}
		if !h.admits(now.Add(maxRest)) {
			t.Fatalf("%+v", h)
		}
	})
}
