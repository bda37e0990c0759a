package tts

import (
	"context"
	"io"
	"sync"
	"time"

	"parley/media"
)

// ahead bounds how much sound waits to be read, in samples: one minute. The
// engine then waits for its reader, so that no text can fill the memory.
const ahead = 60 * int(media.Rate8k)

// keep is Memory in samples: whole frames.
const keep = int(Memory/time.Second) * int(media.Rate8k)

// buffer is the Stream of an Engine: one goroutine writes, one reads.
type buffer struct {
	cancel context.CancelFunc
	room   chan struct{} // one slot; the reader has taken something

	mu    sync.Mutex
	pcm   []int16 // the latest that was read, at most Memory of it, and what was not
	read  int     // samples of pcm that were
	total int     // samples ever written
	marks []Mark
	ended bool
	err   error

	at    time.Duration // the reader's
	frame [160]int16
}

func newBuffer(cancel context.CancelFunc) *buffer {
	return &buffer{cancel: cancel, room: make(chan struct{}, 1)}
}

// length is how much sound was written; the writer asks.
func (b *buffer) length() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return media.Rate8k.Duration(b.total)
}

func (b *buffer) write(ctx context.Context, pcm []int16, marks []Mark) error {
	for {
		b.mu.Lock()
		if len(b.pcm)-b.read <= ahead {
			b.pcm = append(b.pcm, pcm...)
			b.total += len(pcm)
			b.marks = append(b.marks, marks...)
			b.mu.Unlock()
			return ctx.Err()
		}
		b.mu.Unlock()
		select {
		case <-b.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// end says that no more will come; nil is a complete stream.
func (b *buffer) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended, b.err = true, err
}

// ReadFrame implements media.Source. After an error of the engine the sound
// that was made before it is still delivered.
func (b *buffer) ReadFrame(f *media.Frame) error {
	b.mu.Lock()
	n := len(b.pcm) - b.read
	if n < len(b.frame) && !b.ended {
		b.mu.Unlock()
		return media.ErrNotReady
	}
	if n == 0 {
		err := b.err
		b.mu.Unlock()
		if err != nil {
			return err
		}
		return io.EOF
	}
	n = copy(b.frame[:], b.pcm[b.read:])
	b.read += n
	if over := (b.read - keep) / len(b.frame) * len(b.frame); over > 0 {
		b.pcm, b.read = b.pcm[over:], b.read-over
	}
	b.mu.Unlock()
	clear(b.frame[n:])
	select {
	case b.room <- struct{}{}:
	default:
	}
	*f = media.Frame{At: b.at, Rate: media.Rate8k, PCM: b.frame[:]}
	b.at += media.Tick
	return nil
}

// Rewind implements Rewinder. All frames but the last are whole.
func (b *buffer) Rewind(to time.Duration) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	frames := int((b.at - to + media.Tick - 1) / media.Tick)
	whole := (b.read + len(b.frame) - 1) / len(b.frame)
	if frames < 0 || frames > whole || to < 0 {
		return 0, false
	}
	back := frames * len(b.frame)
	if short := b.read % len(b.frame); short > 0 && frames > 0 {
		back += short - len(b.frame) // the last frame was filled up
	}
	b.read -= back
	b.at -= time.Duration(frames) * media.Tick
	return b.at, true
}

// Marks implements Stream.
func (b *buffer) Marks() []Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[:len(b.marks):len(b.marks)]
}

// Close implements Stream.
func (b *buffer) Close() error {
	b.cancel()
	return nil
}
