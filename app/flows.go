package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/dialog"
	"parley/dialog/flow"
	"parley/flows"
	"parley/nlu"
)

// flowShelf holds the conversations a campaign may name: those that ship with
// parley, and the merchant's own files, which win over a shipped one of the
// same name. It is read once, at start, so a running call keeps its version.
type flowShelf struct {
	policies map[string]dialog.Policy
}

// newFlowShelf reads every flow; one that is wrong fails the start, with the
// line and column of every mistake.
func newFlowShelf(dir string, c nlu.Classifier) (*flowShelf, error) {
	s := &flowShelf{policies: map[string]dialog.Policy{}}
	for _, name := range flows.Names() {
		source, err := flows.Source(name)
		if err != nil {
			return nil, fmt.Errorf("shipped flow %s: %w", name, err)
		}
		if err := s.add(name, name+".yaml", source, c); err != nil {
			return nil, err
		}
	}
	if dir == "" {
		return s, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find flows in %s: %w", dir, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if strings.HasSuffix(name, ".test") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a flow: %w", err)
		}
		if err := s.add(name, file, source, c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *flowShelf) add(name, file string, source []byte, c nlu.Classifier) error {
	f, err := flow.Parse(file, source)
	if err != nil {
		return err
	}
	s.policies[name] = flow.NewPolicy(f, c)
	return nil
}

// policy is the flow of this name.
func (s *flowShelf) policy(name string) (dialog.Policy, error) {
	if p, ok := s.policies[name]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("there is no flow %q; choose one of %s", name, strings.Join(s.names(), ", "))
}

func (s *flowShelf) names() []string {
	names := make([]string, 0, len(s.policies))
	for n := range s.policies {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// readFlow reads one flow for `parley call`: a file, or a shipped name.
func readFlow(name string) (*flow.Flow, error) {
	source, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		shipped, missing := flows.Source(name)
		if missing != nil {
			return nil, fmt.Errorf("there is no flow file %s, nor a shipped flow of that name; shipped are %s", name, strings.Join(flows.Names(), ", "))
		}
		return flow.Parse(name, shipped)
	}
	if err != nil {
		return nil, fmt.Errorf("read the flow: %w", err)
	}
	return flow.Parse(name, source)
}
