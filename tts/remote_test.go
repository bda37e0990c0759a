package tts_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/tts"
	"parley/worker"
)

// childEnv makes the test binary the worker of its own tests.
const childEnv = "PARLEY_TTS_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		signal.Ignore(syscall.SIGPIPE)
		err := worker.Serve(context.Background(), func([]byte) (worker.Handler, error) { return tts.Worker(ramp), nil })
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// ramp renders a known sound: 100 samples a byte of text, counting up.
func ramp(ctx context.Context, v tts.Voice, text string) ([]int16, error) {
	if text == "hang" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if v.Name == "broken" {
		return nil, errors.New("the model is damaged")
	}
	pcm := make([]int16, 100*len(text))
	for i := range pcm {
		pcm[i] = int16(i - 5000)
	}
	return pcm, nil
}

func pool(t *testing.T) *worker.Pool {
	t.Helper()
	t.Setenv(childEnv, "1")
	p := worker.NewPool(worker.Options{Kind: "tts.test", Streams: 4})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return p
}

func TestRemoteRendersInTheWorker(t *testing.T) {
	render := tts.Remote(pool(t))
	var wg sync.WaitGroup
	for _, text := range []string{"", "x", "hello", strings.Repeat("long ", 300)} { // the last is 300 KB of sound
		wg.Go(func() {
			pcm, err := render(t.Context(), tts.Voice{}, text)
			if err != nil || len(pcm) != 100*len(text) {
				t.Errorf("%.10q gives %d samples and %v, want %d", text, len(pcm), err, 100*len(text))
				return
			}
			for i, v := range pcm {
				if v != int16(i-5000) {
					t.Errorf("sample %d is %d", i, v)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestRemoteTellsTheReason(t *testing.T) {
	_, err := tts.Remote(pool(t))(t.Context(), tts.Voice{Name: "broken"}, "x")
	if err == nil || !strings.Contains(err.Error(), "the model is damaged") {
		t.Errorf("the error is %v", err)
	}
}

func TestRemoteCancelFreesThePlace(t *testing.T) {
	p := pool(t)
	// The worker is up before the clock of the hanging one runs.
	if _, err := tts.Remote(p)(t.Context(), tts.Voice{}, "first"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := tts.Remote(p)(ctx, tts.Voice{}, "hang"); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, worker.ErrBusy) {
		t.Errorf("a hanging engine ends with %v", err)
	}
	if pcm, err := tts.Remote(p)(t.Context(), tts.Voice{}, "next"); err != nil || len(pcm) != 400 {
		t.Errorf("afterwards: %d samples, %v", len(pcm), err)
	}
}
