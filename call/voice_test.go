package call

import (
	"testing"
	"testing/synctest"

	"parley/asr"
)

// TestTheVoiceIsInTheReport: who is raised in the end is said to be, against
// the turns before; what had no words is not judged.
func TestTheVoiceIsInTheReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("may i speak with lee", false), say("when can you pay", false), say("what then", false), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{25, 90}, {200, 290}, {420, 510}, {640, 760}}
		s.handset.raised = 620
		s.listener.finals = []asr.Result{{Text: "hello"}, {Text: "yes speaking about it"}, {Text: ""}, {Text: "leave me alone"}}
		r := s.play(answerAt(s, 5))
		var calm, raised *Voice
		for _, turn := range r.Turns {
			switch {
			case turn.By == PartyBot || turn.Text == "":
				if turn.Voice != nil {
					t.Errorf("%q has a voice", turn.Text)
				}
			case turn.Text == "yes speaking about it":
				calm = turn.Voice
			case turn.Text == "leave me alone":
				raised = turn.Voice
			}
		}
		if calm == nil || raised == nil || r.Emotion == nil || r.Emotion.Voice == nil {
			t.Fatalf("no voice in %+v", r.Turns)
		}
		t.Logf("%+v, then %+v, in all %+v", *calm, *raised, *r.Emotion.Voice)
		if raised.Arousal < calm.Arousal+0.3 || raised.Anger < calm.Anger+0.2 || raised.Confidence < 0.3 {
			t.Errorf("calm %+v, raised %+v", *calm, *raised)
		}
		if v := r.Emotion.Voice; v.Peak < raised.Anger*raised.Confidence-0.01 || v.Trend <= 0.1 {
			t.Errorf("in all %+v", *v)
		}
	})
}
