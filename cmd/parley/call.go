package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"parley/app"
	"parley/call"
	"parley/outcome"
)

type callCmd struct {
	To      string            `arg:"" help:"A number, or a sip: URI of this machine."`
	Config  string            `help:"Configuration file." type:"path"`
	Models  string            `help:"Folder with the recogniser's models." type:"path"`
	Flow    string            `help:"Flow file, or the name of a shipped flow."`
	Lang    string            `help:"Language of the shipped reminder." enum:"en,zh" default:"en"`
	Trunk   string            `help:"Trunk of the configuration to call through."`
	Proxy   string            `help:"Carrier to call through, HOST:PORT."`
	Var     map[string]string `help:"A variable of the flow, name=value; may be repeated."`
	Ring    time.Duration     `help:"How long it may ring." default:"45s"`
	Record  string            `help:"Stereo recording: customer left, bot right." type:"path"`
	Plot    string            `help:"Draw the first interruption of the recording as SVG into this file; needs --record." type:"path"`
	Signals string            `help:"The ear's signal log, which holds the customer's words; only its owner may read it." type:"path"`
	Trace   bool              `help:"Show the ladder with every SIP message on stderr."`
	JSON    bool              `help:"Print the report as JSON."`
}

// Help is the command's example.
func (callCmd) Help() string {
	return "Places one call without a server. Only addresses of this machine and the numbers\n" +
		"that the configuration allows for tests are dialled.\n\n" +
		"Example: parley call sip:lee@127.0.0.1:5070 --var name=Lee --record call.wav"
}

// Run places the call; it fails when nobody answered.
func (c *callCmd) Run(t *terminal) error {
	if c.Plot != "" && c.Record == "" {
		return usageError{errors.New("--plot draws a recording; give --record as well")}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	if c.Models != "" {
		config.ASR.Pocketsphinx.Models = c.Models
	}
	single := app.Single{
		To: c.To, Trunk: c.Trunk, Proxy: c.Proxy, Flow: c.Flow, Language: c.Lang, Variables: c.Var, Ring: c.Ring, Record: c.Record, Signals: c.Signals,
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.Trace {
		single.Trace = t.err
	}
	if !c.JSON {
		single.Watch = func(m call.Moment) { showMoment(t.out, m) }
	}
	report, err := app.Call(t.ctx, config, single)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(t.out, report); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	} else {
		showReport(t.out, report)
	}
	if report.Network != outcome.Answered {
		return errQuiet
	}
	if c.Plot != "" {
		c.draw(t, report)
	}
	return nil
}

// draw tells what hinders the picture and does not fail: the call was answered,
// and who repeats what failed would ring the customer again.
func (c *callCmd) draw(t *terminal, r call.Report) {
	if err := drawInterruption(c.Plot, c.Record, r); err != nil {
		fmt.Fprintf(t.err, "parley: %v\n", err)
	}
}

// showMoment prints a line of the live transcript.
func showMoment(w io.Writer, m call.Moment) {
	if m.Turn == nil {
		fmt.Fprintf(w, "%s  -- %s\n", m.At.Format("15:04:05"), strings.ReplaceAll(m.State, "_", " "))
		return
	}
	text := m.Turn.Text + m.Turn.Keys
	switch {
	case m.Turn.By == call.PartyBot && m.Turn.BargedIn:
		text = m.Turn.HeardText + " … (interrupted)"
	case text == "":
		text = "(not understood)"
	}
	fmt.Fprintf(w, "%s  %-8s  %s\n", m.At.Format("15:04:05"), m.Turn.By, text)
}

// showReport sums a call up for a person.
func showReport(w io.Writer, r call.Report) {
	fmt.Fprintf(w, "\nnetwork      %s", r.Network)
	if r.SIP != 0 {
		fmt.Fprintf(w, " (SIP %d)", r.SIP)
	}
	fmt.Fprintln(w)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-12s %s\n", name, value)
		}
	}
	line("answered by", string(r.AnsweredBy))
	line("disposition", string(r.Disposition))
	if p := r.Promise; p != nil {
		amount := ""
		if p.Amount != nil {
			amount = string(p.Amount.Value) + " " + p.Amount.Currency
		}
		line("promise", strings.TrimSpace(amount+" on "+p.Date))
	}
	if r.TalkMS > 0 {
		line("talk", fmt.Sprintf("%.1f s, answered within %d ms (p50), %d barge-ins", float64(r.TalkMS)/1000, r.Latency.ResponseP50, r.BargeIns))
	}
	if r.Cost != nil {
		line("cost", fmt.Sprintf("%s %s for %d s", r.Cost.Amount, r.Cost.Currency, r.Cost.BilledS))
	}
	line("recording", r.Recording)
	line("problem", r.Problem)
}
