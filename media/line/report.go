package line

import (
	"net/netip"
	"time"

	"parley/media/rtp"
)

const (
	reportEvery = 5 * time.Second
	// hearEvery ticks the RTCP socket is looked at: reports are seconds apart.
	hearEvery = 25
	hearMost  = 8 // packets a look
)

// reporting is the beat's state of RTCP.
type reporting struct {
	next   time.Duration
	ticks  int
	random uint32
	to     netip.AddrPort // where the far side's reports come from
	lastSR uint32         // of the far side, and when it came
	lastAt time.Duration
	buffer [512]byte
}

// report sends a sender or receiver report about every 5 s, at irregular
// intervals (RFC 3550 section 6.3.1).
func (l *Line) report(now time.Time, t time.Duration) {
	r := &l.reporting
	if r.next == 0 {
		r.next = t + reportEvery/2
	}
	if t < r.next {
		return
	}
	r.random = r.random*1664525 + 1013904223
	r.next = t + reportEvery/2 + reportEvery*time.Duration(r.random>>16)>>16
	l.sendReport(now, t, false)
}

// sendReport sends one compound packet; a lost one is of no account.
func (l *Line) sendReport(now time.Time, t time.Duration, bye bool) {
	if l.remote == nil || l.remote.Addr.Port() == 0 {
		return
	}
	s, r := &l.sending, &l.reporting
	out := rtp.Report{SSRC: s.header.SSRC, Bye: bye}
	if sent := l.counts.sent.Load(); sent > 0 {
		out.Sender, out.NTP, out.Timestamp = true, rtp.NTP(now), s.clock
		out.Packets, out.Octets = uint32(sent), s.payloads
	}
	if l.lock.hasSSRC {
		out.Block = l.receiving.reception.Report(l.lock.ssrc)
		if r.lastAt > 0 {
			out.Block.LastSR, out.Block.Delay = r.lastSR, uint32((t-r.lastAt)<<16/time.Second)
		}
	}
	packet := out.Append(r.buffer[:0], l.cname)
	if l.remote.sealer != nil {
		var err error
		if packet, err = l.remote.sealer.SealRTCP(packet); err != nil {
			return
		}
	}
	if l.remote.Mux {
		to := l.lock.source
		if !to.IsValid() {
			to = l.remote.Addr
		}
		_ = l.rtp.send(packet, to)
		return
	}
	to := r.to
	if !to.IsValid() {
		to = netip.AddrPortFrom(l.remote.Addr.Addr(), l.remote.controlPort())
	}
	_ = l.rtcp.send(packet, to)
}

// controlPort is where the far side receives RTCP.
func (r *Remote) controlPort() uint16 {
	if r.RTCP != 0 {
		return r.RTCP
	}
	return r.Addr.Port() + 1
}

// goodbye is the last report.
func (l *Line) goodbye() {
	now := l.now()
	l.sendReport(now, now.Sub(l.began), true)
}

// hearReports looks at the RTCP socket now and then.
func (l *Line) hearReports(now time.Time) {
	if l.reporting.ticks++; l.reporting.ticks%hearEvery != 0 {
		return
	}
	for taken := 0; taken < hearMost; taken += batchSize {
		n, _ := l.batch.receive(l.rtcp)
		for i := range n {
			raw, from := l.batch.packet(i)
			l.hearReport(raw, from, now)
		}
		if n < batchSize {
			return
		}
	}
}

// reportsFrom tells whether the far side's reports may come from there: the
// ports it named, the one its sound comes or last came from, or the one above
// that, which is what a NAT makes of the pair. SRTP proves its reports, from
// whichever port.
func (l *Line) reportsFrom(from netip.AddrPort) bool {
	if l.remote == nil || from.Addr() != l.remote.Addr.Addr() {
		return false
	}
	if l.remote.opener != nil || from.Port() == l.remote.controlPort() || from == l.remote.Addr {
		return true
	}
	sound := l.lock.latest
	return sound.IsValid() && (from.Port() == sound.Port() || from.Port() == sound.Port()+1)
}

// hearReport takes what the far side says about our stream, and nobody else.
func (l *Line) hearReport(raw []byte, from netip.AddrPort, now time.Time) {
	if !l.reportsFrom(from) {
		l.counts.foreign.Add(1)
		return
	}
	if l.remote.opener != nil {
		var err error
		if raw, err = l.remote.opener.OpenRTCP(raw); err != nil {
			l.counts.forged.Add(1)
			return
		}
	}
	got, ok := rtp.ParseReport(raw, l.sending.header.SSRC)
	if !ok || l.lock.hasSSRC && got.SSRC != l.lock.ssrc {
		l.counts.malformed.Add(1)
		return
	}
	r := &l.reporting
	if l.receiving.resting { // it is quiet on purpose, and there
		l.counts.heard.Store(int64(now.Sub(l.began)))
	}
	if from != l.lock.source { // not multiplexed: answer to where it came from
		r.to = from
	}
	if got.Sender {
		r.lastSR, r.lastAt = uint32(got.NTP>>16), now.Sub(l.began)
	}
	if got.Block.SSRC == 0 {
		return
	}
	l.counts.remoteLoss.Store(int64(got.Block.FractionLost))
	l.counts.remoteJitter.Store(int64(l.rate.Duration(int(got.Block.Jitter))))
	if rtt, ok := got.Block.RoundTrip(rtp.NTP(now)); ok {
		l.counts.roundTrip.Store(int64(rtt))
	}
}
