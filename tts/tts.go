// Package tts is the port through which parley speaks. Engines live in folders
// below it and are built only by app.
package tts

import (
	"context"
	"errors"
	"iter"
	"time"

	"parley/media"
)

// Voice chooses who speaks. It is comparable and serves as a cache key.
type Voice struct {
	Engine string
	Name   string
	// Language is the BCP 47 primary tag, "en" or "zh".
	Language string
	// Speed is relative, 1.0 as the voice was made; 0 means 1.0.
	Speed float64
}

// Mark ties a piece of the text to its place in the sound, so that a prompt
// which was cut is known to have been heard up to a word.
type Mark struct {
	// Text is the word (English) or the character (Chinese).
	Text string
	// Start and End are byte offsets into the text that was spoken.
	Start, End int
	// From and To lie on the stream's own clock, which starts at 0.
	From, To time.Duration
	// Estimated: the engine gave no times; they follow from length.
	Estimated bool
}

// Synthesizer turns text into sound.
type Synthesizer interface {
	Name() string
	// Speak begins to synthesise the pieces of text as they come and returns
	// when the engine accepted the work, not when the sound is there. An error
	// of the sequence ends the stream with it. ctx cancels the synthesis.
	Speak(ctx context.Context, voice Voice, text iter.Seq2[string, error]) (Stream, error)
}

// Stream is sound on its way: frames of 8 kHz PCM, ErrNotReady until the first
// is there, io.EOF after the last. ReadFrame belongs to one goroutine.
type Stream interface {
	media.Source
	// Marks are those known so far; complete once ReadFrame returned io.EOF.
	// The slice is not changed afterwards, a later call may return a longer one.
	Marks() []Mark
	// Close cancels what is still running. It may be called twice.
	Close() error
}

// Rewinder is a Stream that can go back to what was read a moment ago.
type Rewinder interface {
	// Rewind lets the next ReadFrame give the sound at to again; at is where
	// that frame begins, at most one frame before it. It belongs to ReadFrame's
	// goroutine. ok is false, and nothing changes, when to lies ahead, or longer
	// ago than the stream remembers (at least Memory).
	Rewind(to time.Duration) (at time.Duration, ok bool)
}

// Memory is how much sound that was read a Rewinder keeps.
const Memory = 3 * time.Second

// Text is the sequence of one piece, for callers who have all of it.
func Text(s string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(s, nil) }
}

// ErrVoice: the engine does not have the asked voice.
var ErrVoice = errors.New("tts: the engine has no such voice")

// Segment is a piece of a prompt. Fixed text is the same in every call and may
// be synthesised beforehand and kept; other text holds personal data and is
// forgotten with its stream.
type Segment struct {
	Text  string
	Fixed bool
}

// Prompter is a Synthesizer that splices kept and fresh sound into one stream.
type Prompter interface {
	Synthesizer
	// Prompt speaks the segments one after the other. The stream's marks count
	// bytes of the segments' texts joined together.
	Prompt(ctx context.Context, voice Voice, segments []Segment) (Stream, error)
}
