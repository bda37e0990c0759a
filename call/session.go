// Package call runs one call from the first INVITE to the report: it owns
// every goroutine of the call and knows no network, no engine and no database,
// only their ports.
package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/ear"
	"parley/media/beat"
	"parley/media/silero"
	"parley/outcome"
	"parley/phrase"
	"parley/progress"
	"parley/tts"
)

// Parts are what a call is made of. All but Recorders, Facts, Transfers, Models, Watch and Log
// are required.
type Parts struct {
	Dialer     Dialer
	Beat       beat.Beat
	Recognizer asr.Recognizer
	Speaker    tts.Prompter
	Policy     dialog.Policy
	Recorders  Recorders
	Facts      Facts
	// Transfers finds whom a flow's queue reaches; nil for nobody.
	Transfers Transfers
	// Signals gets the ear's signal log, from which ear.Replay repeats every
	// decision; nil for none. It holds what the customer said.
	Signals io.Writer
	// Patient: understanding starts when a turn has ended and not before, to
	// measure what the early start gains.
	Patient bool
	// Models lends the model that tells speech from noise; nil for the built-in
	// detector.
	Models *silero.Seats
	// Watch is told every turn of the transcript and every step of the set-up
	// as they happen. It must not block.
	Watch func(Moment)
	Log   *slog.Logger
}

// Moment is something a live view shows.
type Moment struct {
	At    time.Time
	State string // "ringing", "early_media", "answered", "held", "resumed", "ended", or ""
	Turn  *Turn
}

// The limits of one call.
const (
	defaultTalk   = 10 * time.Minute
	openTimeout   = 5 * time.Second
	hangupTimeout = 5 * time.Second
	policyTimeout = 4 * time.Second
	finalTimeout  = 1500 * time.Millisecond
	greetTimeout  = 1500 * time.Millisecond
	listenTimeout = 6 * time.Second
	pickUpPause   = 300 * time.Millisecond
	keyPause      = 1200 * time.Millisecond
	lastWordPause = 200 * time.Millisecond
	progressQuiet = time.Hour // in early media nothing is asked, so nothing times out
)

// Session is one call. It runs once.
type Session struct {
	parts  Parts
	log    *slog.Logger
	hangup chan Party
	wishes chan transferWish
	over   chan struct{} // closed when Run has nothing more to do
	once   sync.Once
	ready  *conversation // what Prepare took, until Run has it
	// observe sees what the ear makes of every tick; for tests.
	observe func(ear.Heard)
}

// New prepares a session; nothing happens before Run.
func New(p Parts) *Session {
	log := p.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Session{parts: p, log: log, hangup: make(chan Party, 1), wishes: make(chan transferWish, 1), over: make(chan struct{})}
}

// Hangup ends the call at the next moment, whatever its state. It returns at
// once and may be called from anywhere, also twice.
func (s *Session) Hangup(by Party) {
	s.once.Do(func() { s.hangup <- by })
}

// Prepare takes what the call needs beside the line: its conversation and a
// recogniser, for which it may wait some seconds. Call it before the attempt
// begins, because the INVITE must leave within a second of that; Run or Release
// must follow. An error says that the call cannot be held now.
func (s *Session) Prepare(ctx context.Context, t Target) error {
	c := s.conversation(t)
	if err := c.prepare(ctx); err != nil {
		return err
	}
	s.ready = c
	return nil
}

// Release frees what Prepare took when Run does not follow; it may be called
// in any case.
func (s *Session) Release() {
	if s.ready != nil {
		s.ready.stream.Close()
		s.ready = nil
	}
}

// Run places the call, holds the conversation and returns after everything of
// it has ended. What was not prepared is prepared first; of a prepared call
// only the case may have changed. ctx bounds the set-up: when it ends before the answer the call
// is cancelled; an answered call goes on, use Hangup to end it.
//
// The report is valid also with an error; the error says that our own side
// failed before anything was dialled.
func (s *Session) Run(ctx context.Context, t Target) (Report, error) {
	defer close(s.over)
	c, err := s.take(ctx, &t)
	if err != nil {
		return c.failed(err), err
	}
	// Work of the call goes on while ctx, which bounds only the set-up, may
	// end; work ends what the call started when the call is over.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c.run(ctx, work)
	return c.report, nil
}

// take is the prepared conversation, or one that is prepared now. Like dial it
// stands apart because a call waits inside Run for its whole length: what Run's
// own frame holds, targets above all, is memory of every call.
func (s *Session) take(ctx context.Context, t *Target) (*conversation, error) {
	if s.ready == nil {
		if err := s.Prepare(ctx, *t); err != nil {
			return s.conversation(*t), err
		}
	}
	c := s.ready
	s.ready = nil
	c.target.Case, c.report.Started = t.Case, time.Now()
	return c, nil
}

// conversation is the control side of one call; its own goroutine, inside Run,
// is the only one that touches it.
type conversation struct {
	*Session
	target  Target
	report  Report
	running sync.WaitGroup

	state  *dialog.State
	stream asr.Stream
	leg    Leg
	duplex *duplex

	clock       time.Time // when the beat's clock was zero
	answered    time.Duration
	isUp        bool
	started     bool // the dialog has begun
	transfer    string
	ending      bool // the last prompts are playing; turns no longer count
	gone        bool // Hangup was called on the leg
	hangupBy    Party
	verdict     progress.Verdict
	reopened    bool
	troubled    bool
	keys        []rune
	cutHeard    string
	cutNow      bool
	speaking    bool // the customer is
	utterance   signal
	expecting   asr.Expectation
	silence     time.Duration
	firstPrompt time.Duration // when the bot's first word went out

	discarded asr.Result   // of the utterance discarded last
	ends      []signal     // utterances that ended, waiting for their final
	finals    []asr.Result // finals waiting for their utterance's end
	late      bool         // a final is owed whose turn went on without it

	results  <-chan asr.Result
	digits   <-chan rune
	progress <-chan Progress

	pausing
	thinking
	ahead   *foresight // the step that was made before its turn ended
	partial asr.Result // of the utterance that is open
	handing *handing
	prompts []dialog.Prompt // of the latest step that speaks

	greet, final, key, last, talk timer
	awaiting                      time.Duration // customer's last voice, until the bot speaks
	split                         split         // of that wait
	timed                         timed
	latency                       latencies
	signalLog                     *signalLog
	mood                          mood
	voices                        voices
}

func (s *Session) conversation(t Target) *conversation {
	return &conversation{
		Session: s, target: t, report: Report{
			ID: t.Call, Direction: t.Direction(), Campaign: t.Campaign, Contact: t.Contact, Attempt: t.Attempt,
			To: t.To, From: t.From, Trunk: t.Trunk, Language: t.Language, Started: time.Now(),
		},
	}
}

// failed is the report of a call that could not be prepared.
func (c *conversation) failed(err error) Report {
	c.report.Ended = time.Now()
	c.report.Disposition = outcome.Failed
	c.report.Problem = err.Error()
	return c.report
}

func (c *conversation) prepare(ctx context.Context) error {
	state, err := c.parts.Policy.Open(c.target.Language, c.target.Variables)
	if err != nil {
		return fmt.Errorf("prepare the conversation: %w", err)
	}
	c.state = state
	if c.target.Language == "" {
		c.target.Language, c.report.Language = state.Language, state.Language
	}
	if c.stream, err = c.openStream(ctx); err != nil {
		return fmt.Errorf("open a recogniser: %w", err)
	}
	c.stream.Expect(announcements(c.target.Language))
	return nil
}

func (c *conversation) openStream(ctx context.Context) (asr.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return c.parts.Recognizer.Open(ctx, asr.Config{
		Language: c.state.Language, Rate: 8000, Tenant: c.target.Tenant, Call: c.target.Call,
	})
}

// announcements is what is expected before somebody is known to be there.
func announcements(language string) asr.Expectation {
	return asr.Expectation{ID: "announcements." + language, Phrases: progress.Phrases(language), Answer: phrase.Free}
}

func (c *conversation) run(setup, work context.Context) {
	model, free := c.parts.Models.Take()
	defer free()
	c.dial(setup, model)
	leave := c.parts.Beat.Join(c.duplex.tick)
	c.loop(setup, work)
	leave()
	c.drain()
	c.close()
	c.conclude()
}

// dial places the call and makes the part of it that lives on the beat.
func (c *conversation) dial(setup context.Context, model *silero.Model) {
	c.leg = c.parts.Dialer.Dial(setup, c.target)
	hearing := ear.Config{Language: c.state.Language, Model: model}
	if c.parts.Signals != nil {
		c.signalLog = newSignalLog(c.parts.Signals)
		hearing.Log = c.signalLog
		c.running.Go(c.signalLog.run)
	}
	c.duplex = newDuplex(c.leg, ear.New(hearing), c.stream)
	c.duplex.observe = c.observe
	c.clock = time.Now()
	c.results, c.digits, c.progress = c.stream.Results(), c.leg.Digits(), c.leg.Progress()
}

// loop is the life of the call: it ends when the leg is done.
func (c *conversation) loop(setup, work context.Context) {
	cancelled := setup.Done()
	for {
		if s, ok := c.stashed(); ok {
			c.signalled(work, s)
			continue
		}
		select {
		case <-c.leg.Done():
			c.ended()
			c.lastProgress(work)
			c.lastWords(work)
			c.lastHanded(work)
			return
		case w := <-c.wishes:
			c.wished(work, w)
		case err := <-c.handed():
			c.handedOver(work, err)
		case <-cancelled:
			cancelled = nil
			if !c.isUp {
				c.hangUp(work, PartyOperator)
			}
		case by := <-c.hangup:
			c.hangUp(work, by)
		case p, ok := <-c.progress:
			if !ok {
				c.progress = nil
				continue
			}
			c.progressed(work, p)
		case s := <-c.duplex.signals:
			c.signalled(work, s)
		case r, ok := <-c.results:
			c.recognised(work, r, ok)
		case k, ok := <-c.digits:
			if !ok {
				c.digits = nil
				continue
			}
			c.keyed(k)
		case <-c.greet.C():
			c.greet.stop()
			c.begin(work)
		case <-c.final.C():
			c.final.stop()
			c.finalMissing(work)
		case <-c.key.C():
			c.key.stop()
			c.keysDone(work)
		case <-c.last.C():
			c.last.stop()
			c.hangUp(work, PartyBot)
		case held := <-c.held:
			c.heldNow(work, held)
		case <-c.limit.C():
			c.limit.stop()
			c.holdOver(work)
		case <-c.waits.C():
			c.deadAir(work)
		case <-c.talk.C():
			c.talk.stop()
			c.report.Problem = "the call reached its longest allowed talk time"
			c.hangUp(work, PartyBot)
		}
	}
}

// lastProgress takes the steps that came in one moment with the end: an answer
// is never left out.
func (c *conversation) lastProgress(work context.Context) {
	for {
		select {
		case p, ok := <-c.leg.Progress():
			if !ok {
				return
			}
			c.progressed(work, p)
		default:
			return
		}
	}
}

func (c *conversation) progressed(work context.Context, p Progress) {
	c.tell(Moment{At: p.At, State: string(p.Kind)})
	switch p.Kind {
	case Ringing, EarlyMedia:
		if c.report.Ringing.IsZero() {
			c.report.Ringing = p.At
		}
	case Answered:
		c.answer(work, p)
	}
}

func (c *conversation) answer(work context.Context, p Progress) {
	c.isUp = true
	c.report.Answered = p.At
	if c.parts.Facts != nil {
		if err := c.parts.Facts.Answered(work, c.target, p.At, p.Leg); err != nil {
			c.trouble("keep the answer", err)
		}
	}
	if h, ok := As[Holder](c.leg); ok {
		c.held = h.Held()
	}
	recorder := c.openRecorder()
	// The answer's place on the beat's clock is known only there.
	at := make(chan time.Duration, 1)
	var zero time.Time
	c.onBeat(func(d *duplex) {
		d.recorder = recorder
		d.ear.Answered()
		zero = time.Now().Add(-d.now)
		at <- d.now
	})
	select {
	case c.answered = <-at:
		c.clock = zero
	case <-time.After(time.Second):
		c.answered = time.Since(c.clock)
	}
	c.report.Clock = c.clock.Add(c.answered)
	limit := c.target.MaxTalk
	if limit <= 0 {
		limit = defaultTalk
	}
	c.talk.set(limit)
	if c.target.Inbound {
		c.greet.set(pickUpPause) // who calls waits for our word
	} else {
		c.greet.set(greetTimeout)
	}
}

func (c *conversation) openRecorder() Recorder {
	if c.parts.Recorders == nil {
		return nil
	}
	r, err := c.parts.Recorders.Open(c.target)
	if err != nil {
		c.trouble("open the recording", err)
		return nil
	}
	return r
}

// hangUp ends the call. The loop goes on until the leg says it is done.
func (c *conversation) hangUp(work context.Context, by Party) {
	if c.gone {
		return
	}
	c.gone, c.hangupBy = true, by
	leg := c.leg
	ctx, cancel := context.WithTimeout(work, hangupTimeout)
	c.running.Go(func() {
		defer cancel()
		if err := leg.Hangup(ctx); err != nil && !errors.Is(err, context.Canceled) {
			c.log.Warn("hang-up was not confirmed", "call", c.target.Call, "error", err)
		}
	})
}

// onBeat runs do on the beat at its next tick. The buffer is far larger than
// what a turn of the conversation sends.
func (c *conversation) onBeat(do func(*duplex)) {
	select {
	case c.duplex.commands <- do:
		return
	default:
	}
	select {
	case c.duplex.commands <- do:
	case <-c.leg.Done():
	}
}

// trouble notes what went wrong on our side; the first word counts.
func (c *conversation) trouble(doing string, err error) {
	c.log.Error("call: "+doing, "tenant", c.target.Tenant, "campaign", c.target.Campaign, "call", c.target.Call, "error", err)
	if c.report.Problem == "" {
		c.report.Problem = fmt.Sprintf("%s: %v", doing, err)
	}
}

func (c *conversation) tell(m Moment) {
	if c.parts.Watch != nil {
		c.parts.Watch(m)
	}
}
