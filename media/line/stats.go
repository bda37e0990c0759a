package line

import (
	"sync/atomic"
	"time"

	"parley/media"
)

// Stats describe a line so far.
type Stats struct {
	Codec string // "" before Negotiate
	// Sent, Received and Lost count RTP packets; duplicates are not received
	// twice, and lost is what the far side sent and never came.
	Sent, Received, Lost int64
	// Late came after its time, Duplicates twice. Foreign packets were not the
	// far side's; Malformed ones were not RTP, or not of a negotiated type.
	Late, Duplicates, Foreign, Malformed int64
	// Reordered packets were overtaken by a later one, and heard if not late.
	Reordered int64
	// Forged packets came from the far side's address and were not sealed with
	// its key.
	Forged int64
	// Secure is the suite of SRTP, "" for plain RTP.
	Secure string
	// Looped packets were our own, sent back; they are received and not heard.
	Looped int64
	// Refused counts what the network did not take from us.
	Refused    int64
	DigitsLost int64
	// Loss is the share of expected packets, 0 to 1, that never came.
	Loss   float64
	Jitter time.Duration // RFC 3550 section 6.4.1
	// MaxGap is the longest time from one packet to the next, pauses filled with
	// comfort noise and changes of the session left out.
	MaxGap time.Duration
	// Concealed is the sound that was invented for what was missing.
	Concealed time.Duration
	// Delay is how long the jitter buffer holds sound back.
	Delay time.Duration
	// Silent is the time since the far side's latest packet, or since Open. In a
	// pause filled with comfort noise a report is a sign of life too.
	Silent time.Duration
	// What the far side's reports say of our stream; 0 without reports.
	RemoteLoss              float64
	RemoteJitter, RoundTrip time.Duration
	// MOS estimates the quality of the received sound; 0 if nothing came.
	MOS float64
}

// counts are written by the beat and read by anyone.
type counts struct {
	sent, received, expected, late          atomic.Int64
	duplicates, foreign, malformed, refused atomic.Int64
	looped, forged, reordered               atomic.Int64
	digitsLost                              atomic.Int64
	jitter, delay, heard, maxGap, concealed atomic.Int64 // durations
	remoteLoss, remoteJitter, roundTrip     atomic.Int64
}

// publish makes this tick's figures visible.
func (l *Line) publish() {
	r, c := &l.receiving, &l.counts
	received := r.pastGot + r.reception.Received()
	if received == 0 {
		return
	}
	held := l.jitter.Stats()
	c.received.Store(received - r.twice)
	c.expected.Store(r.past + r.reception.Expected())
	c.late.Store(held.Late)
	c.jitter.Store(int64(r.reception.Jitter()))
	c.delay.Store(int64(held.Delay))
	c.concealed.Store(int64(held.Concealed))
}

// Stats may be asked at any time, also after Close; they are of the last tick.
func (l *Line) Stats() Stats {
	c := &l.counts
	s := Stats{
		Sent: c.sent.Load(), Received: c.received.Load(),
		Late: c.late.Load(), Duplicates: c.duplicates.Load(), Foreign: c.foreign.Load(), Malformed: c.malformed.Load(), Looped: c.looped.Load(), Forged: c.forged.Load(),
		Reordered: c.reordered.Load(), Refused: c.refused.Load(), DigitsLost: c.digitsLost.Load(),
		MaxGap: time.Duration(c.maxGap.Load()), Concealed: time.Duration(c.concealed.Load()),
		Jitter: time.Duration(c.jitter.Load()), Delay: time.Duration(c.delay.Load()),
		Silent:     l.now().Sub(l.began) - time.Duration(c.heard.Load()),
		RemoteLoss: float64(c.remoteLoss.Load()) / 256, RemoteJitter: time.Duration(c.remoteJitter.Load()), RoundTrip: time.Duration(c.roundTrip.Load()),
	}
	if p := l.plan.Load(); p != nil {
		s.Codec = p.Codec.Name()
		if p.Secure != nil {
			s.Secure = p.Secure.Send.Suite().String()
		}
	}
	expected := c.expected.Load()
	if expected == 0 {
		return s
	}
	s.Lost = max(expected-s.Received, 0)
	s.Loss = float64(s.Lost) / float64(expected)
	// One way is half the round trip; the sender's packet adds a frame.
	s.MOS = MOS(s.RoundTrip/2+s.Delay+media.Tick, float64(s.Lost+s.Late)/float64(expected))
	return s
}
