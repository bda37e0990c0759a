package call

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"parley/asr"
	"parley/dialog"
	"parley/media"
	"parley/outcome"
)

func (h *handset) Held() <-chan bool            { return h.held }
func (h *handset) Hold(context.Context) error   { return errors.New("not here") }
func (h *handset) Resume(context.Context) error { return errors.New("not here") }

// holdAt puts the bot on hold at a tick, and takes it back at another.
func (s *stage) holdAt(events map[int]func(*Session), from, to int) {
	events[from] = func(*Session) { s.handset.held <- true }
	events[to] = func(*Session) { s.handset.held <- false }
}

// spokeBetween counts the frames with sound that went out in these ticks.
func (s *stage) spokeBetween(from, to int) (n int) {
	for _, f := range s.handset.sent[from:to] {
		if f.Flags&media.Silence == 0 {
			n++
		}
	}
	return n
}

func (s *stage) said(r Report) string {
	var lines []string
	for _, turn := range r.Turns {
		line := string(turn.By) + ": " + turn.Text
		if turn.HeardText != "" {
			line += " [" + turn.HeardText + "]"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "|")
}

// two is a step of two prompts.
func two(first, second string) dialog.Step {
	step := say(second, false)
	step.Prompts = append(say(first, false).Prompts, step.Prompts...)
	return step
}

// TestOnHoldNothingIsSaid: the hold comes in the middle of a prompt, with music
// that sounds like speech; nothing is asked meanwhile and no silence counts.
// Afterwards the prompt is said again, and the talk goes on.
func TestOnHoldNothingIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, two("hello this is a machine that calls you now", "may i speak with lee"), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{140, 190}, {200, 260}, {860, 890}}
		s.listener.finals = []asr.Result{{Text: "yes speaking", Confidence: 0.9}}
		events := answerAt(s, 0)
		s.holdAt(events, 90, 700)
		r := s.play(events)
		if got := s.kinds(); got != "start, said yes speaking" {
			t.Fatalf("the policy was asked %q", got)
		}
		if n := s.spokeBetween(95, 699); n > 0 {
			t.Errorf("%d frames were spoken on hold", n)
		}
		want := "bot: hello this is a machine that calls you now [hello this is]|bot: hello this is a machine that calls you now|" +
			"bot: may i speak with lee|customer: yes speaking|bot: thank you goodbye"
		if got := s.said(r); got != want {
			t.Errorf("transcript:\n%s\nwant\n%s", got, want)
		}
		if r.BargeIns != 0 || r.Turns[0].BargedIn || r.Disposition != outcome.Completed || r.Problem != "" {
			t.Errorf("report %+v", r)
		}
		var states []string
		for _, m := range s.moments {
			if m.State == "held" || m.State == "resumed" {
				states = append(states, m.State)
			}
		}
		if strings.Join(states, " ") != "held resumed" {
			t.Errorf("told %v", states)
		}
		if s.tape.frames < 800 {
			t.Errorf("the recording has %d frames, the hold's are missing", s.tape.frames)
		}
	})
}

// TestAfterAHoldTheQuestionIsRepeated, and not what was said before it.
func TestAfterAHoldTheQuestionIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, two("hello", "may i speak with lee"), say("are you there", false), say("goodbye", true))
		events := answerAt(s, 0)
		s.holdAt(events, 180, 900)
		r := s.play(events)
		if got := s.kinds(); got != "start, quiet, quiet" {
			t.Errorf("the policy was asked %q", got)
		}
		if got, want := s.said(r), "bot: hello|bot: may i speak with lee|bot: may i speak with lee|bot: are you there|bot: goodbye"; got != want {
			t.Errorf("transcript:\n%s\nwant\n%s", got, want)
		}
	})
}

// TestWordsBeforeAHoldCount: they are answered when the customer is back.
func TestWordsBeforeAHoldCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("may i speak with lee", false), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{140, 170}}
		s.listener.finals = []asr.Result{{Text: "yes speaking", Confidence: 0.9}}
		events := answerAt(s, 0)
		s.holdAt(events, 171, 500)
		r := s.play(events)
		if got := s.kinds(); got != "start, said yes speaking" {
			t.Fatalf("the policy was asked %q", got)
		}
		if n := s.spokeBetween(176, 499); n > 0 {
			t.Errorf("%d frames were spoken on hold", n)
		}
		if got, want := s.said(r), "bot: may i speak with lee|customer: yes speaking|bot: thank you goodbye"; got != want {
			t.Errorf("transcript:\n%s\nwant\n%s", got, want)
		}
		if r.Disposition != outcome.Completed || r.HangupBy != PartyBot {
			t.Errorf("report %+v", r)
		}
	})
}

// TestAHoldEnds the goodbye, which is said again, and a hold for ever the call.
func TestAHoldEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("thank you very much and a good day to you goodbye", true))
		events := answerAt(s, 0)
		s.holdAt(events, 85, 300)
		if r := s.play(events); len(r.Turns) != 2 || r.Turns[1].HeardText != "" || r.HangupBy != PartyBot || r.Problem != "" {
			t.Errorf("a goodbye on hold: %+v", r)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("may i speak with lee", false))
		s.longest = int(maxHold/media.Tick) + 1000
		events := answerAt(s, 0)
		events[200] = func(*Session) { s.handset.held <- true }
		r := s.play(events)
		if r.HangupBy != PartyBot || !strings.Contains(r.Problem, "held the call for longer") || r.TalkMS < maxHold.Milliseconds() {
			t.Errorf("a hold for ever: %+v", r)
		}
	})
}

// TestWhoCallsIsGreeted at once, whatever sounds on the line, and is no machine.
func TestWhoCallsIsGreeted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello you have reached us", false), say("goodbye", true))
		s.target.Inbound = true
		s.handset.speaks = [][2]int{{0, 40}}
		r := s.play(answerAt(s, 0))
		if r.Direction != Inbound || len(r.Turns) == 0 || r.Turns[0].By != PartyBot && r.Turns[0].Text != "" || r.Latency.FirstAudio <= 0 || r.Latency.FirstAudio > 600 {
			t.Errorf("report %+v", r)
		}
		if !strings.HasPrefix(s.kinds(), "start") {
			t.Errorf("the policy was asked %q", s.kinds())
		}
	})
}

// wrapped hides a leg as a gate does.
type wrapped struct{ Leg }

func (w wrapped) Unwrap() Leg { return w.Leg }

// TestAWrapperTellsTheTruth: what wraps a leg can do what that can, no more.
func TestAWrapperTellsTheTruth(t *testing.T) {
	if h, ok := As[Holder](wrapped{wrapped{newHandset()}}); !ok || h.Held() == nil {
		t.Errorf("a leg that can be held is hidden: %v", h)
	}
	if _, ok := As[Referrer](wrapped{newHandset()}); ok {
		t.Error("a leg that cannot be handed on seems to be able to")
	}
	for _, l := range []Leg{nil, Refused(Cause{}), wrapped{Refused(Cause{})}} {
		if _, ok := As[Holder](l); ok {
			t.Errorf("%T seems to be able to rest", l)
		}
	}
}
