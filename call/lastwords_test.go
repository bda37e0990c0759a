package call

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/outcome"
)

// TestWhatIsSaidLastIsKept though its speaker hangs up while the policy thinks,
// or in the midst of the next words.
func TestWhatIsSaidLastIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		takes  time.Duration
		speaks [][2]int
		hangup int
		by     Party
	}{
		"the customer, in the thought":      {300 * time.Millisecond, [][2]int{{140, 170}}, 202, PartyCustomer},
		"an operator, in the thought":       {300 * time.Millisecond, [][2]int{{140, 170}}, 202, PartyOperator},
		"the customer, in the next words":   {3 * time.Second, [][2]int{{140, 170}, {275, 350}}, 340, PartyCustomer},
		"an operator, in the next words":    {3 * time.Second, [][2]int{{140, 170}, {275, 350}}, 340, PartyOperator},
		"the customer, over a long thought": {3 * time.Second, [][2]int{{140, 170}}, 250, PartyCustomer},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bye := say("we will not call again", true)
				bye.Facts = []dialog.Fact{{Kind: dialog.FactOptOut}}
				s := newStage(t, say("hello", false), bye)
				s.policy = &windy{slow{brain: s.brain, takes: c.takes}}
				s.handset.speaks = c.speaks
				s.listener.finals = []asr.Result{{Text: "stop calling me", Confidence: 0.9}, {Text: "or i sue"}}
				events := answerAt(s, 0)
				events[c.hangup] = func(x *Session) {
					if c.by == PartyCustomer {
						s.handset.hangsUp(x)
					} else {
						x.Hangup(c.by)
					}
				}
				r := s.play(events)
				if got := s.kinds(); got != "start, said stop calling me" || len(s.facts.facts) != 1 {
					t.Errorf("the policy was asked %q, the facts are %v", got, s.facts.facts)
				}
				if last := s.brain.turns[len(s.brain.turns)-1]; last.Confidence != 0.9 {
					t.Errorf("it was told %+v", last)
				}
				if r.Problem != "" || r.Disposition != outcome.Completed || r.HangupBy != c.by {
					t.Errorf("problem %q, %s, hung up by %s", r.Problem, r.Disposition, r.HangupBy)
				}
				if r.TalkMS > int64(c.hangup+5)*20 {
					t.Errorf("the talk lasted %d ms", r.TalkMS)
				}
				for _, turn := range r.Turns {
					if turn.ToMS > int64(c.hangup+5)*20 {
						t.Errorf("%q was said after the end", turn.Text)
					}
				}
			})
		})
	}
}

// TestKeysBetweenWordsDoNotAnswerThem: the words of an ended thought wait for
// the words that ended it.
func TestKeysBetweenWordsDoNotAnswerThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), dialog.Step{}, say("thank you goodbye", true))
		s.policy = &windy{slow{brain: s.brain, takes: 3 * time.Second}}
		s.handset.speaks = [][2]int{{140, 170}, {275, 400}}
		s.listener.finals = []asr.Result{{Text: "i paid it"}, {Text: "on friday"}}
		events := answerAt(s, 0)
		// The second utterance cuts the filler and so ends the thought; the pause
		// after the key ends in its midst.
		events[330] = func(*Session) { s.handset.digits <- '1' }
		s.play(events)
		if got := s.kinds(); got != "start, keyed 1, said i paid it on friday" {
			t.Errorf("the policy was asked %q", got)
		}
	})
}

// deliberate is a brain that takes its time over keys.
type deliberate struct {
	*brain

	takes time.Duration
}

func (d *deliberate) Next(ctx context.Context, state *dialog.State, t dialog.Turn) (dialog.Step, error) {
	if t.Kind == dialog.Keyed {
		select {
		case <-time.After(d.takes):
		case <-ctx.Done():
			return dialog.Step{}, ctx.Err()
		}
	}
	return d.brain.Next(ctx, state, t)
}

// TestSpeechDoesNotEndAThoughtOfKeys: nobody keeps the keys for later.
func TestSpeechDoesNotEndAThoughtOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("enter four digits", false), say("thank you", false), say("goodbye", true))
		s.policy = &deliberate{brain: s.brain, takes: 1400 * time.Millisecond}
		s.handset.speaks = [][2]int{{205, 230}}
		s.listener.finals = []asr.Result{{Text: "that is it"}}
		events := answerAt(s, 0)
		for i, k := range "0472#" {
			events[150+10*i] = func(*Session) { s.handset.digits <- k }
		}
		s.play(events)
		if got := s.kinds(); got != "start, keyed 0472#, said that is it" {
			t.Errorf("the policy was asked %q", got)
		}
	})
}

// TestAMachinesWordsStateNothing though the verdict comes while the policy
// thinks about them.
func TestAMachinesWordsStateNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bye := say("goodbye", true)
		bye.Facts = []dialog.Fact{{Kind: dialog.FactDispute}}
		s := newStage(t, say("hello", false), bye)
		s.policy = &slow{brain: s.brain, takes: 300 * time.Millisecond}
		s.handset.speaks = [][2]int{{140, 260}}
		s.listener.finals = []asr.Result{{Text: "please leave a message after the tone", Confidence: 0.9}}
		events := answerAt(s, 0)
		events[600] = s.handset.hangsUp
		r := s.play(events)
		if got := s.kinds(); got != "start, machine" || !r.AnsweredBy.Machine() {
			t.Errorf("the policy was asked %q, answered by %s", got, r.AnsweredBy)
		}
	})
}
