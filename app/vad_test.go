package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/media/beat"
	"parley/media/silero"
	"parley/sharedtest"
)

func TestWhichSpeechDetector(t *testing.T) {
	c := Defaults()
	c.VAD.Model = noModel
	if m, _, err := OpenModel(c); m != nil || err != nil {
		t.Errorf("none: %v, %v", m, err)
	}
	if found, err := modelFound(c); err != nil || !strings.Contains(found, "make models") {
		t.Errorf("the doctor says %q, %v", found, err)
	}
	c.VAD.Model = filepath.Join(t.TempDir(), "absent.onnx")
	if _, err := modelFound(c); err == nil || !strings.Contains(err.Error(), "fetch it with `make models`") {
		t.Errorf("a file that is named and absent: %v", err)
	}
	if err := os.WriteFile(c.VAD.Model, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenModel(c); err == nil || !strings.Contains(err.Error(), "is not the Silero VAD") {
		t.Errorf("another file: %v", err)
	}
	c.VAD.Model = sharedtest.Silero(t)
	if m, path, err := OpenModel(c); m == nil || path != c.VAD.Model || err != nil {
		t.Errorf("the real one: %v, %q, %v", m, path, err)
	}
}

// TestNoModelWhileTheBeatIsLate: a call that begins then does without, and those
// after it have the model again.
func TestNoModelWhileTheBeatIsLate(t *testing.T) {
	m := new(silero.Model)
	wheel := beat.New(beat.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = wheel.Run(ctx) })
	defer func() { stop(); running.Wait() }()

	clock := time.Unix(1000, 0)
	l := lateness{wheel: wheel, now: func() time.Time { return clock }}
	seats := silero.NewSeats(m, 2, l.tooGreat)
	take := func() bool {
		clock = clock.Add(lateFor)
		got, leave := seats.Take()
		leave()
		return got != nil
	}
	if !take() {
		t.Fatal("the first call has no model")
	}
	slow := make(chan struct{}, 1)
	leave := wheel.Join(func(beat.Tick) {
		time.Sleep(100 * time.Millisecond) // the next ticks of this thread never run
		select {
		case slow <- struct{}{}:
		default:
		}
	})
	for range 4 {
		<-slow
	}
	leave()
	if take() {
		t.Error("a call got the model although the beat had missed ticks")
	}
	if !take() {
		t.Error("no call got the model after the beat was in time again")
	}
}
