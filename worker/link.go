package worker

import (
	"bufio"
	"net"
	"sync"
)

// link is one end of the socket pair. Frames are collected in one buffer and
// written in one piece by the only writer, so putting one never waits.
//
// The buffer needs no bound of its own: data is bounded by the windows of the
// streams, everything else by the number of streams.
type link struct {
	conn net.Conn
	wake chan struct{} // one slot: the buffer is not empty, or ended is set

	mu      sync.Mutex
	pending []byte
	ended   bool
}

func newLink(conn net.Conn) *link {
	return &link{conn: conn, wake: make(chan struct{}, 1)}
}

func (l *link) put(f frame) {
	l.mu.Lock()
	if !l.ended {
		l.pending = appendFrame(l.pending, f)
	}
	l.mu.Unlock()
	signal(l.wake)
}

// finish lets the writer write what is pending and then return.
func (l *link) finish() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	signal(l.wake)
}

// write runs until finish, or until the socket fails.
func (l *link) write() error {
	var buf []byte
	for {
		l.mu.Lock()
		buf, l.pending = l.pending, buf[:0]
		ended := l.ended
		l.mu.Unlock()
		if len(buf) > 0 {
			if _, err := l.conn.Write(buf); err != nil {
				return err
			}
			if cap(buf) > MaxMessage { // a rare giant must not stay in memory
				buf = nil
			}
			continue
		}
		if ended {
			return nil
		}
		<-l.wake
	}
}

// read hands every frame to take, in order, until the socket or take fails.
func (l *link) read(take func(frame) error) error {
	r := bufio.NewReaderSize(l.conn, 64<<10)
	for {
		f, err := readFrame(r)
		if err != nil {
			return err
		}
		if err := take(f); err != nil {
			return err
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
