package flow

import (
	"strings"
	"testing"

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
	if len(results) != 5 {
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
