package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/call"
)

// Differences compares a call's report with what the persona's file expects,
// one sentence a difference; none means that it came as it should.
func (e Expect) Differences(r call.Report) []string {
	var all []string
	differ := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if e.Network != "" && r.Network != e.Network {
		differ("network is %q, not %q", r.Network, e.Network)
	}
	if e.AnsweredBy != "" && r.AnsweredBy != e.AnsweredBy {
		differ("answered by %q, not %q", r.AnsweredBy, e.AnsweredBy)
	}
	if len(e.Disposition) > 0 && !slices.Contains(e.Disposition, string(r.Disposition)) {
		differ("disposition is %q, not %s", r.Disposition, strings.Join(e.Disposition, " or "))
	}
	if !e.BargeIns.Holds(r.BargeIns) {
		differ("%d barge-ins, not %s", r.BargeIns, e.BargeIns)
	}
	if e.Promise != nil {
		all = append(all, e.Promise.differences(r.Promise)...)
	}
	if e.Callback != nil {
		switch {
		case r.Callback.IsZero():
			differ("no callback was noted")
		case e.Callback.Hour != nil && r.Callback.Hour() != *e.Callback.Hour:
			differ("the callback is at %s, not at %d o'clock", r.Callback.Format(time.TimeOnly), *e.Callback.Hour)
		}
	}
	return all
}

func (e ExpectPromise) differences(p *call.Promise) []string {
	if p == nil {
		return []string{"no promise was noted"}
	}
	var all []string
	if e.Weekday != "" {
		day, err := time.Parse(time.DateOnly, p.Date)
		if err != nil || !strings.EqualFold(day.Weekday().String(), e.Weekday) {
			all = append(all, fmt.Sprintf("the promise is for %q, not for a %s", p.Date, e.Weekday))
		}
	}
	if e.Amount != "" {
		got := "nothing"
		if p.Amount != nil {
			got = strings.TrimSpace(p.Amount.Value.String() + " " + p.Amount.Currency)
		}
		if got != e.Amount {
			all = append(all, fmt.Sprintf("the promise is of %s, not of %s", got, e.Amount))
		}
	}
	return all
}
