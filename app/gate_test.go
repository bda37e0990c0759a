package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/rules"
)

// counter is a dialer that only counts.
type counter struct{ dialled []string }

func (c *counter) Dial(_ context.Context, t call.Target) call.Leg {
	c.dialled = append(c.dialled, t.To)
	return call.Refused(call.Cause{Network: outcome.Busy, SIP: 486})
}

func TestTheGateDialsOnlyWhatTheRulesAllow(t *testing.T) {
	noon := time.Date(2026, 12, 1, 17, 0, 0, 0, time.UTC) // noon in New York
	night := noon.Add(12 * time.Hour)
	allowed := []string{"+12025550100"}
	for name, c := range map[string]struct {
		target call.Target
		now    time.Time
		dialed bool
		want   string
	}{
		"allow-listed number": {call.Target{To: "+12025550100", Case: rules.Case{Number: "+12025550100", Profile: "test"}}, night, true, ""},
		"loopback address":    {call.Target{To: "sip:bob@127.0.0.1:5070", Case: rules.Case{Number: "sip:bob@127.0.0.1:5070", Profile: "test"}}, night, true, ""},
		"own allow-list":      {call.Target{To: "+12025550101", Case: rules.Case{Number: "+12025550101", Profile: "test", AllowList: []string{"+1202*"}}}, noon, false, "test mode"},
		"other number":        {call.Target{To: "+12025550101", Case: rules.Case{Number: "+12025550101", Profile: "test"}}, noon, false, "test mode"},
		"no profile":          {call.Target{To: "+12025550100", Case: rules.Case{Number: "+12025550100"}}, noon, false, "no rules profile"},
		"no case":             {call.Target{To: "+12025550100"}, noon, false, "no rules profile"},
		"another number":      {call.Target{To: "+12025550199", Case: rules.Case{Number: "+12025550100", Profile: "test"}}, noon, false, "another number"},
		"remote address":      {call.Target{To: "sip:bob@192.0.2.1", Case: rules.Case{Number: "sip:bob@192.0.2.1", Profile: "test"}}, noon, false, "only on this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &counter{}
			kernel, err := rules.NewKernel()
			if err != nil {
				t.Fatal(err)
			}
			g := &gate{next: n, kernel: kernel, now: func() time.Time { return c.now }, tests: allowed}
			leg := g.Dial(t.Context(), c.target)
			if _, ok := call.As[call.Holder](leg); ok {
				t.Error("a refused call seems to be able to rest")
			}
			cause := leg.Ended()
			if got := len(n.dialled) == 1; got != c.dialed {
				t.Fatalf("dialled %v, want %v", n.dialled, c.dialed)
			}
			if len(cause.Rules) == 0 {
				t.Error("the cause does not carry the rulings")
			}
			if !c.dialed && (cause.Err == nil || !strings.Contains(cause.Err.Error(), c.want) || cause.Rang) {
				t.Errorf("refused with %v, want %q and no ring", cause.Err, c.want)
			}
		})
	}
}
