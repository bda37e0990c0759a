package trial

import (
	"time"
	"unicode/utf8"

	"parley/barge"
	"parley/tts"
)

// Result is a case scored: pure numbers from labels and actions. Times are in
// ms after the customer's first voiced sample; absent ones are nil.
type Result struct {
	Case string `json:"case"`
	// First is the first duck or cut, Stop the cut.
	First *int `json:"first,omitempty"`
	Stop  *int `json:"stop,omitempty"`
	// Early: the prompt was gone before anybody spoke.
	Early bool `json:"early,omitempty"`
	// Ducked is from duck to resume; Back from the end of the sound to full
	// level again.
	Ducked *int `json:"ducked,omitempty"`
	Back   *int `json:"back,omitempty"`
	// Stops over a prompt at which nobody spoke, and how long prompts played.
	Stops  int           `json:"stops,omitempty"`
	Played time.Duration `json:"played,omitempty"`
	// Heard is by how many words the text taken as heard differs from what had
	// sounded.
	Heard *int `json:"heard,omitempty"`
	// Twice is how many words sounded at full level both before the duck and
	// after the resume, Again how many sounded twice at any level.
	Twice *int `json:"twice,omitempty"`
	Again *int `json:"again,omitempty"`
}

// patience is how long after the customer's last sound a stop still counts;
// twice as long after a backchannel, whose final may come late.
const patience = 1000 // ms

// score scores all kinds but Turn, whose measure is a curve.
func score(c Case, t Trace, sounds map[string]Sound) Result {
	r := Result{Case: c.ID, Played: t.Played}
	if c.Kind == Nothing || c.Kind == Far {
		for _, a := range t.Actions {
			if a.Decision == barge.Cut {
				r.Stops++
			}
		}
		return r
	}
	onset, end := c.Speech[0].From, c.Speech[len(c.Speech)-1].To
	ducked, duckedAt := false, 0
	for _, a := range t.Actions {
		if a.At > end+patience && (c.Kind == Interruption || a.At > end+2*patience) {
			break // not because of what was said
		}
		switch a.Decision {
		case barge.Duck:
			ducked, duckedAt = true, a.At
			if r.First == nil && a.At >= onset {
				r.First = since(onset, a.At)
			}
		case barge.Resume:
			if ducked && a.At > onset {
				r.Ducked = since(duckedAt, a.At)
				r.Back = since(end, a.At)
				r.repeated(c, a, sounds)
			}
			ducked = false
		case barge.Cut:
			if a.At < onset {
				r.Early = true
				return r
			}
			if r.First == nil {
				at := onset
				if !ducked {
					at = a.At
				}
				r.First = since(onset, at) // ducked before the onset: at once
			}
			r.Stop = since(onset, a.At)
			r.Heard = wordsOff(c, a, sounds)
			return r
		}
	}
	return r
}

func since(from, at int) *int {
	d := at - from
	return &d
}

// wordsOff compares the words whose marks say that they were heard with those
// that had sounded to their middle; nil where the truth is not known.
func wordsOff(c Case, a Action, sounds map[string]Sound) *int {
	s, ok := truth(c, a, sounds)
	if !ok {
		return nil
	}
	d := marked(s.Marks, a.Heard) - s.sounded(0, a.Heard, c.Language)
	return &d
}

// repeated counts the words that a resume lets sound again.
func (r *Result) repeated(c Case, a Action, sounds map[string]Sound) {
	s, ok := truth(c, a, sounds)
	if !ok {
		return
	}
	add := func(n **int, more int) {
		if *n == nil {
			*n = new(int)
		}
		**n += more
	}
	add(&r.Twice, s.sounded(a.Again.from, a.Again.ducked, c.Language))
	add(&r.Again, s.sounded(a.Again.from, a.Again.to, c.Language))
}

// truth is the prompt of an action, if the places of its words are known.
func truth(c Case, a Action, sounds map[string]Sound) (Sound, bool) {
	if a.Prompt < 0 || c.Recording != "" {
		return Sound{}, false
	}
	s := sounds[c.Prompts[a.Prompt].Sound]
	return s, len(s.Marks) > 0 && len(s.Words) > 0
}

// sounded counts the words whose middle lies in a part of the sound.
func (s Sound) sounded(from, to time.Duration, language string) int {
	n := 0
	for _, w := range s.Words {
		if middle := (w.From + w.To) / 2; from <= middle && middle < to {
			n += units(w.Text, language)
		}
	}
	return n
}

// marked counts the marks that had sounded in full, as a live call does.
func marked(marks []tts.Mark, heard time.Duration) int {
	n := 0
	for _, m := range marks {
		if m.To > heard {
			break
		}
		n++
	}
	return n
}

// units are a recognised word's: characters in Chinese, one in English.
func units(text, language string) int {
	if language == "zh" {
		return utf8.RuneCountInString(text)
	}
	return 1
}

// turnEnd says what the first end of a turn at this time is: a cut-off, or an
// end with its latency in ms. A time under 0 is no end at all.
func turnEnd(c Case, at int) (cut bool, latency int, ended bool) {
	end := c.Speech[len(c.Speech)-1].To
	switch {
	case at < 0:
		return false, 0, false
	case at < end:
		return true, 0, false
	}
	return false, at - end, true
}
