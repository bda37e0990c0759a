package bench

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parley/call"
	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/line"
	"parley/media/rtp"
	"parley/record"
	"parley/tts"
)

// BenchmarkTick is one tick of one call: session, ear, player, recording and
// RTP leg. With one call everything lies in the processor's caches, with many
// hardly anything does; the floor beside it is what the same packets cost on
// bare sockets, as many and in the same order.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprintf("calls=%d", n), func(b *testing.B) { benchmarkCalls(b, n) })
		b.Run(fmt.Sprintf("floor=%d", n), func(b *testing.B) { benchmarkFloor(b, n) })
	}
}

// party is a far side that the benchmark itself drives.
type benchParty struct {
	fd     int
	header rtp.Header
	packet []byte
	buf    [512]byte
}

func newBenchParty(tb testing.TB, to uint16) *benchParty {
	tb.Helper()
	fd, err := loopback()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetNonblock(fd, true); err != nil {
		tb.Fatal(err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(err)
	}
	return &benchParty{fd: fd, header: rtp.Header{SSRC: uint32(to)}}
}

// say sends the next packet and throws away what came.
func (p *benchParty) say(sound []byte) {
	for {
		if n, err := unix.Read(p.fd, p.buf[:]); err != nil || n == 0 {
			break
		}
	}
	p.packet = append(p.header.Append(p.packet[:0]), sound...)
	p.header.Sequence++
	p.header.Timestamp += tick
	_, _ = unix.Write(p.fd, p.packet)
}

func benchmarkCalls(b *testing.B, n int) {
	runtime.LockOSThread() // the processor time is the thread's
	defer runtime.UnlockOSThread()
	m := &beat.Manual{}
	ports, err := line.NewPorts(30000, 30000+2*n+200)
	if err != nil {
		b.Fatal(err)
	}
	records, err := record.Open(record.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = records.Run(ctx) })
	defer func() { cancel(); running.Wait(); records.Close() }()
	speaker := hummer{sound: make([]int16, 160*150), asked: make(chan struct{}, n)}
	for i := range speaker.sound {
		speaker.sound[i] = int16(i*37%2001 - 1000)
	}
	before := inUse()
	var live sync.WaitGroup
	var sessions []*call.Session
	var parties []*benchParty
	for i := range n {
		l, err := line.Open(line.Options{Local: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Ports: ports, Now: m.Now})
		if err != nil {
			b.Fatal(err)
		}
		p := newBenchParty(b, l.Local().Port())
		port, err := portOf(p.fd)
		if err != nil {
			b.Fatal(err)
		}
		to := netip.AddrPortFrom(l.Local().Addr(), port)
		if err := l.Negotiate(line.Remote{Addr: to, Codec: codec.PCMU}); err != nil {
			b.Fatal(err)
		}
		s := call.New(call.Parts{
			Dialer: newWire(l), Beat: m, Recognizer: deaf{}, Speaker: speaker, Policy: chatter{text: "hm", pause: time.Hour}, Recorders: records,
		})
		parties, sessions = append(parties, p), append(sessions, s)
		live.Go(func() {
			_, _ = s.Run(b.Context(), call.Target{Call: "bench-" + strconv.Itoa(i), Tenant: "bench", To: "sip:bench@127.0.0.1", Language: "en", MaxTalk: time.Hour})
		})
	}
	quiet := quietLine()
	at := 0
	say := func() {
		for _, p := range parties {
			p.say(quiet[at : at+tick])
		}
		at = (at + tick) % len(quiet)
	}
	for range n {
		<-speaker.asked // the call is up and begins to speak
	}
	for range 60 { // in the rhythm
		say()
		m.Step(1)
	}
	size := float64(inUse()-before) / float64(n)
	var took time.Duration
	b.ResetTimer()
	for range (b.N + n - 1) / n {
		say()
		began := threads()
		m.Step(1)
		took += threads() - began
	}
	b.StopTimer()
	b.ReportMetric(float64(took)/float64((b.N+n-1)/n*n), "cpu-ns/tick")
	b.ReportMetric(size, "B/call")
	for _, s := range sessions {
		s.Hangup(call.PartyBot)
	}
	live.Wait()
}

func benchmarkFloor(b *testing.B, n int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ours []int
	var parties []*benchParty
	for range n {
		fd, err := loopback()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { unix.Close(fd) })
		port, err := portOf(fd)
		if err != nil {
			b.Fatal(err)
		}
		p := newBenchParty(b, port)
		port, err = portOf(p.fd)
		if err != nil {
			b.Fatal(err)
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			b.Fatal(err)
		}
		ours, parties = append(ours, fd), append(parties, p)
	}
	quiet := quietLine()
	buf := make([]byte, 1024)
	var took time.Duration
	for range (b.N + n - 1) / n {
		for _, p := range parties {
			p.say(quiet[:tick])
		}
		began := threads()
		for _, fd := range ours {
			_, _ = unix.Read(fd, buf)
			_, _ = unix.Write(fd, buf[:packetSize])
		}
		took += threads() - began
	}
	b.ReportMetric(float64(took)/float64((b.N+n-1)/n*n), "cpu-ns/tick")
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// hummer speaks three seconds of the same sound, kept ready.
type hummer struct {
	sound []int16
	asked chan struct{} // told once for each prompt
}

func (h hummer) Name() string { return "hum" }
func (h hummer) Speak(context.Context, tts.Voice, iter.Seq2[string, error]) (tts.Stream, error) {
	return &hum{h.sound, 0}, nil
}
func (h hummer) Prompt(context.Context, tts.Voice, []tts.Segment) (tts.Stream, error) {
	h.asked <- struct{}{}
	return &hum{h.sound, 0}, nil
}

type hum struct {
	sound []int16
	n     int
}

func (h *hum) ReadFrame(f *media.Frame) error {
	at := h.n * 160 % len(h.sound)
	if h.n > 1e6 {
		return io.EOF
	}
	*f = media.Frame{At: time.Duration(h.n) * media.Tick, Rate: media.Rate8k, PCM: h.sound[at : at+160]}
	h.n++
	return nil
}
func (h *hum) Marks() []tts.Mark { return nil }
func (h *hum) Close() error      { return nil }
