package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/call"
	"parley/media"
	"parley/outcome"
)

// Router gives each call to one of several trunks, and to the next one when the
// first turns it away before anything could ring. It dials through next, one
// trunk at a time: whoever must be asked in the moment before an INVITE is
// asked again before the second one.
//
// A target's Trunk may name one trunk, several ("a,b"), or none for all of
// them. A target with a Proxy, or a SIP URI without a trunk, passes as it is.
func (s *Stack) Router(next call.Dialer) call.Dialer { return &router{stack: s, next: next} }

type router struct {
	stack *Stack
	next  call.Dialer
}

// Dial implements call.Dialer.
func (r *router) Dial(ctx context.Context, t call.Target) call.Leg {
	uri := strings.Contains(t.To, ":")
	if t.Proxy != "" || uri && t.Trunk == "" || r.stack.trunks[t.Trunk] != nil {
		return r.next.Dial(ctx, t)
	}
	choices, err := r.stack.choices(t)
	if err != nil {
		return call.Refused(call.Cause{Network: outcome.TrunkFailed, By: call.PartyBot, Retryable: true, Err: err})
	}
	names := rank(choices, rand.IntN)
	if len(names) == 0 {
		return call.Refused(call.Cause{Network: outcome.Congestion, By: call.PartyBot, Retryable: true, Err: ErrNoTrunk})
	}
	t.Trunk = names[0]
	first := r.next.Dial(ctx, t)
	if len(names) == 1 {
		return first
	}
	l := &routed{
		router: r, target: t, rest: names[1:], progress: make(chan call.Progress, progressSize),
		digits: make(chan rune, digitsSize), done: make(chan struct{}),
	}
	l.current.Store(&try{first})
	if !r.stack.spawn(func() { l.run(ctx) }) {
		return first // the stack closes and has refused it
	}
	return l
}

// choices are the trunks a target names, with their state.
func (s *Stack) choices(t call.Target) ([]choice, error) {
	names := strings.Split(t.Trunk, ",")
	if t.Trunk == "" {
		names = s.order
	}
	now := time.Now()
	var all []choice
	for _, name := range names {
		name = strings.TrimSpace(name)
		a := s.trunks[name]
		if a == nil {
			return nil, fmt.Errorf("%w: there is no trunk %q; name those of the configuration", ErrTarget, name)
		}
		if !slices.ContainsFunc(all, func(c choice) bool { return c.name == name }) {
			all = append(all, a.choice(t.To, now))
		}
	}
	return all, nil
}

func (a *account) choice(to string, now time.Time) choice {
	takes := strings.Contains(to, ":")
	if !takes {
		_, err := a.plan.dial(to)
		takes = err == nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return choice{
		name: a.Name, priority: a.Priority, weight: a.Weight, takes: takes,
		admits: a.health.admits(now) && a.registered(now) == nil,
		live:   int(a.live.Load()), channels: a.Channels,
	}
}

// routed is a call that may still move to another trunk. Once a step was told
// it never does.
type routed struct {
	router   *router
	target   call.Target
	rest     []string // trunks not yet tried
	progress chan call.Progress
	digits   chan rune
	done     chan struct{}
	cause    call.Cause // written before done is closed
	current  atomic.Pointer[try]

	mu     sync.Mutex // of a hang-up against the next try
	wished bool

	// Of the beat alone: a new try's clock begins at zero, ours goes on.
	reading    *try
	before, at time.Duration
	silence    [160]int16
}

type try struct{ leg call.Leg }

var _ call.Leg = (*routed)(nil)

// run follows the tries, one after another.
func (l *routed) run(ctx context.Context) {
	var f failover
	for {
		f.tries++
		f.told = l.follow(l.current.Load().leg) || f.told
		c := l.current.Load().leg.Ended()
		if ours(c) && f.tries > 1 {
			break // what the trunk said stands, not that we came too late for the next
		}
		l.cause = c
		if !l.again(ctx, f) {
			break
		}
	}
	close(l.progress)
	close(l.digits)
	close(l.done)
}

// ours: this call would fare no better on another trunk.
func ours(c call.Cause) bool {
	return c.Network == outcome.Cancelled || errors.Is(c.Err, ErrClosed) ||
		errors.Is(c.Err, ErrTarget) && !errors.Is(c.Err, ErrNotRouted)
}

// again dials the next trunk, if that may be.
func (l *routed) again(ctx context.Context, f failover) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := ending{code: l.cause.SIP, rang: l.cause.Rang, retryable: l.cause.Retryable, wished: l.wished || ctx.Err() != nil, ours: ours(l.cause)}
	if len(l.rest) == 0 || !f.next(end) {
		return false
	}
	l.router.stack.log.Info("the trunk turned the call away, the next one is tried", "call", l.target.Call,
		"trunk", l.target.Trunk, "next", l.rest[0], "sip", l.cause.SIP)
	l.target.Trunk, l.rest = l.rest[0], l.rest[1:]
	l.current.Store(&try{l.router.next.Dial(ctx, l.target)})
	return true
}

// follow passes on what one try tells until its end, and reports whether that
// was anything.
func (l *routed) follow(leg call.Leg) (told bool) {
	steps, digits := leg.Progress(), leg.Digits()
	for steps != nil || digits != nil {
		select {
		case p, ok := <-steps:
			if !ok {
				steps = nil
				continue
			}
			told = true
			select {
			case l.progress <- p:
			default: // cannot be: one try alone tells steps, and they fit
			}
		case d, ok := <-digits:
			if !ok {
				digits = nil
				continue
			}
			select {
			case l.digits <- d:
			default:
			}
		}
	}
	<-leg.Done()
	return told
}

func (l *routed) Progress() <-chan call.Progress { return l.progress }
func (l *routed) Digits() <-chan rune            { return l.digits }
func (l *routed) Done() <-chan struct{}          { return l.done }
func (l *routed) Ended() call.Cause              { return l.cause }
func (l *routed) Media() call.MediaStats         { return l.current.Load().leg.Media() }

// Unwrap gives the leg of the trunk that has the call now (call.As).
func (l *routed) Unwrap() call.Leg { return l.current.Load().leg }

// Hangup implements call.Leg; no further trunk is tried.
func (l *routed) Hangup(ctx context.Context) error {
	l.mu.Lock()
	l.wished = true
	leg := l.current.Load().leg
	l.mu.Unlock()
	return leg.Hangup(ctx)
}

// ReadFrame implements media.Source: silence between two tries.
func (l *routed) ReadFrame(f *media.Frame) error {
	t := l.current.Load()
	err := t.leg.ReadFrame(f)
	switch {
	case errors.Is(err, io.EOF) && !l.isDone():
		*f = media.Frame{At: l.at, Rate: media.Rate8k, PCM: l.silence[:], Flags: media.Silence | media.Early}
	case err != nil:
		return err
	default:
		if t != l.reading {
			l.reading, l.before = t, l.at
		}
		f.At += l.before
	}
	l.at = f.At + media.Tick
	return nil
}

// WriteFrame implements media.Sink; nothing is lost between two tries, since
// nobody has answered.
func (l *routed) WriteFrame(f media.Frame) error { return l.current.Load().leg.WriteFrame(f) }

func (l *routed) isDone() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
