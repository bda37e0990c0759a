package dtmf

import (
	"encoding/binary"
	"strings"
)

// A press lasts 100 ms and is followed by a pause of 60 ms: what ITU-T Q.24 asks
// of a telephone, with room. All in ticks of 20 ms.
const (
	pressTicks = 5
	pauseTicks = 3
	volume     = 10 // -10 dBm0
	endRepeats = 3  // section 2.5.1.4
	maxQueue   = 64 // keys
)

// Packet is one event packet to be sent: the header's timestamp and marker, and
// the payload.
type Packet struct {
	Timestamp uint32
	Marker    bool
	Payload   [4]byte
}

// Valid reports whether a key can be sent.
func Valid(key rune) bool { return strings.ContainsRune(keys, key) }

// Sender turns keys into event packets, one press after another. The zero value
// is ready; it is used by one goroutine.
type Sender struct {
	queue []byte // event codes
	ticks int    // since the press began
	began uint32
}

// Press queues keys; it reports false and queues nothing if one is no key
// or too many wait already.
func (s *Sender) Press(pressed string) bool {
	if len(s.queue)+len(pressed) > maxQueue {
		return false
	}
	for _, k := range pressed {
		if !Valid(k) {
			return false
		}
	}
	for _, k := range pressed {
		s.queue = append(s.queue, byte(strings.IndexRune(keys, k)))
	}
	return true
}

// Busy reports whether a press or the pause after it is going on: no sound is
// sent meanwhile.
func (s *Sender) Busy() bool { return len(s.queue) > 0 }

// Next appends this tick's packets to dst. now is the RTP timestamp of the tick
// and samples its length in clock units. During the pause there are none.
func (s *Sender) Next(dst []Packet, now uint32, samples int) []Packet {
	if len(s.queue) == 0 {
		return dst
	}
	if s.ticks == 0 {
		s.began = now
	}
	s.ticks++
	if s.ticks <= pressTicks {
		p := Packet{Timestamp: s.began, Marker: s.ticks == 1}
		p.Payload[0], p.Payload[1] = s.queue[0], volume
		binary.BigEndian.PutUint16(p.Payload[2:], uint16(s.ticks*samples))
		repeats := 1
		if s.ticks == pressTicks {
			p.Payload[1] |= 0x80
			repeats = endRepeats
		}
		for range repeats {
			dst = append(dst, p)
		}
	}
	if s.ticks == pressTicks+pauseTicks {
		s.ticks = 0
		s.queue = s.queue[:copy(s.queue, s.queue[1:])]
	}
	return dst
}
