package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Handler is the work of a child process.
type Handler interface {
	// Open begins a session for one stream of the server. send waits while the
	// server is behind by the window and fails once the session is over; it
	// copies msg. ctx ends with the session. Sessions are opened on goroutines
	// of their own, so Open may take its time.
	Open(ctx context.Context, hello []byte, send func(msg []byte) error) (Session, error)
}

// Session handles the messages of one stream, one at a time, on one goroutine.
type Session interface {
	// Handle may keep msg. io.EOF ends the stream as done; any other error ends
	// it as failed, and the server's Stream.Err tells its text.
	Handle(msg []byte) error
	// Close is called once, after the last Handle.
	Close() error
}

const (
	// stuck is how long one call of a Session may take before the worker counts
	// as hung: it stops answering pings and will be killed. Waiting in send does
	// not count.
	stuck = 20 * time.Second
	// lastWords bounds how long an ending worker waits for its sessions.
	lastWords = 2 * time.Second
	socketFD  = 3
)

// Serve is the whole life of a child process: it takes its settings from the
// socket that it inherited, lowers its own priority, builds the handler and
// serves sessions until the socket closes or ctx is done. An error of
// newHandler is told to the server, where Pool.Ready shows it.
func Serve(ctx context.Context, newHandler func(settings []byte) (Handler, error)) error {
	f := os.NewFile(socketFD, "server")
	conn, err := net.FileConn(f)
	if err != nil {
		return errors.New("worker: this command is started by parley itself; run `parley serve` instead")
	}
	f.Close()
	return serve(ctx, conn, newHandler)
}

func serve(ctx context.Context, conn net.Conn, newHandler func(settings []byte) (Handler, error)) error {
	c := &child{link: newLink(conn), sessions: map[uint32]*session{}}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var writer sync.WaitGroup
	writer.Go(func() {
		if c.link.write() != nil {
			conn.Close() // the reader must notice too
		}
	})
	defer writer.Wait()
	defer conn.Close()
	defer c.link.finish()

	err := c.begin(newHandler)
	if err != nil {
		// The reason must reach the server before the socket closes.
		c.link.put(frame{kind: kindHello, payload: []byte(clip(err.Error()))})
		c.link.finish()
		writer.Wait()
		return err
	}
	c.link.put(frame{kind: kindHello})
	err = c.link.read(c.take)
	c.endAll()
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("read from the server: %w", err)
}

// child is the worker's side of the socket.
type child struct {
	link    *link
	handler Handler
	wg      sync.WaitGroup

	mu       sync.Mutex
	sessions map[uint32]*session
}

func (c *child) begin(newHandler func([]byte) (Handler, error)) error {
	// Unbuffered: what follows the first frame belongs to the reader.
	f, err := readFrame(c.link.conn)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	var s setup
	if f.kind != kindSetup {
		return fmt.Errorf("worker: the first frame is of kind %d, not the settings", f.kind)
	}
	if err := json.Unmarshal(f.payload, &s); err != nil {
		return fmt.Errorf("decode the settings: %w", err)
	}
	lowerPriority(s.Nice)
	if c.handler, err = newHandler(s.Settings); err != nil {
		return err
	}
	return nil
}

// take handles one frame from the server; it never waits for a session.
func (c *child) take(f frame) error {
	switch f.kind {
	case kindPing:
		if !c.hung() {
			c.link.put(frame{kind: kindPong, payload: binary.BigEndian.AppendUint64(nil, uint64(ResidentBytes()))})
		}
		return nil
	case kindOpen:
		ctx, cancel := context.WithCancel(context.Background())
		s := &session{id: f.stream, child: c, in: newInbox(), out: newCredit(), ctx: ctx, cancel: cancel}
		c.mu.Lock()
		c.sessions[s.id] = s
		c.mu.Unlock()
		c.wg.Go(func() { s.run(f.payload) })
		return nil
	}
	c.mu.Lock()
	s := c.sessions[f.stream]
	c.mu.Unlock()
	if s == nil {
		return nil // it ended a moment ago
	}
	switch f.kind {
	case kindData:
		s.in.put(f.payload)
	case kindCredit:
		s.out.give(creditOf(f))
	case kindClose:
		s.in.abandon()
		s.cancel()
	}
	return nil
}

// hung reports whether a session has been in one call for too long.
func (c *child) hung() bool {
	limit := time.Now().Add(-stuck).UnixNano()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		if since := s.busy.Load(); since != 0 && since < limit {
			return true
		}
	}
	return false
}

// endAll ends every session and waits for them, but not for a stuck one.
func (c *child) endAll() {
	c.mu.Lock()
	for _, s := range c.sessions {
		s.in.abandon()
		s.cancel()
	}
	c.mu.Unlock()
	done := make(chan struct{})
	go func() { c.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(lastWords):
	}
}

type session struct {
	id     uint32
	child  *child
	in     *inbox
	out    *credit
	ctx    context.Context // ends with the session; handed to the handler
	cancel context.CancelFunc
	busy   atomic.Int64 // since when it is in a call of the handler, 0 if not
}

func (s *session) run(hello []byte) {
	err := s.work(hello)
	s.cancel()
	s.child.mu.Lock()
	delete(s.child.sessions, s.id)
	s.child.mu.Unlock()
	closed := frame{kind: kindClosed, stream: s.id}
	if err != nil {
		closed.payload = []byte(clip(err.Error()))
	}
	s.child.link.put(closed)
}

func (s *session) work(hello []byte) (err error) {
	s.enter()
	work, err := s.child.handler.Open(s.ctx, hello, s.send)
	s.leave()
	if err != nil {
		return err
	}
	defer func() {
		s.enter()
		err = errors.Join(err, work.Close())
		s.leave()
	}()
	s.child.link.put(frame{kind: kindOpened, stream: s.id})
	for {
		msg, ok := s.in.take()
		if !ok {
			return nil
		}
		s.enter()
		err := work.Handle(msg)
		s.leave()
		s.in.handled(s.child.link, s.id, msg)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) enter() { s.busy.Store(time.Now().UnixNano()) }
func (s *session) leave() { s.busy.Store(0) }

func (s *session) send(msg []byte) error {
	if len(msg) > MaxMessage {
		return ErrTooLong
	}
	was := s.busy.Swap(0)
	err := s.out.wait(s.ctx, cost(msg))
	if was != 0 {
		s.enter()
	}
	if err != nil {
		return err
	}
	s.child.link.put(frame{kind: kindData, stream: s.id, payload: msg})
	return nil
}

// clip bounds a reason that travels to the server.
func clip(text string) string {
	if text == "" {
		return "unknown error"
	}
	return text[:min(len(text), 4096)]
}
