package worker

import (
	"fmt"
	"sync"
)

// Stream is one conversation with one worker. It must be closed.
type Stream struct {
	id     uint32
	proc   *process
	out    *credit
	in     *inbox
	recv   chan []byte
	opened chan struct{} // closed when the worker accepted, refused or ended it
	closed chan struct{} // closed by Close

	mu       sync.Mutex
	accepted bool
	ended    bool
	err      error
	shut     bool
}

func newStream(id uint32, p *process) *Stream {
	return &Stream{
		id: id, proc: p, out: newCredit(), in: newInbox(),
		recv: make(chan []byte), opened: make(chan struct{}), closed: make(chan struct{}),
	}
}

// Send hands a copy of msg to the worker. It never waits: when the worker is
// behind by the window, the message is dropped and counted (ErrFull); after the
// end of the stream it is ErrGone.
func (s *Stream) Send(msg []byte) error { return s.send(msg, window) }

// SendControl is Send for the few messages that must not be lost when sound
// has filled the window: it refuses only when two windows are full.
func (s *Stream) SendControl(msg []byte) error { return s.send(msg, 2*window) }

func (s *Stream) send(msg []byte, limit int) error {
	if len(msg) > MaxMessage {
		return ErrTooLong
	}
	s.mu.Lock()
	over := s.ended || s.shut
	s.mu.Unlock()
	if over {
		return ErrGone
	}
	if !s.out.try(cost(msg), limit) {
		s.proc.pool.dropped.Add(1)
		return ErrFull
	}
	s.proc.link.put(frame{kind: kindData, stream: s.id, payload: msg})
	return nil
}

// Recv carries the worker's messages in order; each belongs to the receiver.
// It is closed when the stream or its worker has ended, and after Close.
func (s *Stream) Recv() <-chan []byte { return s.recv }

// Err says why the stream ended: ErrGone after a crash, a *RemoteError when the
// session failed, nil while it lives and after a normal end by either side.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the stream and never waits. Its place is free again when the
// worker has confirmed. It may be called twice and from any goroutine.
func (s *Stream) Close() error {
	s.mu.Lock()
	first, ended := !s.shut, s.ended
	s.shut = true
	s.mu.Unlock()
	if !first {
		return nil
	}
	close(s.closed)
	s.in.abandon()
	if !ended {
		s.proc.link.put(frame{kind: kindClose, stream: s.id})
	}
	return nil
}

// accept is the worker's yes to Open.
func (s *Stream) accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted || s.ended {
		return
	}
	s.accepted = true
	close(s.opened)
}

// end records why the worker's side is over. What it sent before is still
// delivered.
func (s *Stream) end(err error) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	if !s.shut {
		s.err = err
	}
	if !s.accepted {
		close(s.opened)
	}
	s.mu.Unlock()
	s.in.end()
}

// refusal is the reason why Open failed, or nil.
func (s *Stream) refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.accepted:
		return nil
	case s.err != nil:
		return s.err
	}
	return fmt.Errorf("the worker ended the stream before it began: %w", ErrGone)
}

// pump delivers to Recv; the only sender on it.
func (s *Stream) pump() {
	defer close(s.recv)
	for {
		msg, ok := s.in.take()
		if !ok {
			return
		}
		select {
		case s.recv <- msg:
			s.in.handled(s.proc.link, s.id, msg)
		case <-s.closed:
			return
		}
	}
}
