package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"parley/app"
	"parley/bench"
	"parley/media/silero"
	"parley/tts"
)

// benchCmd measures this machine.
type benchCmd struct {
	Calls benchCallsCmd `cmd:"" help:"How many calls at a time this machine holds."`
	Dial  benchDialCmd  `cmd:"" help:"How many calls a second this machine sets up."`
	VAD   benchVADCmd   `cmd:"" name:"vad" help:"How well and at what cost speech is told from noise."`
	Barge benchBargeCmd `cmd:"" help:"What listening costs while customers speak."`

	Talk benchTalkCmd `cmd:"" help:"How long customers wait for an answer, and how soon the bot yields."`

	Far    benchFarCmd    `cmd:"" hidden:"" help:"The far side of the calls (internal)."`
	Callee benchCalleeCmd `cmd:"" hidden:"" help:"The callee of the set-ups (internal)."`
	Visit  benchVisitCmd  `cmd:"" hidden:"" help:"Who asks the API meanwhile (internal)."`
}

type benchCallsCmd struct {
	Max        int           `help:"Greatest number of calls at a time." default:"2000"`
	Conversing int           `help:"Calls in a hundred in which the customer speaks and is recognised." default:"0"`
	Only       int           `help:"Measure this number of calls alone."`
	API        bool          `help:"Serve 200 API requests a second and import lists in the same process meanwhile."`
	Settle     time.Duration `help:"Rest before each step is measured." default:"3s"`
	Measure    time.Duration `help:"How long each step is measured." default:"10s"`
	VAD        string        `help:"Speech detector; live is what a call gets." name:"vad" enum:"live,builtin,both" default:"live"`
	Config     string        `help:"Configuration file." type:"path"`
	JSON       bool          `help:"Print the result as JSON."`
	Plot       string        `help:"Draw the result as SVG into this file." type:"path"`
	Profile    string        `help:"Write a CPU profile of the run into this file, for go tool pprof." type:"path"`
}

// Help is the command's example.
func (benchCallsCmd) Help() string {
	return "Holds ever more two-way calls with stereo recording on this machine, until it is too much.\n" +
		"The far side runs in a process of its own. Run it on a quiet machine.\n\n" +
		"Example: parley bench calls --max 1000 --plot calls.svg"
}

// Run measures; every step is printed as it ends.
func (c *benchCallsCmd) Run(t *terminal) (err error) {
	if c.Max < 1 || c.Only < 0 || c.Conversing < 0 || c.Conversing > 100 || c.Measure < time.Second {
		return usageError{errors.New("--max is 1 or more, --conversing 0 to 100, --measure 1s or more")}
	}
	config, err := app.Load(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program for the far side: %w", err)
	}
	if c.Conversing > 0 {
		most := max(c.Max, c.Only)
		if c.Only > 0 {
			most = c.Only
		}
		most = most*c.Conversing/100 + 1
		// Every talking call needs a stream of its own: what is measured is the
		// line beside busy recognisers, not where those say no. And as many
		// again, for those that are opened anew when one is too slow.
		sphinx := &config.ASR.Pocketsphinx
		sphinx.Workers = max(sphinx.Workers, runtime.NumCPU())
		sphinx.Streams = max(sphinx.Streams, 2*most/sphinx.Workers)
	}
	model, _, err := app.OpenDetector(config, c.VAD)
	if err != nil {
		return err
	}
	speech, err := app.StartSpeech(t.ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, speech.Close()) }()
	o := bench.CallsOptions{
		Models: silero.NewSeats(model, config.VAD.Calls, nil),
		Max:    c.Max, Only: c.Only, Conversing: c.Conversing, Settle: c.Settle, Measure: c.Measure, Far: []string{own, "bench", "far"},
		Recognizer: speech.Recognizer, Voices: speech.Voices, Voice: tts.Voice{Language: "en"}, Log: log,
	}
	if c.API {
		beside, stop, failed := c.serve(t, own, log)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
		o.Beside = beside
	}
	if c.Profile != "" {
		stop, failed := profile(c.Profile)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	if !c.JSON {
		fmt.Fprintln(t.out, "calls  cores  (beat)  µs/tick  paced floor  late p50  late p99  missed  lost frames  KB a call")
		o.Step = func(s bench.CallsStep) {
			fmt.Fprintf(t.out, "%5d  %5.2f  %6.2f  %7.2f  %11.2f  %5.2f ms  %5.2f ms  %6d  %11d  %9d\n",
				s.Calls, s.Cores, s.Beat, s.Tick, s.FloorTick, s.LatenessP50, s.LatenessP99, s.Missed, s.Lost, s.Bytes>>10)
			if v := s.Visits; v != nil {
				fmt.Fprintf(t.out, "       meanwhile %.0f requests a second (%d failed%s, p99 %.1f ms) and %.0f rows a second imported\n",
					v.PerSecond, v.Failed, because(v.Problem), v.P99, v.RowsPerSecond)
			}
		}
	}
	r, err := bench.Calls(t.ctx, o)
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := os.WriteFile(c.Plot, r.SVG(), 0o644); err != nil { //nolint:gosec // a picture for everybody
			return fmt.Errorf("write the plot: %w", err)
		}
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	showBench(t.out, r)
	return nil
}

func because(problem string) string {
	if problem == "" {
		return ""
	}
	return ": " + problem
}

// serve runs a whole server in this process, with its data in a folder that goes
// away, and says how somebody else begins to ask it.
func (c *benchCallsCmd) serve(t *terminal, own string, log *slog.Logger) (beside func(context.Context) (func() (bench.Visits, error), error), stop func() error, err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for the server's data: %w", err)
	}
	config := app.Defaults()
	config.Data, config.HTTP.Listen, config.SIP.Listen = dir, "127.0.0.1:0", "127.0.0.1:0"
	config.SIP.MediaPorts = "19000-19099"
	server, err := app.Start(t.ctx, config, app.ServeOptions{Version: version, Notices: io.Discard, Log: log, Drain: time.Second})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	command := []string{own, "bench", "visit", "--url", server.URL, "--rate", "200"}
	beside = func(ctx context.Context) (func() (bench.Visits, error), error) {
		return bench.Beside(ctx, append(command, "--key", filepath.Join(dir, "api-key")))
	}
	return beside, func() error { return errors.Join(server.Stop(), os.RemoveAll(dir)) }, nil
}

// profile begins a CPU profile; stop ends and keeps it.
func profile(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("begin the profile: %w", err), f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// showBench prints the greatest step that lost nothing, and the floor.
func showBench(w io.Writer, r bench.CallsResult) {
	if r.CallsPerCore == 0 {
		fmt.Fprintln(w, "\nNo step was without loss; try on a quiet machine.")
		return
	}
	fmt.Fprintf(w, "\n%.0f calls a core at %.2f µs a call and tick, lateness p99 %.2f ms, %d KB a call.\n",
		r.CallsPerCore, r.Tick, r.LatenessP99, r.Bytes>>10)
	fmt.Fprintf(w, "Floor in the same run: one send and one receive, %.2f µs; parley takes %.1f times that.\n", r.FloorTick, r.Tick/r.FloorTick)
}

// benchFarCmd is the far side's process; it serves its standard input.
type benchFarCmd struct {
	Speech string `help:"WAV file that talking calls repeat." type:"path"`
}

// Run serves until the standard input ends.
func (c *benchFarCmd) Run(t *terminal) error { return bench.Far(t.ctx, t.in, t.out, c.Speech) }

type benchDialCmd struct {
	Workers int           `help:"Calls under way at a time." default:"200"`
	Measure time.Duration `help:"How long each part is measured." default:"5s"`
	JSON    bool          `help:"Print the result as JSON."`
	Profile string        `help:"Write a CPU profile of the run into this file, for go tool pprof." type:"path"`
}

// Help is the command's example.
func (benchDialCmd) Help() string {
	return "Sets up and ends calls without media, first by SIP alone, then with every attempt claimed, begun and settled\n" +
		"in a database on disk. The callee runs in a process of its own. Run it on a quiet machine.\n\n" +
		"Example: parley bench dial --measure 10s --json"
}

// Run measures both parts.
func (c *benchDialCmd) Run(t *terminal) (err error) {
	if c.Workers < 1 || c.Workers > 5000 || c.Measure < time.Second || c.Measure > 20*time.Second {
		return usageError{errors.New("--workers is 1 to 5000, --measure 1s to 20s")}
	}
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program for the callee: %w", err)
	}
	if c.Profile != "" {
		stop, failed := profile(c.Profile)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	r, err := bench.Dial(t.ctx, bench.DialOptions{
		Workers: c.Workers, Measure: c.Measure, Callee: []string{own, "bench", "callee"},
		Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t.out, r)
	}
	fmt.Fprintln(t.out, "              set-ups/s  µs a set-up  set-ups/s and core  p50        p99        failed")
	for _, p := range []struct {
		name string
		bench.DialPart
	}{{"signalling", r.Signalling}, {"durable", r.Durable}} {
		fmt.Fprintf(t.out, "%-12s  %9.0f  %11.1f  %18.0f  %6.2f ms  %6.2f ms  %6d\n", p.name, p.PerSecond, p.CPU, p.PerCore, p.P50, p.P99, p.Failed)
	}
	fmt.Fprintf(t.out, "floor         %9s  %11.1f  %18.0f\n", "", r.Floor, r.FloorPerCore)
	return nil
}

// benchCalleeCmd is the callee's process; it serves until its standard input
// ends.
type benchCalleeCmd struct{}

// Run serves until the standard input ends.
func (c *benchCalleeCmd) Run(t *terminal) error { return bench.Callee(t.ctx, t.in, t.out) }

// benchVisitCmd is the process that asks the API; it does until its standard
// input ends.
type benchVisitCmd struct {
	URL  string `help:"The server." required:""`
	Key  string `help:"File with the API key." type:"path" required:""`
	Rate int    `help:"Requests a second." default:"200"`
}

// Run asks until the standard input ends.
func (c *benchVisitCmd) Run(t *terminal) error {
	key, err := os.ReadFile(c.Key)
	if err != nil {
		return fmt.Errorf("read the API key: %w", err)
	}
	return bench.Visit(t.ctx, t.in, t.out, bench.VisitOptions{URL: c.URL, Key: strings.TrimSpace(string(key)), Rate: c.Rate})
}
