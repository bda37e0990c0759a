package pocketsphinx

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/asr"
	"parley/worker"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		if os.Args[2] != Kind {
			os.Exit(2)
		}
		if err := worker.Serve(context.Background(), Handler); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// absent skips a test for want of something, except where the machine promised
// to have everything.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// shared is the folder of models and data beside the repository.
func shared(t testing.TB, path ...string) string {
	t.Helper()
	dir := os.Getenv("SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	full, err := filepath.Abs(filepath.Join(append([]string{dir}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(full); err != nil {
		absent(t, "%s is absent: set SHARED to the folder that has it", filepath.Join(path...))
	}
	return full
}

// models are the telephone-band models; the test is skipped without them or
// without the library.
func models(t testing.TB) string {
	t.Helper()
	dir := shared(t, "models", "pocketsphinx")
	if err := Check(Options{Models: dir}); err != nil {
		absent(t, "%v", err)
	}
	return dir
}

// running runs a recogniser for the test.
func running(t testing.TB, o Options) *Recognizer {
	t.Helper()
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
