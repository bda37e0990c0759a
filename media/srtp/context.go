package srtp

import (
	"errors"
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/srtp/v3"
)

// Overhead is the most that protection adds to a packet: the tag, and for RTCP
// the index of four bytes.
const Overhead = 16 + 4 + maxMKI

// replayWindow is how many packets back a repeated one is found out (RFC 3711
// section 3.3.2 asks for 64 at least).
const replayWindow = 128

// What Open and OpenRTCP find wrong. A packet with either is not to be used.
var (
	ErrForged = errors.New("srtp: the packet is not authentic")
	ErrReplay = errors.New("srtp: the packet came before")
)

// context is pion's for one direction and key, with the headers that it would
// otherwise allocate for every packet.
type context struct {
	*pion.Context
	rtp  rtp.Header
	rtcp rtcp.Header
}

func newContext(k Key) (*context, error) {
	if k.suite == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrKey)
	}
	options := []pion.ContextOption{pion.SRTPReplayProtection(replayWindow), pion.SRTCPReplayProtection(replayWindow)}
	if k.mkiLen > 0 {
		options = append(options, pion.MasterKeyIndicator(k.mki[:k.mkiLen]))
	}
	m := k.material()
	c, err := pion.CreateContext(m[:masterKey], m[masterKey:], suites[k.suite].profile, options...)
	if err != nil {
		return nil, fmt.Errorf("srtp: prepare %v: %w", k.suite, err)
	}
	return &context{Context: c}, nil
}

// Sealer protects what is sent. It is used by one goroutine.
type Sealer struct{ c *context }

// NewSealer prepares our own key.
func NewSealer(k Key) (*Sealer, error) {
	c, err := newContext(k)
	return &Sealer{c}, err
}

// Seal protects an RTP packet in place and returns it, longer; the slice must
// have room for Overhead.
func (s *Sealer) Seal(packet []byte) ([]byte, error) {
	return s.c.EncryptRTP(packet, packet, &s.c.rtp)
}

// SealRTCP does so with an RTCP packet.
func (s *Sealer) SealRTCP(packet []byte) ([]byte, error) {
	return s.c.EncryptRTCP(packet, packet, &s.c.rtcp)
}

// Opener checks and reads what is received. It is used by one goroutine.
type Opener struct{ c *context }

// NewOpener prepares the far side's key.
func NewOpener(k Key) (*Opener, error) {
	c, err := newContext(k)
	return &Opener{c}, err
}

// Open reads an RTP packet in place: the result is a part of it. Errors are
// ErrForged and ErrReplay.
func (o *Opener) Open(packet []byte) ([]byte, error) {
	plain, err := o.c.DecryptRTP(packet, packet, &o.c.rtp)
	return plain, verdict(err)
}

// OpenRTCP does so with an RTCP packet. One that is not encrypted is forged.
func (o *Opener) OpenRTCP(packet []byte) ([]byte, error) {
	plain, err := o.c.DecryptRTCP(packet, packet, &o.c.rtcp)
	return plain, verdict(err)
}

// verdict tells a repeated packet, which pion finds before it looks closer, from
// everything else.
func verdict(err error) error {
	switch {
	case err == nil:
		return nil
	case replayed(err):
		return ErrReplay
	}
	return ErrForged
}

// replayed: pion's error for it has no exported name, only its inner one a text.
func replayed(err error) bool {
	inner := errors.Unwrap(err)
	return inner != nil && inner.Error() == "duplicated packet"
}
