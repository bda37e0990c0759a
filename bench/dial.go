package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"parley/call"
	"parley/sip"
)

// DialOptions say how Dial measures.
type DialOptions struct {
	// Measure is how long each part is looked at, after a second of warming up.
	Measure time.Duration
	// Workers is the number of calls under way at a time; 0 for 200.
	Workers int
	// Callee is the command of the callee's process.
	Callee []string
	Log    *slog.Logger
}

// DialPart is what set-ups cost one way.
type DialPart struct {
	// PerSecond is how many calls were set up and ended in a second, together
	// with the callee on the same machine.
	PerSecond float64 `json:"setups_per_second"`
	// CPU is the processor time of our process for one call, INVITE to the 200
	// of its BYE, in µs; PerCore is what one core does at that.
	CPU     float64 `json:"us_per_setup"`
	PerCore float64 `json:"setups_per_second_and_core"`
	// P50 and P99 are from Dial to the answer, in ms, everything durable before
	// it included.
	P50 float64 `json:"setup_p50_ms"`
	P99 float64 `json:"setup_p99_ms"`
	// Setups were counted, Failed did not come to an answer.
	Setups int64 `json:"setups"`
	Failed int64 `json:"failed"`
}

// DialResult are both ways and the floor of the same run.
type DialResult struct {
	Workers int `json:"workers"`
	// Signalling is the SIP stack alone.
	Signalling DialPart `json:"signalling"`
	// Durable claims, begins and settles every attempt in a database on disk.
	Durable DialPart `json:"durable"`
	// Floor is the processor time that the same five datagrams take on a bare
	// socket, written beforehand and read unseen, in µs.
	Floor        float64 `json:"floor_us_per_setup"`
	FloorPerCore float64 `json:"floor_setups_per_second_and_core"`
	Processors   int     `json:"processors"`
}

// Dial measures how many calls a second are set up and ended.
func Dial(ctx context.Context, o DialOptions) (r DialResult, err error) {
	if o.Workers <= 0 {
		o.Workers = 200
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	other, at, err := startCallee(ctx, o.Callee)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, other.close()) }()
	r = DialResult{Workers: o.Workers, Processors: runtime.NumCPU()}
	floor, err := floorSetup(ctx, o, at)
	if err != nil {
		return r, err
	}
	r.Floor, r.FloorPerCore = us(floor), float64(time.Second)/float64(floor)
	err = withStack(ctx, o, at, func(s *sip.Stack) (err error) {
		r.Signalling, err = measureDial(ctx, o, func(ctx context.Context) (time.Duration, error) {
			began := time.Now()
			return setUp(ctx, s, call.Target{To: called, Trunk: "bench"}, began)
		})
		return err
	})
	if err != nil {
		return r, err
	}
	err = withStack(ctx, o, at, func(s *sip.Stack) (err error) {
		r.Durable, err = durable(ctx, o, s)
		return err
	})
	return r, err
}

// called is a number set aside for fiction.
const called = "+12125550100"

// withStack runs do with a running stack that has one trunk, the callee.
func withStack(ctx context.Context, o DialOptions, at netip.AddrPort, do func(*sip.Stack) error) error {
	s, err := sip.New(sip.Options{
		Trunks:  []sip.Trunk{{Name: "bench", Host: at.Addr().String(), Port: int(at.Port()), CallerID: "+12125550199"}},
		MaxRate: 1_000_000, Log: o.Log,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	err = do(s)
	cancel()
	return errors.Join(err, <-ended)
}

// errNoAnswer: the callee of the bench answers every call.
var errNoAnswer = errors.New("the call was not answered")

// setUp places one call, ends it, and tells how long after began it was
// answered.
func setUp(ctx context.Context, s call.Dialer, t call.Target, began time.Time) (took time.Duration, err error) {
	leg := s.Dial(ctx, t)
	err = errNoAnswer
	for p := range leg.Progress() {
		if p.Kind == call.Answered {
			took, err = time.Since(began), nil
			break
		}
	}
	if err != nil {
		<-leg.Done()
		return 0, errors.Join(err, leg.Ended().Err)
	}
	return took, leg.Hangup(ctx)
}

// measureDial has the workers call one after another, rests a second, and
// measures.
func measureDial(ctx context.Context, o DialOptions, one func(context.Context) (time.Duration, error)) (p DialPart, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		working sync.WaitGroup
		counts  struct{ done, failed atomic.Int64 }
		waits   samples
		first   atomic.Pointer[error]
	)
	for range o.Workers {
		working.Go(func() {
			for ctx.Err() == nil {
				took, err := one(ctx)
				switch {
				case err == nil:
					counts.done.Add(1)
					waits.add(took)
				case ctx.Err() == nil:
					counts.failed.Add(1)
					first.CompareAndSwap(nil, &err)
				}
				if errors.Is(err, io.EOF) {
					return // there is nobody left to call
				}
			}
		})
	}
	stop := func() { cancel(); working.Wait() }
	defer stop()
	if err := sleep(ctx, time.Second); err != nil {
		return p, err
	}
	waits.reset()
	done, failed, used, began := counts.done.Load(), counts.failed.Load(), cpu(), time.Now()
	if err := sleep(ctx, o.Measure); err != nil {
		return p, err
	}
	p.Setups, p.Failed = counts.done.Load()-done, counts.failed.Load()-failed
	used, took := cpu()-used, time.Since(began)
	if p.Setups == 0 {
		if e := first.Load(); e != nil {
			return p, fmt.Errorf("no call was set up: %w", *e)
		}
		return p, errors.New("no call was set up in the time of the measurement")
	}
	p.PerSecond = float64(p.Setups) / took.Seconds()
	p.CPU = us(used) / float64(p.Setups)
	p.PerCore = 1e6 / p.CPU
	p.P50, p.P99 = waits.quantiles()
	return p, nil
}

// samples are the waits of one measurement.
type samples struct {
	mu  sync.Mutex
	all []time.Duration
}

// maxSamples bounds what is kept; what comes later is not counted.
const maxSamples = 1 << 20

func (s *samples) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) < maxSamples {
		s.all = append(s.all, d)
	}
}

func (s *samples) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = s.all[:0]
}

// quantiles are the median and the 99th percentile, in ms.
func (s *samples) quantiles() (p50, p99 float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return 0, 0
	}
	slices.Sort(s.all)
	return ms(s.all[len(s.all)/2]), ms(s.all[len(s.all)*99/100])
}

// startCallee starts the callee's process and waits for its address.
func startCallee(ctx context.Context, command []string) (p *process, at netip.AddrPort, err error) {
	if p, err = start(ctx, command); err != nil {
		return nil, at, err
	}
	var told calleeAt
	if err = p.told.Decode(&told); err == nil {
		at, err = netip.ParseAddrPort(told.Addr)
	}
	if err != nil {
		return nil, at, errors.Join(fmt.Errorf("the callee's process tells no address: %w", err), p.close())
	}
	return p, at, nil
}

// floorSetup is the processor time of one set-up's datagrams alone: INVITE, its
// 200, ACK, BYE, its 200.
func floorSetup(ctx context.Context, o DialOptions, at netip.AddrPort) (time.Duration, error) {
	var invite []byte
	err := withStack(ctx, o, at, func(s *sip.Stack) error {
		draft, err := s.Draft(ctx, call.Target{To: called, Trunk: "bench"})
		invite = []byte(draft.Text)
		return err
	})
	if err != nil {
		return 0, err
	}
	bye := []byte("BYE sip:callee@" + at.String() + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKfloor;rport\r\nMax-Forwards: 70\r\n" +
		"From: <sip:+12125550199@127.0.0.1>;tag=floor\r\nTo: <sip:+12125550100@127.0.0.1>;tag=1\r\nCall-ID: floor-" + strconv.Itoa(os.Getpid()) +
		"\r\nCSeq: 2 BYE\r\nUser-Agent: parley\r\nContent-Length: 0\r\n\r\n")
	ack := append([]byte("ACK"), bye[3:]...)
	fd, err := loopback()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	to := &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	if err := errors.Join(unix.Connect(fd, to), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1})); err != nil {
		return 0, fmt.Errorf("connect to the callee: %w", err)
	}
	const rounds = 5000
	buf := make([]byte, 1<<16)
	before := cpu()
	for range rounds {
		for _, m := range [][]byte{invite, ack, bye} {
			if _, err := unix.Write(fd, m); err != nil {
				return 0, fmt.Errorf("send to the callee: %w", err)
			}
			if m[0] == 'A' {
				continue
			}
			_, err := unix.Read(fd, buf)
			for errors.Is(err, unix.EINTR) { // a signal of the runtime
				_, err = unix.Read(fd, buf)
			}
			if err != nil {
				return 0, fmt.Errorf("hear from the callee: %w", err)
			}
		}
	}
	return (cpu() - before) / rounds, nil
}
