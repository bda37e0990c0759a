package sip

import (
	"io"
	"net/netip"
	"time"

	"parley/call"
	"parley/media"
)

// Remote says where the far side wants its sound, and in which form.
type Remote struct {
	Addr        netip.AddrPort
	Codec       string // "PCMU", "PCMA" or "G722"
	PayloadType uint8
	// DTMF is the payload type of RFC 4733 telephone-events, 0 when the far
	// side has none.
	DTMF  uint8
	Ptime time.Duration
	// Mute: the far side holds the call and wants nothing from us.
	Mute bool
	// Mux sends RTCP to the port of RTP (RFC 5761); RTCP is its port otherwise,
	// 0 for the next one.
	Mux  bool
	RTCP uint16
	// Secure are the keys of SRTP, nil for plain RTP.
	Secure *Secure
}

// Media is the RTP side of a leg as this package needs it. ReadFrame and
// WriteFrame are called by the beat, never together with Close; everything
// else by the leg. Before Negotiate it gives silence and takes nothing.
type Media interface {
	media.Source
	media.Sink
	// Local is the address for our session description.
	Local() netip.AddrPort
	// Negotiate may be called again: early media, the answer, a re-INVITE.
	Negotiate(Remote) error
	Digits() <-chan rune
	Stats() call.MediaStats
	// Silent is the time since the far side's latest packet, or since it opened.
	Silent() time.Duration
	Close() error
}

// ReadFrame gives silence until sound flows, and io.EOF after the end.
func (l *leg) ReadFrame(f *media.Frame) error {
	l.soundMu.Lock()
	defer l.soundMu.Unlock()
	if l.soundOff {
		return io.EOF
	}
	if l.sound == nil {
		*f = media.Frame{At: l.at, Rate: media.Rate8k, PCM: l.silence[:], Flags: media.Silence}
	} else {
		if err := l.sound.ReadFrame(f); err != nil {
			return err
		}
		// The media's clock began later than the leg's.
		if !l.began {
			l.began, l.before = true, l.at
		}
		f.At += l.before
	}
	l.at = f.At + media.Tick
	if !l.isAnswered {
		f.Flags |= media.Early
	}
	return nil
}

// WriteFrame drops what comes before sound flows or after the end. The first
// one answers a call that came in.
func (l *leg) WriteFrame(f media.Frame) error {
	l.soundMu.Lock()
	defer l.soundMu.Unlock()
	l.in.wish()
	if l.soundOff || l.sound == nil {
		return nil
	}
	return l.sound.WriteFrame(f)
}

// Media tells the statistics so far, or those of the whole call after its end.
func (l *leg) Media() call.MediaStats {
	l.soundMu.Lock()
	defer l.soundMu.Unlock()
	if l.soundOff || l.sound == nil {
		return l.lastStats
	}
	return l.sound.Stats()
}

// openSound opens the RTP side; without one (signalling only) the offer names
// the discard port.
func (l *leg) openSound() error {
	if l.stack.openMedia == nil {
		return nil
	}
	m, err := l.stack.openMedia()
	if err != nil {
		return err
	}
	l.soundMu.Lock()
	l.sound = m
	l.soundMu.Unlock()
	l.keys = m.Digits()
	return nil
}

// discard is the port (RFC 863) of an offer without media behind it.
const discard = 9

func (l *leg) soundAddr() netip.AddrPort {
	if l.sound == nil {
		return netip.AddrPortFrom(l.dlg.local.Addr(), discard)
	}
	a := l.sound.Local()
	if l.stack.behindNAT || a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(l.dlg.local.Addr(), a.Port())
	}
	return a
}

// negotiate starts, moves or holds the sound.
func (l *leg) negotiate(s session) error {
	r, err := s.remote()
	if err != nil {
		return err
	}
	defer l.tellHeld(r.Mute)
	if s.held() {
		r.Addr = l.remote.Addr // nowhere to send to: the old place, muted
	}
	if l.sound == nil || !r.Addr.IsValid() {
		return nil
	}
	l.listenFrom(time.Now(), s.direction, s.held())
	if r.Secure, err = l.ownKeys().agree(l.policy(), s); err != nil {
		return err
	}
	if err := l.sound.Negotiate(r); err != nil {
		return err
	}
	l.remote = r
	return nil
}

// Held implements call.Holder.
func (l *leg) Held() <-chan bool { return l.held }

// tellHeld tells who listens that the far side holds the call, or does no more;
// only the newest counts.
func (l *leg) tellHeld(now bool) {
	if now == l.isHeld {
		return
	}
	l.isHeld = now
	select {
	case <-l.held:
	default:
	}
	l.held <- now // only this goroutine sends, so there is room
}

func (l *leg) closeSound() {
	l.soundMu.Lock()
	defer l.soundMu.Unlock()
	l.soundOff = true
	if l.sound == nil {
		return
	}
	l.lastStats = l.sound.Stats()
	if err := l.sound.Close(); err != nil {
		l.log.Warn("media did not close cleanly", "error", err)
	}
}
