// Command parley is the whole product in one binary: the server, its carrier
// simulator, and the tools around them. One file per subcommand.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes of every subcommand.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// terminal is what a subcommand talks to, so that a test can be one.
type terminal struct {
	ctx context.Context //nolint:containedctx // lives exactly as long as one subcommand
	in  io.Reader
	out io.Writer
	err io.Writer
	// release gives signals their default meaning back; nil in tests.
	restore func()
}

// release lets the next signal end the process at once.
func (t *terminal) release() {
	if t.restore != nil {
		t.restore()
	}
}

// usageError is a wrong use of the command line: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errQuiet fails a subcommand that has already said why.
var errQuiet = errors.New("failed")

// commands is the command line.
type commands struct {
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Call     callCmd     `cmd:"" help:"Place one call without a server."`
	Serve    serveCmd    `cmd:"" help:"Run the server."`
	Doctor   doctorCmd   `cmd:"" help:"Examine what a server would need."`
	Flow     flowCmd     `cmd:"" help:"Check, talk with and test written conversations."`
	Demo     demoCmd     `cmd:"" help:"A campaign against simulated customers, on this machine."`
	Slots    slotsCmd    `cmd:"" help:"Show the values spoken in a phrase."`
	Progress progressCmd `cmd:"" help:"Say what answered: tones, announcements, people and machines."`
	Emotion  emotionCmd  `cmd:"" help:"Judge arousal and anger in a voice, against its own calm."`
	Sim      simCmd      `cmd:"" help:"A simulated carrier with talking customers."`
	Trunk    trunkCmd    `cmd:"" help:"Ask the carriers of a configuration."`
	Bench    benchCmd    `cmd:"" help:"Measure what this machine carries."`
	Barge    bargeCmd    `cmd:"" help:"Build and replay labelled cases of turn-taking."`
	Worker   workerCmd   `cmd:"" hidden:"" help:"Speech work for a server (internal)."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(&terminal{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, restore: stop}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code.
func run(t *terminal, args []string) (code int) {
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("parley"),
		kong.Description("Outbound voice calls that hold a conversation.\n\nStart with: parley demo"),
		kong.Writers(t.out, t.err),
		kong.Exit(func(c int) { exited = c }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(t.err, "parley:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(t.err, "parley: %v; see parley --help\n", err)
		return exitUsage
	}
	err = parsed.Run(t)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintln(t.err, "parley:", err)
		return exitUsage
	case errors.Is(err, errQuiet):
		return exitFailed
	}
	fmt.Fprintln(t.err, "parley:", err)
	return exitFailed
}
