package flow

import (
	"strings"
	"testing"

	"parley/dialog"
	"parley/nlu/keyword"
)

// handing is a small flow whose transfers can fail.
const handing = `flow: handing
language: en
voice: {engine: flite, name: slt}
silence: {after: 5s, say: "Are you there?", last: "Goodbye.", end: no_response}
unclear: {say: "Sorry?", last: "Goodbye.", end: no_response}
trouble: {say: "We have a problem. Goodbye.", end: failed}
nobody: "Nobody is free. Goodbye."
anywhere:
  agent_requested: {say: "One moment.", transfer: desk}
  complaint:       {say: "One moment.", transfer: desk, failed: {say: "Nobody is there.", then: later}}
  dispute:         {say: "One moment.", transfer: desk, end: dispute}
  opt_out:         {say: "We will not call again. Goodbye.", end: opt_out}
steps:
  greet:
    say: [{text: "Hello, this is a machine.", disclosure: ai}, {text: "It records.", disclosure: recording}]
    then: ask
  ask:
    ask: "Can I help you?"
    expect:
      yes: {say: "Fine. Goodbye.", end: completed}
      no:  {say: "Goodbye.", end: completed}
  later:
    ask: "Shall we call you later?"
    expect:
      yes: {say: "We will. Goodbye.", end: callback}
      no:  {say: "Goodbye.", end: refused}
`

const handingTalks = `flow: handing.yaml
with: {}
now: 2026-12-03T10:00:00-05:00
talks:
  - title: somebody is there
    lines: [{customer: i want to speak to a person}, {bot: One moment}, {handed_over: }]
    outcome: {disposition: transferred, transfer: desk}
  - title: nobody is there
    lines: [{customer: i want to speak to a person}, {no_agent: }, {bot: Nobody is free}]
    outcome: {disposition: agent_requested, transfer: desk}
  - title: nobody is there and the flow goes on
    lines: [{customer: i want to complain}, {no_agent: }, {bot: Nobody is there. Shall we call you later}, {customer: "yes"}, {bot: We will}]
    outcome: {disposition: callback, transfer: desk}
  - title: an outcome of the flow's stays
    lines: [{customer: i dispute this}, {handed_over: }]
    outcome: {disposition: dispute, transfer: desk, facts: [dispute]}
  - title: no more calls, said during the transfer
    lines: [{customer: i want to speak to a person}, {customer: stop calling me}, {bot: We will not call again}]
    outcome: {disposition: opt_out, transfer: desk, facts: [opt_out]}
  - title: an operator's own wish
    lines: [{bot: Can I help you}, {handed_over: }]
    outcome: {disposition: transferred}
`

func TestTransfersAndWhatFollows(t *testing.T) {
	source := func(string) ([]byte, error) { return []byte(handing), nil }
	results, err := RunTests(t.Context(), "handing.test.yaml", []byte(handingTalks), source, keyword.New(keyword.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Problem != nil {
			t.Errorf("%s: %v\n%s", r.Title, r.Problem, strings.Join(r.Transcript, "\n"))
		}
	}
	if len(results) != 6 {
		t.Errorf("%d talks were held", len(results))
	}
	f, err := Parse("handing.yaml", []byte(handing))
	if err != nil {
		t.Fatal(err)
	}
	if fixed := strings.Join(NewPolicy(f, nil).Fixed(), "|"); !strings.Contains(fixed, "Nobody is there.") {
		t.Errorf("the line after a failed transfer is not synthesised beforehand: %s", fixed)
	}
}

func TestMistakesOfTransfers(t *testing.T) {
	for change, want := range map[string]string{
		"failed: {say: \"Nobody is there.\", then: nowhere}": `"nowhere" is not a step`,
		"failed: {transfer: other}":                          "a transfer after a transfer",
	} {
		text := strings.Replace(handing, `failed: {say: "Nobody is there.", then: later}`, change, 1)
		_, err := Parse("handing.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
	text := strings.Replace(handing, `transfer: desk, end: dispute`, `end: dispute, failed: later`, 1)
	if _, err := Parse("handing.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "no \"transfer\" that could fail") {
		t.Errorf("failed without transfer: %v", err)
	}
	secret := strings.Replace(handing, "trouble:", "variables:\n  owed: {type: money, sample: 5 USD}\ntrouble:", 1)
	secret = strings.Replace(secret, `"Nobody is there."`, `"You still have {owed} open."`, 1)
	if _, err := Parse("handing.yaml", []byte(secret)); err == nil || !strings.Contains(err.Error(), "owed") {
		t.Errorf("a private variable after a failed transfer: %v", err)
	}
}

// TestWordsDuringATransfer: nothing is answered, a fact is told at once, and it
// is answered when nobody was there.
func TestWordsDuringATransfer(t *testing.T) {
	f, err := Parse("handing.yaml", []byte(handing))
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []string{"i want to speak to a person", ""} { // the flow's transfer, an operator's
		p := NewPolicy(f, keyword.New(keyword.Options{}))
		s, err := p.Open("", nil)
		if err != nil {
			t.Fatal(err)
		}
		next := func(turn dialog.Turn) dialog.Step {
			t.Helper()
			step, err := p.Next(t.Context(), s, turn)
			if err != nil {
				t.Fatal(err)
			}
			return step
		}
		next(dialog.Turn{Kind: dialog.Start})
		if first != "" {
			next(dialog.Turn{Kind: dialog.Said, Text: first, Confidence: 1})
		}
		for said, want := range map[string]int{"hello": 0, "yes": 0} {
			if step := next(dialog.Turn{Kind: dialog.Said, Text: said, Confidence: 1, Aside: true}); len(step.Facts) != want || len(step.Prompts) > 0 || step.End {
				t.Errorf("%q was answered: %+v", said, step)
			}
		}
		step := next(dialog.Turn{Kind: dialog.Said, Text: "stop calling me", Confidence: 1, Aside: true})
		if len(step.Facts) != 1 || step.Facts[0].Kind != dialog.FactOptOut || len(step.Prompts) > 0 || step.End {
			t.Errorf("an opt-out: %+v", step)
		}
		if len(step.Expect.Phrases) == 0 {
			t.Error("nothing is listened for")
		}
		step = next(dialog.Turn{Kind: dialog.NoAgent})
		if !step.End || len(step.Facts) != 0 || !strings.Contains(text(step), "We will not call again") {
			t.Errorf("after the failure: %q %+v", text(step), step)
		}
	}
}

// TestWhatFollowsAFailedTransferIsChecked like any other action.
func TestWhatFollowsAFailedTransferIsChecked(t *testing.T) {
	wrong := strings.Replace(handing, `failed: {say: "Nobody is there.", then: later}`, `failed: {say: "Nobody is there.", set: {promise.date: link}, then: later}`, 1)
	if _, err := Parse("handing.yaml", []byte(wrong)); err == nil || !strings.Contains(err.Error(), `"promise.date" must be a date`) {
		t.Errorf("a text for a date: %v", err)
	}
	right := strings.Replace(wrong, "promise.date: link", "reason: link", 1)
	right = strings.Replace(right, `"We will. Goodbye."`, `"We will, by {reason}. Goodbye."`, 1)
	if _, err := Parse("handing.yaml", []byte(right)); err != nil {
		t.Errorf("a slot that it sets: %v", err)
	}
}
