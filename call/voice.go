package call

import (
	"math"

	"parley/asr"
	"parley/nlu/arousal"
)

// voices judges the sound of the customer's utterances, those with words: what
// the recogniser makes nothing of may be a door or a dog.
type voices struct {
	caller arousal.Caller
	judged bool
	// last is of the utterance judged last.
	last *Voice
}

// hear judges an utterance.
func (v *voices) hear(end signal, final asr.Result) {
	v.last = nil
	if final.Text == "" || end.prosody == nil {
		return
	}
	s := v.caller.Hear(*end.prosody)
	if s.Confidence == 0 {
		return
	}
	v.judged = true
	v.last = &Voice{Arousal: thousandths(s.Arousal), Anger: thousandths(s.Anger), Confidence: thousandths(s.Confidence)}
}

// restart forgets who spoke: it was somebody else.
func (v *voices) restart() { *v = voices{} }

// summary is nil when nothing was judged.
func (v *voices) summary() *VoiceTrend {
	if !v.judged {
		return nil
	}
	return &VoiceTrend{Peak: thousandths(v.caller.Peak()), Trend: thousandths(v.caller.Trend())}
}

func thousandths(x float64) float64 { return math.Round(1000*x) / 1000 }
