package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/call"
	"parley/outcome"
)

func TestTheWindowForgets(t *testing.T) {
	start := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	var w window
	for _, c := range []struct {
		minute             int
		attempts, answered int
		talk               time.Duration
	}{
		{0, 4, 2, time.Minute}, {1, 1, 1, time.Second}, {windowMinutes - 1, 2, 0, 0},
	} {
		for i := range c.attempts {
			w.attempt(at(c.minute), i < c.answered)
		}
		w.talked(at(c.minute), c.talk)
	}
	for _, c := range []struct {
		minute             int
		attempts, answered int
		talk               time.Duration
	}{
		{0, 4, 2, time.Minute}, // a clock that went back sees no future
		{windowMinutes - 1, 7, 3, time.Minute + time.Second},
		{windowMinutes, 3, 1, time.Second}, {windowMinutes + 1, 2, 0, 0},
		{2*windowMinutes - 2, 2, 0, 0}, {2*windowMinutes - 1, 0, 0, 0}, {100_000, 0, 0, 0},
	} {
		attempts, answered, talk := w.sum(at(c.minute))
		if attempts != c.attempts || answered != c.answered || talk != c.talk {
			t.Errorf("after %d minutes: %d of %d answered, %v of talk, want %d of %d, %v", c.minute, answered, attempts, talk, c.answered, c.attempts, c.talk)
		}
	}
	w.attempt(at(windowMinutes), true) // takes the place of minute 0
	if attempts, _, _ := w.sum(at(windowMinutes)); attempts != 4 {
		t.Errorf("a new minute's attempts are mixed with an old one's: %d", attempts)
	}
}

// figures are the lines of a scrape, without the comments.
func figures(f *trunkFigures) string {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func wantFigures(t *testing.T, f *trunkFigures, want ...string) {
	t.Helper()
	got := figures(f)
	for _, w := range want {
		if !strings.Contains(got, "parley_trunk_"+w+"\n") {
			t.Errorf("no figure %s in\n%s", w, got)
		}
	}
}

// TestTrunkFigures: what real calls over two trunks leave in /metrics.
func TestTrunkFigures(t *testing.T) {
	x := newExchange(t)
	f := newTrunkFigures([]string{"a", "b", "idle"})
	f.watch(x.stack.Trunks)
	x.seen.trunks = f
	r := x.call(targetOf("call-1", "+12025550100", "test"), func() {
		wantFigures(t, f, `channels_in_use{trunk="a"} 1`, `channels{trunk="a"} 5`, `attempts_total{trunk="a"} 0`)
	})
	// Trunk a begins no second call now: nothing is sent to it, and it counts nothing.
	x.call(targetOf("call-2", "+12025550101", "test"), func() {})
	x.call(targetOf("call-3", "+12125550101", "test"), func() {}) // the rules forbid it
	wantFigures(t, f,
		`attempts_total{trunk="a"} 1`, `answered_total{trunk="a"} 1`, `ends_total{network="answered",sip="2xx",trunk="a"} 1`,
		`attempts_total{trunk="b"} 1`, `answered_total{trunk="b"} 1`,
		`attempts_total{trunk="idle"} 0`, `asr_ratio{trunk="idle"} NaN`, `acd_seconds{trunk="idle"} NaN`, `asr_ratio{trunk="a"} 1`,
		`pdd_seconds_count{trunk="a"} 1`, `pdd_seconds_count{trunk="b"} 1`,
		`channels_in_use{trunk="a"} 0`, `takes_calls{trunk="a"} 1`, `breaker{state="closed",trunk="a"} 1`, `breaker{state="open",trunk="a"} 0`,
	)
	if r.Ringing.IsZero() {
		t.Error("the carrier did not ring")
	}
}

// TestFiguresOfEnds: how ends are sorted, and what has no place in them.
func TestFiguresOfEnds(t *testing.T) {
	f := newTrunkFigures([]string{"a"})
	for _, end := range []try{
		{"a", outcome.Busy, 486}, {"a", outcome.Busy, 600}, {"a", outcome.Timeout, 0}, {"a", outcome.PowerOff, 480}, {"a", outcome.Congestion, 503},
		{"unknown", outcome.Busy, 486}, {"", outcome.Answered, 200},
	} {
		f.tried(end)
	}
	ringing := time.Now()
	f.ended(call.Report{
		Trunk: "a", Network: outcome.Answered, Ringing: ringing, Answered: ringing, TalkMS: 90_000, Media: &call.MediaReport{MOS: 4.1},
	}, ringing.Add(-1500*time.Millisecond))
	f.ended(call.Report{Trunk: "a", Network: outcome.Busy, Ringing: ringing}, time.Time{})
	f.ended(call.Report{Trunk: "a", Direction: call.Inbound, Network: outcome.Answered, Answered: ringing, TalkMS: 60_000, Media: &call.MediaReport{MOS: 2.1}}, time.Time{})
	f.ended(call.Report{Trunk: "unknown", Network: outcome.Answered, Answered: ringing, TalkMS: 1000, Media: &call.MediaReport{MOS: 4}}, ringing)
	wantFigures(t, f,
		`attempts_total{trunk="a"} 5`, `answered_total{trunk="a"} 0`, `asr_ratio{trunk="a"} 0`,
		`ends_total{network="busy",sip="4xx",trunk="a"} 1`, `ends_total{network="busy",sip="6xx",trunk="a"} 1`,
		`ends_total{network="timeout",sip="none",trunk="a"} 1`, `ends_total{network="power_off",sip="4xx",trunk="a"} 1`, `ends_total{network="congestion",sip="5xx",trunk="a"} 1`,
		`talk_seconds_total{trunk="a"} 90`, `pdd_seconds_bucket{trunk="a",le="1"} 0`, `pdd_seconds_bucket{trunk="a",le="2"} 1`, `pdd_seconds_count{trunk="a"} 1`,
		`mos_bucket{trunk="a",le="2"} 0`, `mos_bucket{trunk="a",le="2.5"} 1`, `mos_count{trunk="a"} 2`,
	)
	if strings.Contains(figures(f), "unknown") {
		t.Error("a trunk that is not of the configuration has figures")
	}
}
