package app

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/phrase"
	"parley/sim"
)

// TestTheCustomersOfABench: every second one interrupts; each gets the flow's
// variables under the flow's own names.
func TestTheCustomersOfABench(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		bench := Talk{Language: language}
		personas, err := bench.personas()
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range personas[:8] {
			if interrupts(&p) != (i%2 == 1) {
				t.Errorf("%s: customer %d is %q", language, i, p.Name)
			}
			known, err := bench.variables(Single{Language: language}, &p)
			if err != nil {
				t.Fatal(err)
			}
			if known["tail"] != p.Variables["verify_factor"] || known["name"] != p.Variables["name"] ||
				known["amount_due"] != p.Variables["amount_due"]+" "+p.Variables["currency"] {
				t.Errorf("%s: the row of %q is %v", language, p.Name, known)
			}
		}
		if slices.ContainsFunc(personas, func(p sim.Persona) bool { return p.Answers.How != sim.Talks || p.Language != language }) {
			t.Errorf("%s: somebody among the customers does not talk", language)
		}
	}
	if _, err := (Talk{Language: "xx"}).personas(); err == nil {
		t.Error("customers of a language that nobody speaks")
	}
}

// TestOverlapsCountFromTheCustomersOwnClock, whatever the ear took for the onset,
// and only over prompts that may be stopped.
func TestOverlapsCountFromTheCustomersOwnClock(t *testing.T) {
	answered := time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)
	over := sim.Persona{
		Lines:  []sim.Line{{During: sim.Words{"a debt"}, Says: sim.Words{"wait"}}, {Hears: sim.Words{"when"}, Says: sim.Words{"on friday"}}},
		Expect: sim.Expect{BargeIns: ">=1"},
	}
	mumbles := over
	mumbles.Expect.BargeIns = "0"
	for _, c := range []struct {
		name     string
		persona  sim.Persona
		says     string
		at       int64
		overlaps []call.Overlap
		want     measures
	}{
		{"cut", over, "wait", 5000, []call.Overlap{{Onset: 5040, Action: 140, Stop: 400}},
			measures{action: []int64{180}, stop: []int64{440}}},
		{"lowered, raised, then cut", over, "wait", 5000, []call.Overlap{{Onset: 4980, Action: 160, Resume: 500}, {Onset: 5600, Action: 140, Stop: 300}},
			measures{action: []int64{140}, stop: []int64{900}}},
		{"another's cut", over, "wait", 5000, []call.Overlap{{Onset: 1000, Action: 140, Stop: 300}, {Onset: 8000, Action: 140, Stop: 300}}, measures{missed: 1}},
		{"not stopped", over, "wait", 5000, []call.Overlap{{Onset: 5040, Action: 140, Resume: 800}}, measures{action: []int64{180}, missed: 1}},
		{"a backchannel", mumbles, "wait", 5000, []call.Overlap{{Onset: 5040, Action: 140, Resume: 800}}, measures{action: []int64{180}, backchannels: 1}},
		{"a backchannel that stopped it", mumbles, "wait", 5000, []call.Overlap{{Onset: 5040, Action: 140, Stop: 800}},
			measures{action: []int64{180}, backchannels: 1, falseStops: 1}},
		{"over a disclosure", over, "wait", 1500, []call.Overlap{{Onset: 1500, Action: 2000, Stop: 2000}}, measures{}},
		{"over nothing", over, "wait", 9500, nil, measures{}},
		{"an answer", over, "on friday", 5000, []call.Overlap{{Onset: 5040, Action: 140, Stop: 400}}, measures{}},
	} {
		r := call.Report{
			Clock: answered, Overlaps: c.overlaps, Disclosures: []call.Disclosure{{Name: "debt", OffsetMS: 1000}},
			Turns: []call.Turn{
				{By: call.PartyBot, FromMS: 1000, ToMS: 3000}, {By: call.PartyBot, FromMS: 3200, ToMS: 9000},
				{By: call.PartyCustomer, FromMS: 9400, ToMS: 9900},
			},
		}
		talked := []sim.Spoken{
			{By: "bot", Text: c.says, At: answered}, {By: "customer", Text: c.says}, // never sounded
			{By: "customer", Text: c.says, At: answered.Add(time.Duration(c.at) * time.Millisecond)},
		}
		var got measures
		got.overlaps(r, talked, &c.persona)
		if !slices.Equal(got.action, c.want.action) || !slices.Equal(got.stop, c.want.stop) || got.missed != c.want.missed ||
			got.backchannels != c.want.backchannels || got.falseStops != c.want.falseStops {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestResponsesByWhatWasAsked, each wait in exactly one kind and in all.
func TestResponsesByWhatWasAsked(t *testing.T) {
	var m measures
	m.answers(call.Report{Turns: []call.Turn{
		{Timing: &call.Timing{Silence: 400, Recognizer: 10, Understanding: 1, FirstAudio: 9, Answer: phrase.YesNo}},
		{}, // a turn of the customer
		{Timing: &call.Timing{Silence: 1200, Recognizer: 20, Understanding: 2, FirstAudio: 8, Answer: phrase.Digits}},
		{Timing: &call.Timing{Silence: 1300, Recognizer: 30, Understanding: 3, FirstAudio: 7, Answer: phrase.Date}},
		{Timing: &call.Timing{Silence: 700, Recognizer: 40, Understanding: 4, FirstAudio: 6, Answer: phrase.Free}},
	}})
	var r TalkResult
	m.into(&r)
	want := []Response{
		{"yes_no", Spread{1, 420, 420}, Spread{1, 400, 400}, Spread{1, 10, 10}, Spread{1, 1, 1}, Spread{1, 9, 9}},
		{"paused", Spread{2, 1230, 1340}, Spread{2, 1200, 1300}, Spread{2, 20, 30}, Spread{2, 2, 3}, Spread{2, 7, 8}},
		{"other", Spread{1, 750, 750}, Spread{1, 700, 700}, Spread{1, 40, 40}, Spread{1, 4, 4}, Spread{1, 6, 6}},
		{"all", Spread{4, 750, 1340}, Spread{4, 700, 1300}, Spread{4, 20, 40}, Spread{4, 2, 4}, Spread{4, 7, 9}},
	}
	if !slices.Equal(r.Response, want) {
		t.Errorf("the waits are %+v, want %+v", r.Response, want)
	}
	if r.Own != (Spread{4, 10, 10}) {
		t.Errorf("our own share is %+v", r.Own)
	}
	var out bytes.Buffer
	r.Calls, r.Failed, r.Problem, r.Patient = 5, 1, "no carrier", true
	r.Table(&out)
	for _, want := range []string{"1 calls failed: no carrier", "without the early start", "750/1340", "full stop - (n=0)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}

func TestSpreadIsTheNearestRank(t *testing.T) {
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(100 - i)
	}
	for _, c := range []struct {
		values []int64
		want   Spread
	}{
		{nil, Spread{}}, {[]int64{7}, Spread{1, 7, 7}}, {[]int64{9, 3}, Spread{2, 3, 9}}, {hundred, Spread{100, 50, 95}},
	} {
		if got := spread(c.values); got != c.want {
			t.Errorf("%d values give %+v, want %+v", len(c.values), got, c.want)
		}
	}
}

// TestTheirWordAfterAFailedCall: what a failed call left costs no later call its
// word, whether it lay there before or comes late.
func TestTheirWordAfterAFailedCall(t *testing.T) {
	ended := make(chan sim.Ended, 4)
	ended <- sim.Ended{Number: "1"}
	empty(ended)
	if len(ended) != 0 {
		t.Fatalf("%d are left", len(ended))
	}
	ended <- sim.Ended{Number: "1"}
	ended <- sim.Ended{Number: "2"}
	if e, ok := theirs(ended, "2"); !ok || e.Number != "2" {
		t.Errorf("%+v, %v", e, ok)
	}
}
