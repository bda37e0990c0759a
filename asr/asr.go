// Package asr is the port through which the rest of parley hears words.
// Engines live in folders below it and are built only by app.
package asr

import (
	"context"
	"errors"
	"time"

	"parley/media"
	"parley/phrase"
)

// Config says what a stream will carry. It does not change while it is open.
type Config struct {
	// Language is the BCP 47 primary tag, "en" or "zh".
	Language string
	// Rate of the frames that will be written. Engines that want another
	// resample themselves.
	Rate media.Rate
	// Tenant and Call label logs and metrics; they never reach a vendor.
	Tenant, Call string
}

// Expectation is what the dialog hopes to hear next. Engines take from it what
// they can use: a grammar engine compiles the phrases, a dictation engine takes
// the words as hints.
type Expectation struct {
	// ID is stable for equal content; engines cache what they compiled by it.
	ID string
	// Phrases are patterns of package phrase ("[i can] pay on <date>").
	Phrases []string
	// Answer is the kind of answer the question asks for.
	Answer phrase.Answer
	// Hotwords are names and products worth a bias, plain text.
	Hotwords []string
}

// Word is one recognised word with its place on the clock of the frames.
type Word struct {
	Text     string
	From, To time.Duration
}

// Result is what a stream heard of the current utterance so far.
type Result struct {
	// Text is lower-case words separated by single spaces (English) or plain
	// characters (Chinese). Empty in a Final means that nothing acceptable was
	// said.
	Text string
	// Final ends the utterance: there is exactly one for every Finish.
	Final bool
	// Stable: this partial has stood for half a second of sound. It is
	// delivered a second time when it becomes so; earlier ones flip often.
	Stable bool
	// Rejected: sound was there, and it was not one of the expected phrases.
	Rejected bool
	// Confidence from 0 to 1; comparable within one engine only. An engine
	// that has none sets 1: an announcement heard with less than 0.6 ends no call.
	Confidence float64
	From, To   time.Duration
	Words      []Word
}

// Recognizer opens streams.
type Recognizer interface {
	// Name is the engine's name in configuration, logs and metrics.
	Name() string
	// Open starts a stream. It may wait for a connection or a worker, bounded
	// by ctx; it must have returned before the call is answered.
	Open(ctx context.Context, cfg Config) (Stream, error)
}

// Stream recognises one party of one call.
//
// The turn-taker decides where utterances lie: the first frame written after
// Open or Finish begins one, Finish ends it. WriteFrame, Expect and Finish are
// called from one goroutine and never wait; a stream that cannot keep up drops
// frames and counts them.
type Stream interface {
	media.Sink
	// Expect takes effect with the next utterance.
	Expect(Expectation)
	// Finish asks for the final result of the current utterance. Without one
	// it yields an empty final all the same.
	Finish()
	// Results carries partials and finals in order; it is closed when the
	// stream has ended, and Err then says why.
	Results() <-chan Result
	// Err is nil while the stream lives and after Close.
	Err() error
	// Close frees the stream. It may be called twice and from any goroutine.
	Close() error
}

// ErrBusy: no session is free and none will be within the context's time.
var ErrBusy = errors.New("asr: no recogniser session is free; raise the number of workers or lower the calls at a time")

// ErrLanguage: the engine has no model for the asked language.
var ErrLanguage = errors.New("asr: no model for this language is configured")
