package call

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"parley/dialog"
	"parley/outcome"
)

// latencies collects what the customer waited for.
type latencies struct {
	responses, stops []time.Duration
}

func (l *latencies) respond(d time.Duration) { l.responses = append(l.responses, d) }
func (l *latencies) stop(d time.Duration)    { l.stops = append(l.stops, d) }

// mood collects the anger of each turn.
type mood struct{ anger []float64 }

// summary is the peak, and the mean of the second half less that of the first.
func (m mood) summary() *Emotion {
	n := len(m.anger)
	if n == 0 {
		return nil
	}
	e := &Emotion{Peak: slices.Max(m.anger)}
	if n > 1 {
		e.Trend = mean(m.anger[n/2:]) - mean(m.anger[:n/2])
	}
	return e
}

func mean(xs []float64) float64 {
	var sum float64
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// note writes the customer's turn into the transcript with what the policy
// understood of it.
func (c *conversation) note(t dialog.Turn, step dialog.Step) {
	switch t.Kind {
	case dialog.Said, dialog.Unclear, dialog.Keyed:
	default:
		return
	}
	r := step.Reading
	turn := Turn{
		By: PartyCustomer, FromMS: c.ms(c.utterance.onset), ToMS: c.ms(c.utterance.voice),
		Text: t.Text, Confidence: t.Confidence, Intent: r.Intent,
		BargedIn: t.Interrupted, Keys: t.Keys, Node: step.Node,
		Emotion: strings.Join(r.Mood.Labels, ","),
	}
	if t.Kind == dialog.Keyed {
		at := c.ms(time.Since(c.clock))
		turn.FromMS, turn.ToMS = at, at
	} else {
		turn.Voice = c.voices.last
	}
	if r.Intent != "" && !slices.Contains(c.report.Intents, r.Intent) {
		c.report.Intents = append(c.report.Intents, r.Intent)
	}
	c.mood.anger = append(c.mood.anger, r.Mood.Anger)
	c.transcribe(turn)
}

func (c *conversation) transcribe(t Turn) {
	c.report.Turns = append(c.report.Turns, t)
	c.tell(Moment{At: time.Now(), Turn: &t})
}

// drain takes in what the beat told before it was left, so that a prompt that
// the hang-up cut is in the transcript.
func (c *conversation) drain() {
	c.gone = true
	c.forget()
	c.duplex.catchUp()
	for {
		s, ok := c.stashed()
		if !ok {
			break
		}
		if s.kind == sigPromptEnd && c.isUp {
			c.promptEnded(context.Background(), *s.played)
		}
	}
	for _, p := range c.duplex.player.cut(c.duplex.now) {
		c.duplex.tell(signal{kind: sigPromptEnd, played: &p})
	}
	for {
		select {
		case s := <-c.duplex.signals:
			if s.kind == sigPromptEnd && c.isUp {
				c.promptEnded(context.Background(), *s.played)
			}
			c.duplex.catchUp()
		default:
			if c.duplex.lost > 0 {
				c.log.Error("signals of the beat were lost", "call", c.target.Call, "count", c.duplex.lost)
			}
			return
		}
	}
}

// close frees everything the call opened, in the reverse order.
func (c *conversation) close() {
	for _, t := range []*timer{&c.greet, &c.final, &c.key, &c.last, &c.talk, &c.limit, &c.waits} {
		t.stop()
	}
	if c.signalLog != nil {
		if err := errors.Join(c.duplex.ear.Close(), c.signalLog.Close()); err != nil {
			c.trouble("write the signal log", err)
		}
	}
	c.running.Wait()
	if r := c.duplex.recorder; r != nil {
		key, _, err := r.Close()
		if err != nil {
			c.trouble("finish the recording", err)
		}
		c.report.Recording = key
	}
	c.stream.Close()
}

// conclude fills what only the end knows.
func (c *conversation) conclude() {
	r := &c.report
	cause := c.leg.Ended()
	if r.Ended.IsZero() { // else the policy thought on
		r.Ended = time.Now()
	}
	if !r.Answered.IsZero() {
		r.TalkMS = r.Ended.Sub(r.Answered).Milliseconds()
	}
	r.SIP, r.Q850, r.Rang, r.Retryable = cause.SIP, cause.Q850, cause.Rang, cause.Retryable
	if cause.Trunk != "" {
		r.Trunk = cause.Trunk // the target may have named several
	}
	r.HangupBy = cause.By
	if c.hangupBy != "" && cause.By == PartyBot {
		r.HangupBy = c.hangupBy
	}
	if cause.Err != nil && r.Problem == "" {
		r.Problem = cause.Err.Error()
	}
	r.Network = cause.Network
	if c.verdict.Network != "" && cause.Network != outcome.Answered {
		r.Network = c.verdict.Network // the carrier's own words outrank a vague code
	}
	r.Rules = cause.Rules
	r.Media = reportMedia(c.leg.Media())
	r.Latency.ResponseP50 = percentile(c.latency.responses, 0.50)
	r.Latency.ResponseP95 = percentile(c.latency.responses, 0.95)
	r.Latency.BargeStopP50 = percentile(c.latency.stops, 0.50)
	r.Emotion = c.mood.summary()
	if v := c.voices.summary(); v != nil {
		if r.Emotion == nil {
			r.Emotion = &Emotion{}
		}
		r.Emotion.Voice = v
	}
	slices.SortStableFunc(r.Turns, func(a, b Turn) int { return int(a.FromMS - b.FromMS) })
	c.concludeDialog()
	c.tell(Moment{At: r.Ended, State: "ended"})
}

// concludeDialog copies what the conversation came to.
func (c *conversation) concludeDialog() {
	r := &c.report
	if cause := r.Network; cause != outcome.Answered {
		return
	}
	spoke := slices.ContainsFunc(r.Turns, func(t Turn) bool { return t.By == PartyCustomer })
	switch r.AnsweredBy {
	case "", outcome.Silent: // silence is what it was at first
		r.AnsweredBy = outcome.Unknown
		if spoke {
			r.AnsweredBy = outcome.Human
		} else if c.started {
			r.AnsweredBy = outcome.Silent
		}
	}
	o := c.state.Outcome
	r.Disposition, r.Slots, r.Promise = o.Disposition, o.Slots, reportPromise(o.Promise)
	if o.Callback != nil {
		r.Callback = *o.Callback
	}
	switch {
	case r.Disposition != "":
	case c.troubled:
		r.Disposition = outcome.Failed
	case r.HangupBy == PartyCustomer:
		r.Disposition = outcome.HungUpEarly
	default:
		r.Disposition = outcome.NoResponse
	}
}
