// Package worker keeps work that must not share a process with the media clock
// in processes of its own: it starts `parley worker KIND`, supervises it, and
// carries messages of many streams over one socket pair.
//
// A worker is a child process at low priority. It inherits one end of a socket
// pair as file descriptor 3, gets its settings as the first message, answers
// pings, and ends when the socket closes. A worker that crashes, hangs or grows
// over its memory bound is replaced; its streams end with ErrGone and nothing
// else of the server notices. The package knows bytes, not engines.
//
// Each direction of each stream has a window of unhandled bytes, so that one
// slow stream can neither fill memory nor hold up its neighbours.
package worker

import (
	"errors"
	"log/slog"
	"time"
)

// MaxMessage is the greatest length of one message in bytes.
const MaxMessage = 1 << 20

// window is how many bytes of one direction of one stream may be under way
// before the sender is told to stop: four seconds of 8 kHz sound. One message
// may overshoot it, so every message that fits MaxMessage can be sent.
const window = 64 << 10

var (
	// ErrBusy: every worker is full and none had a free place in time.
	ErrBusy = errors.New("worker: every place is taken; raise the number of workers or lower the calls at a time")
	// ErrGone: no worker is running, or the stream's worker has ended.
	ErrGone = errors.New("worker: the worker process is gone")
	// ErrFull: the message was dropped because the worker is behind.
	ErrFull = errors.New("worker: the worker is behind, the message was dropped")
	// ErrTooLong: the message is longer than MaxMessage.
	ErrTooLong = errors.New("worker: the message is longer than 1 MiB")
)

// RemoteError is what the child's Handler or Session returned, as text.
type RemoteError struct{ Text string }

func (e *RemoteError) Error() string { return e.Text }

// Options describe one kind of worker. Only Kind is required.
type Options struct {
	// Kind names the work, "asr.pocketsphinx"; the child is run as `Exe worker Kind`.
	Kind string
	// Exe is the program; empty means this very program.
	Exe string
	// Args replace the default arguments "worker", Kind.
	Args []string
	// Settings go to every worker as its first message; opaque here.
	Settings []byte
	// Workers is the number of processes, 1 by default.
	Workers int
	// Streams is the greatest number of streams at a time in one worker, 16 by default.
	Streams int
	// Nice is the priority of the workers, 10 by default; negative means 0.
	Nice int
	// Memory retires a worker whose resident bytes exceed it: no new streams,
	// a fresh process once the last has ended. Twice as much kills it. 0: no bound.
	Memory int64
	// Ping is how often a worker is asked whether it lives, 2 s by default. One
	// that is silent for five times as long is killed.
	Ping time.Duration
	// Start bounds the time from the start of a process to its hello, 30 s by default.
	Start time.Duration
	// Log gets starts, ends and what the workers write to their standard error.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if len(o.Args) == 0 {
		o.Args = []string{"worker", o.Kind}
	}
	o.Workers = atLeast(o.Workers, 1, 1)
	o.Streams = atLeast(o.Streams, 1, 16)
	if o.Nice == 0 {
		o.Nice = 10
	}
	o.Nice = min(max(o.Nice, 0), 19)
	if o.Ping <= 0 {
		o.Ping = 2 * time.Second
	}
	if o.Start <= 0 {
		o.Start = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func atLeast(n, least, otherwise int) int {
	if n < least {
		return otherwise
	}
	return n
}

// Stats are figures of a pool for metrics.
type Stats struct {
	Ready    int    // workers that take streams
	Streams  int    // places taken
	Places   int    // places of the ready workers
	Restarts uint64 // processes that ended without being asked to
	Dropped  uint64 // messages refused with ErrFull
	Resident int64  // bytes of all workers at their last pong
}
