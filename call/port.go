package call

import (
	"context"
	"time"

	"parley/dialog"
	"parley/media"
)

// Recorder keeps the sound of one call. Record is called once a tick by the
// beat and never waits; Close flushes and tells where the recording is.
type Recorder interface {
	// Record takes what the customer said and what was sent in this tick.
	Record(in, out media.Frame)
	// Close ends the recording and returns its key ("" when nothing was kept).
	Close() (key string, length time.Duration, err error)
}

// Recorders opens recordings.
type Recorders interface {
	Open(t Target) (Recorder, error)
}

// Facts makes what the customer said durable before the bot's next line.
type Facts interface {
	// Commit returns after the fact is on disk. It may be called twice with
	// the same fact and call.
	Commit(ctx context.Context, t Target, f dialog.Fact) error
	// Answered keeps what ends the leg of an answered call (Progress.Leg), so
	// that it can be ended after a crash. The call's settlement forgets it.
	Answered(ctx context.Context, t Target, at time.Time, leg string) error
}
