package sip

import (
	"fmt"
	"net/netip"
	"time"

	"parley/call"
	"parley/media/codec"
	"parley/media/line"
)

// OverLine opens real RTP legs on this address with these ports, for
// Options.OpenMedia.
func OverLine(local netip.Addr, ports *line.Ports) func() (Media, error) {
	return func() (Media, error) {
		l, err := line.Open(line.Options{Local: local, Ports: ports})
		if err != nil {
			return nil, err
		}
		return lineMedia{l}, nil
	}
}

// lineMedia speaks this package's words to a line.
type lineMedia struct{ *line.Line }

func (m lineMedia) Negotiate(r Remote) error {
	c, ok := codec.ByName(r.Codec)
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoCodec, r.Codec)
	}
	to := line.Remote{
		Addr: r.Addr, Codec: c, PayloadType: r.PayloadType, DTMF: r.DTMF, Ptime: r.Ptime, Mute: r.Mute, Mux: r.Mux, RTCP: r.RTCP,
	}
	if r.Secure != nil {
		to.Secure = &line.Secure{Send: r.Secure.Send, Receive: r.Secure.Receive}
	}
	return m.Line.Negotiate(to)
}

func (m lineMedia) Silent() time.Duration { return m.Line.Stats().Silent }

func (m lineMedia) Stats() call.MediaStats {
	s := m.Line.Stats()
	return call.MediaStats{
		Codec: s.Codec, Sent: s.Sent, Received: s.Received, Lost: s.Lost, Late: s.Late, Reordered: s.Reordered, Duplicates: s.Duplicates,
		Loss: s.Loss, Jitter: s.Jitter, MaxGap: s.MaxGap, Concealed: s.Concealed, Delay: s.Delay,
		RemoteLoss: s.RemoteLoss, RemoteJitter: s.RemoteJitter, RoundTrip: s.RoundTrip, MOS: s.MOS,
	}
}
