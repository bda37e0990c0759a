package flow

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/dialog"
	"parley/flows"
	"parley/nlu/keyword"
)

func TestShippedFlowsAreRight(t *testing.T) {
	names := flows.Names()
	if len(names) == 0 {
		t.Fatal("no flow is shipped")
	}
	for _, name := range names {
		source, err := flows.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(name+".yaml", source); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// TestShippedConversations holds every conversation that is shipped beside a
// flow; they are the specification of the flows.
func TestShippedConversations(t *testing.T) {
	for _, name := range flows.Names() {
		source, err := flows.Source(name + ".test")
		if err != nil {
			t.Errorf("%s has no conversations: %v", name, err)
			continue
		}
		results, err := RunTests(t.Context(), name+".test.yaml", source, flows.Source, keyword.New(keyword.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		least := 25
		if strings.Contains(name, "-caller.") {
			least = 5 // a few lines for whoever calls
		}
		if len(results) < least {
			t.Errorf("%s has only %d conversations", name, len(results))
		}
		for _, r := range results {
			t.Run(name+"/"+r.Title, func(t *testing.T) {
				if r.Problem != nil {
					t.Errorf("%v\n%s", r.Problem, strings.Join(r.Transcript, "\n"))
				}
			})
		}
	}
}

// TestTheDocumentationIsTrue checks the flow and holds the conversation that
// docs/flows.md shows.
func TestTheDocumentationIsTrue(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "flows.md"))
	if err != nil {
		t.Fatal(err)
	}
	checked, held := 0, 0
	for i, block := range strings.Split(string(page), "```") {
		block, isYAML := strings.CutPrefix(block, "yaml\n")
		switch {
		case i%2 == 0 || !isYAML:
		case strings.Contains(block, "\ntalks:"):
			results, err := RunTests(t.Context(), "docs", []byte(block), flows.Source, keyword.New(keyword.Options{}))
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				held++
				if r.Problem != nil {
					t.Error(r.Problem)
				}
			}
		case strings.Contains(block, "\nsteps:"):
			checked++
			if _, err := Parse("docs", []byte(block)); err != nil {
				t.Error(err)
			}
		}
	}
	if checked == 0 || held == 0 {
		t.Errorf("the page shows %d flows and %d conversations", checked, held)
	}
	for intent := range keyword.Builtin("en") {
		if !strings.Contains(string(page), intent) {
			t.Errorf("the page does not name the intent %q", intent)
		}
	}
	for _, field := range topFields {
		if !strings.Contains(string(page), "`"+field+"`") {
			t.Errorf("the page does not explain %q", field)
		}
	}
}

// TestShippedFlowsKeepTheSecret mixes the lines of all shipped conversations
// at random: whatever is said in whatever order, nothing private is said
// before the right digits, and every call ends.
func TestShippedFlowsKeepTheSecret(t *testing.T) {
	private := map[string][]string{"en": {"Acme", "dollars", "December first"}, "zh": {"安心", "元", "十二月一号"}}
	for _, name := range flows.Names() {
		source, _ := flows.Source(name)
		f, err := Parse(name, source)
		if err != nil {
			t.Fatal(err)
		}
		script, _ := flows.Source(name + ".test")
		test, err := ParseTest(name, script)
		if err != nil {
			t.Fatal(err)
		}
		var turns []dialog.Turn
		for _, k := range test.talks {
			for _, l := range k.lines {
				if l.bot == "" && !l.hangsUp {
					turns = append(turns, l.turn)
				}
			}
		}
		p := f.Policy(keyword.New(keyword.Options{}))
		for seed := range uint64(60) {
			random := rand.New(rand.NewPCG(seed, 1))
			s, err := p.Open("", f.Samples())
			if err != nil {
				t.Fatal(err)
			}
			proved, ended := false, false
			for turn := (dialog.Turn{Kind: dialog.Start}); !ended; turn = turns[random.IntN(len(turns))] {
				turn.Now = test.now
				proved = proved || strings.Contains(turn.Text, "four seven two") || strings.Contains(turn.Text, "零四七二") || turn.Keys != ""
				step, err := p.Next(t.Context(), s, turn)
				if err != nil {
					t.Fatal(err)
				}
				for _, word := range private[f.Language] {
					if !proved && strings.Contains(text(step), word) {
						t.Fatalf("%s, seed %d: says %q before the check", name, seed, text(step))
					}
				}
				if ended = step.End; s.Turns > 60 {
					t.Fatalf("%s, seed %d: the call never ends", name, seed)
				}
			}
		}
	}
}
