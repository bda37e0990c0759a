package line

import (
	"net/netip"
	"time"

	"parley/media/rtp"
)

// The rules of the source lock.
const (
	// A port other than the negotiated one is believed after so many packets in
	// a row over so long a time, none from the negotiated port between them:
	// the far side sits behind a NAT.
	probation    = 3
	probationFor = 40 * time.Millisecond
	// switchAfter: another SSRC from the locked source is believed once the
	// present one was silent so long.
	switchAfter = 60 * time.Millisecond
	// relearnAfter: a locked source that was silent so long may have moved to
	// another port of its address.
	relearnAfter = 2 * time.Second
)

// verdict on one packet.
type verdict uint8

const (
	foreign verdict = iota // from somebody else: nothing of it may be used
	pending                // perhaps the far side's; nothing of it is used yet
	known                  // from the locked source
	fresh                  // known, and the first of a stream
)

// lock decides whose packets are heard: only those from the negotiated IP
// address, only from the one port of it that was learnt, only one SSRC at a
// time. It is pure; times count from any fixed instant.
type lock struct {
	negotiated netip.AddrPort
	source     netip.AddrPort // invalid while learning
	latest     netip.AddrPort // the source, or the last one while learning anew
	heard      time.Duration  // the source's latest packet

	hasSSRC bool
	ssrc    uint32
	free    bool // a negotiation allows another SSRC at once

	candidate     netip.AddrPort
	candidateSSRC uint32
	count         int
	since         time.Duration
}

// negotiate names the far side's address. The lock stays when the address does.
func (k *lock) negotiate(addr netip.AddrPort, now time.Duration) {
	if addr != k.negotiated {
		k.negotiated = addr
		k.source, k.latest, k.count = netip.AddrPort{}, netip.AddrPort{}, 0
	}
	k.free, k.heard = true, now
}

func (k *lock) locked() bool { return k.source.IsValid() }

// relearn unlocks a source that has been silent for long; it tells whether it
// did.
func (k *lock) relearn(now time.Duration) bool {
	if !k.locked() || now-k.heard < relearnAfter {
		return false
	}
	k.source, k.count = netip.AddrPort{}, 0
	return true
}

// judge decides about a packet, and locks.
func (k *lock) judge(from netip.AddrPort, h rtp.Header, now time.Duration) verdict {
	switch {
	case from.Addr() != k.negotiated.Addr() || !from.IsValid():
		return foreign
	case k.locked() && from != k.source:
		return foreign
	case !k.locked() && !k.learn(from, h.SSRC, now):
		return pending
	}
	switch {
	case k.hasSSRC && h.SSRC == k.ssrc:
		k.heard = now
		return known
	case k.hasSSRC && !k.free && now-k.heard < switchAfter:
		return foreign
	}
	k.hasSSRC, k.ssrc, k.free, k.heard = true, h.SSRC, false, now
	return fresh
}

// learn tells whether from is the far side's port now.
func (k *lock) learn(from netip.AddrPort, ssrc uint32, now time.Duration) bool {
	if from != k.negotiated {
		if from != k.candidate || ssrc != k.candidateSSRC || k.count == 0 {
			k.candidate, k.candidateSSRC, k.count, k.since = from, ssrc, 0, now
		}
		if k.count++; k.count < probation || now-k.since < probationFor {
			return false
		}
	}
	k.source, k.latest, k.heard = from, from, now
	return true
}
