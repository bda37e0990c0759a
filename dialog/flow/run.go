package flow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parley/dialog"
	"parley/nlu"
)

// Result is what became of one talk.
type Result struct {
	Title string
	// Problem is nil when the talk went as written; else it names the line.
	Problem error
	// Transcript is the conversation as it went, a line for each turn.
	Transcript []string
}

// RunTests reads a test, opens the flow it names and runs every talk. The
// error says that the test or the flow could not be read.
func RunTests(ctx context.Context, name string, source []byte, open func(flow string) ([]byte, error), c nlu.Classifier) ([]Result, error) {
	t, err := ParseTest(name, source)
	if err != nil {
		return nil, err
	}
	text, err := open(t.Flow)
	if err != nil {
		return nil, fmt.Errorf("open the flow of %s: %w", name, err)
	}
	f, err := Parse(t.Flow, text)
	if err != nil {
		return nil, err
	}
	return t.Run(ctx, f.Policy(c)), nil
}

// Run holds every talk with the policy, by text.
func (t *Test) Run(ctx context.Context, p dialog.Policy) []Result {
	results := make([]Result, 0, len(t.talks))
	for _, k := range t.talks {
		r := &rehearsal{test: t, talk: k, policy: p}
		problem := r.run(ctx)
		results = append(results, Result{Title: k.title, Problem: problem, Transcript: r.transcript})
	}
	return results
}

// rehearsal is one talk as it runs.
type rehearsal struct {
	test       *Test
	talk       *talk
	policy     dialog.Policy
	state      *dialog.State
	transcript []string

	heard    string // what the bot said last, folded, not yet matched
	last     dialog.Step
	facts    []string
	transfer string
	ended    bool
	gone     bool
}

func (r *rehearsal) run(ctx context.Context) error {
	state, err := r.policy.Open("", r.talk.with)
	if err != nil {
		return r.fail(r.talk.at, "%v", err)
	}
	r.state = state
	if r.talk.lines[0].turn.Kind != dialog.Machine {
		if err := r.turn(ctx, r.talk.at, dialog.Turn{Kind: dialog.Start}); err != nil {
			return err
		}
	}
	for _, l := range r.talk.lines {
		if err := r.line(ctx, l); err != nil {
			return err
		}
	}
	if !r.ended && !r.gone {
		return r.fail(r.talk.at, "the call goes on after the last line; write \"hangs_up:\" if the customer does")
	}
	return r.compare()
}

func (r *rehearsal) line(ctx context.Context, l talkLine) error {
	switch {
	case l.hangsUp:
		r.gone = true
		return nil
	case l.bot != "":
		_, rest, found := strings.Cut(r.heard, plainWords(l.bot))
		if !found {
			return r.fail(l.at, "the bot does not say %q but %q", l.bot, text(r.last))
		}
		r.heard = rest
		return nil
	case r.ended:
		return r.fail(l.at, "the call has already ended, with %q", text(r.last))
	}
	return r.turn(ctx, l.at, l.turn)
}

func (r *rehearsal) turn(ctx context.Context, at place, t dialog.Turn) error {
	t.Now = r.talk.now
	if t.Kind != dialog.Start {
		r.transcript = append(r.transcript, "customer: "+describe(t))
	}
	step, err := r.policy.Next(ctx, r.state, t)
	if err != nil {
		return r.fail(at, "%v", err)
	}
	r.last, r.ended = step, step.End
	r.heard = plainWords(text(step))
	r.transcript = append(r.transcript, fmt.Sprintf("bot: %s   [%s %s]", text(step), step.Node, step.Reading.Intent))
	for _, f := range step.Facts {
		r.facts = append(r.facts, string(f.Kind))
	}
	if step.Transfer != "" {
		r.transfer = step.Transfer
	}
	for _, word := range r.talk.never {
		if strings.Contains(r.heard, plainWords(word)) {
			return r.fail(at, "the bot says %q: %q", word, text(step))
		}
	}
	return nil
}

// describe is a turn in the words of the test format.
func describe(t dialog.Turn) string {
	switch t.Kind {
	case dialog.Said:
		return t.Text
	case dialog.Keyed:
		return "keys " + t.Keys
	case dialog.Machine:
		return "machine " + string(t.AnsweredBy)
	}
	return "(" + string(t.Kind) + ")"
}

func text(s dialog.Step) string {
	all := make([]string, len(s.Prompts))
	for i, p := range s.Prompts {
		all[i] = p.Text()
	}
	return strings.Join(all, " ")
}

func (r *rehearsal) fail(at place, format string, args ...any) error {
	return Problem{File: r.test.file, Line: at.line, Column: at.column, Text: fmt.Sprintf(format, args...)}
}

// compare checks the outcome.
func (r *rehearsal) compare() error {
	want, got := r.talk.want, r.state.Outcome
	if want.disposition != "" && got.Disposition != want.disposition {
		return r.fail(want.at, "the outcome is %q and not %q", got.Disposition, want.disposition)
	}
	if want.transfer != r.transfer && (want.transfer != "" || want.at != place{}) {
		return r.fail(want.at, "the call is transferred to %q and not to %q", r.transfer, want.transfer)
	}
	callback := ""
	if got.Callback != nil {
		callback = got.Callback.Format(time.RFC3339)
	}
	if callback != want.callback {
		return r.fail(want.at, "the callback is %q and not %q", callback, want.callback)
	}
	promise := map[string]string{}
	if p := got.Promise; p != nil {
		promise["date"] = p.Date.Format(time.DateOnly)
		promise["amount"] = moneyDigits(p.Amount) + " " + p.Amount.Currency
		promise["method"] = p.Method
		promise["read_back"] = fmt.Sprint(p.ReadBack)
	}
	if got.Promise != nil && want.promise == nil {
		return r.fail(want.at, "there is a promise %v that the outcome does not name", promise)
	}
	if err := r.compareNamed("promise", want.promise, promise); err != nil {
		return err
	}
	slots := map[string]string{}
	for k, v := range got.Slots {
		slots[k] = fmt.Sprint(v)
	}
	if err := r.compareNamed("slot", want.slots, slots); err != nil {
		return err
	}
	if want.factsSaid && !slices.Equal(want.facts, r.facts) {
		return r.fail(want.at, "the facts are %v and not %v", r.facts, want.facts)
	}
	return nil
}

func (r *rehearsal) compareNamed(what string, want, got map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			return r.fail(r.talk.want.at, "the %s %q is %q and not %q", what, k, got[k], want[k])
		}
	}
	return nil
}
