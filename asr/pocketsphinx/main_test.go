package pocketsphinx

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/asr"
	"parley/sharedtest"
	"parley/worker"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		if os.Args[2] != Kind {
			os.Exit(2)
		}
		if err := worker.Serve(context.Background(), fragile); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(withRecognizer{m})
}

// withRecognizer stops the shared recogniser after the last test.
type withRecognizer struct{ m *testing.M }

func (w withRecognizer) Run() int {
	code := w.m.Run()
	if stopOurs != nil {
		stopOurs()
	}
	return code
}

var (
	stopOurs func()
	ours     = sync.OnceValues(func() (*Recognizer, error) {
		dir, err := sharedtest.Find("models", "pocketsphinx")
		if err != nil {
			return nil, err
		}
		r, err := New(Options{Models: dir, Worker: worker.Options{Nice: -1}})
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { r.Run(ctx) })
		stopOurs = func() { cancel(); wg.Wait() }
		return r, nil
	})
)

// recognizer has the telephone-band models and lives for all tests: it takes
// a moment to start.
func recognizer(t testing.TB) *Recognizer {
	t.Helper()
	models(t)
	r, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fragile is Handler in a process that ends when a message asks for it.
func fragile(config []byte) (worker.Handler, error) {
	h, err := Handler(config)
	return fragileHandler{h}, err
}

const crashWord = "crash this worker"

type fragileHandler struct{ worker.Handler }

func (h fragileHandler) Open(ctx context.Context, hello []byte, send func([]byte) error) (worker.Session, error) {
	s, err := h.Handler.Open(ctx, hello, send)
	return fragileSession{s}, err
}

type fragileSession struct{ worker.Session }

func (s fragileSession) Handle(msg []byte) error {
	if bytes.Contains(msg, []byte(crashWord)) {
		os.Exit(9)
	}
	return s.Session.Handle(msg)
}

// models are the telephone-band models; the test is skipped without them or
// without the library.
func models(t testing.TB) string {
	t.Helper()
	dir := sharedtest.Path(t, "models", "pocketsphinx")
	if err := Check(Options{Models: dir}); err != nil {
		sharedtest.Missing(t, "%v", err)
	}
	return dir
}

// running runs a recogniser for the test.
func running(t testing.TB, o Options) *Recognizer {
	t.Helper()
	o.Worker.Nice = -1 // the rest of the tests must not starve it
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return r
}

func openStream(t testing.TB, r asr.Recognizer, language string) asr.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := r.Open(ctx, asr.Config{Language: language, Rate: 8000})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }
