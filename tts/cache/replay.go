package cache

import (
	"context"
	"io"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/tts"
)

// frameBytes is one frame of G.711.
const frameBytes = 160

// replay plays a kept prompt. It only points into the kept sound.
type replay struct {
	ctx   context.Context // of the one call that listens; WriteFrame gets none
	entry *entry
	ready bool
	pos   int
	pcm   [frameBytes]int16
}

func newReplay(ctx context.Context, e *entry) *replay {
	return &replay{ctx: ctx, entry: e}
}

// ReadFrame implements media.Source.
func (r *replay) ReadFrame(f *media.Frame) error {
	if !r.ready {
		select {
		case <-r.entry.done:
			r.ready = true
		default:
			if err := r.ctx.Err(); err != nil {
				return err
			}
			return media.ErrNotReady
		}
	}
	if r.entry.err != nil {
		return r.entry.err
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	rest := r.entry.ulaw[r.pos:]
	if len(rest) == 0 {
		return io.EOF
	}
	n := min(len(rest), frameBytes)
	pcm := codec.PCMU.AppendPCM(r.pcm[:0], rest[:n])
	clear(r.pcm[len(pcm):])
	*f = media.Frame{At: time.Duration(r.pos) * time.Second / 8000, Rate: media.Rate8k, PCM: r.pcm[:]}
	r.pos += n
	return nil
}

// Rewind implements tts.Rewinder.
func (r *replay) Rewind(to time.Duration) (time.Duration, bool) {
	pos := int(to/media.Tick) * frameBytes
	if to < 0 || pos > r.pos {
		return 0, false
	}
	r.pos = pos
	return time.Duration(pos) * time.Second / 8000, true
}

// Marks implements tts.Stream.
func (r *replay) Marks() []tts.Mark {
	select {
	case <-r.entry.done:
		return r.entry.marks
	default:
		return nil
	}
}

// Close implements tts.Stream. A synthesis under way goes on: it is for all.
func (r *replay) Close() error {
	return nil
}
