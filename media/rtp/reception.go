package rtp

import "time"

// Bounds of RFC 3550 appendix A.1.
const (
	maxDropout  = 3000 // a jump ahead that is still the same stream
	maxMisorder = 100  // a packet this much behind is late, not a restart
)

// Reception counts one source's packets as RFC 3550 appendices A.1, A.3 and A.8
// say. The zero value waits for its first packet.
type Reception struct {
	started  bool
	base     int64  // extended sequence of the first packet
	highest  int64  // extended sequence of the latest
	bad      uint16 // the sequence that would prove a restart
	hasBad   bool
	received int64
	// counts before the last restart of the sequence
	pastExpected int64

	priorExpected, priorReceived int64 // at the last report

	rate    int64 // clock in Hz
	transit int64 // of the previous packet, in clock units
	timed   bool
	jitter  float64 // in clock units
}

// NewReception counts a source with the given RTP clock in Hz.
func NewReception(rate int) Reception { return Reception{rate: int64(rate)} }

// Packet counts one packet and returns its extended sequence number, which does
// not wrap. ok is false for a wild jump that is not yet believed: it is not
// counted and must not be played; a second packet in sequence makes it a restart.
func (r *Reception) Packet(h Header, arrival time.Duration) (extended int64, ok bool) {
	if !r.started {
		r.restart(h.Sequence)
	}
	// The distance to the highest, taken the short way round.
	delta := int64(int16(h.Sequence - uint16(r.highest)))
	switch {
	case delta >= -maxMisorder && delta < maxDropout:
		r.hasBad = false
	case r.hasBad && h.Sequence == r.bad:
		r.pastExpected += r.highest - r.base + 1
		r.restart(h.Sequence)
		delta = 0
	default:
		r.bad, r.hasBad = h.Sequence+1, true
		return 0, false
	}
	extended = r.highest + delta
	r.highest = max(r.highest, extended)
	r.received++
	r.time(h.Timestamp, arrival)
	return extended, true
}

// restart begins a sequence in a fresh cycle, so that extended numbers never
// repeat across restarts.
func (r *Reception) restart(seq uint16) {
	next := int64(seq)
	if r.started {
		next += (r.highest>>16 + 2) << 16
	}
	r.started, r.base, r.highest, r.hasBad = true, next, next, false
	r.timed = false
}

// time updates the interarrival jitter of section 6.4.1. arrival counts from
// any fixed instant.
func (r *Reception) time(timestamp uint32, arrival time.Duration) {
	transit := int64(arrival)*r.rate/int64(time.Second) - int64(timestamp)
	d := int64(int32(transit - r.transit)) // timestamps wrap at 32 bits
	r.transit = transit
	if !r.timed {
		r.timed = true
		return
	}
	r.jitter += (float64(max(d, -d)) - r.jitter) / 16
}

// Received is how many packets came, duplicates included, as A.3 counts.
func (r *Reception) Received() int64 { return r.received }

// Expected is how many packets the source sent, judged by its sequence.
func (r *Reception) Expected() int64 {
	if !r.started {
		return 0
	}
	return r.pastExpected + r.highest - r.base + 1
}

// Lost is expected less received; duplicates may make it negative (A.3).
func (r *Reception) Lost() int64 { return r.Expected() - r.received }

// Jitter is the interarrival jitter as time.
func (r *Reception) Jitter() time.Duration {
	if r.rate == 0 {
		return 0
	}
	return time.Duration(r.jitter * float64(time.Second) / float64(r.rate))
}

// Report is the reception block of an RTCP report for this source, and starts
// the next interval: the fraction lost counts since the previous Report.
func (r *Reception) Report(ssrc uint32) ReportBlock {
	expected, received := r.Expected(), r.received
	interval := expected - r.priorExpected
	lost := interval - (received - r.priorReceived)
	r.priorExpected, r.priorReceived = expected, received
	b := ReportBlock{
		SSRC:    ssrc,
		Lost:    int32(min(max(expected-received, -1<<23), 1<<23-1)),
		Highest: uint32(r.highest),
		Jitter:  uint32(r.jitter),
	}
	if interval > 0 && lost > 0 {
		b.FractionLost = uint8(min(lost<<8/interval, 255))
	}
	return b
}
