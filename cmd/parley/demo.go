package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"parley/app"
)

type demoCmd struct {
	Lang   string `help:"Language of the conversations." enum:"en,zh" default:"en"`
	Calls  int    `help:"How many customers to call; all by default." default:"0"`
	Data   string `help:"Folder for the server's data; by default one that is removed at the end." type:"path"`
	Models string `help:"Folder with the recogniser's models; Chinese needs one." type:"path"`
	Exit   bool   `help:"End after the table instead of keeping the console open."`
	JSON   bool   `help:"Print the result as JSON."`
}

// Help is the command's example.
func (demoCmd) Help() string {
	return "Starts a server and a simulated carrier with talking customers, runs a payment-reminder\n" +
		"campaign over real SIP and RTP on this machine, and compares every outcome with what the\n" +
		"customer's file expects. Exit 1 when one differs.\n\n" +
		"Example: parley demo --exit"
}

// Run plays the demo.
func (c *demoCmd) Run(t *terminal) error {
	config := app.Defaults()
	config.ASR.Pocketsphinx.Models = c.Models
	demo := app.Demo{
		Language: c.Lang, Calls: c.Calls, Data: c.Data,
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !c.JSON {
		demo.Out = t.out
	}
	right := false
	err := demo.Run(t.ctx, config, func(ctx context.Context, r app.DemoResult) error {
		right = r.Right()
		if err := c.show(t.out, r); err != nil {
			return err
		}
		if c.Exit {
			return nil
		}
		fmt.Fprintf(t.err, "the console is open at %s\npress Ctrl-C to end\n", r.Link)
		<-ctx.Done()
		return nil
	})
	if err == nil && !right {
		return errQuiet
	}
	return err
}

func (c *demoCmd) show(w io.Writer, r app.DemoResult) error {
	if c.JSON {
		if err := printJSON(w, r); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		return nil
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "CUSTOMER\tNETWORK\tANSWERED BY\tDISPOSITION\tEXPECTED\tTALK\tRESPONSE\t")
	wrong := 0
	for _, call := range r.Calls {
		mark := "as expected"
		if len(call.Differences) > 0 {
			wrong++
			mark = "DIFFERS: " + strings.Join(call.Differences, "; ")
		}
		talk, response := "", ""
		if call.TalkMS > 0 {
			talk = fmt.Sprintf("%.1f s", float64(call.TalkMS)/1000)
		}
		if call.Latency.ResponseP50 > 0 {
			response = fmt.Sprintf("%d ms", call.Latency.ResponseP50)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", call.Persona, call.Network, call.AnsweredBy, call.Disposition, mark, talk, response)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(w, "\n%d calls, %d as expected, %d differ\n", len(r.Calls), len(r.Calls)-wrong, wrong)
	return nil
}
