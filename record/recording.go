package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley/call"
	"parley/media"
	"parley/media/wav"
)

const (
	rate           = media.Rate8k
	bytesPerSample = 4 // left and right
	frameSize      = int(rate) / 50 * bytesPerSample
	// ringFrames is nearly a second: what the disk may stall before sound is
	// lost. 30 KB a call.
	ringFrames = 48
	// chunkFrames is the least worth a write: 7.7 KB.
	chunkFrames = 12
	// flushEvery chunks the header is made right, every four seconds.
	flushEvery = 16
	// gapMost is the longest jump of a leg's clock that is taken as missed
	// ticks; more is another clock.
	gapMost = time.Minute
)

// recording is one call's. Record is the only producer of the ring and whoever
// holds io its only consumer, so the ring needs no lock.
type recording struct {
	store  *Store
	writer *writer
	target call.Target
	key    string
	live   string

	ring       [ringFrames * frameSize]byte
	before     [ringFrames]uint32 // ticks of silence before each frame of the ring
	head, tail atomic.Uint64      // frames put in and taken out
	debt       atomic.Int64       // ticks of silence since the newest frame of the ring
	closed     atomic.Bool

	// The beat's.
	started bool
	next    time.Duration // when the next frame should begin

	io     sync.Mutex // guards all below
	file   file
	wav    *wav.Writer
	chunks int
	err    error
	done   bool
}

var _ call.Recorder = (*recording)(nil)

// Record copies one tick into the ring. Ticks that the leg's clock shows were
// missed, and ticks that found the ring full, become silence in the file, so
// that the recording is as long as the call.
func (r *recording) Record(in, out media.Frame) {
	if r.closed.Load() {
		return
	}
	if gap := in.At - r.next; r.started && gap > 0 && gap <= gapMost {
		r.debt.Add(int64(gap / media.Tick))
	}
	r.started, r.next = true, in.At+media.Tick
	if r.head.Load()-r.tail.Load() == ringFrames {
		r.debt.Add(1)
		r.store.dropped.Add(1)
		return
	}
	r.put(sound(in), sound(out))
}

// sound is a frame's samples, none if it is silent or not of our rate.
func sound(f media.Frame) []int16 {
	if f.Is(media.Silence) || f.Rate != rate {
		return nil
	}
	return f.PCM
}

// put interleaves one tick; missing samples are silence.
func (r *recording) put(left, right []int16) {
	n := r.head.Load()
	at := int(n % ringFrames)
	b := r.ring[at*frameSize : (at+1)*frameSize]
	r.before[at] = uint32(r.debt.Swap(0))
	if len(left)*bytesPerSample != frameSize || len(right)*bytesPerSample != frameSize {
		left, right = padded(left), padded(right)
	}
	for i, l := range left {
		binary.LittleEndian.PutUint32(b[bytesPerSample*i:], uint32(uint16(l))|uint32(uint16(right[i]))<<16)
	}
	r.head.Store(n + 1)
}

var silence [frameSize / bytesPerSample]int16

// padded is one whole tick; a frame of another length is not sound.
func padded(pcm []int16) []int16 {
	if len(pcm) == len(silence) {
		return pcm
	}
	return silence[:]
}

// write moves what the ring holds to the file, if it is worth it or the last.
func (r *recording) write(last bool) {
	r.io.Lock()
	defer r.io.Unlock()
	if r.done {
		return
	}
	for {
		tail := r.tail.Load()
		n := int(r.head.Load() - tail)
		if n == 0 || n < chunkFrames && !last {
			return
		}
		at := int(tail % ringFrames)
		n = r.run(at, n)
		r.keepSilence(int64(r.before[at]))
		r.keep(r.ring[at*frameSize : (at+n)*frameSize])
		r.tail.Store(tail + uint64(n))
	}
}

// run is how many of n frames from at on lie side by side without silence
// between them.
func (r *recording) run(at, n int) int {
	n = min(n, ringFrames-at)
	for i := 1; i < n; i++ {
		if r.before[at+i] > 0 {
			return i
		}
	}
	return n
}

var noSound [ringFrames * frameSize]byte

// keepSilence writes so many ticks of silence.
func (r *recording) keepSilence(ticks int64) {
	for ; ticks > 0; ticks -= ringFrames {
		r.keep(noSound[:min(ticks, ringFrames)*int64(frameSize)])
	}
}

// keep writes one piece. After the disk has refused once the rest is thrown
// away: the call goes on, and what is on disk stays usable.
func (r *recording) keep(b []byte) {
	if r.err != nil {
		return
	}
	if _, r.err = r.wav.Write(b); r.err == nil {
		r.store.written.Add(int64(len(b) / frameSize))
		if r.chunks++; r.chunks%flushEvery == 0 {
			r.err = r.wav.Flush()
		}
	}
	if r.err != nil {
		r.store.failures.Add(1)
		r.store.failed(r.target, r.err)
	}
}

// Close writes the rest and moves the recording to its place. The key is that
// of what could be kept, also when there is an error, and "" if nothing was.
// It waits for the disk.
func (r *recording) Close() (string, time.Duration, error) {
	if r.closed.Swap(true) {
		return "", 0, errors.New("record: closed twice")
	}
	r.writer.remove(r)
	r.write(true)

	r.io.Lock()
	defer r.io.Unlock()
	r.done = true
	r.keepSilence(r.debt.Swap(0))
	length := r.wav.Length()
	err := r.err
	if length > 0 {
		err = errors.Join(err, r.wav.Flush(), r.file.Truncate(r.wav.Size()), r.file.Sync())
	}
	err = errors.Join(err, r.file.Close())
	if length == 0 {
		r.key = ""
		err = errors.Join(err, r.store.root.Remove(r.live))
	} else {
		err = errors.Join(err, r.store.settle(r.live, r.key))
	}
	if err != nil {
		return r.key, length, fmt.Errorf("record: the recording of call %s is incomplete: %w", r.target.Call, err)
	}
	return r.key, length, nil
}
