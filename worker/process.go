package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errRetired: the process was replaced on purpose.
var errRetired = errors.New("worker: retired after it grew over its memory bound")

// errHung: waiting for a polite end would be in vain.
var errHung = errors.New("no answer")

// errUnable: the worker's handler could not be built.
var errUnable = errors.New("cannot work")

// process is the server's view of one worker process.
type process struct {
	pool    *Pool
	link    *link
	hello   chan struct{} // one slot: the worker is ready
	pong    chan int64    // one slot: resident bytes
	idle    chan struct{} // one slot: retiring and without streams
	leaving chan struct{} // closed when it begins to retire

	// Guarded by pool.mu.
	load     int
	retiring bool
	resident int64

	mu      sync.Mutex
	streams map[uint32]*Stream
	next    uint32
	gone    bool
}

func newProcess(p *Pool) *process {
	return &process{
		pool: p, hello: make(chan struct{}, 1), pong: make(chan int64, 1), idle: make(chan struct{}, 1),
		leaving: make(chan struct{}), streams: map[uint32]*Stream{},
	}
}

// run starts the process and returns why it ended, after it has ended.
func (p *process) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd, err := p.start(ctx)
	if err != nil {
		return p.pool.unready(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { stop(p.link.write()) })
	wg.Go(func() {
		err := p.link.read(p.take)
		if !errors.Is(err, errUnable) {
			err = fmt.Errorf("worker %s closed its socket: %w", p.pool.opts.Kind, err)
		}
		stop(err)
	})
	wg.Go(func() { stop(p.supervise(ctx)) })
	waitErr := cmd.Wait() // Cancel closes the socket, WaitDelay kills
	stop(waitErr)
	p.link.finish()
	p.link.conn.Close()
	wg.Wait()

	reason := context.Cause(ctx)
	if waitErr != nil && !errors.Is(reason, errRetired) && !errors.Is(waitErr, context.Canceled) {
		reason = fmt.Errorf("%w (%w)", reason, waitErr)
	}
	p.pool.remove(p, reason)
	p.endAll()
	return reason
}

// start makes the socket pair and the child.
func (p *process) start(ctx context.Context) (*exec.Cmd, error) {
	o := &p.pool.opts
	exe := o.Exe
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program to start it as a worker: %w", err)
		}
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make the socket pair of a worker: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "worker")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "server")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, fmt.Errorf("use the socket pair of a worker: %w", err)
	}
	p.link = newLink(conn)
	first, err := json.Marshal(setup{Nice: o.Nice, Settings: o.Settings})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("encode the settings of a worker: %w", err)
	}
	if len(first) > MaxMessage {
		conn.Close()
		return nil, fmt.Errorf("the settings of a worker: %w", ErrTooLong)
	}
	p.link.put(frame{kind: kindSetup, payload: first})

	cmd := exec.CommandContext(ctx, exe, o.Args...)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = &lineLog{log: o.Log, kind: o.Kind}
	cmd.Stdout = cmd.Stderr
	// A Ctrl-C at the terminal is for the server, which lets calls end first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if errors.Is(context.Cause(ctx), errHung) {
			return cmd.Process.Kill()
		}
		return conn.Close()
	}
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start worker %s: %w", o.Kind, err)
	}
	return cmd, nil
}

// supervise waits for the hello, then pings until ctx is done. It returns why
// the process must end.
func (p *process) supervise(ctx context.Context) error {
	o := &p.pool.opts
	select {
	case <-p.hello:
	case <-time.After(o.Start):
		return fmt.Errorf("worker %s said no hello within %s", o.Kind, o.Start)
	case <-ctx.Done():
		return nil
	}
	p.pool.add(p)
	tick := time.NewTicker(o.Ping)
	defer tick.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-p.idle:
			return errRetired
		case resident := <-p.pong:
			missed = 0
			if err := p.pool.weigh(p, resident); err != nil {
				return err
			}
		case <-tick.C:
			if missed++; missed > 5 {
				return fmt.Errorf("worker %s: %w for %s", o.Kind, errHung, 5*o.Ping)
			}
			p.link.put(frame{kind: kindPing})
		}
	}
}

// open registers a stream and asks the worker for it.
func (p *process) open(hello []byte) *Stream {
	p.mu.Lock()
	p.next++
	s := newStream(p.next, p)
	gone := p.gone
	if !gone {
		p.streams[s.id] = s
	}
	p.mu.Unlock()
	go s.pump()
	if gone {
		s.end(ErrGone)
		p.pool.free(p)
		return s
	}
	p.link.put(frame{kind: kindOpen, stream: s.id, payload: hello})
	return s
}

// take handles one frame from the worker.
func (p *process) take(f frame) error {
	switch f.kind {
	case kindHello:
		if len(f.payload) > 0 {
			return fmt.Errorf("worker %s: %w: %s", p.pool.opts.Kind, errUnable, f.payload)
		}
		signal(p.hello)
		return nil
	case kindPong:
		var resident int64
		if len(f.payload) == 8 {
			resident = int64(binary.BigEndian.Uint64(f.payload))
		}
		select {
		case p.pong <- resident:
		default:
		}
		return nil
	}

	p.mu.Lock()
	s := p.streams[f.stream]
	if f.kind == kindClosed {
		delete(p.streams, f.stream)
	}
	p.mu.Unlock()
	if s == nil {
		return nil // closed a moment ago
	}
	switch f.kind {
	case kindOpened:
		s.accept()
	case kindData:
		s.in.put(f.payload)
	case kindCredit:
		s.out.give(creditOf(f))
	case kindClosed:
		var err error
		if len(f.payload) > 0 {
			err = &RemoteError{Text: string(f.payload)}
		}
		s.end(err)
		p.pool.free(p)
	}
	return nil
}

// endAll ends the streams that the process left behind.
func (p *process) endAll() {
	p.mu.Lock()
	p.gone = true
	left := p.streams
	p.streams = nil
	p.mu.Unlock()
	for _, s := range left {
		s.end(ErrGone)
		p.pool.free(p)
	}
}

// add makes a process that said hello available.
func (p *Pool) add(proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.procs = append(p.procs, proc)
	p.broadcast()
}

// remove forgets a process, with the reason for Ready if it was the last.
func (p *Pool) remove(proc *process, reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.procs = slices.DeleteFunc(p.procs, func(o *process) bool { return o == proc })
	if proc.retiring {
		p.leaving--
	}
	p.reason = reason
	p.broadcast()
}

func (p *Pool) unready(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reason = err
	return err
}

// weigh judges the size of a process after a pong.
func (p *Pool) weigh(proc *process, resident int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	proc.resident = resident
	bound := p.opts.Memory
	if bound <= 0 || resident <= bound {
		return nil
	}
	if resident > 2*bound {
		return fmt.Errorf("worker %s holds %d MiB, twice its bound", p.opts.Kind, resident>>20)
	}
	if proc.retiring || p.leaving >= p.opts.Workers { // at most twice the workers at a time
		return nil
	}
	p.leaving++
	proc.retiring = true
	close(proc.leaving)
	if proc.load == 0 {
		return errRetired
	}
	return nil
}
