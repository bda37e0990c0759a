package flow

import (
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parley/dialog"
	"parley/outcome"
)

// FuzzParse: whatever a file holds, it is a flow or a list of problems with
// their places.
func FuzzParse(f *testing.F) {
	f.Add(sound)
	f.Add("")
	f.Add("flow: x\nlanguage: zh\nsteps:\n  a: {say: 你好, end: completed}\n")
	f.Add("a: &b [*b]\n")
	f.Add("steps: [{}]\nlanguage: en\n? {a: b}\n: c\n")
	f.Add("language: en\nsteps: {a: {check: \"a.b.c == (\", say: {text: {}}}}\n")
	f.Fuzz(func(t *testing.T, source string) {
		flow, err := Parse("f.yaml", []byte(source))
		if (flow == nil) == (err == nil) {
			t.Fatalf("flow %v and error %v", flow, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Fatalf("the error has no place: %v", err)
		}
		if _, err := ParseTest("f.yaml", []byte(source)); err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Fatalf("the error has no place: %v", err)
		}
	})
}

// TestAnyConversationStaysInBounds: whatever a customer does in whatever
// order, the bot answers, never speaks of the debt before the check, and ends.
func TestAnyConversationStaysInBounds(t *testing.T) {
	f, err := Parse("small.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	words := scripted{
		"yes": {Intent: "yes", YesNo: new(true)}, "no": {Intent: "no", YesNo: new(false)}, "stop": intent("opt_out"),
		"again": intent("repeat"), "wrong": intent("dispute"),
	}
	says := []string{"yes", "no", "stop", "again", "wrong", "tomorrow", "zero four seven two", "one two three four", "in six months", "what", ""}
	kinds := []dialog.TurnKind{
		dialog.Said, dialog.Said, dialog.Said, dialog.Said, dialog.Quiet, dialog.Unclear, dialog.Keyed, dialog.Start,
		dialog.Machine, dialog.Beep, dialog.NoAgent, dialog.Trouble,
	}
	rapid.Check(t, func(t *rapid.T) {
		p := f.Policy(words)
		s, err := p.Open("", f.Samples())
		if err != nil {
			t.Fatal(err)
		}
		proved := false
		for range 60 {
			turn := dialog.Turn{
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Text: rapid.SampledFrom(says).Draw(t, "says"),
				Keys: rapid.SampledFrom([]string{"1", "0472", "9", "#"}).Draw(t, "keys"), AnsweredBy: outcome.Voicemail, Now: thursday,
			}
			proved = proved || strings.Contains(turn.Text, "four seven two") || strings.Contains(turn.Keys, "0472")
			step, err := p.Next(context.Background(), s, turn)
			if err != nil {
				t.Fatal(err)
			}
			if !proved && strings.Contains(text(step), "dollars") {
				t.Fatalf("said before the check: %q", text(step))
			}
			if step.End {
				return
			}
		}
		t.Fatal("the call never ends")
	})
}

// TestEditsIsADistance checks the laws that "did you mean" relies on.
func TestEditsIsADistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c]{0,6}`)
		a, b := []rune(word.Draw(t, "a")), []rune(word.Draw(t, "b"))
		d := edits(a, b)
		if d != edits(b, a) || (d == 0) != (string(a) == string(b)) || d > max(len(a), len(b)) {
			t.Fatalf("the distance of %q and %q is %d and %d", string(a), string(b), d, edits(b, a))
		}
	})
	if d := edits([]rune("promis"), []rune("promise")); d != 1 {
		t.Errorf("one missing letter counts %d", d)
	}
	if d := edits([]rune("verfiy"), []rune("verify")); d != 1 {
		t.Errorf("two swapped letters count %d", d)
	}
}
