// Package media holds the few types every part of the sound path shares: a
// frame, who gives one, who takes one, and what turns one into bytes.
//
// All sound inside parley is 16-bit linear PCM, mono, in frames of one Tick.
package media

import (
	"errors"
	"time"
)

// Tick is the length of every frame and the period of the beat.
const Tick = 20 * time.Millisecond

// Rate is a sampling rate in Hz.
type Rate int

// The rates in use: telephone band, wide band, and what browsers speak.
const (
	Rate8k  Rate = 8000
	Rate16k Rate = 16000
	Rate48k Rate = 48000
)

// Samples is how many samples one Tick holds at this rate.
func (r Rate) Samples() int { return int(r) / 50 }

// Duration is how long n samples last at this rate.
func (r Rate) Duration(n int) time.Duration {
	if r <= 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(r)
}

// Count is how many samples fit into d at this rate, rounded down.
func (r Rate) Count(d time.Duration) int { return int(d * time.Duration(r) / time.Second) }

// Flags say how a frame came to be.
type Flags uint16

const (
	// Voiced: the cheap energy gate on the packet was open.
	Voiced Flags = 1 << iota
	// Concealed: the packet was lost and the samples were invented.
	Concealed
	// Silence: nothing was there for this tick; the samples are zero.
	Silence
	// Early: received before the call was answered.
	Early
)

// Frame is one Tick of mono sound.
//
// PCM is borrowed: it belongs to whoever produced the frame and is overwritten
// by the next one. Copy what must outlive the call that handed it over.
type Frame struct {
	// At is the frame's start on its leg's own clock, which counts ticks from
	// the moment the leg's media began.
	At    time.Duration
	Rate  Rate
	PCM   []int16
	Flags Flags
}

// Is reports whether all of the given flags are set.
func (f Frame) Is(flags Flags) bool { return f.Flags&flags == flags }

// ErrNotReady is returned by a Source that has nothing for this tick but will
// have more later. io.EOF means that nothing more will come.
var ErrNotReady = errors.New("media: no frame is ready for this tick")

// Source gives frames. ReadFrame never waits: it fills the frame, or returns
// ErrNotReady, or io.EOF after the last one. The frame's PCM is borrowed.
type Source interface {
	ReadFrame(*Frame) error
}

// Sink takes frames. WriteFrame never waits and does not keep the PCM.
type Sink interface {
	WriteFrame(Frame) error
}

// Codec turns linear samples into a wire format and back. Both methods append
// to dst and return it, allocating only when dst is too short. One that keeps
// state belongs to one leg, and recovers by itself after a lost packet.
type Codec interface {
	Name() string
	Rate() Rate
	AppendPCM(dst []int16, payload []byte) []int16
	AppendPayload(dst []byte, pcm []int16) []byte
}
