//go:build !race

package line

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
)

// TestTalkInRealTime: the same talk on the real beat, with the kernel's own
// arrival times.
func TestTalkInRealTime(t *testing.T) {
	w := beat.New(beat.Options{})
	a, b := open(t, nil), open(t, nil)
	a.say, b.say = tone(8000), tone(8000)
	negotiate(t, a, remote(b, codec.PCMA))
	negotiate(t, b, remote(a, codec.PCMA))
	ctx, cancel := context.WithCancel(t.Context())
	defer w.Join(func(beat.Tick) { a.tick(t) })()
	var ticks atomic.Int64
	defer w.Join(func(beat.Tick) {
		if b.tick(t); ticks.Add(1) == 60 {
			cancel()
		}
	})()
	_ = w.Run(ctx)
	for _, s := range []*side{a, b} {
		got := s.Stats()
		t.Logf("%+v", got)
		if got.Received < 50 || got.Lost+got.Duplicates+got.Foreign+got.Malformed != 0 {
			t.Errorf("%+v", got)
		}
		if got.Delay > 150*time.Millisecond {
			t.Errorf("held back by %v", got.Delay)
		}
		var voiced int
		for _, f := range s.frames {
			if f.Is(media.Voiced) {
				voiced++
			}
		}
		if voiced < 45 {
			t.Errorf("%d of %d frames are voiced", voiced, len(s.frames))
		}
	}
}
