// Package line is the RTP leg: one call's sockets, from received packets to
// frames and from frames to sent packets.
//
//	       source and      gate, decode       order, rhythm,
//	       SSRC lock       (codec, gate)      concealment (jitter)
//	socket ----------> RTP ------------> PCM ----------------> ReadFrame
//	   |  \--> RTCP -> Stats    \--> keys (dtmf) --> Digits
//	   <----------- header <-- encode (codec) <-------------- WriteFrame
//
// ReadFrame and WriteFrame belong to the beat: one goroutine calls each of them
// once a tick; they never wait and do not allocate. Everything else may be
// called from anywhere.
package line

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
	"parley/media/dtmf"
	"parley/media/jitter"
	"parley/media/rtp"
	"parley/media/srtp"
)

// Options of a Line.
type Options struct {
	// Local is the address to bind; it must be one of this machine's.
	Local netip.Addr
	Ports *Ports
	// Now is the clock; nil for the system's. A test that drives the line by a
	// beat.Manual gives that one's.
	Now func() time.Time
}

// Remote is what was negotiated with the far side.
type Remote struct {
	// Addr is where it receives RTP. Port 0 stands for a stream that is off.
	Addr  netip.AddrPort
	Codec media.Codec
	// PayloadType of the codec, in both directions.
	PayloadType uint8
	// DTMF is the payload type of telephone events, 0 for none.
	DTMF uint8
	// Ptime is how much sound the far side wants in a packet; it is rounded to
	// 20, 40 or 60 ms, and 0 is 20 ms. What it sends may have any length.
	Ptime time.Duration
	// Mute sends nothing: the far side holds the call.
	Mute bool
	// Mux sends RTCP to the port of RTP (RFC 5761), RTCP names its port
	// otherwise (RFC 3605); 0 for the one after RTP's. Received it is on both.
	Mux  bool
	RTCP uint16
	// Secure holds the keys of SRTP, nil for plain RTP.
	Secure *Secure
}

// Secure are the keys of a leg under SRTP (RFC 3711). The same keys in a later
// Negotiate go on where they were.
type Secure struct{ Send, Receive srtp.Key }

// plan is what was negotiated, ready for the beat.
type plan struct {
	Remote
	sealer *srtp.Sealer // nil for plain RTP
	opener *srtp.Opener
}

const (
	digitsKept  = 32
	pressesKept = 8
	zeroSamples = 960 // a tick at 48 kHz
)

var zeros [zeroSamples]int16

// Line is one RTP leg.
type Line struct {
	now     func() time.Time
	virtual bool // the clock is a test's: the kernel's timestamps mean nothing
	began   time.Time
	ports   *Ports
	port    uint16
	local   netip.AddrPort
	cname   string

	plan    atomic.Pointer[plan] // negotiated last; the beat adopts it
	early   atomic.Bool
	digits  chan rune
	presses chan string
	counts  counts

	// mu is held by the beat for the length of a frame and by Close while it
	// takes the sockets away; nobody else takes it.
	mu     sync.Mutex
	closed bool

	// All below belongs to the beat.
	rtp, rtcp *socket
	batch     *batch // borrowed for the length of ReadFrame
	remote    *plan
	codec     media.Codec
	lock      lock
	jitter    *jitter.Buffer
	rate      media.Rate // of the jitter buffer
	receiving receiving
	sending   sending
	reporting reporting
}

var (
	_ media.Source = (*Line)(nil)
	_ media.Sink   = (*Line)(nil)
)

// Open binds a pair of ports. Nothing is sent and nothing received is used
// before Negotiate.
func Open(o Options) (*Line, error) {
	if o.Ports == nil || !o.Local.IsValid() {
		return nil, errors.New("line: a local address and a port range are needed")
	}
	var seed [24]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("line: choose identifiers: %w", err)
	}
	l := &Line{
		now: o.Now, virtual: o.Now != nil, ports: o.Ports,
		cname:   hex.EncodeToString(seed[:8]), // RFC 7022: unique, and tells nothing
		digits:  make(chan rune, digitsKept),
		presses: make(chan string, pressesKept),
		jitter:  jitter.New(jitter.Options{}),
		rate:    media.Rate8k,
	}
	if l.now == nil {
		l.now = time.Now
	}
	var err error
	if l.rtp, l.rtcp, l.port, err = o.Ports.open(o.Local); err != nil {
		return nil, err
	}
	l.began = l.now()
	l.local = netip.AddrPortFrom(o.Local, l.port)
	l.sending.header = rtp.Header{
		Sequence:  binary.BigEndian.Uint16(seed[8:]),
		Timestamp: binary.BigEndian.Uint32(seed[10:]),
		SSRC:      binary.BigEndian.Uint32(seed[14:]) | 1, // 0 stands for none in reports
	}
	l.reporting.random = binary.BigEndian.Uint32(seed[18:])
	return l, nil
}

// Local is the RTP address to offer; RTCP is the next port.
func (l *Line) Local() netip.AddrPort { return l.local }

// Negotiate sets or changes the far side, at the latest with the answer; the
// next tick follows it. A new address starts learning the source anew; with
// the same one, another SSRC is accepted at once.
func (l *Line) Negotiate(r Remote) error {
	if r.Codec == nil || !r.Addr.Addr().IsValid() {
		return errors.New("line: a codec and the far side's address are needed")
	}
	r.Addr = unmap(r.Addr)
	if r.Addr.Addr().Is4() != l.local.Addr().Unmap().Is4() {
		return fmt.Errorf("line: %v cannot be reached from %v", r.Addr.Addr(), l.local.Addr())
	}
	p := &plan{Remote: r}
	if err := p.secure(l.plan.Load()); err != nil {
		return err
	}
	l.plan.Store(p)
	return nil
}

// secure prepares the keys, or goes on with those of the plan before.
func (p *plan) secure(before *plan) (err error) {
	k := p.Secure
	if k == nil {
		return nil
	}
	if before == nil || before.Secure == nil {
		before = &plan{Remote: Remote{Secure: &Secure{}}}
	}
	p.sealer, p.opener = before.sealer, before.opener
	if p.sealer == nil || k.Send != before.Secure.Send {
		if p.sealer, err = srtp.NewSealer(k.Send); err != nil {
			return err
		}
	}
	if p.opener == nil || k.Receive != before.Secure.Receive {
		if p.opener, err = srtp.NewOpener(k.Receive); err != nil {
			return err
		}
	}
	return nil
}

// SetEarly says whether frames are flagged Early from now on.
func (l *Line) SetEarly(early bool) { l.early.Store(early) }

// Digits are the keys that the far side pressed, by telephone events, or by
// tones in the sound where events were not negotiated. A reader that does not keep
// up loses keys, which Stats counts. Close closes it.
func (l *Line) Digits() <-chan rune { return l.digits }

// Press sends keys to the far side, instead of sound while they last. It
// reports false, and sends nothing, if one is no key, if events were not
// negotiated, or if too many wait already.
func (l *Line) Press(keys string) bool {
	p := l.plan.Load()
	if p == nil || p.DTMF == 0 {
		return false
	}
	for _, k := range keys {
		if !dtmf.Valid(k) {
			return false
		}
	}
	select {
	case l.presses <- keys:
		return true
	default:
		return false
	}
}

// ReadFrame gives the next frame: silence until sound flows, io.EOF after
// Close.
func (l *Line) ReadFrame(f *media.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return io.EOF
	}
	now := l.now()
	t := now.Sub(l.began)
	l.adopt(t)
	l.batch = borrow()
	l.drain(now, t)
	l.batch.giveBack()
	l.batch = nil
	l.jitter.Get(t, f)
	f.At = l.receiving.pace.next(t)
	f.Flags &^= media.Early
	if l.early.Load() {
		f.Flags |= media.Early
	} else if l.remote != nil && l.remote.DTMF == 0 {
		l.hearKeys(f)
	}
	return nil
}

// WriteFrame sends a frame; one flagged Silence needs no samples. Before
// Negotiate it drops the frame. What the network refuses is counted, not
// returned: the next frame may pass. Errors are a frame that does not fit the
// codec, and io.ErrClosedPipe after Close.
func (l *Line) WriteFrame(f media.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return io.ErrClosedPipe
	}
	now := l.now()
	t := now.Sub(l.began)
	l.adopt(t)
	if l.remote == nil {
		return nil
	}
	err := l.send(f, t)
	l.report(now, t)
	return err
}

// adopt takes over what was negotiated since the last tick.
func (l *Line) adopt(t time.Duration) {
	p := l.plan.Load()
	if p == nil || p == l.remote {
		return
	}
	if rate := p.Codec.Rate(); rate != l.rate {
		l.rate, l.jitter = rate, jitter.New(jitter.Options{Rate: rate}) // rare: may allocate
	}
	if l.codec == nil || l.codec.Name() != p.Codec.Name() {
		l.codec = p.Codec // otherwise the one that has followed the sound so far
	}
	l.remote = p
	l.receiving.latest = 0 // it may have been on hold
	l.lock.negotiate(p.Addr, t)
	if !l.lock.locked() {
		_ = l.rtp.connect(netip.AddrPort{})
	}
	l.sending.adopt(&p.Remote)
}

// Close ends the line and says goodbye by RTCP. The ports rest before they are
// used again. It may be called twice, and while the beat is at work.
func (l *Line) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.publish()
	close(l.digits)
	l.mu.Unlock()
	// The beat touches nothing of a closed line any more.
	l.goodbye()
	l.rtp.close()
	l.rtcp.close()
	l.ports.put(l.port)
	return nil
}

// pace counts ticks by their number and corrects the count when the clock
// shows that some were never run.
type pace struct {
	started bool
	began   time.Duration
	n       int64
}

// missedAfter is how far the clock may run ahead of the count before ticks are
// taken as missed; a beat catches up less than this.
const missedAfter = 4

// next is the start of this tick on the line's own clock.
func (p *pace) next(t time.Duration) time.Duration {
	if !p.started {
		p.started, p.began = true, t
	}
	if behind := int64((t-p.began)/media.Tick) - p.n; behind >= missedAfter {
		p.n += behind
	}
	at := time.Duration(p.n) * media.Tick
	p.n++
	return at
}
