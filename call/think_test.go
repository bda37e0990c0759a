package call

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/barge"
	"parley/dialog"
	"parley/ear"
	"parley/outcome"
)

// slow is a brain that takes its time over words, and knows fillers.
type slow struct {
	*brain

	takes  time.Duration
	cancel int // thoughts that were ended
}

func (s *slow) Fillers() []string { return []string{"one moment", "just a second"} }

func (s *slow) Next(ctx context.Context, state *dialog.State, t dialog.Turn) (dialog.Step, error) {
	if t.Kind == dialog.Said {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			s.cancel++
			return dialog.Step{}, ctx.Err()
		}
	}
	return s.brain.Next(ctx, state, t)
}

// TestNoDeadAir: after a second and a half a filler is said, after four the
// fallback line; the waits count from the customer's last sound.
func TestNoDeadAir(t *testing.T) {
	const moment = 60 // ms: two ticks, and the conversation's own clock
	for _, c := range []struct {
		takes time.Duration
		want  string
	}{
		{500 * time.Millisecond, "bot: hello|customer: on friday|bot: thank you goodbye"},
		{2 * time.Second, "bot: hello|customer: on friday|bot: one moment|bot: thank you goodbye"},
		{time.Hour, "bot: hello|customer: on friday|bot: one moment|bot: sorry goodbye"},
	} {
		t.Run(c.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, say("hello", false), say("thank you goodbye", true))
				s.policy = &slow{brain: s.brain, takes: c.takes}
				s.handset.speaks = [][2]int{{140, 170}}
				s.listener.finals = []asr.Result{{Text: "on friday", Confidence: 0.9}}
				r := s.play(answerAt(s, 0))
				if got := s.said(r); got != c.want {
					t.Fatalf("transcript %q, want %q", got, c.want)
				}
				voice := r.Turns[1].ToMS
				last := r.Turns[len(r.Turns)-1]
				wait := last.FromMS - voice
				filled := int64(0) // the end of the filler, which nothing cuts off
				for _, turn := range r.Turns {
					if !turn.Filler {
						continue
					}
					filled = turn.ToMS - voice
					if after := turn.FromMS - voice; after < 1500 || after > 1500+moment {
						t.Errorf("the filler came after %d ms", after)
					}
				}
				if c.takes == time.Hour {
					if wait < 4000 || wait > 4000+2*moment {
						t.Errorf("the fallback line came after %d ms", wait)
					}
					return
				}
				if last.Timing == nil {
					t.Fatal("the answer tells nothing of the wait for it")
				}
				// How long the ear took to call the turn over is its own affair.
				if ready := last.Timing.Silence + c.takes.Milliseconds(); wait < max(ready, filled) || wait > max(ready, filled)+moment {
					t.Errorf("the answer came after %d ms; it was there after %d, and the filler over after %d", wait, ready, filled)
				}
				if last.Timing.Total()-wait > 4 || last.Timing.Understanding < c.takes.Milliseconds() {
					t.Errorf("the wait is split into %+v", last.Timing)
				}
			})
		})
	}
}

// TestAFillerDoesNotPutAnAnswerOff: where the ear itself waited longer than a
// filler would, as after digits, the answer gets a moment of its own.
func TestAFillerDoesNotPutAnAnswerOff(t *testing.T) {
	for decided, want := range map[time.Duration]time.Duration{
		200 * time.Millisecond: 1300 * time.Millisecond, 1200 * time.Millisecond: 500 * time.Millisecond, 1600 * time.Millisecond: 500 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := &conversation{started: true, isUp: true, clock: time.Now()}
			time.Sleep(decided)
			c.owe(0)
			since := time.Now()
			<-c.waits.C()
			if got := time.Since(since); got != want {
				t.Errorf("after a turn that took %v to end the filler waits %v, want %v", decided, got, want)
			}
		})
	}
}

// TestWhoSpeaksOnIsAnsweredOnce: the thought ends, and its words come again.
func TestWhoSpeaksOnIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), say("thank you goodbye", true))
		p := &slow{brain: s.brain, takes: 1500 * time.Millisecond}
		s.policy = p
		s.handset.speaks = [][2]int{{140, 170}, {205, 230}}
		s.listener.finals = []asr.Result{{Text: "i can pay"}, {Text: "on friday"}}
		r := s.play(answerAt(s, 0))
		if got := s.kinds(); got != "start, said i can pay on friday" || p.cancel != 1 {
			t.Errorf("the policy was asked %q, %d thoughts were ended", got, p.cancel)
		}
		if got, want := s.said(r), "bot: hello|customer: i can pay|customer: on friday|bot: one moment|bot: thank you goodbye"; got != want {
			t.Errorf("transcript %q, want %q", got, want)
		}
	})
}

// TestHangupsWhileThePolicyThinks end the call at once.
func TestHangupsWhileThePolicyThinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false))
		s.policy = &slow{brain: s.brain, takes: time.Hour}
		s.handset.speaks = [][2]int{{140, 170}}
		s.listener.finals = []asr.Result{{Text: "on friday"}}
		events := answerAt(s, 0)
		events[210] = func(c *Session) { c.Hangup(PartyOperator) }
		if r := s.play(events); r.HangupBy != PartyOperator || r.TalkMS > 4300 || r.Problem != "" || r.Disposition == outcome.Failed {
			t.Errorf("hung up by %s after %d ms, problem %q, %s", r.HangupBy, r.TalkMS, r.Problem, r.Disposition)
		}
	})
}

// prophet is a brain that may be asked beforehand; its state counts its answers.
type prophet struct {
	*brain

	asked int
}

func (p *prophet) Fork(s *dialog.State) *dialog.State { forked := *s; return &forked }
func (p *prophet) Same(foreseen, final dialog.Turn) bool {
	return foreseen.Confidence == final.Confidence
}

func (p *prophet) Next(_ context.Context, s *dialog.State, t dialog.Turn) (dialog.Step, error) {
	p.asked++
	s.Turns++
	step := say(fmt.Sprintf("answer %d to %s", s.Turns, t.Text), s.Turns == 3)
	if t.Kind == dialog.Said {
		step.Facts = []dialog.Fact{{Kind: dialog.FactDispute, Text: t.Text}}
	}
	return step, nil
}

// TestUnderstandingStartsEarly, once for the words that the turn ends with, and
// leaves no trace where they were others.
func TestUnderstandingStartsEarly(t *testing.T) {
	for name, c := range map[string]struct {
		partial asr.Result
		asked   int
	}{
		"as the final":       {asr.Result{Text: "i paid it", Confidence: 0.9}, 3},
		"with another score": {asr.Result{Text: "i paid it", Confidence: 0.5}, 4},
		"other words":        {asr.Result{Text: "i paid", Confidence: 0.9}, 4},
		"none":               {asr.Result{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				p := &prophet{brain: s.brain}
				s.policy = p
				s.handset.speaks = [][2]int{{140, 190}, {330, 350}}
				s.listener.partials = []asr.Result{c.partial}
				s.listener.finals = []asr.Result{{Text: "i paid it", Confidence: 0.9}, {Text: "bye"}}
				r := s.play(answerAt(s, 0))
				want := "bot: answer 1 to|customer: i paid it|bot: answer 2 to i paid it|customer: bye|bot: answer 3 to bye"
				if got := strings.ReplaceAll(s.said(r), "to |", "to|"); got != want {
					t.Errorf("transcript %q, want %q", got, want)
				}
				if p.asked != c.asked {
					t.Errorf("the policy was asked %d times, want %d", p.asked, c.asked)
				}
				if len(s.facts.facts) != 2 || s.facts.facts[0].Text != "i paid it" || s.facts.facts[1].Text != "bye" {
					t.Errorf("the facts are %v", s.facts.facts)
				}
			})
		})
	}
}

// TestALiveCallsLogReplays to the very decisions that the call took.
func TestALiveCallsLogReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say(strings.Repeat("word ", 60), false), say("when can you pay", false), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{10, 25}, {120, 135}, {180, 250}, {420, 450}}
		s.listener.finals = []asr.Result{{Text: "hello"}, {Text: ""}, {Text: "wait i already paid"}, {Text: "on friday"}}
		var log bytes.Buffer
		var took []ear.Heard
		s.signals, s.observe = &log, func(h ear.Heard) { took = append(took, h) }
		r := s.play(answerAt(s, 0))
		n := 0
		decided := map[barge.Decision]int{}
		for h, err := range ear.Replay(&log) {
			if err != nil {
				t.Fatal(err)
			}
			if n >= len(took) || h != took[n] {
				t.Fatalf("tick %d replays to %+v, the call took %+v", n, h, took[min(n, len(took)-1)])
			}
			decided[h.Decision]++
			n++
		}
		if n != len(took) || n < 300 {
			t.Errorf("%d ticks of %d replay", n, len(took))
		}
		if decided[barge.Duck] < 2 || decided[barge.Resume] < 1 || decided[barge.Cut] != 1 || decided[barge.TurnEnd] < 2 {
			t.Errorf("too little happened for a proof: %v", decided)
		}
		if len(r.Overlaps) != 2 || r.Overlaps[0].Resume == 0 || r.Overlaps[0].Stop != 0 || r.Overlaps[1].Stop == 0 || r.Overlaps[1].Action >= r.Overlaps[1].Stop {
			t.Errorf("the report tells of %+v", r.Overlaps)
		}
	})
}
