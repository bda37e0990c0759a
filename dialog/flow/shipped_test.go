package flow

import (
	"strings"
	"testing"

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
// flow; they are the specification of the payment reminder.
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
		if len(results) < 25 {
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
