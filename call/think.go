package call

import (
	"context"
	"errors"
	"slices"
	"time"

	"parley/dialog"
	"parley/progress"
)

// A policy may take its time. Meanwhile the call goes on: signals wait for
// its answer, keys are collected, a filler breaks the silence, and who speaks on ends the
// thought. Who hangs up does not: "stop calling me" is often the last thing said,
// and what it states is kept.

const (
	// fillerAfter is the longest silence after the customer's turn; then a filler
	// is said. fallbackAfter is the longest wait for the answer itself.
	fillerAfter   = 1500 * time.Millisecond
	fallbackAfter = 4 * time.Second
	// leastWait is what an answer gets before a filler comes in its way, however
	// long the ear waited for more words: an answer usually takes a few
	// milliseconds, on a busy machine the recogniser some hundred, and a filler
	// would put it off by a second and a half.
	leastWait = 500 * time.Millisecond
	// politely is how much later a filler is tried again while the customer
	// speaks.
	politely = 300 * time.Millisecond
)

var (
	errSuperseded = errors.New("the customer spoke on")
	errTooLate    = errors.New("no answer was ready four seconds after the customer's turn")
)

// thinking is what a call remembers between a customer's turn and the answer.
type thinking struct {
	// waits runs while an answer is owed; filled: a filler was said meanwhile.
	waits  timer
	filled bool
	since  time.Duration // the end of the customer's last sound
	fills  int           // fillers said so far
	// stash are signals that came while the policy thought.
	stash []signal
	// unanswered are words whose thought was ended by more words; sure is how
	// certain they are.
	unanswered string
	sure       float64
	end        context.CancelCauseFunc // of the thought under way
}

// owe begins the wait for an answer to what was said until then.
func (c *conversation) owe(since time.Duration) {
	if !c.started || !c.isUp || c.ending || c.gone || c.isHeld || c.handing != nil {
		return
	}
	c.since, c.filled = since, false
	c.waits.set(max(leastWait, fillerAfter-(c.sinceStart()-since)))
}

// relieve ends it: the bot speaks, or there is nothing to say.
func (c *conversation) relieve() { c.waits.stop() }

// sinceStart is now on the beat's clock.
func (c *conversation) sinceStart() time.Duration { return time.Since(c.clock) }

// deadAir breaks the silence with a filler, then with the fallback line.
func (c *conversation) deadAir(work context.Context) {
	c.waits.stop()
	if c.ending || c.gone || c.isHeld || c.handing != nil {
		return
	}
	if c.speaking {
		c.waits.set(politely)
		return
	}
	if !c.filled {
		c.filled = true
		c.waits.set(max(time.Millisecond, fallbackAfter-(c.sinceStart()-c.since)))
		c.fill(work)
		return
	}
	if c.end != nil {
		c.end(errTooLate)
		return
	}
	c.ends, c.finals = nil, nil
	c.late = c.late || c.final.isSet()
	c.final.stop()
	c.fail(work, "answer in time", errTooLate)
}

// fill says one of the policy's fillers, if nothing else is being said.
func (c *conversation) fill(work context.Context) {
	f, ok := c.parts.Policy.(dialog.Filling)
	if !ok {
		return
	}
	all := f.Fillers()
	if len(all) == 0 {
		return
	}
	p := dialog.Prompt{Segments: []dialog.Segment{{Text: all[c.fills%len(all)], Fixed: true}}}
	c.fills++
	stream, err := c.parts.Speaker.Prompt(work, c.parts.Policy.Voice(), p.Segments)
	if err != nil {
		c.log.Warn("a filler could not be said", "call", c.target.Call, "error", err)
		return
	}
	it := item{prompt: p, text: p.Text(), stream: stream, filler: true}
	c.onBeat(func(d *duplex) { d.player.interject(it) })
}

// thought is a policy's answer.
type thought struct {
	step dialog.Step
	err  error
}

// think asks the policy and waits for its answer. errSuperseded says that the
// customer spoke on before there was one: the state is what it was, and the
// words come again with the next turn.
func (c *conversation) think(work context.Context, t dialog.Turn) (dialog.Step, error) {
	if t.Kind == dialog.Unclear && c.unanswered != "" {
		t.Confidence = c.sure
	}
	if c.unanswered != "" && (t.Kind == dialog.Said || t.Kind == dialog.Unclear) {
		t.Kind, t.Text = dialog.Said, join(c.state.Language, c.unanswered, t.Text)
	}
	bounded, cancel := context.WithTimeout(work, policyTimeout)
	defer cancel()
	ctx, end := context.WithCancelCause(bounded)
	defer end(nil)
	done := c.foreseen(ctx, t)
	if done == nil {
		done = make(chan thought, 1)
		state := c.state
		c.running.Go(func() {
			step, err := c.parts.Policy.Next(ctx, state, t)
			done <- thought{step, err}
		})
	}
	c.end = end
	defer func() { c.end = nil }()
	machine := false
	states := t.Kind == dialog.Said || t.Kind == dialog.Keyed
	over := c.leg.Done()
	select {
	case <-over:
		over = nil // what is asked after the end is asked all the same
	default:
	}
	for {
		select {
		case a := <-done:
			if a.err != nil && ctx.Err() != nil {
				a.err = context.Cause(ctx)
			}
			if machine {
				c.unanswered = ""
				return a.step, errSuperseded
			}
			if t.Kind == dialog.Said { // another kind's answer is none to the words
				c.unanswered = ""
				if errors.Is(a.err, errSuperseded) {
					c.unanswered, c.sure = t.Text, t.Confidence
				}
			}
			return a.step, a.err
		case s := <-c.duplex.signals:
			c.stash = append(c.stash, s)
			switch {
			case s.kind == sigPromptStart && s.played.filler:
			case s.kind == sigVerdict && c.recorded(*s.verdict) && (t.Kind == dialog.Said || t.Kind == dialog.Unclear):
				machine = true // its greeting states nothing
				end(errSuperseded)
			case s.kind == sigBegin:
				c.speaking = true
			case s.kind == sigDiscard, s.kind == sigOwn:
				c.speaking = false
			case s.kind == sigCut && s.onset == 0: // a key silences the filler, no more
			case s.kind == sigCut, s.kind == sigTurnEnd:
				c.speaking = false
				if (t.Kind == dialog.Said || t.Kind == dialog.Unclear) && !c.past() {
					end(errSuperseded)
				}
			}
		case k, ok := <-c.digits:
			if !ok {
				c.digits = nil
				continue
			}
			c.keyed(k) // they overtake; what they mean is asked next
		case <-c.waits.C():
			c.deadAir(work)
		case by := <-c.hangup:
			c.end = nil
			c.hangUp(work, by)
			if !states {
				end(context.Canceled)
			}
		case <-over:
			over, c.end = nil, nil
			c.ended()
			c.onBeat((*duplex).cut)
			if !states {
				end(context.Canceled)
			}
		}
	}
}

// ended notes when the far side was gone: no answer is owed from here.
func (c *conversation) ended() {
	if c.report.Ended.IsZero() {
		c.report.Ended = time.Now()
	}
	c.relieve()
}

// recorded: a verdict that nobody is there but a machine.
func (c *conversation) recorded(v progress.Verdict) bool {
	return v.AnsweredBy.Machine() && c.isUp && !c.target.Inbound
}

// past: nothing more can be said; what is still asked is asked for its facts.
func (c *conversation) past() bool {
	if c.gone {
		return true
	}
	select {
	case <-c.leg.Done():
		return true
	default:
		return false
	}
}

// lastWords keeps what words state that were not answered when the call ended.
func (c *conversation) lastWords(work context.Context) {
	if c.unanswered == "" {
		return
	}
	c.onBeat((*duplex).cut)
	step, err := c.think(work, dialog.Turn{
		Kind: dialog.Said, Confidence: c.sure, Aside: c.ending || c.handing != nil, Now: c.now(),
	})
	if name := step.Reading.Intent; name != "" && !slices.Contains(c.report.Intents, name) {
		c.report.Intents = append(c.report.Intents, name)
	}
	if err == nil {
		err = c.commit(work, step.Facts)
	}
	if err != nil {
		c.trouble("keep what was said last", err)
	}
}

// join puts two pieces of speech together as their language is written.
func join(language, a, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case language == "zh":
		return a + b
	}
	return a + " " + b
}

// stashed is the oldest signal that came while the policy thought.
func (c *conversation) stashed() (signal, bool) {
	if len(c.stash) == 0 {
		return signal{}, false
	}
	s := c.stash[0]
	if c.stash = c.stash[1:]; len(c.stash) == 0 {
		c.stash = nil
	}
	return s, true
}
