package barge

import "time"

const tick = 20 * time.Millisecond

const (
	// shortGap is a pause between syllables at most; after it a single voiced
	// frame counts for nothing.
	shortGap = 3 * tick
	// looseGap ends sound that was too little to open an utterance.
	looseGap = 200 * time.Millisecond
)

// utterance is one stretch of the customer's sound with the pauses in it.
type utterance struct {
	// open: enough voiced sound came to call it one.
	open bool
	// onset is the start of the first voiced frame, last the end of the latest.
	onset, last time.Duration
	// voiced is the voiced sound in it, under the part of that since the
	// prompt which is playing began, run the voiced sound since the last pause.
	voiced, under, run time.Duration
	// level sums the levels of voiced frames, for their mean.
	level  int
	frames int
	// height sums the pitch of the pitched ones of its frames.
	height, pitched int

	// carried is the span of sound just before it that was let go too early.
	carried time.Duration

	words    words
	standing time.Duration // since when words have stood
}

// hear takes one frame of sound and reports whether it was voiced.
func (u *utterance) hear(at time.Duration, s Signal, playing bool) bool {
	// Once somebody speaks, a doubtful frame is theirs too.
	bar := 50
	if u.open {
		bar = 30
	}
	voiced := s.Voice >= bar && !s.Echo
	if !voiced {
		if at-u.last >= shortGap {
			u.run = 0
		}
		if at-u.last >= looseGap && !u.open {
			*u = utterance{}
		}
		return false
	}
	if u.frames == 0 {
		u.onset = at
	}
	u.run += tick
	u.frames++
	u.level += s.Level
	if s.Pitch > 0 {
		u.height += s.Pitch
		u.pitched++
	}
	u.voiced += tick
	if playing {
		u.under += tick
	}
	// One stray frame after a pause is a click; the pause goes on.
	if at-u.last < shortGap || u.run >= 2*tick || u.frames == 1 {
		u.last = at + tick
	}
	return true
}

// quiet is how long the customer has been silent.
func (u *utterance) quiet(at time.Duration) time.Duration { return at + tick - u.last }

// span is how long the sound since from has lasted, small gaps between its
// voiced frames included: consonants, and what noise has covered.
func (u *utterance) span(from time.Duration) time.Duration {
	return u.carried + min(u.last-max(u.onset, from), u.under*7/4)
}

// loudness is the mean level of its voiced frames in dB over the noise.
func (u *utterance) loudness() int {
	if u.frames == 0 {
		return 0
	}
	return u.level / u.frames
}
