package worker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// openBound is the longest that Open waits, whatever its context allows.
const openBound = 30 * time.Second

// Pool keeps the workers of one kind.
type Pool struct {
	opts     Options
	dropped  atomic.Uint64
	restarts atomic.Uint64

	mu      sync.Mutex
	procs   []*process    // that said hello and have not ended
	leaving int           // of them, how many are retiring
	changed chan struct{} // closed and replaced when a place may be free
	reason  error         // why no worker is ready
	over    bool
}

// NewPool returns a pool that starts nothing before Run.
func NewPool(o Options) *Pool {
	return &Pool{
		opts:    o.withDefaults(),
		changed: make(chan struct{}),
		reason:  fmt.Errorf("worker %s: not started yet", o.Kind),
	}
}

// Run starts the processes and replaces those that end, with a growing pause
// between failures. It returns nil after the last process has ended, soon after
// ctx is done. Call it once.
func (p *Pool) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range p.opts.Workers {
		wg.Go(func() { p.keep(ctx, &wg) })
	}
	wg.Wait()
	p.mu.Lock()
	p.over = true
	p.reason = fmt.Errorf("worker %s: stopped", p.opts.Kind)
	p.broadcast()
	p.mu.Unlock()
	return nil
}

// keep runs one process after the other. A retiring one is left to its last
// streams while the next takes over.
func (p *Pool) keep(ctx context.Context, wg *sync.WaitGroup) {
	for failures := 0; ctx.Err() == nil; {
		proc := newProcess(p)
		began := time.Now()
		ended := make(chan error, 1)
		wg.Go(func() { ended <- proc.run(ctx) })
		var err error
		select {
		case err = <-ended:
		case <-proc.leaving:
			p.opts.Log.Info("worker replaced", "kind", p.opts.Kind, "reason", errRetired)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		p.restarts.Add(1)
		if time.Since(began) > settled {
			failures = 0
		}
		failures++
		pause := backoff(failures)
		p.opts.Log.Warn("worker ended", "kind", p.opts.Kind, "reason", err, "restart_in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// settled is how long a process must have lived for its end to count as the
// first failure again.
const settled = time.Minute

// backoff is the pause after the n-th failure in a row: 0.1 s doubling to 30 s.
func backoff(n int) time.Duration {
	const first, most = 100 * time.Millisecond, 30 * time.Second
	if n > 9 {
		return most
	}
	return min(first<<max(n-1, 0), most)
}

// Ready is nil when at least one worker takes streams; else it says in one
// sentence why none does.
func (p *Pool) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.procs) > 0 {
		return nil
	}
	return p.reason
}

// Stats returns the figures of this moment.
func (p *Pool) Stats() Stats {
	s := Stats{Restarts: p.restarts.Load(), Dropped: p.dropped.Load()}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, proc := range p.procs {
		s.Streams += proc.load
		s.Resident += proc.resident
		if !proc.retiring {
			s.Ready++
			s.Places += p.opts.Streams
		}
	}
	return s
}

// Open starts a stream on the least loaded worker and returns once its session
// there has begun. It waits for a free place as long as ctx allows, at most
// 30 s. The error is ErrBusy when no place became free, ErrGone when no worker
// is running, and a *RemoteError when the worker's handler refused the hello.
func (p *Pool) Open(ctx context.Context, hello []byte) (*Stream, error) {
	if len(hello) > MaxMessage {
		return nil, ErrTooLong
	}
	ctx, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	proc, err := p.place(ctx)
	if err != nil {
		return nil, err
	}
	s := proc.open(hello)
	select {
	case <-s.opened:
	case <-ctx.Done():
		s.Close()
		return nil, fmt.Errorf("worker %s did not open a stream in time: %w", p.opts.Kind, ErrBusy)
	}
	if err := s.refusal(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// place takes a place on the least loaded worker.
func (p *Pool) place(ctx context.Context) (*process, error) {
	for {
		p.mu.Lock()
		best := p.leastLoaded()
		if best != nil {
			best.load++
			p.mu.Unlock()
			return best, nil
		}
		over, reason, changed, some := p.over, p.reason, p.changed, len(p.procs) > 0
		p.mu.Unlock()
		if over {
			return nil, fmt.Errorf("%w: %w", ErrGone, reason)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if some {
				return nil, ErrBusy
			}
			return nil, fmt.Errorf("%w: %w", ErrGone, reason)
		}
	}
}

func (p *Pool) leastLoaded() *process {
	var best *process
	for _, proc := range p.procs {
		if proc.retiring || proc.load >= p.opts.Streams {
			continue
		}
		if best == nil || proc.load < best.load {
			best = proc
		}
	}
	return best
}

// free gives a place back.
func (p *Pool) free(proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	proc.load--
	if proc.retiring && proc.load == 0 {
		signal(proc.idle)
	}
	p.broadcast()
}

// broadcast wakes everybody in place. The lock is held.
func (p *Pool) broadcast() {
	close(p.changed)
	p.changed = make(chan struct{})
}
