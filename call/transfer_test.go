package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/outcome"
)

// exchange is a handset whose far side can be asked to call somebody else.
type exchange struct {
	*handset

	asked []string
	takes time.Duration // until it tells err
	err   error
	parts bool // a successful transfer ends the leg
}

func (x *exchange) Dial(context.Context, Target) Leg { return wrapped{x} }

func (x *exchange) Transfer(ctx context.Context, to string, _ Leg) error {
	x.asked = append(x.asked, to)
	select {
	case <-time.After(x.takes):
	case <-x.done:
		if x.parts {
			return nil // the far side took it, and hung up
		}
		return errors.New("the call is not up")
	case <-ctx.Done():
		return ctx.Err()
	}
	if x.err == nil {
		x.end(Cause{Network: outcome.Answered, By: PartyBot, SIP: 200, Rang: true})
	}
	return x.err
}

// desks are the queues of the tests.
func desks(_ context.Context, t Target, queue string) (string, error) {
	if queue != "collections" || t.Call != "c1" {
		return "", errors.New("there is no such queue")
	}
	return "+12025550190", nil
}

func handTo(queue string) dialog.Step {
	step := say("one moment please", false)
	step.Transfer = queue
	return step
}

func TestACallIsHandedOn(t *testing.T) {
	busy := errors.New("486 Busy Here")
	for name, c := range map[string]struct {
		steps  []dialog.Step
		queues Transfers
		plain  bool // the line has no REFER
		err    error
		takes  time.Duration
		events map[int]func(*stage)

		line    string // before the transfer, when it is another one
		asked   int
		facts   int
		kinds   string
		outcome outcome.Disposition
		by      Party
	}{
		"somebody is there": {
			steps: []dialog.Step{handTo("collections")}, queues: desks, takes: 4 * time.Second,
			asked: 1, kinds: "start, handed_over", outcome: outcome.Transferred, by: PartyBot,
		},
		"nobody takes it": {
			steps: []dialog.Step{handTo("collections"), say("nobody is free goodbye", true)}, queues: desks, err: busy, takes: time.Second,
			asked: 1, kinds: "start, no_agent", outcome: outcome.Completed, by: PartyBot,
		},
		"no such queue": {
			steps: []dialog.Step{handTo("sales"), say("nobody is free goodbye", true)}, queues: desks,
			kinds: "start, no_agent", outcome: outcome.Completed, by: PartyBot,
		},
		"no queues at all": {
			steps: []dialog.Step{handTo("collections"), say("nobody is free goodbye", true)},
			kinds: "start, no_agent", outcome: outcome.Completed, by: PartyBot,
		},
		"a line that cannot": {
			steps: []dialog.Step{handTo("collections"), say("nobody is free goodbye", true)}, queues: desks, plain: true,
			kinds: "start, no_agent", outcome: outcome.Completed, by: PartyBot,
		},
		"the customer talks and is silent meanwhile": {
			steps: []dialog.Step{handTo("collections")}, queues: desks, takes: 12 * time.Second,
			events: map[int]func(*stage){1: func(s *stage) { s.handset.speaks = [][2]int{{200, 240}, {300, 340}} }},
			asked:  1, kinds: "start, handed_over", outcome: outcome.Transferred, by: PartyBot,
		},
		"the customer cuts the line before it": {
			steps: []dialog.Step{handTo("collections"), {}}, queues: desks, takes: time.Second,
			events: map[int]func(*stage){1: func(s *stage) {
				s.handset.speaks = [][2]int{{120, 180}}
				s.listener.finals = []asr.Result{{Text: "wait i want to pay"}}
			}},
			line:  strings.Repeat("one moment please ", 20),
			asked: 1, kinds: "start, said wait i want to pay, handed_over", outcome: outcome.Transferred, by: PartyBot,
		},
		"the customer opts out meanwhile": {
			steps:  []dialog.Step{handTo("collections"), {Facts: []dialog.Fact{{Kind: dialog.FactOptOut}}}, say("we will not call again", true)},
			queues: desks, err: busy, takes: 12 * time.Second,
			events: map[int]func(*stage){300: func(s *stage) { s.handset.digits <- '9' }},
			asked:  1, facts: 1, kinds: "start, keyed 9, no_agent", outcome: outcome.Completed, by: PartyBot,
		},
		"the customer opts out and is handed on": {
			steps:  []dialog.Step{handTo("collections"), {Facts: []dialog.Fact{{Kind: dialog.FactOptOut}}}},
			queues: desks, takes: 12 * time.Second,
			events: map[int]func(*stage){300: func(s *stage) { s.handset.digits <- '9' }},
			asked:  1, facts: 1, kinds: "start, keyed 9, handed_over", outcome: outcome.Transferred, by: PartyBot,
		},
		"the customer leaves for the other party": {
			steps: []dialog.Step{handTo("collections")}, queues: desks, takes: time.Hour,
			events: map[int]func(*stage){400: func(s *stage) { s.handset.end(Cause{Network: outcome.Answered, By: PartyCustomer, SIP: 200}) }},
			asked:  1, kinds: "start, handed_over", outcome: outcome.Transferred, by: PartyCustomer,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.line != "" {
					c.steps[0].Prompts = say(c.line, false).Prompts
				}
				s := newStage(t, c.steps...)
				x := &exchange{handset: s.handset, takes: c.takes, err: c.err, parts: true}
				if s.dialer = x; c.plain {
					s.dialer = s.handset
				}
				s.queues = c.queues
				events := answerAt(s, 0)
				for at, do := range c.events {
					events[at] = func(*Session) { do(s) }
				}
				r := s.play(events)
				if got := s.kinds(); got != c.kinds {
					t.Errorf("the policy was asked %q, want %q", got, c.kinds)
				}
				if len(x.asked) != c.asked || c.asked > 0 && x.asked[0] != "+12025550190" {
					t.Errorf("handed to %q", x.asked)
				}
				if len(s.facts.facts) != c.facts {
					t.Errorf("the facts are %v", s.facts.facts)
				}
				if r.Disposition != c.outcome || r.HangupBy != c.by || r.Problem != "" {
					t.Errorf("report %+v", r)
				}
			})
		})
	}
}

// TestAnOperatorHandsACallOn: what did not work leaves the talk as it was, with
// its question repeated.
func TestAnOperatorHandsACallOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("may i speak with lee", false))
		x := &exchange{handset: s.handset, takes: 2 * time.Second, err: errors.New("nobody")}
		s.dialer = x
		told := make(chan error, 4)
		ask := func(session *Session) {
			go func() { told <- session.Transfer(t.Context(), "+12025550191") }()
		}
		events := answerAt(s, 0)
		events[120] = ask
		events[150] = ask // while the first is under way
		events[330] = func(session *Session) { x.err = nil; ask(session) }
		r := s.play(events)
		if err := <-told; !errors.Is(err, errBusy) {
			t.Errorf("a second transfer at the same time: %v", err)
		}
		if err := <-told; err == nil || err.Error() != "nobody" {
			t.Errorf("the first: %v", err)
		}
		if err := <-told; err != nil {
			t.Errorf("the third: %v", err)
		}
		if got := s.kinds(); got != "start, handed_over" {
			t.Errorf("the policy was asked %q", got)
		}
		want := "bot: may i speak with lee|bot: may i speak with lee"
		if got := s.said(r); got != want || len(x.asked) != 2 || r.Disposition != outcome.Transferred {
			t.Errorf("transcript %q, handed to %q, %s", got, x.asked, r.Disposition)
		}
	})
}

// TestATransferAfterTheEnd is refused at once: nobody reads the wish any more.
func TestATransferAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("goodbye", true))
		events := answerAt(s, 0)
		answer := events[0]
		var session *Session
		events[0] = func(running *Session) {
			session = running
			answer(running)
		}
		s.play(events)
		start := time.Now()
		if err := session.Transfer(t.Context(), "+12025550190"); !errors.Is(err, errBusy) || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
