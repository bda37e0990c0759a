package main

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley/dialog"
	"parley/dialog/flow"
	"parley/flows"
	"parley/nlu"
	"parley/nlu/keyword"
	"parley/outcome"
)

// flowCmd is everything about written conversations.
type flowCmd struct {
	Check flowCheckCmd `cmd:"" help:"Check flows: every mistake with its line and column."`
	Chat  flowChatCmd  `cmd:"" help:"Talk with a flow by text."`
	Test  flowTestCmd  `cmd:"" help:"Run conversation tests."`
}

// readFlow reads a flow from a file or, when there is none, from those that
// are shipped.
func readFlow(path string) ([]byte, error) {
	source, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(path) == path {
		if shipped, err := flows.Source(path); err == nil {
			return shipped, nil
		}
		return nil, fmt.Errorf("there is no flow %q; give a file, or one of the shipped: %s", path, strings.Join(flows.Names(), ", "))
	}
	return source, err
}

type flowCheckCmd struct {
	Files []string `arg:"" name:"file" help:"Flows (YAML)."`
}

// Help is the command's example.
func (flowCheckCmd) Help() string { return "Example: parley flow check flows/payment-reminder.en.yaml" }

// Run prints the problems of every file.
func (c flowCheckCmd) Run(t *terminal) error {
	failed := false
	for _, path := range c.Files {
		source, err := readFlow(path)
		if err != nil {
			return err
		}
		f, err := flow.Parse(path, source)
		if err != nil {
			failed = true
			fmt.Fprintln(t.out, err)
			continue
		}
		fmt.Fprintf(t.out, "%s: %s (%s), %d steps, no problems\n", path, f.Name, f.Language, len(f.Steps()))
	}
	if failed {
		return errQuiet
	}
	return nil
}

type flowTestCmd struct {
	Files []string `arg:"" name:"file" help:"Conversation tests (*.test.yaml)."`
	Trace bool     `help:"Print the conversations of failing talks."`
}

// Help is the command's example.
func (flowTestCmd) Help() string {
	return "Example: parley flow test flows/payment-reminder.en.test.yaml"
}

// Run runs every talk and prints a line for each.
func (c flowTestCmd) Run(t *terminal) error {
	failed := 0
	for _, path := range c.Files {
		source, err := readFlow(path)
		if err != nil {
			return err
		}
		beside := func(name string) ([]byte, error) {
			if filepath.IsAbs(name) {
				return os.ReadFile(name)
			}
			source, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
			if errors.Is(err, os.ErrNotExist) {
				return readFlow(name)
			}
			return source, err
		}
		results, err := flow.RunTests(t.ctx, path, source, beside, keyword.New(keyword.Options{}))
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Problem == nil {
				fmt.Fprintf(t.out, "ok    %s\n", r.Title)
				continue
			}
			failed++
			fmt.Fprintf(t.out, "FAIL  %s\n      %v\n", r.Title, r.Problem)
			if c.Trace {
				fmt.Fprintf(t.out, "      %s\n", strings.Join(r.Transcript, "\n      "))
			}
		}
		fmt.Fprintf(t.out, "%s: %d of %d talks went as written\n", path, len(results)-failures(results), len(results))
	}
	if failed > 0 {
		return errQuiet
	}
	return nil
}

func failures(results []flow.Result) int {
	n := 0
	for _, r := range results {
		if r.Problem != nil {
			n++
		}
	}
	return n
}

type flowChatCmd struct {
	File  string            `arg:"" help:"The flow (YAML)."`
	Var   map[string]string `help:"Variables of the contact; the flow's samples fill the rest." placeholder:"NAME=VALUE"`
	Now   time.Time         `help:"The customer's present (RFC 3339); default: now."`
	Trace bool              `help:"Show the step and what was understood."`
}

// Help is the command's example.
func (flowChatCmd) Help() string {
	return `Example: parley flow chat flows/payment-reminder.en.yaml --var name=Ann

Type what the customer says. A line that begins with / is something else:
  /keys 0472   /silence   /unclear   /machine voicemail   /beep   /trouble   /no_agent   /hangup`
}

// Run holds the conversation.
func (c flowChatCmd) Run(t *terminal) error {
	source, err := readFlow(c.File)
	if err != nil {
		return err
	}
	f, err := flow.Parse(c.File, source)
	if err != nil {
		fmt.Fprintln(t.out, err)
		return errQuiet
	}
	variables := f.Samples()
	maps.Copy(variables, c.Var)
	chat := &chat{cmd: c, t: t, policy: flow.NewPolicy(f, keyword.New(keyword.Options{}))}
	if chat.state, err = chat.policy.Open("", variables); err != nil {
		return err
	}
	return chat.run()
}

// chat is one conversation on the terminal.
type chat struct {
	cmd    flowChatCmd
	t      *terminal
	policy dialog.Policy
	state  *dialog.State
}

func (c *chat) run() error {
	over, err := c.turn(dialog.Turn{Kind: dialog.Start})
	for in := bufio.NewScanner(c.t.in); err == nil && !over; {
		fmt.Fprint(c.t.out, "you: ")
		if !in.Scan() {
			fmt.Fprintln(c.t.out)
			break
		}
		turn, known := typed(strings.TrimSpace(in.Text()))
		if !known {
			fmt.Fprintln(c.t.out, "  (say something, or one of /keys /silence /unclear /machine /beep /trouble /no_agent /hangup)")
			continue
		}
		if turn.Kind == "" {
			break
		}
		over, err = c.turn(turn)
	}
	if err != nil {
		return err
	}
	c.report()
	return nil
}

// typed is the turn that a line stands for; an empty kind hangs up.
func typed(line string) (dialog.Turn, bool) {
	command, rest, _ := strings.Cut(line, " ")
	switch command {
	case "":
		return dialog.Turn{}, false
	case "/keys":
		return dialog.Turn{Kind: dialog.Keyed, Keys: rest}, rest != ""
	case "/silence":
		return dialog.Turn{Kind: dialog.Quiet}, true
	case "/machine":
		return dialog.Turn{Kind: dialog.Machine, AnsweredBy: outcome.AnsweredBy(rest)}, rest != ""
	case "/unclear", "/beep", "/trouble", "/no_agent":
		return dialog.Turn{Kind: dialog.TurnKind(command[1:])}, true
	case "/hangup":
		return dialog.Turn{}, true
	}
	return dialog.Turn{Kind: dialog.Said, Text: line, Confidence: 1}, !strings.HasPrefix(line, "/")
}

func (c *chat) turn(turn dialog.Turn) (over bool, err error) {
	if turn.Now = c.cmd.Now; turn.Now.IsZero() {
		turn.Now = time.Now()
	}
	step, err := c.policy.Next(c.t.ctx, c.state, turn)
	if err != nil {
		return false, err
	}
	if c.cmd.Trace {
		fmt.Fprintf(c.t.out, "  (%s%s)\n", step.Node, understood(step.Reading))
	}
	for _, p := range step.Prompts {
		fmt.Fprintln(c.t.out, "bot:", p.Text())
	}
	if step.Transfer != "" {
		fmt.Fprintf(c.t.out, "  (transfer to %s: nobody is there in a chat)\n", step.Transfer)
		return c.turn(dialog.Turn{Kind: dialog.NoAgent})
	}
	return step.End, nil
}

func understood(r nlu.Reading) string {
	var parts []string
	if r.Intent != "" {
		parts = append(parts, fmt.Sprintf("%s %.2f", r.Intent, r.Confidence))
	}
	for _, s := range r.Slots {
		parts = append(parts, fmt.Sprintf("%s=%q", s.Slot, s.Value.Text))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// report prints what the conversation came to.
func (c *chat) report() {
	o := c.state.Outcome
	fmt.Fprintln(c.t.out, "disposition:", o.Disposition)
	if p := o.Promise; p != nil {
		fmt.Fprintf(c.t.out, "promise: %d.%02d %s on %s, read back: %v\n",
			p.Amount.Minor/100, p.Amount.Minor%100, p.Amount.Currency, p.Date.Format(time.DateOnly), p.ReadBack)
	}
	if o.Callback != nil {
		fmt.Fprintln(c.t.out, "callback:", o.Callback.Format(time.RFC3339))
	}
	for _, k := range slices.Sorted(maps.Keys(o.Slots)) {
		fmt.Fprintf(c.t.out, "%s: %v\n", k, o.Slots[k])
	}
}
