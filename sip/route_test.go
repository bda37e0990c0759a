package sip

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func up(name string, priority, weight int) choice {
	return choice{name: name, priority: priority, weight: weight, takes: true, admits: true}
}

func TestOrderOfTrunks(t *testing.T) {
	down, full, other, room := up("down", 0, 1), up("full", 0, 1), up("other", 0, 1), up("room", 0, 1)
	down.admits, other.takes = false, false
	full.live, full.channels, room.live, room.channels = 2, 2, 1, 2
	for name, c := range map[string]struct {
		all  []choice
		roll int
		want []string
	}{
		"none":            {nil, 0, nil},
		"priority":        {[]choice{up("b", 2, 9), up("a", 1, 1)}, 0, []string{"a", "b"}},
		"weight, low":     {[]choice{up("a", 1, 1), up("b", 1, 3)}, 0, []string{"a", "b"}},
		"weight, high":    {[]choice{up("a", 1, 1), up("b", 1, 3)}, 1, []string{"b", "a"}},
		"no weights":      {[]choice{up("a", 1, 0), up("b", 1, 0)}, 0, []string{"a", "b"}},
		"weight of 0":     {[]choice{up("a", 1, 0), up("b", 1, 1)}, 0, []string{"b", "a"}},
		"what cannot be":  {[]choice{down, full, other, room}, 0, []string{"room"}},
		"the next are up": {[]choice{down, up("z", 5, 1)}, 0, []string{"z"}},
	} {
		if diff := cmp.Diff(c.want, rank(c.all, func(n int) int { return min(c.roll, n-1) })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestWeights: the first choice falls on each trunk by its share.
func TestWeights(t *testing.T) {
	all, got := []choice{up("a", 0, 1), up("b", 0, 3), up("c", 0, 6)}, map[string]int{}
	for i := range 10 { // every value that the first roll can give
		n := 0
		got[rank(all, func(int) int { n++; return map[bool]int{true: i}[n == 1] })[0]]++
	}
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 3, "c": 6}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOrderHolds: each usable trunk once, no other, priorities rising.
func TestOrderHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "n")
		byName, usable := map[string]choice{}, 0
		var all []choice
		for i := range n {
			c := choice{
				name: string(rune('a' + i)), priority: rapid.IntRange(0, 3).Draw(t, "priority"), weight: rapid.IntRange(0, 3).Draw(t, "weight"),
				takes: rapid.Bool().Draw(t, "takes"), admits: rapid.Bool().Draw(t, "admits"),
				live: rapid.IntRange(0, 2).Draw(t, "live"), channels: rapid.IntRange(0, 2).Draw(t, "channels"),
			}
			if c.takes && c.admits && (c.channels == 0 || c.live < c.channels) {
				usable++
			}
			byName[c.name], all = c, append(all, c)
		}
		got := rank(all, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "roll") })
		if len(got) != usable || len(slices.Compact(slices.Sorted(slices.Values(got)))) != usable {
			t.Fatalf("%v of %+v", got, all)
		}
		for i, name := range got {
			c := byName[name]
			if !c.takes || !c.admits || c.channels > 0 && c.live >= c.channels {
				t.Fatalf("%s cannot take the call", name)
			}
			if i > 0 && byName[got[i-1]].priority > c.priority {
				t.Fatalf("%v are out of order in %+v", got, all)
			}
		}
	})
}

func TestFailover(t *testing.T) {
	turned := ending{code: 503, retryable: true}
	for name, c := range map[string]struct {
		f    failover
		end  ending
		want bool
	}{
		"503":               {failover{tries: 1}, turned, true},
		"never sent":        {failover{tries: 1}, ending{retryable: true}, true},
		"503 after 18x":     {failover{tries: 1}, ending{code: 503, rang: true}, false},
		"a step was told":   {failover{tries: 1, told: true}, turned, false},
		"silence":           {failover{tries: 1}, ending{rang: true}, false},
		"busy":              {failover{tries: 1}, ending{code: 486}, false},
		"500":               {failover{tries: 1}, ending{code: 500, retryable: true}, false},
		"502":               {failover{tries: 1}, ending{code: 502, retryable: true}, false},
		"wrong password":    {failover{tries: 1}, ending{code: 401, retryable: true}, false},
		"503, but busy":     {failover{tries: 1}, ending{code: 503}, false},
		"hung up meanwhile": {failover{tries: 1}, ending{code: 503, retryable: true, wished: true}, false},
		"our own fault":     {failover{tries: 1}, ending{retryable: true, ours: true}, false},
		"too many":          {failover{tries: maxTrunks}, turned, false},
	} {
		if got := c.f.next(c.end); got != c.want {
			t.Errorf("%s: next is %v, want %v", name, got, c.want)
		}
	}
}

// TestNeverRingsTwice: whatever each trunk answers to its INVITE, in any order
// and number, at most the last one that was tried may have rung a phone.
func TestNeverRingsTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, mayHaveRung := failover{}, false
		for range 8 {
			if mayHaveRung {
				t.Fatal("another trunk is tried after one that may have rung")
			}
			var m machine
			steps := 0
			for m.state != over {
				if steps++; steps > 12 {
					m.on(input{what: silence})
					m.on(input{what: gaveUp})
					m.on(input{what: farBye})
					m.on(input{what: byeDone})
					break
				}
				in := input{what: what(rapid.IntRange(int(provisional), int(byeDone)).Draw(t, "what")), tag: "t"}
				switch in.what {
				case provisional:
					in.code = rapid.SampledFrom([]int{100, 180, 183, 199}).Draw(t, "code")
				case success:
					in.code = 200
				case failure:
					in.code = rapid.SampledFrom([]int{300, 404, 408, 480, 486, 500, 502, 503, 504, 600, 603}).Draw(t, "code")
					in.q850 = rapid.SampledFrom([]int{0, 16, 17, 18, 34}).Draw(t, "q850")
				case broken:
					in.sent = rapid.Bool().Draw(t, "sent")
				}
				if in.what == provisional && in.code > 100 && m.state <= cancelling || in.what == success && m.state <= cancelling {
					mayHaveRung = true
				}
				if in.what == silence && m.state <= cancelling || in.what == broken && in.sent && m.state <= cancelling {
					mayHaveRung = true
				}
				for _, a := range m.on(in) {
					f.told = f.told || a.deed == doTell
				}
			}
			f.tries++
			if !f.next(ending{code: m.cause.SIP, rang: m.cause.Rang, retryable: m.cause.Retryable}) {
				return
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "5;duration=60": 5 * time.Second, "18000 (busy)": 5 * time.Hour, "soon": 0, "99999999999999999999": maxRest,
	} {
		if got := retryAfter(value); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}
