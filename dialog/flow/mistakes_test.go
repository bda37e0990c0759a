package flow

import (
	"strings"
	"testing"
)

// sound is a small flow without mistakes; each case of the table breaks one
// line of it.
const sound = `flow: small
language: en
variables:
  name: {type: name, sample: Lee}
  amount_due: {type: money, sample: 128.50 USD}
  tail: {type: digits, sample: "0472"}
  note: {type: text, optional: true}
anywhere:
  opt_out: {say: "Understood. Goodbye.", end: opt_out}
  repeat: again
once_verified:
  dispute: {say: "I will pass this on.", end: dispute}
steps:
  greet:
    say:
      - {text: "Hello, I am an automated assistant.", disclosure: ai}
      - {text: "This call is recorded.", disclosure: recording}
      - "May I speak with {name}?"
    expect:
      yes: verify
      no: bye
  verify:
    ask: "What are the last four digits of your account?"
    collect: {given: digits 4}
    check: given == tail
    right: remind
    wrong: {say: "That does not match.", again: 1, then: bye}
  remind:
    say:
      - {text: "This is an attempt to collect a debt.", disclosure: debt}
      - "You owe {amount_due}. When can you pay it?"
    collect: {promise.date: date within 14 days}
    silence: {after: 4s, say: "Are you there?", times: 2, end: no_response}
    confirm: "So you will pay on {promise.date}?"
    done: {say: "Thank you.", sms: payment_link, end: promise_to_pay}
  bye:
    say: "Goodbye."
    end: completed
understand:
  opt_out: ["leave me (alone|be)"]
machine:
  voicemail: {leave: "Hello, this is an automated call for {name}. Goodbye."}
`

func TestASoundFlowHasNoMistakes(t *testing.T) {
	if _, err := Parse("small.yaml", []byte(sound)); err != nil {
		t.Fatal(err)
	}
}

func TestMistakesAreNamedWithLineAndColumn(t *testing.T) {
	for _, c := range []struct {
		title    string
		old, new string
		want     string // one line of the error
	}{
		{"bad YAML", "flow: small", "flow: small: x", "1:7: this is not valid YAML"},
		{"unknown field at the top", "understand:", "understands:", `39:1: a flow has no "understands"; did you mean "understand"?`},
		{"unknown field of a step", "    ask: \"What", "    asks: \"What", `23:5: a step has no "asks"; did you mean "ask"?`},
		{"unknown field of an action", "wrong: {say:", "wrong: {says:", `27:13: wrong has no "says"; did you mean "say"?`},
		{"doubled step", "  bye:\n", "  remind:\n", `36:3: this is not valid YAML: mapping key "remind" already defined`},
		{"unknown language", "language: en", "language: eng", `2:11: language cannot be "eng"; did you mean "en"?`},
		{"no steps", "steps:\n  greet:", "step:\n  greet:", `13:1: a flow has no "step"; did you mean "steps"?`},
		{"unknown step", "yes: verify", "yes: verfy", `20:12: "verfy" is not a step of this flow; did you mean "verify"?`},
		{"unknown step in an action", "again: 1, then: bye", "again: 1, then: by", `27:58: "by" is not a step of this flow; did you mean "bye"?`},
		{"unknown intent", "  dispute: {say", "  disput: {say", `12:3: "disput" is not an intent that can be understood; did you mean "dispute"?`},
		{"unreachable step", "then: bye}", "end: refused}", ``},
		{"a step that nothing leads to", "understand:", "  lost: {say: \"Goodbye.\", end: completed}\nunderstand:", `39:3: the step "lost" is never reached`},
		{"unknown variable", "speak with {name}", "speak with {nam}", `18:27: "nam" is not a variable of this flow; did you mean "name"?`},
		{"unknown slot", "on {promise.date}?", "on {promis.date}?", `34:34: "promis.date" is not a variable of this flow; did you mean "promise.date"?`},
		{"value that is not known yet", "You owe {amount_due}.", "You owe {promise.date}.", `31:18: {promise.date} may not be known here`},
		{"optional variable", "speak with {name}", "speak with {note}", `18:27: {note} is optional and may be missing`},
		{"private variable too early", "speak with {name}", "speak with {amount_due}", `18:27: {amount_due} is private and must not be said before the right person has answered a check`},
		{"debt before the check", "May I speak with {name}?", "Is it about your debt, {name}?", `18:9: "debt" must not be said before the right person has answered a check`},
		{"the answer of the check", "last four digits", "digits {tail}", `23:31: {tail} answers a check and must not be said aloud`},
		{"private to a machine", "call for {name}", "call about {amount_due}", `42:62: {amount_due} is private and must not be said to a machine`},
		{"no debt disclosure first", "      - {text: \"This is an attempt to collect a debt.\", disclosure: debt}\n      - \"You owe {amount_due}. When", "      - \"You owe {amount_due}.\"\n      - {text: \"This is an attempt to collect a debt.\", disclosure: debt}\n      - \"When", `30:18: {amount_due} must not be said before the line with "disclosure: debt"`},
		{"no AI disclosure", ", disclosure: ai", "", `14:3: the first words of a call must say that a machine speaks`},
		{"no recording disclosure", ", disclosure: recording", "", `14:3: the first step must say that the call is recorded`},
		{"a disclosure that may be interrupted", "disclosure: ai}", "disclosure: ai, interrupt: always}", `16:9: a disclosure must be heard to its end`},
		{"missing branch", "      no: bye\n", "", `20:7: the step "greet" expects "yes" and says nothing about "no"`},
		{"check without wrong", "    wrong: {say: \"That does not match.\", again: 1, then: bye}\n", "", `22:3: the step "verify" checks something and needs both "right" and "wrong"`},
		{"collect without done", "    done: {say: \"Thank you.\", sms: payment_link, end: promise_to_pay}\n", "", `28:3: the step "remind" needs a "done"`},
		{"a dead end", "    end: completed\n", "", `36:3: the step "bye" leads nowhere`},
		{"bad kind of variable", "amount_due: {type: money", "amount_due: {type: monie", `5:22: type cannot be "monie"; did you mean "money"?`},
		{"bad sample", "sample: 128.50 USD", "sample: much", `5:15: the sample of "amount_due" is not a money`},
		{"sample that cannot be spoken", "sample: Lee", "sample: \"...\"", `4:9: the sample of "name" is not a name: "..." has no words that can be spoken`},
		{"bad kind of slot", "given: digits 4", "given: digit 4", `24:22: "digit" is not a kind of value; did you mean "digits"?`},
		{"bad limit", "date within 14 days", "date within 14 weeks", `32:29: write the limit as "within 14 days"`},
		{"wrong type of a reserved slot", "promise.date: date within 14 days", "promise.date: text", `32:29: "promise.date" must be a date`},
		{"bad condition", "given == tail", "given == tial", `25:21: the condition "given == tial" is wrong: unknown name tial; did you mean "tail"?`},
		{"condition of wrong types", "given == tail", "given == amount_due", `25:18: the condition "given == amount_due" is wrong: invalid operation: ==`},
		{"condition that is no condition", "given == tail", "given", `25:12: the condition "given" is wrong: expected bool`},
		{"bad pattern", "(alone|be)", "(alone|be", `40:23: this example cannot be read`},
		{"bad time", "after: 4s", "after: soon", `33:22: after must be a time from 1s to 30s, such as 4s`},
		{"bad count", "times: 2", "times: many", `33:56: times must be a whole number from 1 to 5`},
		{"misspelt outcome", "end: promise_to_pay", "end: promise_to_pai", `35:55: "promise_to_pai" is not an outcome; did you mean "promise_to_pay"?`},
		{"then and end", "end: opt_out}", "end: opt_out, then: bye}", `9:62: opt_out has both "then" and "end"; keep one`},
		{"lonely bracket", "speak with {name}", "speak with {name", `18:27: a curly bracket has no partner`},
		{"nothing to pronounce", "\"Goodbye.\"\n", "\"...\"\n", `37:10: say has no words that can be spoken`},
	} {
		if !strings.Contains(sound, c.old) {
			t.Fatalf("%s: the flow does not contain %q", c.title, c.old)
		}
		_, err := Parse("small.yaml", []byte(strings.Replace(sound, c.old, c.new, 1)))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.title, err)
		case c.want == "":
		case err == nil:
			t.Errorf("%s: no mistake found, want %s", c.title, c.want)
		case !strings.Contains(err.Error(), "small.yaml:"+c.want):
			t.Errorf("%s:\n got %v\nwant small.yaml:%s", c.title, err, c.want)
		}
	}
}
