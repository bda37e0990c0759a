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
	"parley/sim/relay"
)

// TestTalkThroughABadNetwork: 6 s of talk over sockets and the real beat through
// the relay; most of what was sent is heard, and both ends know what was lost.
func TestTalkThroughABadNetwork(t *testing.T) {
	const ticks = 300
	for _, c := range []struct {
		name  string
		i     relay.Impairment
		heard float64 // least share of frames with sound that was sent
	}{
		{"5 % and 60 ± 20 ms", relay.Impairment{Loss: 0.05, Delay: 60 * time.Millisecond, Jitter: 20 * time.Millisecond}, 0.85},
		{"20 %", relay.Impairment{Loss: 0.2, Delay: 60 * time.Millisecond, Jitter: 20 * time.Millisecond}, 0.65},
		{"reordered and repeated", relay.Impairment{Reorder: 0.05, Duplicate: 0.2, Delay: 30 * time.Millisecond}, 0.85},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := relay.Open(relay.Options{Towards: c.i, Back: c.i, Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			w := beat.New(beat.Options{})
			a, b := open(t, nil), open(t, nil)
			a.say, b.say = tone(8000), tone(8000)
			r.Connect(a.Local(), b.Local())
			negotiate(t, a, Remote{Addr: r.Near(), Codec: codec.PCMA, PayloadType: 8})
			negotiate(t, b, Remote{Addr: r.Far(), Codec: codec.PCMA, PayloadType: 8})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer w.Join(func(beat.Tick) { a.tick(t) })()
			var n atomic.Int64
			defer w.Join(func(beat.Tick) {
				if b.tick(t); n.Add(1) == ticks {
					cancel()
				}
			})()
			_ = w.Run(ctx)
			for _, s := range []*side{a, b} {
				got := s.Stats()
				var genuine int
				for _, f := range s.frames {
					if f.Is(media.Voiced) && !f.Is(media.Concealed) {
						genuine++
					}
				}
				t.Logf("%d of %d frames are as sent; %+v", genuine, len(s.frames), got)
				if share := float64(genuine) / ticks; share < c.heard {
					t.Errorf("%.2f of the frames are as sent, want %.2f", share, c.heard)
				}
				if got.Loss < c.i.Loss/2 || got.Loss > c.i.Loss*1.6+0.02 || got.Foreign+got.Malformed > 0 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}
