package call

import (
	"time"

	"parley/phrase"
)

// Timing splits the time from the customer's last voiced sound to the first
// frame of the answer, in milliseconds.
type Timing struct {
	// Silence until the turn was taken for over.
	Silence int64 `json:"silence_ms"`
	// Recognizer from there to its final.
	Recognizer int64 `json:"recognizer_ms"`
	// Understanding from there until the step was there and its facts were kept.
	Understanding int64 `json:"understanding_ms"`
	// FirstAudio from there to the first frame.
	FirstAudio int64 `json:"first_audio_ms"`
	// Answer is what had been asked for.
	Answer phrase.Answer `json:"answer,omitempty"`
}

// Total is the whole response time.
func (t Timing) Total() int64 { return t.Silence + t.Recognizer + t.Understanding + t.FirstAudio }

// Overlap is a stretch of the customer's sound over a prompt, in milliseconds.
type Overlap struct {
	// Onset is its first voiced sound, from the answer of the call.
	Onset int64 `json:"onset_ms"`
	// Action is when the prompt was lowered or cut, from the onset.
	Action int64 `json:"action_ms"`
	// Stop and Resume are when it was cut, or raised again, from the onset; 0
	// when it was not.
	Stop   int64 `json:"stop_ms,omitempty"`
	Resume int64 `json:"resume_ms,omitempty"`
}

// split holds the moments of a wait for an answer, on the beat's clock.
type split struct {
	voice, decided, final, step time.Duration
	answer                      phrase.Answer
}

// timing splits the wait that ended with the frame at first.
func (s split) timing(first time.Duration) *Timing {
	// The conversation's moments are of the wall clock, which may be a
	// millisecond off the beat's: each lies after the one before.
	decided := max(s.decided, s.voice)
	final := min(max(s.final, decided), max(first, decided))
	step := min(max(s.step, final), max(first, final))
	ms := func(d time.Duration) int64 { return max(0, d.Milliseconds()) }
	return &Timing{
		Silence: ms(decided - s.voice), Recognizer: ms(final - decided), Understanding: ms(step - final),
		FirstAudio: ms(first - step), Answer: s.answer,
	}
}

// timed is the prompt of which a timing tells.
type timed struct {
	timing  *Timing
	step, n int
}

// overlapped keeps what became of the customer's sound over a prompt.
func (c *conversation) overlapped(s signal) {
	all := c.report.Overlaps
	after := max(0, (s.at - s.onset).Milliseconds())
	n := len(all) - 1
	// What the end of its prompt left open is over with the next sound.
	if n < 0 || all[n].Stop > 0 || all[n].Resume > 0 || all[n].Onset != c.ms(s.onset) {
		if s.kind == sigResume || len(all) >= mostOverlaps {
			return
		}
		all = append(all, Overlap{Onset: c.ms(s.onset), Action: max(1, after)})
		n++
	}
	switch s.kind {
	case sigCut:
		all[n].Stop = max(1, (s.at-c.answered).Milliseconds()-all[n].Onset)
	case sigResume:
		all[n].Resume = max(1, (s.at-c.answered).Milliseconds()-all[n].Onset)
	}
	c.report.Overlaps = all
}

// mostOverlaps bounds the report of a call beside a radio.
const mostOverlaps = 500
