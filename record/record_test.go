package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"parley/call"
	"parley/media"
	"parley/media/wav"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store opens one in dir, with its writers running if asked.
func store(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func running(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

var target = call.Target{Tenant: "acme", Call: "0197-a"}

func begin(t testing.TB, s *Store, target call.Target) *recording {
	t.Helper()
	r, err := s.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	return r.(*recording)
}

// frame is tick n of a sound that is the same in every sample.
func frame(n int, value int16) media.Frame {
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = value
	}
	return media.Frame{At: time.Duration(n) * media.Tick, Rate: media.Rate8k, PCM: pcm}
}

// read gives the left and right value of every tick of a finished recording.
func read(t testing.TB, s *Store, key string) (ticks [][2]int16) {
	t.Helper()
	sound, err := wav.Read(filepath.Join(s.root.Name(), key))
	if err != nil {
		t.Fatal(err)
	}
	if sound.Rate != rate || sound.Channels != 2 {
		t.Fatalf("%d Hz, %d channels", sound.Rate, sound.Channels)
	}
	for i := 0; i+320 <= len(sound.PCM); i += 320 {
		for j := 2; j < 320; j += 2 {
			if sound.PCM[i] != sound.PCM[i+j] || sound.PCM[i+1] != sound.PCM[i+j+1] {
				t.Fatalf("tick %d is torn", i/320)
			}
		}
		ticks = append(ticks, [2]int16{sound.PCM[i], sound.PCM[i+1]})
	}
	return ticks
}

func TestRecording(t *testing.T) {
	s := store(t, t.TempDir())
	r := begin(t, s, target)
	var want [][2]int16
	for n := range 1000 {
		if n%10 == 0 {
			r.write(false)
		}
		in, out := frame(n, int16(n+1)), frame(n, int16(-n-1))
		pair := [2]int16{int16(n + 1), int16(-n - 1)}
		switch n % 7 {
		case 3: // silence may come with old samples
			in.Flags |= media.Silence
			pair[0] = 0
		case 4: // and needs none
			out = media.Frame{Flags: media.Silence}
			pair[1] = 0
		}
		r.Record(in, out)
		want = append(want, pair)
	}
	if st := s.Stats(); st.Open != 1 || st.Written == 0 {
		t.Errorf("%+v", st)
	}
	key, length, err := r.Close()
	if err != nil || length != 20*time.Second {
		t.Errorf("length %v, %v", length, err)
	}
	if want := filepath.Join("acme", time.Now().UTC().Format(time.DateOnly), "0197-a.wav"); key != want {
		t.Errorf("key %s, want %s", key, want)
	}
	if d := cmp.Diff(want, read(t, s, key)); d != "" {
		t.Error(d)
	}
	if st := s.Stats(); st.Open != 0 || st.Written != 1000 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
	if _, _, err := r.Close(); err == nil {
		t.Error("closed twice")
	}
	r.Record(frame(0, 1), frame(0, 1))
	f, err := s.File(key)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := s.Remove(key); err != nil {
		t.Error(err)
	}
	if _, err := s.File(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
	if err := s.Remove(key); err != nil {
		t.Error(err)
	}
}

// TestLengthIsTicks: missed ticks and a stalled disk turn into silence, at any
// place, and the recording is as long as the leg's clock says.
func TestLengthIsTicks(t *testing.T) {
	s := store(t, t.TempDir())
	var calls int
	rapid.Check(t, func(t *rapid.T) {
		calls++
		rec, err := s.Open(call.Target{Tenant: "acme", Call: fmt.Sprintf("c%d", calls)})
		if err != nil {
			t.Fatal(err)
		}
		r := rec.(*recording)
		// Positive: so many ticks come. Negative: so many are missed. 0: the
		// disk is back for a moment.
		var want [][2]int16
		var at int
		for _, n := range append([]int{1}, rapid.SliceOfN(rapid.IntRange(-40, 60), 1, 12).Draw(t, "script")...) {
			if n == 0 {
				r.write(false)
			}
			for range n {
				kept := r.head.Load()
				r.Record(frame(at, int16(at+1)), frame(at, 7))
				pair := [2]int16{int16(at + 1), 7}
				if r.head.Load() == kept {
					pair = [2]int16{}
				}
				want = append(want, pair)
				at++
			}
			if n < 0 && at > 0 {
				at -= n
			}
		}
		// A gap shows only when the leg goes on.
		for len(want) < at {
			want = append(want, [2]int16{})
		}
		r.write(true)
		r.Record(frame(at, int16(at+1)), frame(at, 7))
		want = append(want, [2]int16{int16(at + 1), 7})
		// Missed ticks between others are silence, too.
		full := make([][2]int16, at+1)
		for _, w := range want {
			if w[0] > 0 {
				full[w[0]-1] = w
			}
		}
		key, length, err := r.Close()
		if err != nil || length != time.Duration(at+1)*media.Tick {
			t.Fatalf("length %v after %d ticks, %v", length, at+1, err)
		}
		sound, err := wav.Read(filepath.Join(s.root.Name(), key))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range full {
			if got := [2]int16{sound.PCM[320*i], sound.PCM[320*i+1]}; got != w {
				t.Fatalf("tick %d is %v, want %v", i, got, w)
			}
		}
	})
}

// TestStalledWriters: without anyone writing, the ring holds what it can, the
// rest is counted and keeps its place.
func TestStalledWriters(t *testing.T) {
	s := store(t, t.TempDir())
	r := begin(t, s, target)
	for n := range ringFrames + 100 {
		r.Record(frame(n, 1), frame(n, 2))
	}
	if got := s.Stats().Dropped; got != 100 {
		t.Errorf("%d dropped, want 100", got)
	}
	_, length, err := r.Close()
	if want := (ringFrames + 100) * media.Tick; err != nil || length != want {
		t.Errorf("length %v, want %v, %v", length, want, err)
	}
}

// TestWriterPool runs many recordings at once against real writers.
func TestWriterPool(t *testing.T) {
	s := store(t, t.TempDir())
	running(t, s)
	var all sync.WaitGroup
	for c := range 20 {
		all.Go(func() {
			r, err := s.Open(call.Target{Tenant: "acme", Call: fmt.Sprintf("pool-%d", c)})
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 40 {
				r.Record(frame(n, int16(c)), frame(n, int16(n)))
			}
			if _, length, err := r.Close(); err != nil || length != 800*time.Millisecond {
				t.Errorf("length %v, %v", length, err)
			}
		})
	}
	// Somebody talks long enough for the pool to write by itself.
	r := begin(t, s, target)
	deadline := time.After(10 * time.Second)
	for n := 0; s.Stats().Written < 20*40+chunkFrames; n++ {
		r.Record(frame(n, 1), frame(n, 1))
		select {
		case <-deadline:
			t.Fatalf("the pool does not write: %+v", s.Stats())
		default:
		}
	}
	all.Wait()
	if _, _, err := r.Close(); err != nil {
		t.Error(err)
	}
}

// limited is a disk that is full after so many bytes.
type limited struct {
	file
	left *int64
}

func (l limited) WriteAt(b []byte, at int64) (int, error) {
	if at == 0 { // the header has its place already
		return l.file.WriteAt(b, at)
	}
	n := min(int64(len(b)), *l.left)
	*l.left -= n
	if done, err := l.file.WriteAt(b[:n], at); err != nil {
		return done, err
	}
	if n < int64(len(b)) {
		return int(n), unix.ENOSPC
	}
	return int(n), nil
}

func TestDiskFull(t *testing.T) {
	s := store(t, t.TempDir())
	left := int64(100*frameSize + 3) // not even a whole block
	create := s.create
	s.create = func(name string) (file, error) {
		f, err := create(name)
		return limited{f, &left}, err
	}
	var told []string
	s.failed = func(t call.Target, err error) { told = append(told, t.Call+": "+err.Error()) }
	r := begin(t, s, target)
	for n := range 500 {
		r.Record(frame(n, 3), frame(n, 4))
		r.write(false)
	}
	key, length, err := r.Close()
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "no space") || s.Stats().Failed != 1 || s.Stats().Dropped != 0 {
		t.Errorf("told %q, %+v", told, s.Stats())
	}
	if got := read(t, s, key); len(got) != 100 || length != 2*time.Second {
		t.Errorf("%d ticks readable, length %v; want the 100 that fitted", len(got), length)
	}
}

// TestCrash cuts an unfinished recording at any byte, as a crash may, and opens
// the store again: every whole sample that reached the disk is readable.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir)
	r := begin(t, s, target)
	for n := range 60 {
		r.Record(frame(n, int16(n+1)), frame(n, 9))
		r.write(false)
	}
	unfinished := filepath.Join(dir, r.live)
	raw, err := os.ReadFile(unfinished)
	if err != nil {
		t.Fatal(err)
	}
	finished := filepath.Join(dir, r.key)
	if err := s.Close(); err != nil { // the process is gone; nobody closes the recording
		t.Fatal(err)
	}
	if len(raw) < wav.HeaderSize+chunkFrames*frameSize {
		t.Fatalf("only %d bytes on disk", len(raw))
	}
	cuts := []int{0, 1, 43, 44, 45, 47, 48, 49, len(raw)}
	for n := 50; n < len(raw); n += 1009 {
		cuts = append(cuts, n)
	}
	for _, n := range cuts {
		if err := os.WriteFile(unfinished, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(unfinished); err == nil {
			t.Errorf("%d bytes: still in %s", n, live)
		}
		whole := (n - wav.HeaderSize) / bytesPerSample
		if got := again.Stats().Repaired; got != min(max(whole, 0), 1) {
			t.Errorf("%d bytes: repaired %d", n, got)
		}
		if whole > 0 {
			sound, err := wav.Read(finished)
			if err != nil || len(sound.PCM) != 2*whole {
				t.Errorf("%d bytes: %d samples, %v; want %d", n, len(sound.PCM), err, 2*whole)
			}
			os.Remove(finished)
		}
		again.Close()
	}
	// What is none of ours stays, and stops nobody.
	if err := os.WriteFile(unfinished, []byte(strings.Repeat("x", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	store(t, dir)
	if _, err := os.Stat(unfinished); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	s := store(t, t.TempDir())
	for _, c := range []call.Target{
		{}, {Tenant: "acme"}, {Call: "a"}, {Tenant: "..", Call: "a"}, {Tenant: "acme", Call: "../../x"},
		{Tenant: "acme", Call: "a/b"}, {Tenant: "a~b", Call: "c"}, {Tenant: "acme", Call: "a\x00"}, {Tenant: ".live", Call: "a"},
		{Tenant: "acme", Call: strings.Repeat("a", 101)},
	} {
		if _, err := s.Open(c); !errors.Is(err, ErrName) {
			t.Errorf("%q/%q: %v", c.Tenant, c.Call, err)
		}
	}
	for _, key := range []string{"../x", "/etc/passwd", ".live/lock", "", "acme/../../x"} {
		if _, err := s.File(key); err == nil {
			t.Errorf("%q was opened", key)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	s := store(t, t.TempDir())
	r := begin(t, s, target)
	if _, err := s.Open(target); err == nil {
		t.Error("the same call was recorded twice at once")
	}
	r.Record(frame(0, 1), frame(0, 1))
	if _, _, err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(target); err == nil {
		t.Error("a finished recording would be overwritten")
	}
	empty := begin(t, s, call.Target{Tenant: "acme", Call: "empty"})
	if key, length, err := empty.Close(); key != "" || length != 0 || err != nil {
		t.Errorf("a recording of nothing: %q %v %v", key, length, err)
	}
	if _, err := Open(Options{Dir: s.root.Name()}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second store in the folder: %v", err)
	}
}

func TestNoAllocation(t *testing.T) {
	s := store(t, t.TempDir())
	r := begin(t, s, target)
	in, out := frame(0, 1), frame(0, 2)
	if n := testing.AllocsPerRun(200, func() {
		r.Record(in, out)
		in.At += media.Tick
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	r.Close()
}

func BenchmarkRecord(b *testing.B) {
	s := store(b, b.TempDir())
	r := begin(b, s, target)
	defer r.Close()
	in, out := frame(0, 1), frame(0, 2)
	b.Run("the beat's part", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Record(in, out)
			in.At += media.Tick
			r.tail.Store(r.head.Load())
		}
	})
	b.Run("with the disk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Record(in, out)
			in.At += media.Tick
			r.write(false)
		}
	})
}
