// Package record keeps the sound of calls: one stereo WAV file for each, the
// customer on the left, the bot on the right, 8 kHz and 16 bits.
//
//	beat --> Record --> ring --> writer pool --> .live/...wav --> Close --> TENANT/DATE/CALL.wav
//
// The beat only copies into a ring that was allocated when the call began. A
// recording under way lies in .live, so that after a crash Open finds what must
// be repaired without looking through everything.
package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"parley/call"
	"parley/media/wav"
)

// Options of a Store.
type Options struct {
	// Dir is where recordings are kept; it is created.
	Dir string
	// Writers is how many goroutines write; 0 for two.
	Writers int
	Log     *slog.Logger
	// Failed is told, once a recording, that its disk refused; nil for nobody.
	// It is called by a writer and must not wait.
	Failed func(t call.Target, err error)
}

// Stats count since Open.
type Stats struct {
	Open     int   // recordings under way
	Written  int64 // ticks on disk
	Dropped  int64 // ticks that found the ring full; silence stands for them
	Failed   int64 // recordings that the disk cut short
	Repaired int   // recordings that a crash had left, found by Open
}

const (
	live      = ".live"
	extension = ".wav"
	separator = "~" // between the parts of a name in .live; no name contains it
	pollEvery = 100 * time.Millisecond
)

// name is what a tenant or a call may be called: it becomes a file's name.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// ErrName is returned for a tenant or call whose name cannot be a file's.
var ErrName = errors.New("record: tenant and call need names of letters, digits, '.', '_' and '-'")

// Store implements call.Recorders in a folder.
type Store struct {
	root   *os.Root
	lock   *os.File
	log    *slog.Logger
	failed func(call.Target, error)
	create func(name string) (file, error)

	written, dropped, failures atomic.Int64
	repaired                   int
	writers                    []*writer
}

// file is what a recording needs of *os.File.
type file interface {
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
}

var _ call.Recorders = (*Store)(nil)

// Open opens the folder, which one process may use at a time, and brings the
// recordings that a crash left there to their places.
func Open(o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Failed == nil {
		o.Failed = func(call.Target, error) {}
	}
	if o.Writers <= 0 {
		o.Writers = 2
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	s := &Store{root: root, log: o.Log, failed: o.Failed}
	s.create = func(name string) (file, error) {
		return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	}
	for range o.Writers {
		s.writers = append(s.writers, &writer{})
	}
	if err := s.own(); err != nil {
		root.Close()
		return nil, err
	}
	s.recover()
	return s, nil
}

// own makes .live and takes its lock.
func (s *Store) own() error {
	if err := s.root.MkdirAll(live, 0o750); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	lock, err := s.root.OpenFile(path.Join(live, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return fmt.Errorf("record: %s is in use by another parley; give each its own recordings folder: %w", s.root.Name(), err)
	}
	s.lock = lock
	return nil
}

// Close lets go of the folder, after Run has returned and the last recording
// was closed.
func (s *Store) Close() error { return errors.Join(s.lock.Close(), s.root.Close()) }

// recover repairs what lies in .live. What cannot be repaired stays there and is
// logged: one bad file must not keep the server from starting.
func (s *Store) recover() {
	entries, err := fs.ReadDir(s.root.FS(), live)
	if err != nil {
		s.log.Error("cannot look for unfinished recordings", "error", err)
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != extension {
			continue
		}
		if err := s.recoverOne(e.Name()); err != nil {
			s.log.Error("an unfinished recording could not be repaired and stays where it is", "file", e.Name(), "error", err)
		}
	}
	if s.repaired > 0 {
		s.log.Info("repaired unfinished recordings", "count", s.repaired)
	}
}

func (s *Store) recoverOne(file string) error {
	parts := strings.Split(strings.TrimSuffix(file, extension), separator)
	if len(parts) != 3 {
		return errors.New("its name is not one of ours")
	}
	from := path.Join(live, file)
	f, err := s.root.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < wav.HeaderSize+bytesPerSample { // nothing was written yet
		return s.root.Remove(from)
	}
	if _, err := wav.RepairFile(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	s.repaired++
	return s.settle(from, key(parts[0], parts[1], parts[2]))
}

// key is where a recording lies in the end.
func key(tenant, day, id string) string { return path.Join(tenant, day, id+extension) }

// settle moves a finished file to its place, never over another.
func (s *Store) settle(from, to string) error {
	if err := s.root.MkdirAll(path.Dir(to), 0o750); err != nil {
		return err
	}
	if _, err := s.root.Lstat(to); err == nil {
		return fmt.Errorf("%s exists already", to)
	}
	return s.root.Rename(from, to)
}

// Open begins the recording of a call.
func (s *Store) Open(t call.Target) (call.Recorder, error) {
	if !name.MatchString(t.Tenant) || !name.MatchString(t.Call) {
		return nil, ErrName
	}
	day := time.Now().UTC().Format(time.DateOnly)
	r := &recording{store: s, target: t, key: key(t.Tenant, day, t.Call)}
	r.live = path.Join(live, strings.Join([]string{t.Tenant, day, t.Call}, separator)+extension)
	if _, err := s.root.Lstat(r.key); err == nil {
		return nil, fmt.Errorf("record: %s exists already", r.key)
	}
	f, err := s.create(r.live)
	if err != nil {
		return nil, fmt.Errorf("record: begin a recording: %w", err)
	}
	r.file = f
	if r.wav, err = wav.NewWriter(f, rate, 2); err != nil {
		f.Close()
		_ = s.root.Remove(r.live)
		return nil, fmt.Errorf("record: begin a recording: %w", err)
	}
	s.idlest().add(r)
	return r, nil
}

// idlest is the writer with the fewest recordings.
func (s *Store) idlest() *writer {
	best := s.writers[0]
	for _, w := range s.writers[1:] {
		if w.count() < best.count() {
			best = w
		}
	}
	return best
}

// File opens a finished recording by its key.
func (s *Store) File(key string) (*os.File, error) {
	if !fs.ValidPath(key) || strings.HasPrefix(key, live) {
		return nil, fmt.Errorf("record: %w: %s", fs.ErrNotExist, key)
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return f, nil
}

// Remove deletes a finished recording; one that is gone already is no error.
func (s *Store) Remove(key string) error {
	if !fs.ValidPath(key) || strings.HasPrefix(key, live) {
		return nil
	}
	if err := s.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Stats may be asked at any time.
func (s *Store) Stats() Stats {
	st := Stats{Written: s.written.Load(), Dropped: s.dropped.Load(), Failed: s.failures.Load(), Repaired: s.repaired}
	for _, w := range s.writers {
		st.Open += w.count()
	}
	return st
}

// Run writes until ctx ends. Recordings still open then are written up to that
// moment; their Close may come later.
func (s *Store) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, w := range s.writers {
		all.Go(func() { w.run(ctx) })
	}
	all.Wait()
	return ctx.Err()
}
