package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"parley/app"
)

type trunkCmd struct {
	Try trunkTryCmd `cmd:"" help:"Show what the trunks would send for a call, and ask whether they are there."`
}

type trunkTryCmd struct {
	Number string `arg:"" help:"The number to call, with its country code."`
	Config string `help:"Configuration file." type:"path"`
	JSON   bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (trunkTryCmd) Help() string {
	return "Shows the trunks in the order in which they would be tried for a number, the INVITE that\n" +
		"each dial plan makes of it, and the answer of each address to OPTIONS. Nobody is called.\n\n" +
		"Example: parley trunk try --config parley.yaml +12025550123"
}

// Run tries the number; it fails when no trunk takes it, or one that does has
// no address that answers.
func (c *trunkTryCmd) Run(t *terminal) error {
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	tried, err := app.TryNumber(t.ctx, config, c.Number)
	if errors.Is(err, app.ErrNumber) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(t.out, tried); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	} else {
		for i, tr := range tried.Trunks {
			showTrunk(t.out, i+1, tr)
		}
	}
	if !tried.Works() {
		return errQuiet
	}
	return nil
}

// showTrunk prints one trunk for a person.
func showTrunk(w io.Writer, place int, t app.TriedTrunk) {
	if !t.Takes {
		fmt.Fprintf(w, "-  %s\n   would not get the call: %s\n", t.Name, t.Problem)
		return
	}
	fmt.Fprintf(w, "%d  %s (priority %d, first for %.0f %% of the calls of its priority)\n", place, t.Name, t.Priority, 100*t.Share)
	if t.Registrar != "" {
		fmt.Fprintf(w, "   registers with %s before it gets calls; not tried\n", t.Registrar)
	}
	for _, h := range t.Hops {
		answer := h.Problem
		if h.Status != 0 {
			answer = fmt.Sprintf("OPTIONS %d %s in %.1f ms", h.Status, h.Reason, h.MS)
		}
		fmt.Fprintf(w, "   %s %s  %s\n", strings.ToLower(h.Transport), h.Address, answer)
	}
	if t.Problem != "" {
		fmt.Fprintf(w, "   problem: %s\n", t.Problem)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(t.Invite), "\n") {
		fmt.Fprintf(w, "   | %s\n", strings.TrimRight(line, "\r"))
	}
}
