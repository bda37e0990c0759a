// Package flow is the policy that follows a written conversation: a graph of
// steps in a YAML file that a merchant can read aloud. Parse reads and checks
// a flow, NewPolicy makes it answer turns, ParseTest reads conversation tests.
// The format is described for its writers in docs/flows.md.
package flow

import (
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"

	"parley/barge"
	"parley/outcome"
	"parley/tts"
)

// Flow is a checked conversation. It is immutable.
type Flow struct {
	// Name and Language are as the file says; Language is "en" or "zh".
	Name, Language string

	file     string
	voice    tts.Voice
	currency string

	variables  []*variable
	slots      map[string]*slot // all that any step collects or sets, by name
	steps      []*step
	anywhere   []*branch
	verified   []*branch // understood once the right person is on the line
	understand map[string][]string
	keys       map[string]string // key presses → intent
	angry      *action

	silence, unclear retry
	limits           limits
	machine          machine
	trouble, nobody  *action
	fillers          []*line // said while an answer is not ready
	hungUp           outcome.Disposition
}

// VariableInfo describes a variable to those who fill it.
type VariableInfo struct {
	Name string
	// From is the list column it is read from when Name is not one.
	From     string
	Type     string
	Sample   string
	Required bool
	Private  bool
}

// Variables are what a contact must bring, in the order of the file.
func (f *Flow) Variables() []VariableInfo {
	all := make([]VariableInfo, 0, len(f.variables))
	for _, v := range f.variables {
		all = append(all, VariableInfo{
			Name: v.name, From: v.from, Type: string(v.kind), Sample: v.sample, Private: v.private,
			Required: v.fallback == "" && !v.optional,
		})
	}
	return all
}

// Samples are the sample values by variable name, for a test call.
func (f *Flow) Samples() map[string]string {
	all := make(map[string]string, len(f.variables))
	for _, v := range f.variables {
		if v.sample != "" {
			all[v.name] = v.sample
		}
	}
	return all
}

// Steps are the names of the steps in the order of the file.
func (f *Flow) Steps() []string {
	names := make([]string, len(f.steps))
	for i, s := range f.steps {
		names[i] = s.name
	}
	return names
}

func (f *Flow) step(name string) *step {
	i := slices.IndexFunc(f.steps, func(s *step) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return f.steps[i]
}

func (f *Flow) variable(name string) *variable {
	i := slices.IndexFunc(f.variables, func(v *variable) bool { return v.name == name })
	if i < 0 {
		return nil
	}
	return f.variables[i]
}

// step is one place of the conversation: it speaks, then listens or decides.
type step struct {
	name string
	at   place

	set     []assignment
	say     []*line
	collect []*slot
	expect  []*branch
	keys    map[string]string
	check   *check
	right   *action
	wrong   *action
	outside *action // a collected value lies outside its limits
	confirm *line
	done    *action
	silence *retry
	unclear *retry
}

// waits reports whether the step listens for an answer.
func (s *step) waits() bool {
	return len(s.expect) > 0 || len(s.collect) > 0 || s.confirm != nil
}

// branch is what happens on an intent.
type branch struct {
	intent string
	at     place
	do     *action
}

// goal is where an action leads.
type goal string

const (
	goEnd    goal = "end"    // say, then hang up
	goStep   goal = "step"   // to the named step
	goBack   goal = "back"   // ask the step's question again
	goAgain  goal = "again"  // say the whole step again
	goListen goal = "listen" // listen on; the action has asked
)

// action is a consequence: words, effects, and where to go.
type action struct {
	at       place
	sure     *line // asked first when the understanding is in doubt
	set      []assignment
	sms      string
	say      []*line
	again    int // so many times ask the step's question again instead of going on
	goal     goal
	step     string
	toAt     place
	transfer string
	failed   *action // after a transfer that reached nobody; nil for the flow's own
	end      outcome.Disposition
}

// leaves reports whether the action leads out of the step.
func (a *action) leaves() bool {
	return a.goal == goEnd || a.goal == goStep || a.transfer != ""
}

// retry is what to say when no usable answer came.
type retry struct {
	after time.Duration // of silence; 0 for the session's default
	say   []*line       // the first, the second, …; the last one repeats
	times int
	then  *action
}

type assignment struct {
	slot  string
	value string
	at    place
	toAt  place
}

type limits struct {
	turns, stuck int
	then         *action
}

// machine is what happens when no human answers.
type machine struct {
	leave  []*line // on a voicemail, after its beep; nil: hang up
	screen []*line // to a call screener; nil: hang up
}

// check is a condition over variables and slots.
type check struct {
	source  string
	at      place
	program *vm.Program
	// identifies: it compares what was just collected with what is on record,
	// so the right answer verifies the person.
	identifies bool
	secrets    []string // the slots so compared: never exported
	names      []string // all that it reads
}

// line is one prompt.
type line struct {
	at         place
	parts      []part
	mode       barge.Mode
	hotwords   []string
	disclosure string
	question   bool
}

// part is literal text or the name of a variable or slot.
type part struct {
	text string
	name string
	at   place
}
