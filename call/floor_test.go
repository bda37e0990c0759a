package call

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/media"
	"parley/outcome"
)

// windy is slow and says long fillers.
type windy struct{ slow }

func (w *windy) Fillers() []string { return []string{strings.Repeat("moment ", 40)} }

func (h *handset) hangsUp(*Session) { h.end(Cause{Network: outcome.Answered, By: PartyCustomer}) }

// TestACutFillerTakesNoGoodbyeWithIt, nor a disclosure: what waits behind it
// and may not be interrupted is said, and the call ends.
func TestACutFillerTakesNoGoodbyeWithIt(t *testing.T) {
	for _, ending := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			answer := say("thank you goodbye", ending)
			if !ending {
				answer.Prompts[0].Mode, answer.Prompts[0].Disclosure = "never", "recorded"
			}
			s := newStage(t, say("hello", false), answer, say("bye", true))
			s.policy = &windy{slow{brain: s.brain, takes: 1700 * time.Millisecond}}
			s.handset.speaks = [][2]int{{140, 170}, {275, 350}}
			s.listener.finals = []asr.Result{{Text: "on friday"}, {Text: "wait hello"}}
			r := s.play(answerAt(s, 0))
			if r.HangupBy != PartyBot || !strings.Contains(s.said(r), "bot: thank you goodbye") {
				t.Errorf("ending %v: %q, hung up by %q", ending, s.said(r), r.HangupBy)
			}
			cut := false
			for _, turn := range r.Turns {
				cut = cut || turn.Filler && turn.BargedIn
				if turn.By == PartyBot && turn.BargedIn && !turn.Filler {
					t.Errorf("ending %v: %q was cut", ending, turn.Text)
				}
			}
			if !cut {
				t.Errorf("ending %v: the filler was not cut", ending)
			}
			if !ending && (len(r.Disclosures) != 1 || !r.Disclosures[0].Complete) {
				t.Errorf("the disclosures are %+v", r.Disclosures)
			}
		})
	}
}

// meter is a handset that keeps the level of what it gets.
type meter struct {
	*handset

	levels []int16
}

func (m *meter) Dial(context.Context, Target) Leg { return m }

func (m *meter) WriteFrame(f media.Frame) error {
	m.levels = append(m.levels, f.PCM[len(f.PCM)-1])
	return m.handset.WriteFrame(f)
}

// TestAMurmurInTheBreathLowersNoPrompt: one that begins between two prompts
// holds the next one up, and that is said at its full level.
func TestAMurmurInTheBreathLowersNoPrompt(t *testing.T) {
	for at := range 14 {
		synctest.Test(t, func(t *testing.T) {
			step := say(strings.Repeat("one ", 40), false)
			step.Prompts = append(step.Prompts, say(strings.Repeat("two ", 60), false).Prompts...)
			s := newStage(t, step)
			s.handset.speaks = [][2]int{{226 + at, 236 + at}}
			s.listener.finals = []asr.Result{{Text: "yeah"}}
			m := &meter{handset: s.handset}
			s.dialer = m
			events := answerAt(s, 0)
			events[500] = s.handset.hangsUp
			s.play(events)
			low, full := 0, 0
			for _, v := range m.levels[300:] {
				if v == 10000 {
					full++
				} else if v > 0 {
					low++
				}
			}
			if low > 2 || full < 150 {
				t.Errorf("at %d: %d frames low, %d full", at, low, full)
			}
		})
	}
}

// TestADuckBetweenPromptsHoldsTheNext until it is over, or for ever long.
func TestADuckBetweenPromptsHoldsTheNext(t *testing.T) {
	for _, resumes := range []bool{true, false} {
		p := newPlayer()
		p.play(toneItem("one"))
		p.play(toneItem("two three"))
		run(p, 6)
		p.duck()
		if _, out := run(p, breath+10); !out.Is(media.Silence) {
			t.Fatal("the prompt began while it was not clear who has the floor")
		}
		if resumes {
			p.resume()
		} else {
			run(p, maxRest-breath-12)
		}
		if _, out := run(p, 1); out.PCM[0] != 10000 {
			t.Errorf("resumes %v: it begins with a sample of %d", resumes, out.PCM[0])
		}
	}
}

var _ dialog.Filling = (*windy)(nil)
