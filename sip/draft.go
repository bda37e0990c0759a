package sip

import (
	"context"
	"fmt"
	"net/netip"

	"parley/call"
)

// Draft is what a call would begin with.
type Draft struct {
	// Peer is the next hop, Transport how it is reached: UDP, TCP or TLS.
	Peer      netip.AddrPort
	Transport string
	// Text is the INVITE, phone numbers and all. It holds no credentials: those
	// answer a challenge.
	Text string
}

// Draft writes the INVITE of a call without placing it. It may look up the
// trunk's address, at most 3 s or ctx; nothing is sent to the trunk.
func (s *Stack) Draft(ctx context.Context, t call.Target) (Draft, error) {
	l := newLeg(s, t)
	var err error
	if l.path, err = s.plan(t); err != nil {
		return Draft{}, err
	}
	peer, err := s.resolve(ctx, l.path.place)
	if err != nil {
		return Draft{}, err
	}
	l.dlg = s.newDialog(l.path, l.callID, l.localTag, peer)
	if err := l.openSound(); err != nil {
		return Draft{}, fmt.Errorf("open the media of the call: %w", err)
	}
	defer l.closeSound()
	return Draft{Peer: peer.addr, Transport: peer.via.String(), Text: l.newInvite().String()}, nil
}
