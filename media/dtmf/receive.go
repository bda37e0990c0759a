// Package dtmf carries keys as RTP telephone events (RFC 4733).
package dtmf

import "encoding/binary"

// keys in the order of their event codes (RFC 4733 section 3.2).
const keys = "0123456789*#ABCD"

// segmentFull is the duration from which a press is taken to go on in a new
// segment: the field holds 0xFFFF at most (section 2.5.1.3), and the packet that
// said so may be lost.
const segmentFull = 0xF000

// restart is how far back, in clock units, a timestamp must jump to be another
// clock rather than a packet that was overtaken: 10 s at 8 kHz.
const restart = 80_000

// Receiver turns event packets into keys. A press is reported once, at its
// first packet that arrives: whichever of them that is, and however often its
// end is repeated or lost. The zero value is ready.
type Receiver struct {
	started   bool
	event     byte
	timestamp uint32 // of the present press or segment
	duration  uint16 // the longest seen of it
	ended     bool
}

// Receive takes the payload of an event packet and its RTP header's timestamp
// and marker. ok is true when a new press began; events that are no keys and
// packets too short to be events are ignored.
func (r *Receiver) Receive(timestamp uint32, marker bool, payload []byte) (key rune, ok bool) {
	if len(payload) < 4 || int(payload[0]) >= len(keys) {
		return 0, false
	}
	event, ended := payload[0], payload[1]&0x80 != 0
	duration := binary.BigEndian.Uint16(payload[2:])

	ahead := int32(timestamp - r.timestamp)
	switch {
	case r.started && ahead < 0 && ahead > -restart: // overtaken by a later press
		return 0, false
	case r.started && ahead == 0:
		r.duration, r.ended = max(r.duration, duration), r.ended || ended
		return 0, false
	}
	goesOn := r.started && !marker && !r.ended && event == r.event &&
		r.duration >= segmentFull && ahead <= 0xFFFF+1
	*r = Receiver{started: true, event: event, timestamp: timestamp, duration: duration, ended: ended}
	if goesOn {
		return 0, false
	}
	return rune(keys[event]), true
}

// Reset forgets the past, for a new source with another clock.
func (r *Receiver) Reset() { *r = Receiver{} }
