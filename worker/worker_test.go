package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"parley/worker"
)

// childEnv makes this test binary the worker.
const childEnv = "PARLEY_WORKER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		signal.Ignore(syscall.SIGPIPE)
		if err := worker.Serve(context.Background(), newEcho); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Setenv(childEnv, "1")
	goleak.VerifyTestMain(m)
}

// echo answers every message with itself, and obeys a few commands.
type echo struct{ settings string }

func newEcho(settings []byte) (worker.Handler, error) {
	if string(settings) == "broken" {
		return nil, errors.New("the engine is missing; install it")
	}
	return &echo{settings: string(settings)}, nil
}

func (e *echo) Open(ctx context.Context, hello []byte, send func([]byte) error) (worker.Session, error) {
	if string(hello) == "refuse" {
		return nil, errors.New("no such voice")
	}
	return &echoSession{e, ctx, send}, nil
}

type echoSession struct {
	*echo
	ctx  context.Context
	send func([]byte) error
}

func (s *echoSession) Handle(msg []byte) error {
	switch string(msg) {
	case "settings":
		return s.send([]byte(s.settings))
	case "crash":
		os.Exit(7)
	case "done":
		if err := s.send([]byte("last")); err != nil {
			return err
		}
		return io.EOF
	case "fail":
		return errors.New("this session failed")
	case "nap":
		<-s.ctx.Done()
		return nil
	case "nice":
		n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		if err != nil {
			return err
		}
		return s.send(fmt.Append(nil, 20-n)) // the raw system call answers 20-nice
	case "pid":
		return s.send(fmt.Append(nil, os.Getpid()))
	case "grow":
		_, err := unix.Mmap(-1, 0, 160<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
		if err != nil {
			return err
		}
	case "flood":
		for i := range 5000 {
			if err := s.send(bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
				return err
			}
		}
		return io.EOF
	}
	return s.send(msg)
}

func (s *echoSession) Close() error { return nil }

// run starts a pool and stops it with the test.
func run(t *testing.T, o worker.Options) *worker.Pool {
	t.Helper()
	if o.Kind == "" {
		o.Kind = "test.echo"
	}
	p := worker.NewPool(o)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return p
}

func open(t *testing.T, p *worker.Pool, hello string) *worker.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := p.Open(ctx, []byte(hello))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// recv returns the next message, or false when the stream has ended.
func recv(t *testing.T, s *worker.Stream) (string, bool) {
	t.Helper()
	select {
	case msg, ok := <-s.Recv():
		return string(msg), ok
	case <-time.After(20 * time.Second):
		t.Fatal("no message within 20 s")
		return "", false
	}
}

func ask(t *testing.T, s *worker.Stream, msg string) string {
	t.Helper()
	if err := s.Send([]byte(msg)); err != nil {
		t.Fatalf("Send(%q): %v", msg, err)
	}
	got, ok := recv(t, s)
	if !ok {
		t.Fatalf("the stream ended on %q: %v", msg, s.Err())
	}
	return got
}

func TestMessagesComeBackInOrder(t *testing.T) {
	p := run(t, worker.Options{Settings: []byte("red")})
	s := open(t, p, "")
	if got := ask(t, s, "settings"); got != "red" {
		t.Errorf("settings = %q", got)
	}
	for i := range 100 {
		if err := s.Send(fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if got, _ := recv(t, s); got != fmt.Sprint(i) {
			t.Fatalf("message %d = %q", i, got)
		}
	}
	big := strings.Repeat("x", worker.MaxMessage)
	if got := ask(t, s, big); got != big {
		t.Errorf("a message of 1 MiB came back with %d bytes", len(got))
	}
	if err := s.Send(make([]byte, worker.MaxMessage+1)); !errors.Is(err, worker.ErrTooLong) {
		t.Errorf("a longer one: %v", err)
	}
	if err := p.Ready(); err != nil {
		t.Errorf("Ready: %v", err)
	}
}

func TestWorkerRunsAtLowPriority(t *testing.T) {
	s := open(t, run(t, worker.Options{Nice: 7}), "")
	if got := ask(t, s, "nice"); got != "7" {
		t.Errorf("nice = %s, want 7", got)
	}
}

func TestEndings(t *testing.T) {
	p := run(t, worker.Options{})
	t.Run("the session is done", func(t *testing.T) {
		s := open(t, p, "")
		if got := ask(t, s, "done"); got != "last" {
			t.Errorf("got %q", got)
		}
		if _, ok := recv(t, s); ok {
			t.Error("Recv is still open")
		}
		if s.Err() != nil {
			t.Errorf("Err = %v", s.Err())
		}
		if err := s.Send(nil); !errors.Is(err, worker.ErrGone) {
			t.Errorf("Send after the end: %v", err)
		}
	})
	t.Run("the session fails", func(t *testing.T) {
		s := open(t, p, "")
		s.Send([]byte("fail"))
		if _, ok := recv(t, s); ok {
			t.Error("Recv is still open")
		}
		var remote *worker.RemoteError
		if !errors.As(s.Err(), &remote) || remote.Text != "this session failed" {
			t.Errorf("Err = %v", s.Err())
		}
	})
	t.Run("the handler refuses", func(t *testing.T) {
		_, err := p.Open(t.Context(), []byte("refuse"))
		var remote *worker.RemoteError
		if !errors.As(err, &remote) || remote.Text != "no such voice" {
			t.Errorf("Open: %v", err)
		}
	})
	t.Run("closed twice", func(t *testing.T) {
		s := open(t, p, "")
		s.Close()
		s.Close()
		if _, ok := recv(t, s); ok {
			t.Error("Recv is still open")
		}
		if s.Err() != nil {
			t.Errorf("Err = %v", s.Err())
		}
	})
	t.Run("closed while the session is in a call", func(t *testing.T) {
		s := open(t, p, "")
		s.Send([]byte("nap"))
		s.Close()
	})
	waitFor(t, p, func(s worker.Stats) bool { return s.Streams == 0 })
}

// waitFor polls the figures of a pool by opening and closing nothing.
func waitFor(t *testing.T, p *worker.Pool, ok func(worker.Stats) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok(p.Stats()) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the pool stays at %+v", p.Stats())
		}
	}
}

func TestCrashEndsStreamsAndIsReplaced(t *testing.T) {
	p := run(t, worker.Options{})
	one, two := open(t, p, ""), open(t, p, "")
	pid := ask(t, one, "pid")
	if other := ask(t, two, "pid"); other != pid {
		t.Fatalf("two workers, %s and %s", pid, other)
	}
	one.Send([]byte("crash"))
	for _, s := range []*worker.Stream{one, two} {
		if _, ok := recv(t, s); ok {
			t.Error("Recv is still open")
		}
		if !errors.Is(s.Err(), worker.ErrGone) {
			t.Errorf("Err = %v", s.Err())
		}
	}
	if again := ask(t, open(t, p, ""), "pid"); again == pid {
		t.Error("the same process answers after its crash")
	}
	if n := p.Stats().Restarts; n != 1 {
		t.Errorf("restarts = %d", n)
	}
}

func TestHungWorkerIsKilled(t *testing.T) {
	p := run(t, worker.Options{Ping: 20 * time.Millisecond})
	s := open(t, p, "")
	var pid int
	fmt.Sscan(ask(t, s, "pid"), &pid)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, ok := recv(t, s); ok {
		t.Error("Recv is still open")
	}
	if !errors.Is(s.Err(), worker.ErrGone) {
		t.Errorf("Err = %v", s.Err())
	}
	ask(t, open(t, p, ""), "pid")
}

func TestPlaces(t *testing.T) {
	p := run(t, worker.Options{Workers: 2, Streams: 2})
	waitFor(t, p, func(s worker.Stats) bool { return s.Ready == 2 })
	perWorker := map[string]int{}
	var all []*worker.Stream
	for range 4 {
		s := open(t, p, "")
		all = append(all, s)
		perWorker[ask(t, s, "pid")]++
	}
	for pid, n := range perWorker {
		if n != 2 {
			t.Errorf("worker %s has %d streams, want 2", pid, n)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := p.Open(ctx, nil); !errors.Is(err, worker.ErrBusy) {
		t.Errorf("a fifth stream: %v", err)
	}
	got := make(chan error, 1)
	go func() {
		s, err := p.Open(t.Context(), nil)
		if err == nil {
			s.Close()
		}
		got <- err
	}()
	all[0].Close()
	if err := <-got; err != nil {
		t.Errorf("a stream after a place was given back: %v", err)
	}
}

func TestFullStreamDropsAndSparesItsNeighbour(t *testing.T) {
	p := run(t, worker.Options{})
	slow, quick := open(t, p, ""), open(t, p, "")
	slow.Send([]byte("nap"))
	var full int
	for range 1000 {
		if err := slow.Send(make([]byte, 320)); errors.Is(err, worker.ErrFull) {
			full++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if full < 700 || uint64(full) != p.Stats().Dropped {
		t.Errorf("%d of 1000 messages were refused, %d counted", full, p.Stats().Dropped)
	}
	if err := slow.SendControl([]byte("finish")); err != nil {
		t.Errorf("a control message behind a full window: %v", err)
	}
	if got := ask(t, quick, "hello"); got != "hello" {
		t.Errorf("the neighbour got %q", got)
	}
}

// A worker that sends more than the window waits for the reader; nothing is
// lost and nothing else stops.
func TestSendWaitsForASlowReader(t *testing.T) {
	p := run(t, worker.Options{})
	s, other := open(t, p, ""), open(t, p, "")
	s.Send([]byte("flood"))
	ask(t, other, "hello")
	for i := range 5000 {
		msg, ok := recv(t, s)
		if !ok || len(msg) != 1000 || msg[0] != byte(i) {
			t.Fatalf("message %d: %d bytes, %v", i, len(msg), ok)
		}
	}
	if _, ok := recv(t, s); ok || s.Err() != nil {
		t.Errorf("the end: %v", s.Err())
	}
}

func TestUnableWorkerSaysWhy(t *testing.T) {
	p := run(t, worker.Options{Settings: []byte("broken")})
	waitFor(t, p, func(s worker.Stats) bool { return s.Restarts > 0 })
	if err := p.Ready(); err == nil || !strings.Contains(err.Error(), "the engine is missing; install it") {
		t.Errorf("Ready: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := p.Open(ctx, nil); !errors.Is(err, worker.ErrGone) {
		t.Errorf("Open: %v", err)
	}
}

func TestGrownWorkerRetires(t *testing.T) {
	// Not so quick a ping that a busy machine's worker is killed as silent.
	p := run(t, worker.Options{Ping: 200 * time.Millisecond, Memory: 150 << 20})
	old := open(t, p, "")
	pid := ask(t, old, "pid")
	ask(t, old, "grow")
	waitFor(t, p, func(s worker.Stats) bool { return s.Ready == 1 && s.Resident > 150<<20 })
	if fresh := ask(t, open(t, p, ""), "pid"); fresh == pid {
		t.Error("a new stream went to the worker that is too big")
	}
	if got := ask(t, old, "still here"); got != "still here" {
		t.Errorf("the old stream got %q", got)
	}
	old.Close()
	waitFor(t, p, func(s worker.Stats) bool { return s.Resident < 150<<20 })
	if n := p.Stats().Restarts; n != 0 {
		t.Errorf("%d restarts were counted; retiring is not a failure", n)
	}
}

func TestStoppedPool(t *testing.T) {
	p := worker.NewPool(worker.Options{Kind: "test.echo"})
	if p.Ready() == nil {
		t.Error("Ready before Run")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	s := open(t, p, "")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, ok := recv(t, s); ok || !errors.Is(s.Err(), worker.ErrGone) {
		t.Errorf("the stream ended with %v", s.Err())
	}
	if _, err := p.Open(t.Context(), nil); !errors.Is(err, worker.ErrGone) {
		t.Errorf("Open: %v", err)
	}
}

// A command that nobody started as a worker explains itself.
func TestServeOutsideAPool(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd/3"); err == nil {
		t.Skip("file descriptor 3 is in use here")
	}
	if err := worker.Serve(t.Context(), newEcho); err == nil || !strings.Contains(err.Error(), "parley serve") {
		t.Errorf("Serve: %v", err)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	p := worker.NewPool(worker.Options{Kind: "test.echo"})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	s, err := p.Open(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	msg := make([]byte, 320)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Send(msg); err != nil {
			b.Fatal(err)
		}
		<-s.Recv()
	}
	s.Close()
	cancel()
	<-done
}
