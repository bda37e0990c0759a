package call

import (
	"context"
	"io"

	"parley/media"
)

// Refused is a leg that ended before anything was sent, for a dialer that may
// not or cannot place the call.
func Refused(c Cause) Leg {
	r := &refused{cause: c, progress: make(chan Progress), digits: make(chan rune), done: make(chan struct{})}
	close(r.progress)
	close(r.digits)
	close(r.done)
	return r
}

type refused struct {
	cause    Cause
	progress chan Progress
	digits   chan rune
	done     chan struct{}
}

func (r *refused) ReadFrame(*media.Frame) error { return io.EOF }
func (r *refused) WriteFrame(media.Frame) error { return nil }
func (r *refused) Progress() <-chan Progress    { return r.progress }
func (r *refused) Digits() <-chan rune          { return r.digits }
func (r *refused) Hangup(context.Context) error { return nil }
func (r *refused) Done() <-chan struct{}        { return r.done }
func (r *refused) Ended() Cause                 { return r.cause }
func (r *refused) Media() MediaStats            { return MediaStats{} }
