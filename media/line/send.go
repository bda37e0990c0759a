package line

import (
	"errors"
	"time"

	"parley/media"
	"parley/media/dtmf"
	"parley/media/rtp"
	"parley/media/srtp"
)

// framesMost is how many frames a packet may hold: 60 ms.
const framesMost = 3

var errFrame = errors.New("line: the frame is not one tick of sound at the codec's rate")

// sending is the beat's state of the sending direction.
type sending struct {
	pace     pace
	header   rtp.Header // of the next packet; Timestamp is that of tick 0
	clock    uint32     // timestamp of the present tick
	began    bool       // something was sent since the last pause
	perPack  int        // frames a packet
	frames   int        // in the packet under way
	first    uint32     // its timestamp
	packet   []byte
	keys     dtmf.Sender
	events   []dtmf.Packet
	payloads uint32 // octets sent, for the sender report
}

// adopt prepares for what was negotiated.
func (s *sending) adopt(r *Remote) {
	s.perPack = min(max(int(r.Ptime/media.Tick), 1), framesMost)
	s.frames = 0
	s.began = false // the stream may be new to the far side: mark its start
	if s.packet == nil {
		s.packet = make([]byte, 0, rtp.HeaderSize+framesMost*r.Codec.Rate().Samples()+srtp.Overhead)
		s.events = make([]dtmf.Packet, 0, 4)
	}
}

// send puts a frame into the packet under way and sends that when it is full.
func (l *Line) send(f media.Frame, t time.Duration) error {
	s, r := &l.sending, l.remote
	n := r.Codec.Rate().Samples()
	pcm := f.PCM
	if f.Is(media.Silence) {
		pcm = zeros[:n]
	} else if len(pcm) != n || f.Rate != r.Codec.Rate() {
		return errFrame
	}
	at := s.pace.next(t)
	s.clock = s.header.Timestamp + uint32(int64(at/media.Tick)*int64(n))
	if r.Mute || r.Addr.Port() == 0 {
		s.began, s.frames = false, 0
		return nil
	}
	if l.sendKeys(n) {
		s.frames = 0
		return nil
	}
	if s.frames == 0 {
		s.first = s.clock
		s.packet = s.packet[:rtp.HeaderSize]
	}
	s.packet = l.codec.AppendPayload(s.packet, pcm)
	if s.frames++; s.frames == s.perPack {
		s.frames = 0
		l.transmit(r.PayloadType, s.first, !s.began)
		s.began = true
	}
	return nil
}

// sendKeys sends this tick's event packets; it tells whether a press is going
// on, which takes the place of sound.
func (l *Line) sendKeys(samples int) bool {
	s := &l.sending
	if len(l.presses) > 0 {
		s.keys.Press(<-l.presses) // one reader, so it is still there
	}
	if !s.keys.Busy() || l.remote.DTMF == 0 {
		return false
	}
	s.events = s.keys.Next(s.events[:0], s.clock, samples)
	for _, e := range s.events {
		s.packet = append(s.packet[:rtp.HeaderSize], e.Payload[:]...)
		l.transmit(l.remote.DTMF, e.Timestamp, e.Marker)
	}
	return true
}

// A looped packet comes back within this many packets and samples.
const (
	loopedPackets = 512
	loopedSamples = 512 * 160
)

// made reports whether a received packet is one of ours that the far side sent
// back: a loop (RFC 3550 section 8.2). Another sender that happens to have
// chosen our SSRC does not also have our sequence and our clock.
func (s *sending) made(h rtp.Header) bool {
	return h.SSRC == s.header.SSRC && s.header.Sequence-h.Sequence <= loopedPackets && s.clock-h.Timestamp <= loopedSamples
}

// transmit writes the header before the payload in s.packet and sends both.
func (l *Line) transmit(pt uint8, timestamp uint32, marker bool) {
	s := &l.sending
	h := s.header
	h.PayloadType, h.Timestamp, h.Marker = pt, timestamp, marker
	h.Append(s.packet[:0])
	s.header.Sequence++
	to := l.lock.source // symmetric RTP: back to where it comes from
	if !to.IsValid() {
		to = l.remote.Addr
	}
	packet := s.packet
	if l.remote.sealer != nil {
		var err error
		if packet, err = l.remote.sealer.Seal(packet); err != nil {
			l.counts.refused.Add(1) // rather nothing than an open packet
			return
		}
	}
	if err := l.rtp.send(packet, to); err != nil {
		l.counts.refused.Add(1)
		return
	}
	s.payloads += uint32(len(s.packet) - rtp.HeaderSize)
	l.counts.sent.Add(1)
}
