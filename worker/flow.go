package worker

import (
	"context"
	"encoding/binary"
	"sync"
)

// cost is what a message takes from a window; an empty one is not free.
func cost(msg []byte) int { return len(msg) + headerSize }

// credit is the sender's side of a window.
type credit struct {
	mu    sync.Mutex
	used  int
	freed chan struct{} // one slot
}

func newCredit() *credit { return &credit{freed: make(chan struct{}, 1)} }

// try takes n bytes, or reports that limit bytes are under way already.
func (c *credit) try(n, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used >= limit {
		return false
	}
	c.used += n
	return true
}

// wait takes n bytes as soon as there is room. One goroutine at a time.
func (c *credit) wait(ctx context.Context, n int) error {
	for !c.try(n, window) {
		select {
		case <-c.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (c *credit) give(n int) {
	c.mu.Lock()
	c.used = max(0, c.used-n)
	c.mu.Unlock()
	signal(c.freed)
}

// inbox is the receiver's side of a window: messages that were received and
// not yet handled. The window bounds it.
type inbox struct {
	wake chan struct{} // one slot

	mu    sync.Mutex
	msgs  [][]byte
	ended bool

	owed int // handled and not yet given back; used by the taker alone
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) put(msg []byte) {
	b.mu.Lock()
	if !b.ended {
		b.msgs = append(b.msgs, msg)
	}
	b.mu.Unlock()
	signal(b.wake)
}

// end lets the taker drain what is there and then stop.
func (b *inbox) end() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	signal(b.wake)
}

// abandon ends the inbox and forgets what is in it.
func (b *inbox) abandon() {
	b.mu.Lock()
	b.ended, b.msgs = true, nil
	b.mu.Unlock()
	signal(b.wake)
}

// take waits for the next message; false means that the inbox has ended.
func (b *inbox) take() ([]byte, bool) {
	for {
		b.mu.Lock()
		if len(b.msgs) > 0 {
			msg := b.msgs[0]
			b.msgs[0] = nil
			b.msgs = b.msgs[1:]
			b.mu.Unlock()
			return msg, true
		}
		ended := b.ended
		b.mu.Unlock()
		if ended {
			return nil, false
		}
		<-b.wake
	}
}

// handled gives the window back to the sender, a quarter at a time: an answer
// to every frame of sound would double the traffic.
func (b *inbox) handled(l *link, stream uint32, msg []byte) {
	b.owed += cost(msg)
	if b.owed < window/4 {
		return
	}
	l.put(frame{kind: kindCredit, stream: stream, payload: binary.BigEndian.AppendUint32(nil, uint32(b.owed))})
	b.owed = 0
}

func creditOf(f frame) int {
	if len(f.payload) != 4 {
		return 0
	}
	return int(binary.BigEndian.Uint32(f.payload))
}
