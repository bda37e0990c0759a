package tts

import (
	"context"
	"errors"
	"io"
	"time"

	"parley/media"
)

// Collect reads a stream to its end and closes it: 8 kHz PCM, whole frames, at
// most limit samples. For who needs a prompt before its time; a call reads
// frame by frame instead.
func Collect(ctx context.Context, s Stream, limit int) ([]int16, []Mark, error) {
	defer s.Close()
	poll := time.NewTicker(2 * time.Millisecond) // streams cannot wake a reader
	defer poll.Stop()
	var pcm []int16
	var f media.Frame
	for {
		err := s.ReadFrame(&f)
		switch {
		case err == nil:
			if len(pcm)+len(f.PCM) > limit {
				return nil, nil, ErrTooLong
			}
			pcm = append(pcm, f.PCM...)
		case errors.Is(err, io.EOF):
			return pcm, s.Marks(), nil
		case errors.Is(err, media.ErrNotReady):
			select {
			case <-poll.C:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
		default:
			return nil, nil, err
		}
	}
}
