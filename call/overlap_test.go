package call

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
)

// TestAnOverlapIsOfOneSound: what the end of its prompt left open is not closed
// by another sound seconds later.
func TestAnOverlapIsOfOneSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &conversation{answered: time.Second}
		at := func(kind signalKind, onset, at int) {
			c.overlapped(signal{kind: kind, onset: time.Duration(onset) * time.Millisecond, at: time.Duration(at) * time.Millisecond})
		}
		at(sigDuck, 5500, 5620) // its prompt ends
		at(sigDuck, 9400, 9520)
		at(sigCut, 9400, 9900)
		at(sigResume, 9950, 9990) // of nothing
		at(sigCut, 12000, 12300)
		want := []Overlap{{Onset: 4500, Action: 120}, {Onset: 8400, Action: 120, Stop: 500}, {Onset: 11000, Action: 300, Stop: 300}}
		if len(c.report.Overlaps) != len(want) {
			t.Fatalf("the overlaps are %+v", c.report.Overlaps)
		}
		for i, o := range c.report.Overlaps {
			if o != want[i] {
				t.Errorf("overlap %d is %+v, want %+v", i, o, want[i])
			}
		}
	})
}

// TestAKeysCutIsNoOverlap: it has no onset, and the last utterance's is not its.
func TestAKeysCutIsNoOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), say(strings.Repeat("two ", 60), false), say("bye", true))
		s.handset.speaks = [][2]int{{140, 170}}
		s.listener.finals = []asr.Result{{Text: "on friday"}}
		events := answerAt(s, 0)
		events[330] = func(*Session) { s.handset.digits <- '1' }
		r := s.play(events)
		if r.BargeIns != 1 || len(r.Overlaps) != 0 || r.Latency.BargeStopP50 != 0 {
			t.Errorf("%d cuts, overlaps %+v, stopped after %d ms", r.BargeIns, r.Overlaps, r.Latency.BargeStopP50)
		}
		if got := s.kinds(); got != "start, said on friday, keyed 1" {
			t.Errorf("the policy was asked %q", got)
		}
	})
}

// TestKeysOvertakeAThought: a key silences the filler at once, and the words
// that are thought about are answered all the same.
func TestKeysOvertakeAThought(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), say("which one", false), say("thank you goodbye", true))
		s.policy = &windy{slow{brain: s.brain, takes: 3 * time.Second}}
		s.handset.speaks = [][2]int{{140, 170}}
		s.listener.finals = []asr.Result{{Text: "i paid it"}}
		events := answerAt(s, 0)
		events[280] = func(*Session) { s.handset.digits <- '1' }
		r := s.play(events)
		if got := s.kinds(); got != "start, said i paid it, keyed 1" {
			t.Errorf("the policy was asked %q", got)
		}
		for _, turn := range r.Turns {
			if turn.Filler && (!turn.BargedIn || turn.ToMS > 281*20) {
				t.Errorf("the filler was said until %d ms", turn.ToMS)
			}
		}
	})
}
