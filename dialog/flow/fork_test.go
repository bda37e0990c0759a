package flow

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley/dialog"
	"parley/flows"
	"parley/nlu"
	"parley/nlu/keyword"
)

// TestAForkLeavesNoTrace: whatever is asked of a copy, the state itself goes on
// as if nobody had asked, through a whole reminder.
func TestAForkLeavesNoTrace(t *testing.T) {
	source, err := flows.Source("payment-reminder.en")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("payment-reminder.en.yaml", source)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPolicy(f, keyword.New(keyword.Options{}))
	now := time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)
	words := []string{"yes speaking", "four seven one one", "i already paid", "i want to dispute this", "on friday", "stop calling me", "no", "yes", "one hundred dollars"}
	open := func() *dialog.State {
		s, err := p.Open("en", f.Samples())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plain, forked := open(), open()
	for i, text := range append([]string{""}, words...) {
		turn := dialog.Turn{Kind: dialog.Said, Text: text, Confidence: 0.9, Now: now}
		if i == 0 {
			turn.Kind = dialog.Start
		}
		for _, other := range words {
			if _, err := p.Next(t.Context(), p.Fork(forked), dialog.Turn{Kind: dialog.Said, Text: other, Confidence: 0.9, Now: now}); err != nil {
				t.Fatal(err)
			}
		}
		want, err := p.Next(t.Context(), plain, turn)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Next(t.Context(), forked, turn)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(forked.Outcome, plain.Outcome) || forked.Turns != plain.Turns {
			t.Fatalf("after %q the step is %+v, want %+v", text, got, want)
		}
	}
}

// TestAThoughtThatWasEndedLeavesTheState as it was: its words come again with
// the next turn, and would count twice.
func TestAThoughtThatWasEndedLeavesTheState(t *testing.T) {
	source, err := flows.Source("payment-reminder.en")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("payment-reminder.en.yaml", source)
	if err != nil {
		t.Fatal(err)
	}
	gate := &waiting{Classifier: keyword.New(keyword.Options{}), entered: make(chan struct{}, 1)}
	p := NewPolicy(f, gate)
	s, err := p.Open("en", f.Samples())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)
	if _, err := p.Next(t.Context(), s, dialog.Turn{Kind: dialog.Start, Now: now}); err != nil {
		t.Fatal(err)
	}
	before := p.Fork(s)
	gate.blocks = true
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-gate.entered; cancel() }()
	said := dialog.Turn{Kind: dialog.Said, Text: "yes speaking", Confidence: 0.9, Now: now}
	if _, err := p.Next(ctx, s, said); !errors.Is(err, context.Canceled) {
		t.Fatalf("the thought ended with %v", err)
	}
	if !reflect.DeepEqual(s, before) {
		t.Errorf("the state is %+v, was %+v", s, before)
	}
	gate.blocks = false
	if _, err := p.Next(t.Context(), s, said); err != nil || s.Turns != 1 {
		t.Errorf("the words that came again are turn %d, %v", s.Turns, err)
	}
}

// waiting is a classifier that takes as long as it may.
type waiting struct {
	nlu.Classifier

	blocks  bool
	entered chan struct{}
}

func (w *waiting) Classify(ctx context.Context, u nlu.Utterance) (nlu.Reading, error) {
	if !w.blocks {
		return w.Classifier.Classify(ctx, u)
	}
	w.entered <- struct{}{}
	<-ctx.Done()
	return nlu.Reading{}, ctx.Err()
}

func TestFillersAreFixed(t *testing.T) {
	const head = "flow: x\nlanguage: en\nsteps: {a: {say: [{text: This is a machine., disclosure: ai}, {text: We record., disclosure: recording}, Goodbye.], end: completed}}\n"
	for source, want := range map[string][]string{
		"": {"One moment, please.", "Just a second, please."}, "filler: Let me see.\n": {"Let me see."},
		"filler: [Hm., Well.]\n": {"Hm.", "Well."}, "filler: none\n": {},
	} {
		f, err := Parse("x.yaml", []byte(head+source))
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		p := NewPolicy(f, nil)
		if got := p.Fillers(); !slices.Equal(got, want) {
			t.Errorf("%q gives %q", source, got)
		}
		for _, text := range want {
			if !slices.Contains(p.Fixed(), text) {
				t.Errorf("%q is not synthesised beforehand", text)
			}
		}
	}
	if _, err := Parse("x.yaml", []byte(head+"variables: {name: {sample: Lee}}\nfiller: Wait, {name}.\n")); err == nil {
		t.Error("a filler with a variable is taken")
	}
}
