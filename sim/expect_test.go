package sim

import (
	"strings"
	"testing"
	"time"

	"parley/call"
)

func TestDifferences(t *testing.T) {
	six := 18
	want := Expect{
		Network: "answered", AnsweredBy: "human", Disposition: Words{"promise_to_pay", "callback"}, BargeIns: ">=1",
		Promise:  &ExpectPromise{Weekday: "friday", Amount: "128.50 USD"},
		Callback: &ExpectCallback{Hour: &six},
	}
	right := call.Report{
		Network: "answered", AnsweredBy: "human", Disposition: "callback", BargeIns: 2,
		Promise:  &call.Promise{Date: "2026-12-04", Amount: &call.Money{Value: "128.50", Currency: "USD"}},
		Callback: time.Date(2026, 12, 4, 18, 0, 0, 0, time.UTC),
	}
	if got := want.Differences(right); len(got) != 0 {
		t.Errorf("a right report differs: %v", got)
	}
	if got := (Expect{}).Differences(call.Report{Network: "busy"}); len(got) != 0 {
		t.Errorf("nothing was expected, and yet: %v", got)
	}
	for name, c := range map[string]struct {
		change func(*call.Report)
		says   string
	}{
		"network":     {func(r *call.Report) { r.Network = "busy" }, `network is "busy"`},
		"answered by": {func(r *call.Report) { r.AnsweredBy = "voicemail" }, `answered by "voicemail"`},
		"disposition": {func(r *call.Report) { r.Disposition = "refused" }, `disposition is "refused"`},
		"barge-ins":   {func(r *call.Report) { r.BargeIns = 0 }, "0 barge-ins"},
		"no promise":  {func(r *call.Report) { r.Promise = nil }, "no promise"},
		"day":         {func(r *call.Report) { r.Promise = &call.Promise{Date: "2026-12-05", Amount: r.Promise.Amount} }, "not for a friday"},
		"amount":      {func(r *call.Report) { r.Promise = &call.Promise{Date: "2026-12-04"} }, "the promise is of nothing"},
		"callback":    {func(r *call.Report) { r.Callback = r.Callback.Add(time.Hour) }, "the callback is at 19:00:00"},
	} {
		r := right
		c.change(&r)
		got := want.Differences(r)
		if len(got) != 1 || !strings.Contains(got[0], c.says) {
			t.Errorf("%s: %v, want %q", name, got, c.says)
		}
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		count Count
		n     int
		want  bool
	}{{"", 7, true}, {"0", 0, true}, {"0", 1, false}, {">=1", 1, true}, {">=1", 0, false}, {">= 2", 3, true}, {"x", 0, false}} {
		if got := c.count.Holds(c.n); got != c.want {
			t.Errorf("%q holds %d: %v", c.count, c.n, got)
		}
	}
}
