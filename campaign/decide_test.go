package campaign

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/call"
	"parley/outcome"
	"parley/rules"
)

var now = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)

func TestMoves(t *testing.T) {
	for _, c := range []struct {
		from, to State
		want     bool
	}{
		{Draft, Running, true}, {Draft, Scheduled, true}, {Draft, Paused, false}, {Scheduled, Running, true},
		{Running, Paused, true}, {Running, Stopped, true}, {Running, Finished, true}, {Running, Draft, false},
		{Paused, Running, true}, {Paused, Finished, false}, {Stopped, Running, true}, {Stopped, Paused, false}, {Finished, Running, true},
	} {
		if got := c.from.CanBecome(c.to); got != c.want {
			t.Errorf("%s to %s: %v", c.from, c.to, got)
		}
	}
}

func TestRetry(t *testing.T) {
	custom := RetryTable{Result(outcome.Busy): {Times: 1, Delay: Duration(10 * time.Minute)}}
	wish := now.Add(26 * time.Hour)
	answered := func(by outcome.AnsweredBy, d outcome.Disposition) call.Report {
		return call.Report{Network: outcome.Answered, AnsweredBy: by, Disposition: d, Rang: true}
	}
	for _, c := range []struct {
		name  string
		table RetryTable
		r     call.Report
		tried Tried
		final bool
		delay time.Duration
	}{
		{"busy", nil, call.Report{Network: outcome.Busy}, Tried{Attempts: 1}, false, 30 * time.Minute},
		{"busy, own table", custom, call.Report{Network: outcome.Busy}, Tried{Attempts: 1}, false, 10 * time.Minute},
		{"busy, own table's end", custom, call.Report{Network: outcome.Busy}, Tried{Attempts: 2}, true, 0},
		{"no answer, default of a partial table", custom, call.Report{Network: outcome.NoAnswer, Rang: true}, Tried{Attempts: 2}, false, 2 * time.Hour},
		{"attempts used up", nil, call.Report{Network: outcome.NoAnswer, Rang: true}, Tried{Attempts: 3}, true, 0},
		{"invalid number", nil, call.Report{Network: outcome.InvalidNumber}, Tried{Attempts: 1}, true, 0},
		{"trunk down uses up nothing", nil, call.Report{Network: outcome.TrunkFailed}, Tried{Failures: 3}, false, 30 * time.Minute},
		{"trunk down for ever", nil, call.Report{Network: outcome.TrunkFailed}, Tried{Failures: 6}, true, 0},
		{"congestion after ringing counts", nil, call.Report{Network: outcome.Congestion, Rang: true}, Tried{Attempts: 3}, true, 0},
		{"never sent", nil, call.Report{}, Tried{Failures: 1}, false, time.Minute},
		{"refused at the gate", nil, call.Report{Network: outcome.Cancelled, Retryable: true}, Tried{Failures: 1}, false, time.Minute},
		{"cancelled while it rang", nil, call.Report{Network: outcome.Cancelled, Rang: true}, Tried{Attempts: 1}, false, 30 * time.Minute},
		{"never sent, bounded", nil, call.Report{}, Tried{Failures: maxFailures}, true, 0},
		{"uncertain is not rung again", nil, call.Report{Network: outcome.Uncertain}, Tried{Attempts: 1}, true, 0},
		{"voicemail", nil, answered(outcome.Voicemail, outcome.MessageLeft), Tried{Attempts: 1}, false, 4 * time.Hour},
		{"promise", nil, answered(outcome.Human, outcome.PromiseToPay), Tried{Attempts: 1}, true, 0},
		{"a flow's own end", nil, answered(outcome.Human, "survey_done"), Tried{Attempts: 1}, true, 0},
		{"hung up early", nil, answered(outcome.Human, outcome.HungUpEarly), Tried{Attempts: 1}, false, 4 * time.Hour},
		{"our failure", nil, answered(outcome.Human, outcome.Failed), Tried{Attempts: 1}, false, time.Hour},
	} {
		got := c.table.After(c.r, c.tried, 0, now)
		if got.Final != c.final || !c.final && !got.At.Equal(now.Add(c.delay)) || got.Reason == "" {
			t.Errorf("%s: %+v, want final %v after %v", c.name, got, c.final, c.delay)
		}
	}
	back := answered(outcome.Human, outcome.Callback)
	back.Callback = wish
	if got := (RetryTable)(nil).After(back, Tried{Attempts: 3}, 3, now); got.Final || !got.At.Equal(wish) {
		t.Errorf("a callback after the last attempt: %+v", got)
	}
	if got := (RetryTable)(nil).After(back, Tried{Attempts: 4}, 3, now); !got.Final {
		t.Errorf("callbacks without end: %+v", got)
	}
}

// TestRetryEnds: whatever results come, a contact's attempts are bounded.
func TestRetryEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 6).Draw(t, "max")
		var tried Tried
		for calls := 1; ; calls++ {
			r := call.Report{
				Network:     rapid.SampledFrom(append(outcome.Networks, "")).Draw(t, "network"),
				Rang:        rapid.Bool().Draw(t, "rang"),
				Disposition: rapid.SampledFrom(outcome.Dispositions).Draw(t, "disposition"),
				Callback:    now.Add(time.Hour),
			}
			if Counted(r) {
				tried.Attempts++
			} else {
				tried.Failures++
			}
			if (RetryTable)(nil).After(r, tried, most, now).Final {
				return
			}
			if tried.Attempts > most+1 || tried.Failures > maxFailures {
				t.Fatalf("after %+v with at most %d there is still no end", tried, most)
			}
		}
	})
}

func TestPacer(t *testing.T) {
	p := Pacer{CPS: 5, Concurrency: 8}
	for i, c := range []struct {
		after         time.Duration
		live, waiting int
		want          int
	}{
		{0, 0, 100, 1},                      // one call, no burst
		{100 * time.Millisecond, 1, 100, 0}, // half a token
		{200 * time.Millisecond, 1, 100, 1},
		{10 * time.Second, 2, 100, 5}, // a pause earns one second's worth
		{10 * time.Second, 7, 100, 0}, // and is spent
		{11 * time.Second, 7, 100, 1}, // the ceiling
		{12 * time.Second, 8, 100, 0},
		{13 * time.Second, 20, 100, 0},
		{14 * time.Second, 0, 2, 2},
		{5 * time.Second, 0, 100, 3}, // a clock that goes back earns nothing
	} {
		if got := p.Grant(now.Add(c.after), c.live, c.waiting); got != c.want {
			t.Errorf("step %d: %d calls, want %d", i, got, c.want)
		}
	}
}

// TestPacerRate: over any run of ticks the pacer never grants more than rate
// times time plus one burst, nor exceeds the ceiling.
func TestPacerRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pacer{CPS: rapid.Float64Range(0.2, 50).Draw(t, "cps"), Concurrency: rapid.IntRange(1, 100).Draw(t, "most")}
		at, granted := now, 0
		for range rapid.IntRange(1, 200).Draw(t, "ticks") {
			at = at.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			live := rapid.IntRange(0, 100).Draw(t, "live")
			n := p.Grant(at, live, 1000)
			if n > 0 && live+n > p.Concurrency {
				t.Fatalf("%d granted with %d live above %d", n, live, p.Concurrency)
			}
			granted += n
		}
		if most := p.CPS*at.Sub(now).Seconds() + max(p.CPS, 1) + 1; float64(granted) > most {
			t.Fatalf("%d calls in %v at %.1f a second", granted, at.Sub(now), p.CPS)
		}
	})
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		want string // "" for none
	}{
		{Schedule{}, "2026-11-24T17:00:00Z"},
		{Schedule{From: now.Add(time.Hour)}, "2026-11-24T18:00:00Z"},
		{Schedule{Cron: "0 9 * * 1-5", Zone: "Asia/Shanghai"}, "2026-11-25T01:00:00Z"},
		{Schedule{Cron: "0 9 * * 1-5", Zone: "Asia/Shanghai", To: now.Add(time.Hour)}, ""},
		{Schedule{Cron: "0 0 30 2 *"}, ""}, // a day that never comes
	} {
		if err := c.s.Check(); err != nil {
			t.Errorf("%+v: %v", c.s, err)
		}
		got, err := c.s.Next(now)
		if err != nil || c.want == "" != got.IsZero() || c.want != "" && got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%+v: %v, %v, want %s", c.s, got, err, c.want)
		}
	}
	for _, bad := range []Schedule{
		{Cron: "TZ=Asia/Shanghai"}, {Cron: "CRON_TZ=UTC 0 9 * * *"}, {Cron: "@every 1s"}, {Cron: "0 9 * *"}, {Cron: "61 * * * *"},
		{Zone: "Mars"}, {Zone: "Local"}, {From: now, To: now},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Campaign{Name: "n", List: "l", Flow: "f", Profile: "test"}
	if err := good.Check([]string{"test"}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Campaign){
		"profile": func(c *Campaign) { c.Profile = "mars" }, "name": func(c *Campaign) { c.Name = "" }, "cps": func(c *Campaign) { c.CPS = 1e9 },
		"retry": func(c *Campaign) { c.Retry = RetryTable{"bussy": {}} }, "cron": func(c *Campaign) { c.Schedule.Cron = "x" },
		"window": func(c *Campaign) { c.Windows = rules.Week{"monday": nil} },
	} {
		c := good
		change(&c)
		if c.Check([]string{"test"}) == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// FuzzSchedule: no cron line panics.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"0 9 * * 1-5", "TZ=", "TZ=UTC", "*/0 * * * *", "@daily", "0 0 31 2 *", "1-0 * * * *"} {
		f.Add(s, "UTC")
	}
	f.Fuzz(func(t *testing.T, line, zone string) {
		s := Schedule{Cron: line, Zone: zone}
		if s.Check() != nil {
			return
		}
		at, err := s.Next(now)
		if err != nil || !at.IsZero() && !at.After(now) && line != "" {
			t.Fatalf("%q passed its check and gives %v, %v", line, at, err)
		}
	})
}
