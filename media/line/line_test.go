package line

import (
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddr("127.0.0.1")

func ports(t testing.TB) *Ports {
	t.Helper()
	p, err := NewPorts(42000, 45999)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// side is one end of a call, driven by a beat.
type side struct {
	*Line
	say    func(n int64) media.Frame // what to send; nil for silence
	heard  []int16
	frames []media.Frame // without PCM
	ticks  int64
}

func open(t testing.TB, m *beat.Manual) *side {
	t.Helper()
	o := Options{Local: loopback, Ports: ports(t)}
	if m != nil {
		o.Now = m.Now
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &side{Line: l}
	if m != nil {
		t.Cleanup(m.Join(func(beat.Tick) { s.tick(t) }))
	}
	return s
}

func (s *side) tick(t testing.TB) {
	var f media.Frame
	if err := s.ReadFrame(&f); err != nil {
		if !errors.Is(err, io.EOF) {
			t.Errorf("ReadFrame: %v", err)
		}
		return
	}
	s.heard = append(s.heard, f.PCM...)
	f.PCM = nil
	s.frames = append(s.frames, f)
	out := media.Frame{Flags: media.Silence}
	if s.say != nil {
		out = s.say(s.ticks)
	}
	s.ticks++
	if err := s.WriteFrame(out); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("WriteFrame: %v", err)
	}
}

func remote(to *side, c media.Codec) Remote {
	pt, _ := codec.PayloadType(c)
	return Remote{Addr: to.Local(), Codec: c, PayloadType: pt, DTMF: 101}
}

func negotiate(t testing.TB, s *side, r Remote) {
	t.Helper()
	if err := s.Negotiate(r); err != nil {
		t.Fatal(err)
	}
}

// tone says a sine that never repeats in a second.
func tone(level float64) func(n int64) media.Frame {
	pcm := make([]int16, 160)
	return func(n int64) media.Frame {
		for i := range pcm {
			pcm[i] = int16(level * math.Sin(2*math.Pi*441.7*float64(int(n)*160+i)/8000))
		}
		return media.Frame{Rate: media.Rate8k, PCM: pcm}
	}
}

// intruder is a plain socket that injects packets.
type intruder struct{ *net.UDPConn }

func intrude(t testing.TB, from string) intruder {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
	if err != nil {
		t.Skipf("cannot bind %s: %v", from, err)
	}
	t.Cleanup(func() { c.Close() })
	return intruder{c}
}

func (i intruder) addr() netip.AddrPort {
	return unmap(i.LocalAddr().(*net.UDPAddr).AddrPort())
}

func (i intruder) send(t testing.TB, to netip.AddrPort, h rtp.Header, payload []byte) {
	t.Helper()
	if _, err := i.WriteToUDPAddrPort(append(h.Append(nil), payload...), to); err != nil {
		t.Fatal(err)
	}
}

// TestTalk: two lines talk for two seconds; each hears, sample for sample, what
// the other said through the codec.
func TestTalk(t *testing.T) {
	for _, name := range []string{"PCMU", "PCMA", "G722"} {
		for _, ptime := range []time.Duration{0, 20 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond} {
			t.Run(name+"/"+ptime.String(), func(t *testing.T) {
				var m beat.Manual
				a, b := open(t, &m), open(t, &m)
				a.say = tone(8000)
				c, _ := codec.ByName(name) // a leg's own may have state
				atB, _ := codec.ByName(name)
				atA, _ := codec.ByName(name)
				toB, toA := remote(b, atA), remote(a, atB)
				toB.Ptime = ptime
				negotiate(t, a, toB)
				negotiate(t, b, toA)
				m.Step(102)

				var said []int16
				for n := range int64(102) {
					said = append(said, c.AppendPCM(nil, c.AppendPayload(nil, tone(8000)(n).PCM))...)
				}
				start := 0
				for b.frames[start].Is(media.Silence) {
					start++
				}
				if start > 6 {
					t.Fatalf("sound began only in frame %d", start)
				}
				hear := b.heard[160*start:]
				for i := range hear[:160*90] {
					if hear[i] != said[i] {
						t.Fatalf("sample %d is %d, want %d", i, hear[i], said[i])
					}
				}
				for n, f := range b.frames {
					if f.At != time.Duration(n)*media.Tick {
						t.Fatalf("frame %d is at %v", n, f.At)
					}
					if n > start && n < start+90 && (f.Is(media.Concealed) || !f.Is(media.Voiced)) {
						t.Fatalf("frame %d has flags %b", n, f.Flags)
					}
				}
				got := b.Stats()
				if got.Codec != name || got.Lost+got.Late+got.Duplicates+got.Foreign+got.Malformed+got.Refused != 0 || got.MOS < 4.2 {
					t.Errorf("%+v", got)
				}
				if sent := a.Stats().Sent; got.Received < sent-1 || sent < 30 {
					t.Errorf("received %d of %d", got.Received, sent)
				}
				if quiet := a.frames[80]; quiet.Is(media.Voiced) || quiet.Is(media.Concealed) {
					t.Errorf("the silent side is heard with flags %b", quiet.Flags)
				}
			})
		}
	}
}

// TestStrangersAreNotHeard injects packets from other addresses and from other
// ports of the right one, before the source is locked and after, with the
// right payload type, SSRC and sequence: not a sample of them may be played.
func TestStrangersAreNotHeard(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	otherPort, otherHost := intrude(t, "127.0.0.1:0"), intrude(t, "127.0.0.2:0")
	loud := make([]byte, 160)
	inject := func(n int) {
		for i := range n {
			h := rtp.Header{SSRC: a.sending.header.SSRC, Sequence: a.sending.header.Sequence + uint16(i), Timestamp: a.sending.clock + uint32(i*160)}
			otherPort.send(t, b.Local(), h, loud)
			otherHost.send(t, b.Local(), h, loud)
		}
	}
	inject(50)
	m.Step(1)
	negotiate(t, b, remote(a, codec.PCMU))
	inject(2) // within the time of probation
	m.Step(1)
	negotiate(t, a, remote(b, codec.PCMU))
	m.Step(3)
	for range 100 {
		inject(50)
		m.Step(1)
	}
	for i, v := range b.heard {
		if v != 0 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	got := b.Stats()
	if got.Lost != 0 || got.Received < 100 || got.Malformed != 0 {
		t.Errorf("the true stream suffered: %+v", got)
	}
	if got.Foreign < 50 || got.Foreign > 1000 {
		t.Errorf("%d packets were dropped by us, of over 10,000; the kernel should drop most of them once the source is locked", got.Foreign)
	}
}

// TestNAT: the far side's packets come from another port than it said. It is
// believed after some packets, and answered there.
func TestNAT(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: netip.MustParseAddrPort("127.0.0.1:9"), Codec: codec.PCMU})
	for i := range 20 {
		far.send(t, b.Local(), rtp.Header{SSRC: 7, Sequence: uint16(i), Timestamp: uint32(i * 160)}, make([]byte, 160))
		m.Step(1)
	}
	if got := b.Stats().Received; got < 16 || got > 18 {
		t.Errorf("%d of 20 packets received", got)
	}
	if b.lock.source != far.addr() || b.rtp.peer != far.addr() {
		t.Errorf("locked to %v, connected to %v, want %v", b.lock.source, b.rtp.peer, far.addr())
	}
	_ = far.SetReadDeadline(time.Now().Add(time.Second))
	if n, err := far.Read(make([]byte, 2000)); err != nil || n != rtp.HeaderSize+160 {
		t.Errorf("the answer: %d bytes, %v", n, err)
	}
}

// TestLoop: what the far side only sends back is received and not heard; the
// same sound under another SSRC is somebody's.
func TestLoop(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	b.say = tone(8000)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	back := func(packets int, change uint32) (loudest int16) {
		from := len(b.heard)
		packet := make([]byte, 2000)
		for range packets {
			m.Step(1)
			n, err := far.Read(packet)
			if err != nil {
				t.Fatal(err)
			}
			h, payload, err := rtp.Parse(packet[:n])
			if err != nil {
				t.Fatal(err)
			}
			h.SSRC ^= change
			far.send(t, b.Local(), h, payload)
		}
		for _, v := range b.heard[from:] {
			loudest = max(loudest, v)
		}
		return loudest
	}
	if got := back(50, 0); got > 0 || b.Stats().Looped < 45 || b.Stats().Received < 45 {
		t.Errorf("a loop: loudest sample %d, %+v", got, b.Stats())
	}
	looped := b.Stats().Looped
	if got := back(100, 1); got < 7000 || b.Stats().Looped > looped+1 {
		t.Errorf("a voice: loudest sample %d, %+v", got, b.Stats())
	}
}

func TestRenegotiation(t *testing.T) {
	var m beat.Manual
	early, answer, b := open(t, &m), open(t, &m), open(t, &m)
	early.say, answer.say = tone(3000), tone(9000)
	b.SetEarly(true)
	negotiate(t, early, remote(b, codec.PCMU))
	negotiate(t, b, remote(early, codec.PCMU))
	m.Step(25)
	if !b.frames[20].Is(media.Early | media.Voiced) {
		t.Fatalf("early media has flags %b", b.frames[20].Flags)
	}
	b.SetEarly(false)
	negotiate(t, answer, remote(b, codec.PCMA))
	negotiate(t, b, remote(answer, codec.PCMA)) // another address and codec; the old one keeps sending
	m.Step(25)
	if f := b.frames[45]; f.Is(media.Early) || !f.Is(media.Voiced) {
		t.Errorf("after the answer: flags %b", f.Flags)
	}
	var peak int16
	for _, v := range b.heard[160*35:] {
		peak = max(peak, v)
	}
	if peak < 8000 || peak > 9500 {
		t.Errorf("peak %d after the answer, want the answering side's 9000", peak)
	}
	if got := b.Stats(); got.Lost != 0 || got.Codec != "PCMA" {
		t.Errorf("%+v", got)
	}
	if b.rtp.peer != answer.Local() {
		t.Errorf("connected to %v", b.rtp.peer)
	}
}

// TestHold: a muted line sends nothing and begins with a marker afterwards.
func TestHold(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	r := Remote{Addr: far.addr(), Codec: codec.PCMA, PayloadType: 8}
	for _, mute := range []bool{false, true, false} {
		r.Mute = mute
		negotiate(t, b, r)
		m.Step(10)
	}
	var markers, timestamps []int
	buf := make([]byte, 2000)
	for i := range 20 {
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		n, err := far.Read(buf)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		h, _, err := rtp.Parse(buf[:n])
		if err != nil || h.PayloadType != 8 {
			t.Fatalf("%+v %v", h, err)
		}
		if h.Marker {
			markers = append(markers, i)
		}
		timestamps = append(timestamps, int(h.Timestamp))
	}
	if len(markers) != 2 || markers[0] != 0 || markers[1] != 10 {
		t.Errorf("markers at %v, want the first packet and the first after the hold", markers)
	}
	if gap := uint32(timestamps[10]) - uint32(timestamps[9]); gap != 11*160 {
		t.Errorf("the clock went on by %d over the hold, want %d", gap, 11*160)
	}
}

func TestDigits(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	if a.Press("1") {
		t.Error("a key was taken before the negotiation")
	}
	negotiate(t, a, remote(b, codec.PCMU))
	negotiate(t, b, remote(a, codec.PCMU))
	if !a.Press("12") || !a.Press("#") || a.Press("x") {
		t.Error("Press")
	}
	m.Step(40)
	b.Close()
	var got []rune
	for d := range b.Digits() {
		got = append(got, d)
	}
	if string(got) != "12#" {
		t.Errorf("heard %q", string(got))
	}
}

// TestNewSSRC: another stream from the locked source is heard once the old one
// fell silent, and not before.
func TestNewSSRC(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
	send := func(ssrc uint32, i int) {
		far.send(t, b.Local(), rtp.Header{SSRC: ssrc, Sequence: uint16(i), Timestamp: uint32(i * 160)}, make([]byte, 160))
	}
	for i := range 10 {
		send(1, i)
		send(2, i)
		m.Step(1)
	}
	if got := b.Stats(); got.Received != 10 || got.Foreign != 10 {
		t.Errorf("two streams at once: %+v", got)
	}
	for i := range 10 {
		send(2, 10+i)
		m.Step(1)
	}
	if got := b.Stats(); got.Received < 16 || got.Received > 18 || got.Lost != 0 {
		t.Errorf("after the first stream ended: %+v", got)
	}
}

// TestMissedTicks: after a beat that was held up, time on both directions goes
// on where the clock is.
func TestMissedTicks(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	negotiate(t, a, remote(b, codec.PCMU))
	negotiate(t, b, remote(a, codec.PCMU))
	m.Step(10)
	before := a.sending.clock
	m.Skip(20)
	m.Step(1)
	if gap := a.sending.clock - before; gap != 21*160 {
		t.Errorf("the sent clock went on by %d, want %d", gap, 21*160)
	}
	if at := b.frames[10].At; at != 30*media.Tick {
		t.Errorf("frame 10 is at %v, want %v", at, 30*media.Tick)
	}
}

func TestFarSideGone(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	negotiate(t, a, remote(b, codec.PCMU))
	negotiate(t, b, remote(a, codec.PCMU))
	m.Step(50)
	b.Close()
	m.Step(100)
	got := a.Stats()
	if got.Refused == 0 {
		t.Error("nothing was refused although the far side's port is closed")
	}
	if got.Silent < 1900*time.Millisecond || got.Silent > 2*time.Second+20*time.Millisecond {
		t.Errorf("silent for %v, want about 2 s", got.Silent)
	}
	if f := a.frames[len(a.frames)-1]; !f.Is(media.Silence) {
		t.Errorf("flags %b", f.Flags)
	}
}

func TestReports(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	negotiate(t, a, remote(b, codec.PCMU))
	negotiate(t, b, remote(a, codec.PCMU))
	m.Step(1000)
	if a.reporting.lastAt == 0 || b.reporting.lastAt == 0 {
		t.Fatal("no report arrived within 20 s")
	}
	if got := a.Stats(); got.RemoteLoss != 0 || got.Malformed != 0 || got.Foreign != 0 || got.RoundTrip <= 0 || got.RoundTrip > time.Second {
		t.Errorf("%+v", got)
	}
}

func TestFramesThatDoNotFit(t *testing.T) {
	a, b := open(t, nil), open(t, nil)
	if err := a.WriteFrame(media.Frame{}); err != nil {
		t.Errorf("before the negotiation: %v", err)
	}
	negotiate(t, a, remote(b, codec.PCMU))
	for _, f := range []media.Frame{{}, {Rate: media.Rate8k, PCM: make([]int16, 80)}, {Rate: media.Rate16k, PCM: make([]int16, 160)}} {
		if err := a.WriteFrame(f); !errors.Is(err, errFrame) {
			t.Errorf("%d samples at %d Hz: %v", len(f.PCM), f.Rate, err)
		}
	}
	a.Close()
	a.Close()
	if err := a.ReadFrame(&media.Frame{}); !errors.Is(err, io.EOF) {
		t.Errorf("after Close: %v", err)
	}
	if err := a.WriteFrame(media.Frame{Flags: media.Silence}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("after Close: %v", err)
	}
}

func TestNegotiateRefuses(t *testing.T) {
	a := open(t, nil)
	for _, r := range []Remote{
		{Addr: netip.MustParseAddrPort("127.0.0.1:9")},
		{Codec: codec.PCMU},
		{Codec: codec.PCMU, Addr: netip.MustParseAddrPort("[::1]:9")},
		{Codec: codec.PCMU, Addr: netip.MustParseAddrPort("127.0.0.1:9"), Secure: &Secure{}},
	} {
		if err := a.Negotiate(r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

// TestAnyoneMayCall lets control goroutines negotiate, ask and close while the
// beat is at work.
func TestAnyoneMayCall(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 50 {
				negotiate(t, a, remote(b, codec.PCMU))
				a.SetEarly(true)
				a.Press("5")
				_ = a.Stats()
			}
		})
	}
	all.Go(func() { m.Step(50) })
	all.Wait()
	all.Go(func() { m.Step(50) })
	all.Go(func() { a.Close() })
	all.Wait()
}

func TestNoAllocation(t *testing.T) {
	var m beat.Manual
	a, b := open(t, nil), open(t, nil)
	a.now, b.now, a.virtual, b.virtual = m.Now, m.Now, true, true
	a.began, b.began = m.Now(), m.Now()
	negotiate(t, a, remote(b, codec.PCMU))
	negotiate(t, b, remote(a, codec.PCMU))
	said := tone(5000)(1)
	var f media.Frame
	if n := testing.AllocsPerRun(600, func() { // over 10 s, so that reports are among it
		m.Skip(1)
		_ = a.ReadFrame(&f)
		_ = a.WriteFrame(said)
		_ = b.ReadFrame(&f)
		_ = b.WriteFrame(said)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if got := b.Stats(); got.Received < 590 || a.reporting.lastAt == 0 {
		t.Errorf("%+v", got)
	}
}
