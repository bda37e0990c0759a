package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"time"

	"parley/call"
	"parley/media/beat"
	"parley/media/line"
	"parley/sim"
)

// Demo is a campaign against the built-in carrier and its talking customers,
// on this machine, over real SIP and RTP.
type Demo struct {
	Language string
	// Calls is how many customers are called, 0 for all.
	Calls int
	// Data is the server's folder; empty for one that is removed at the end.
	Data string
	// Out gets the progress; nil for none.
	Out io.Writer
	Log *slog.Logger
}

// DemoResult is what the campaign came to.
type DemoResult struct {
	Campaign string     `json:"campaign"`
	Contacts int        `json:"contacts"`
	Calls    []DemoCall `json:"calls"`
	URL      string     `json:"-"`
	// Link opens the console with the server's first key.
	Link string `json:"-"`
}

// DemoCall is a call's report beside what its persona's file expects.
type DemoCall struct {
	call.Report
	Persona     string     `json:"persona"`
	Expected    sim.Expect `json:"expected"`
	Differences []string   `json:"differences,omitempty"`
}

// Right reports whether every call came as its persona's file expects.
func (r DemoResult) Right() bool {
	return len(r.Calls) == r.Contacts && !slices.ContainsFunc(r.Calls, func(c DemoCall) bool { return len(c.Differences) > 0 })
}

const (
	demoConcurrency = 5
	demoCPS         = 2
	demoLimit       = 5 * time.Minute
)

// Run plays the whole demo and hands the result to show while the server still
// runs; it stops when show returns.
func (d Demo) Run(ctx context.Context, c Config, show func(context.Context, DemoResult) error) (err error) {
	personas, err := sim.Personas(d.Language)
	if err != nil {
		return fmt.Errorf("read the customers: %w", err)
	}
	if d.Calls > 0 && d.Calls < len(personas) {
		personas = personas[:d.Calls]
	}
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	carrier, err := d.carrier(h, c, personas)
	if err != nil {
		return err
	}
	server, err := d.server(ctx, h, c, carrier, personas)
	if err != nil {
		return err
	}
	d.say("%d customers of the simulated carrier at %s, server at %s", len(personas), carrier, server.URL)
	api := newClient(server.URL, server.Key)
	campaign, err := d.launch(ctx, api, personas)
	if err != nil {
		return err
	}
	if err := d.follow(ctx, api, campaign, len(personas)); err != nil {
		return err
	}
	result, err := d.collect(ctx, api, campaign, personas)
	if err != nil {
		return err
	}
	result.URL = server.URL
	result.Link = server.URL + "/#key=" + server.Key
	return show(ctx, result)
}

// carrier starts the simulated carrier with engines of its own: it shares
// nothing with the server but the machine.
func (d Demo) carrier(h *house, c Config, personas []sim.Persona) (netip.AddrPort, error) {
	at, _, err := startCarrier(h, c, personas, d.Log, nil)
	return at, err
}

// startCarrier starts the simulated carrier in this process; ended, if set, is
// told every call's end. Its own engines are ready when ready says so.
func startCarrier(h *house, c Config, personas []sim.Persona, log *slog.Logger, ended func(sim.Ended)) (at netip.AddrPort, ready func() error, err error) {
	none := netip.AddrPort{}
	e, err := newEngines(c, log)
	if err != nil {
		return none, nil, err
	}
	e.startIn(h)
	wheel := beat.New(beat.Options{Log: log})
	h.start(component{"the customers' beat", wheel.Run})
	ports, err := line.NewPorts(30000, 30999)
	if err != nil {
		return none, nil, fmt.Errorf("the carrier's media ports: %w", err)
	}
	s, err := sim.New(sim.Options{
		Listen: "127.0.0.1:0", Personas: personas, Recognizer: e.recognizer,
		Synthesizer: e.voices, Beat: wheel, Ports: ports, Ended: ended, Log: log,
	})
	if err != nil {
		return none, nil, fmt.Errorf("start the simulated carrier: %w", err)
	}
	h.start(component{"carrier", s.Run})
	return s.Addr(), e.ready, nil
}

// server starts a server whose only trunk is the simulated carrier.
func (d Demo) server(ctx context.Context, h *house, c Config, carrier netip.AddrPort, personas []sim.Persona) (*Server, error) {
	c.Data = d.Data
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "parley-demo-")
		if err != nil {
			return nil, fmt.Errorf("make a data folder: %w", err)
		}
		h.onStop("data folder", func() error { return os.RemoveAll(dir) })
		c.Data = dir
	}
	c.HTTP = HTTPConfig{Listen: "127.0.0.1:0"}
	c.SIP.Listen = "127.0.0.1:0"
	c.Trunks = []TrunkConfig{{Name: "simulated", Host: carrier.String(), CallerID: "+12025550199"}}
	c.Limits = LimitsConfig{Calls: demoConcurrency + 2, CallsPerSecond: demoCPS}
	for _, p := range personas {
		c.Rules.TestNumbers = append(c.Rules.TestNumbers, p.Number)
	}
	s, err := Start(ctx, c, ServeOptions{Version: "demo", Log: d.Log, Drain: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	h.onStop("server", s.Stop)
	if s.Key == "" {
		return nil, fmt.Errorf("%s belongs to another server; give the demo a folder of its own with --data", c.Data)
	}
	return s, nil
}

// launch uploads the list and starts the campaign, over HTTP.
func (d Demo) launch(ctx context.Context, api *client, personas []sim.Persona) (string, error) {
	var csv bytes.Buffer
	if err := sim.WriteList(&csv, personas); err != nil {
		return "", fmt.Errorf("write the list: %w", err)
	}
	var list struct {
		ID      string `json:"id"`
		Summary struct {
			Accepted int `json:"accepted"`
			Rejected int `json:"rejected"`
		} `json:"summary"`
	}
	if err := api.do(ctx, http.MethodPost, "/lists"+query("name", "demo customers"), &csv, &list); err != nil {
		return "", fmt.Errorf("upload the list: %w", err)
	}
	if list.Summary.Accepted != len(personas) {
		return "", fmt.Errorf("%d of %d customers were refused by the import", list.Summary.Rejected, len(personas))
	}
	var made struct {
		ID string `json:"id"`
	}
	draft := map[string]any{
		"name": "payment reminder", "list": list.ID, "flow": "payment-reminder." + d.Language, "language": d.Language,
		"profile": testProfile, "trunk": "simulated", "concurrency": demoConcurrency, "cps": demoCPS,
		"max_attempts": 1, "ring_timeout": "12s", "max_talk": "2m",
	}
	if err := api.do(ctx, http.MethodPost, "/campaigns", draft, &made); err != nil {
		return "", fmt.Errorf("create the campaign: %w", err)
	}
	start := "/campaigns/" + made.ID + "/start"
	err := api.do(ctx, http.MethodPost, start, nil, nil)
	var confirm *statusError
	if !errors.As(err, &confirm) || confirm.Status != http.StatusConflict || confirm.Confirm != len(personas) {
		return "", fmt.Errorf("the start was not asked to be confirmed: %w", err)
	}
	if err := api.do(ctx, http.MethodPost, start, map[string]int{"confirm": confirm.Confirm}, nil); err != nil {
		return "", fmt.Errorf("start the campaign: %w", err)
	}
	return made.ID, nil
}

// follow shows the progress until every customer was called once.
func (d Demo) follow(ctx context.Context, api *client, campaign string, contacts int) error {
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	poll := time.NewTicker(500 * time.Millisecond)
	defer poll.Stop()
	last := ""
	for {
		var s struct {
			Live     int `json:"live"`
			Outcomes struct {
				Calls int `json:"calls"`
			} `json:"outcomes"`
		}
		if err := api.do(ctx, http.MethodGet, "/campaigns/"+campaign+"/stats", nil, &s); err != nil {
			return fmt.Errorf("follow the campaign: %w", err)
		}
		if now := fmt.Sprintf("%d of %d called, %d talking or ringing", s.Outcomes.Calls, contacts, s.Live); now != last {
			d.say("%s", now)
			last = now
		}
		if s.Outcomes.Calls >= contacts && s.Live == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the campaign was not done within %v", demoLimit)
		case <-poll.C:
		}
	}
}

// collect puts every call beside its persona.
func (d Demo) collect(ctx context.Context, api *client, campaign string, personas []sim.Persona) (DemoResult, error) {
	result := DemoResult{Campaign: campaign, Contacts: len(personas)}
	var page struct {
		Items []call.Report `json:"items"`
	}
	if err := api.do(ctx, http.MethodGet, "/calls"+query("campaign", campaign, "limit", "500"), nil, &page); err != nil {
		return result, fmt.Errorf("read the calls: %w", err)
	}
	for _, p := range personas {
		i := slices.IndexFunc(page.Items, func(r call.Report) bool { return r.To == p.Number })
		if i < 0 {
			return result, fmt.Errorf("there is no call to the customer who %s", p.Name)
		}
		var report call.Report
		if err := api.do(ctx, http.MethodGet, "/calls/"+page.Items[i].ID, nil, &report); err != nil {
			return result, fmt.Errorf("read a call: %w", err)
		}
		result.Calls = append(result.Calls, DemoCall{
			Report: report, Persona: p.Name, Expected: p.Expect, Differences: p.Expect.Differences(report),
		})
	}
	return result, nil
}

func (d Demo) say(format string, args ...any) {
	if d.Out != nil {
		fmt.Fprintf(d.Out, time.Now().Format("15:04:05")+"  "+format+"\n", args...)
	}
}
