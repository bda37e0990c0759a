// Package jitter puts received packets back into order and rhythm: packets of
// any length go in when they arrive, one frame of media.Tick comes out a tick.
//
// It holds sound back just as long as the latest packets' delays ask for, moves
// that point only where nobody speaks, and invents what is missing. It has no
// clock, no lock and no goroutine: times are passed in, and one goroutine uses it.
package jitter

import (
	"time"

	"parley/media"
)

// Options of a Buffer; the zero value is usable.
type Options struct {
	Rate media.Rate // 0 for 8 kHz
	// Min and Max bound how long sound is held back, the frame being played
	// included; 0 for 40 ms and 200 ms.
	Min, Max time.Duration
}

// Packet is the decoded sound of one RTP packet.
type Packet struct {
	Timestamp uint32
	// Arrival counts from any fixed instant, the same as Get's now.
	Arrival time.Duration
	PCM     []int16 // copied
	// Voiced forbids changing the speed of play while these samples play.
	Voiced bool
	// Noise is comfort noise (RFC 3389): it goes on in the same level until the
	// next packet, and nothing is missing meanwhile.
	Noise bool
}

// Stats count samples, as time, since the start.
type Stats struct {
	// Delay is how long the latest frame was held back beyond the fastest
	// packets' way; Target is what the buffer aims at.
	Delay, Target time.Duration
	Played        time.Duration // real samples given out
	Concealed     time.Duration // invented for ones missing
	Dropped       time.Duration // thrown away to shorten the delay
	Inserted      time.Duration // added to lengthen it
	Late          int64         // packets that came after their time
	Duplicates    int64         // packets whose samples were there already
	Restarts      int64         // jumps of the timestamp
}

// Marks of one place in the ring.
const (
	present = 1 << iota
	voiced
	noise
)

type state uint8

const (
	idle    state = iota // nothing came yet, or nothing for long
	filling              // the first packets wait for their time
	playing
)

const (
	// hold is the span of the ring.
	hold = 500 * time.Millisecond
	// restartAfter: a gap so long ends the talk spurt; what comes next is held
	// back afresh.
	restartAfter = 200 * time.Millisecond
	// slack around the target within which the delay is left alone, and the
	// greatest change in one frame.
	slack, step = 10 * time.Millisecond, 10 * time.Millisecond
	// patience: so many frames in a row must ask for a change, because one
	// tick that comes late makes the delay look long.
	patience = 5
)

// Buffer is one stream's jitter buffer.
type Buffer struct {
	rate                  int64
	frame                 []int16
	min, max, slack, step int32 // samples
	restartAfter, blend   int32

	pcm  []int16 // ring, indexed by timestamp
	mark []uint8
	mask uint32

	state   state
	play    uint32 // timestamp of the next sample
	end     uint32 // after the furthest sample present
	starved int32  // invented at the end of the sound, play standing still
	wish    int    // frames in a row that asked for less delay, or, negative, for more
	jumped  bool   // a packet from elsewhere was seen
	jump    uint32 // and would be followed by this timestamp

	delays  delays
	conceal concealer
	comfort comfort
	stats   counts
}

// counts are Stats in samples.
type counts struct {
	delay, target                        int32
	played, concealed, dropped, inserted int64
	late, duplicates, restarts           int64
}

// New makes an empty buffer.
func New(o Options) *Buffer {
	if o.Rate == 0 {
		o.Rate = media.Rate8k
	}
	if o.Min == 0 {
		o.Min = 40 * time.Millisecond
	}
	if o.Max == 0 {
		o.Max = 200 * time.Millisecond
	}
	in := func(d time.Duration) int32 { return int32(o.Rate.Count(d)) }
	size := 1
	for size < int(in(hold)) {
		size *= 2
	}
	n := o.Rate.Samples()
	return &Buffer{
		rate: int64(o.Rate), frame: make([]int16, n),
		// The frame being played is a part of the delay the caller asks for.
		min: in(o.Min - media.Tick), max: in(o.Max - media.Tick), slack: in(slack), step: in(step),
		restartAfter: in(restartAfter), blend: in(blendMin),
		pcm: make([]int16, size), mark: make([]uint8, size), mask: uint32(size - 1),
		conceal: newConcealer(o.Rate),
	}
}

// Reset empties the buffer for another source; the statistics stay.
func (b *Buffer) Reset() {
	clear(b.mark)
	b.state, b.starved, b.wish, b.jumped = idle, 0, 0, false
	b.delays.reset()
	b.conceal.reset()
	b.comfort = comfort{}
}

// Put takes a packet. Nothing is kept of one that is late, a duplicate, longer
// than the ring, or from a timestamp that no second packet confirms.
func (b *Buffer) Put(p Packet) {
	n := int32(len(p.PCM))
	if n == 0 || n > int32(len(b.pcm))/2 {
		return
	}
	if b.state == playing && b.starved >= b.restartAfter {
		b.state = idle
	}
	if !b.place(p.Timestamp, n) {
		return
	}
	b.delays.add(samples(p.Arrival, b.rate), p.Timestamp, int32(b.rate))
	if b.starved > 0 {
		// Time went on while play stood still: what of it was lost stays
		// lost, what was only late is played with a longer delay.
		missing := min(int32(p.Timestamp-b.play), b.starved)
		if missing > 0 {
			b.play += uint32(missing)
		}
		b.starved = 0
	}
	ts, pcm := p.Timestamp, p.PCM
	if behind := int32(b.play - ts); behind > 0 {
		if behind >= n {
			b.stats.late++
			return
		}
		ts, pcm = b.play, pcm[behind:]
	}
	if b.mark[ts&b.mask] != 0 {
		b.stats.duplicates++
		return
	}
	b.store(ts, pcm, p)
}

// place decides where a packet belongs, starting or restarting the stream with
// it; false means that it is not believed yet.
func (b *Buffer) place(ts uint32, n int32) bool {
	ahead := int32(ts - b.play)
	far := ahead+n > int32(len(b.pcm)) || ahead < -int32(b.rate)
	switch {
	case b.state == idle:
	case b.state == filling && ahead < 0 && !far && int32(b.end-ts) < int32(len(b.pcm)):
		b.play = ts // overtaken by the packet that came first
		return true
	case !far:
		b.jumped = false
		return true
	case b.jumped && ts == b.jump:
		b.stats.restarts++
	default:
		b.jumped, b.jump = true, ts+uint32(n)
		return false
	}
	if far || b.delays.n == 0 {
		b.delays.reset() // another clock: old delays mean nothing
	}
	clear(b.mark)
	b.state, b.play, b.end, b.starved, b.jumped = filling, ts, ts, 0, false
	return true
}

// store copies samples into the ring.
func (b *Buffer) store(ts uint32, pcm []int16, p Packet) {
	mark := uint8(present)
	if p.Voiced {
		mark |= voiced
	}
	if p.Noise {
		mark |= noise
	}
	at := ts & b.mask
	first := copy(b.pcm[at:], pcm)
	copy(b.pcm, pcm[first:])
	fill(b.mark[at:int(at)+first], mark)
	fill(b.mark[:len(pcm)-first], mark)
	if e := ts + uint32(len(pcm)); int32(e-b.end) > 0 {
		b.end = e
	}
}

func fill(s []uint8, v uint8) {
	for i := range s {
		s[i] = v
	}
}

// Get fills the frame's Rate, PCM (borrowed until the next Get) and flags
// Voiced, Concealed and Silence. It is called once a tick, whatever came.
func (b *Buffer) Get(now time.Duration, f *media.Frame) {
	f.Rate, f.PCM = media.Rate(b.rate), b.frame
	f.Flags &^= media.Voiced | media.Concealed | media.Silence
	t := samples(now, b.rate)
	if b.state == filling && b.offset(t) >= b.least()+b.target() {
		b.state = playing
	}
	if b.state != playing {
		b.conceal.reset()
		if b.comfort.on {
			b.comfort.fill(b.frame)
			return
		}
		clear(b.frame)
		f.Flags |= media.Silence
		return
	}
	done := b.adjust(t)
	for done < len(b.frame) {
		done += b.fillSome(b.frame[done:], f)
	}
}

// offset is how far play lags behind the clock t, on the scale of the delays.
func (b *Buffer) offset(t uint32) int32 { return int32(t - b.play - b.delays.ref) }

func (b *Buffer) least() int32 { return b.delays.least }

// target is how long sound should be held back beyond the least delay. The
// slack keeps even the lower edge of what is left alone above the late packets.
func (b *Buffer) target() int32 {
	return min(max(b.delays.late-b.delays.least+b.slack, b.min), b.max)
}

// fillSome fills the beginning of out, with real samples as far as there are
// some, otherwise with invented ones up to the next real one.
func (b *Buffer) fillSome(out []int16, f *media.Frame) int {
	n := b.run(len(out), true)
	if n > 0 {
		marks := b.take(out[:n])
		if marks&voiced != 0 {
			f.Flags |= media.Voiced
		}
		b.conceal.heard(out[:n])
		b.comfort.heard(out[:n], marks&noise != 0)
		b.stats.played += int64(n)
		return n
	}
	n = b.run(len(out), false)
	if int32(b.end-b.play) <= 0 {
		n = len(out)
		b.starved += int32(n)
	} else {
		b.play += uint32(n)
	}
	if b.comfort.on {
		b.comfort.fill(out[:n])
		return n
	}
	if b.conceal.faded() {
		clear(out[:n])
		if n == len(b.frame) {
			f.Flags |= media.Silence
			return n
		}
	} else {
		b.conceal.invent(out[:n])
		b.stats.concealed += int64(n) // the silence after the fade is no invention
	}
	f.Flags |= media.Concealed
	return n
}

// run counts how many of the next n samples, from play on, are all present or
// all absent.
func (b *Buffer) run(n int, isPresent bool) int {
	for i := range n {
		if (b.mark[(b.play+uint32(i))&b.mask] != 0) != isPresent {
			return i
		}
	}
	return n
}

// take moves samples out of the ring and gives all their marks together.
func (b *Buffer) take(out []int16) (marks uint8) {
	at := b.play & b.mask
	first := copy(out, b.pcm[at:])
	copy(out[first:], b.pcm)
	marks = b.forget(at, first) | b.forget(0, len(out)-first)
	b.play += uint32(len(out))
	return marks
}

// forget clears marks and returns all of them together.
func (b *Buffer) forget(at uint32, n int) (all uint8) {
	marks := b.mark[at : int(at)+n]
	for i := range marks {
		all |= marks[i]
	}
	clear(marks)
	return all
}

// Stats may be asked between calls.
func (b *Buffer) Stats() Stats {
	in := func(n int64) time.Duration { return time.Duration(n) * time.Second / time.Duration(b.rate) }
	s := b.stats
	return Stats{
		Delay: in(int64(s.delay)) + media.Tick, Target: in(int64(s.target)) + media.Tick,
		Played: in(s.played), Concealed: in(s.concealed), Dropped: in(s.dropped), Inserted: in(s.inserted),
		Late: s.late, Duplicates: s.duplicates, Restarts: s.restarts,
	}
}
