package bench

import (
	"context"
	"sync"
	"time"

	"parley/asr"
	"parley/barge"
	"parley/call"
	"parley/dialog"
	"parley/media"
	"parley/media/line"
	"parley/outcome"
	"parley/phrase"
	"parley/tts"
)

// wire is a call.Leg without signalling: answered at once, its sound a real
// line.
type wire struct {
	*line.Line
	progress chan call.Progress
	done     chan struct{}
	once     sync.Once
}

var _ call.Leg = (*wire)(nil)

func newWire(l *line.Line) *wire {
	w := &wire{Line: l, progress: make(chan call.Progress, 1), done: make(chan struct{})}
	w.progress <- call.Progress{Kind: call.Answered, At: time.Now(), SIP: 200}
	close(w.progress)
	return w
}

func (w *wire) Progress() <-chan call.Progress { return w.progress }
func (w *wire) Done() <-chan struct{}          { return w.done }

func (w *wire) Ended() call.Cause {
	return call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}
}

func (w *wire) Media() call.MediaStats {
	s := w.Stats()
	return call.MediaStats{Codec: s.Codec, Sent: s.Sent, Received: s.Received, Lost: s.Lost, Loss: s.Loss, Jitter: s.Jitter, MOS: s.MOS}
}

func (w *wire) Hangup(context.Context) error {
	w.once.Do(func() { close(w.done) })
	return w.Close()
}

// Dial implements call.Dialer for the one call that this wire is.
func (w *wire) Dial(context.Context, call.Target) call.Leg { return w }

// chatter is a dialog.Policy that says the same again and again: after the
// customer's turn, or after a moment of silence.
type chatter struct {
	voice tts.Voice
	// pause before the bot goes on by itself.
	pause time.Duration
	text  string
}

var _ dialog.Policy = chatter{}

// Voice implements dialog.Voiced.
func (c chatter) Voice() tts.Voice { return c.voice }

// Fixed implements dialog.Voiced.
func (c chatter) Fixed() []string { return []string{c.text} }

// Open implements dialog.Policy.
func (c chatter) Open(language string, variables map[string]string) (*dialog.State, error) {
	return &dialog.State{Language: language, Variables: variables}, nil
}

// Next implements dialog.Policy.
func (c chatter) Next(context.Context, *dialog.State, dialog.Turn) (dialog.Step, error) {
	return dialog.Step{
		Prompts: []dialog.Prompt{{Segments: []dialog.Segment{{Text: c.text, Fixed: true}}, Mode: barge.Always}},
		Expect:  dialog.Expect{Expectation: awaited, Silence: c.pause},
	}, nil
}

// awaited is what a payment reminder listens for.
var awaited = asr.Expectation{ID: "bench", Answer: phrase.Date, Phrases: []string{
	"<yes>", "<no>", "[i will] pay [<amount>] on <date>", "i already paid", "wrong number", "who is calling", "can you repeat that",
	"i want to speak to a person", "stop calling me", "i lost my job", "call me back [<moment>]",
}}

// deaf is a recogniser for calls in which nobody speaks: it takes sound and
// owes an empty final for every Finish.
type deaf struct{}

var _ asr.Recognizer = deaf{}

// Name implements asr.Recognizer.
func (deaf) Name() string { return "none" }

// Open implements asr.Recognizer.
func (deaf) Open(context.Context, asr.Config) (asr.Stream, error) {
	return &deafness{results: make(chan asr.Result, 16)}, nil
}

type deafness struct {
	mu      sync.Mutex
	closed  bool
	results chan asr.Result
}

// WriteFrame implements media.Sink.
func (d *deafness) WriteFrame(media.Frame) error { return nil }

// Expect implements asr.Stream.
func (d *deafness) Expect(asr.Expectation) {}

// Finish implements asr.Stream.
func (d *deafness) Finish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	select {
	case d.results <- asr.Result{Final: true}:
	default: // nobody takes them any more
	}
}

// Results implements asr.Stream.
func (d *deafness) Results() <-chan asr.Result { return d.results }

// Err implements asr.Stream.
func (d *deafness) Err() error { return nil }

// Close implements asr.Stream.
func (d *deafness) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		close(d.results)
	}
	return nil
}
