package line

import (
	"errors"
	"math"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/dtmf"
	"parley/media/jitter"
	"parley/media/rtp"
	"parley/media/srtp"
	"parley/media/vad"
)

// drainMost packets are taken in one tick: far more than a call sends, and a
// bound on what a flood may cost the others.
const drainMost = 64

// receiving is the beat's state of the receiving direction.
type receiving struct {
	pace      pace
	reception rtp.Reception
	past      int64  // expected and received of earlier sources
	pastGot   int64  //
	twice     int64  // of those received, duplicates
	seen      uint64 // bitmap of the sequence numbers up to highest
	highest   int64
	latest    time.Duration // arrival of the latest packet; 0 where a gap after it means nothing
	gate      vad.Gate
	keys      dtmf.Receiver
	tones     dtmf.Detector
	resting   bool   // the latest packet was comfort noise
	random    uint32 // of the noise
}

// drain takes what the sockets hold.
func (l *Line) drain(now time.Time, t time.Duration) {
	if l.lock.relearn(t) {
		_ = l.rtp.connect(netip.AddrPort{})
	}
	for taken := 0; taken < drainMost; {
		n, e := l.batch.receive(l.rtp)
		if e == unix.ECONNREFUSED { // an ICMP answer to something we sent
			taken++
			l.counts.refused.Add(1)
			continue
		}
		for i := range n {
			raw, from := l.batch.packet(i)
			arrival := t
			if !l.virtual {
				arrival -= l.batch.age(i, now)
			}
			l.packet(raw, from, arrival)
		}
		if taken += n; n < batchSize {
			break
		}
	}
	l.hearReports(now)
	if l.remote != nil {
		l.publish()
	}
}

// packet takes one received packet.
func (l *Line) packet(raw []byte, from netip.AddrPort, arrival time.Duration) {
	if l.remote == nil {
		l.counts.foreign.Add(1)
		return
	}
	if rtp.IsRTCP(raw) { // the far side sends both to one port (RFC 5761)
		l.hearReport(raw, from, l.now())
		return
	}
	if l.remote.opener != nil {
		var ok bool
		if raw, ok = l.unseal(raw, from); !ok {
			return
		}
	}
	h, payload, err := rtp.Parse(raw)
	if err != nil {
		l.counts.malformed.Add(1)
		return
	}
	switch l.lock.judge(from, h, arrival) {
	case foreign:
		l.counts.foreign.Add(1)
		return
	case pending:
		return
	case fresh:
		l.newSource(from)
	}
	extended, ok := l.receiving.reception.Packet(h, arrival)
	if !ok {
		return
	}
	if l.receiving.repeated(extended) {
		l.receiving.twice++
		l.counts.duplicates.Add(1)
		return
	}
	l.timed(extended, arrival)
	if l.sending.made(h) {
		l.counts.looped.Add(1)
		return
	}
	l.payload(h, payload, arrival)
}

// timed notes when a packet came that is the far side's and new.
func (l *Line) timed(extended int64, arrival time.Duration) {
	r, c := &l.receiving, &l.counts
	if extended < r.highest {
		c.reordered.Add(1)
	}
	// A pause filled with comfort noise is no gap.
	if gap := int64(arrival - r.latest); r.latest > 0 && !r.resting && gap > c.maxGap.Load() {
		c.maxGap.Store(gap)
	}
	r.latest = arrival
	c.heard.Store(int64(arrival))
}

// unseal reads a packet under SRTP. It comes before the source lock, which so
// learns nothing from what the far side did not send; only packets from its
// address cost the effort.
func (l *Line) unseal(raw []byte, from netip.AddrPort) ([]byte, bool) {
	if from.Addr() != l.remote.Addr.Addr() {
		l.counts.foreign.Add(1)
		return nil, false
	}
	raw, err := l.remote.opener.Open(raw)
	switch {
	case errors.Is(err, srtp.ErrReplay):
		l.counts.duplicates.Add(1)
		return nil, false
	case err != nil:
		l.counts.forged.Add(1)
		return nil, false
	}
	return raw, true
}

// newSource begins a stream: everything that was learnt about the last one is
// forgotten, its counts are kept.
func (l *Line) newSource(from netip.AddrPort) {
	r := &l.receiving
	r.past += r.reception.Expected()
	r.pastGot += r.reception.Received()
	r.reception = rtp.NewReception(int(l.remote.Codec.Rate()))
	r.seen, r.highest = 0, 0
	r.keys.Reset()
	r.tones.Reset()
	r.resting = false
	l.jitter.Reset()
	if err := l.rtp.connect(from); err != nil {
		l.counts.refused.Add(1) // the lock above still keeps strangers out
	}
}

// payload takes the content of a packet that is the far side's and new.
func (l *Line) payload(h rtp.Header, payload []byte, arrival time.Duration) {
	r := &l.receiving
	switch {
	case h.PayloadType == l.remote.PayloadType:
		pcm := l.codec.AppendPCM(l.batch.pcm[:0], payload)
		l.jitter.Put(jitter.Packet{Timestamp: h.Timestamp, Arrival: arrival, PCM: pcm, Voiced: r.gate.Open(pcm)})
	case l.remote.DTMF != 0 && h.PayloadType == l.remote.DTMF:
		key, ok := r.keys.Receive(h.Timestamp, h.Marker, payload)
		if !ok {
			return
		}
		l.pressed(key)
	case h.PayloadType == comfortNoise:
		pcm := r.comfort(l.batch.pcm[:l.remote.Codec.Rate().Samples()], payload)
		l.jitter.Put(jitter.Packet{Timestamp: h.Timestamp, Arrival: arrival, PCM: pcm, Noise: true})
	default:
		l.counts.malformed.Add(1)
	}
	r.resting = h.PayloadType == comfortNoise
}

// hearKeys looks for tones in the frame that is about to be heard.
func (l *Line) hearKeys(f *media.Frame) {
	d := &l.receiving.tones
	switch {
	case f.Rate != media.Rate8k:
	case f.Is(media.Concealed):
		d.Skip()
	case f.Is(media.Voiced) || d.Busy():
		if key, ok := d.Frame(f.PCM); ok {
			l.pressed(key)
		}
	}
}

// pressed passes a key on; a reader that does not keep up loses it.
func (l *Line) pressed(key rune) {
	select {
	case l.digits <- key:
	default:
		l.counts.digitsLost.Add(1)
	}
}

// comfortNoise is the static payload type of RFC 3389. It is not offered: a far
// side that keeps quiet cuts the beginnings of words. Many send it all the same.
const comfortNoise = 13

// comfort makes one tick of white noise of the level that the payload's first
// byte gives, in dB below overload (RFC 3389 section 3.1).
func (r *receiving) comfort(pcm []int16, payload []byte) []int16 {
	level := 127.0
	if len(payload) > 0 {
		level = float64(payload[0] & 0x7F)
	}
	// No louder than a quiet room, whatever the packet says: it is noise, and a
	// stranger's number. Uniform noise from -a to a has the power a²/3.
	a := 32768 * math.Sqrt(3) * math.Pow(10, -max(level, comfortLoudest)/20)
	for i := range pcm {
		r.random = r.random*1664525 + 1013904223
		pcm[i] = int16(math.RoundToEven(a * (float64(r.random>>8)/(1<<23) - 1)))
	}
	return pcm
}

// comfortLoudest in dB below overload.
const comfortLoudest = 40

// repeated tells whether a sequence number was seen before; one too old for the
// bitmap counts as seen.
func (r *receiving) repeated(extended int64) bool {
	if ahead := extended - r.highest; r.seen == 0 || ahead > 0 {
		if r.seen == 0 || ahead >= 64 {
			r.seen = 0
		} else {
			r.seen <<= uint(ahead)
		}
		r.seen |= 1
		r.highest = extended
		return false
	}
	back := r.highest - extended
	if back >= 64 || r.seen&(1<<uint(back)) != 0 {
		return true
	}
	r.seen |= 1 << uint(back)
	return false
}
