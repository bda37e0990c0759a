package line

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/srtp"
)

// BenchmarkTick is one call's whole leg for one tick, read and write, talking
// to itself over loopback; beside it the floor: the bare system calls. The
// processor time is reported too, because it holds on a busy machine.
func BenchmarkTick(b *testing.B) {
	b.Run("line", func(b *testing.B) {
		var m beat.Manual
		l := open(b, nil)
		l.now, l.virtual, l.began = m.Now, true, m.Now()
		negotiate(b, l, remote(l, codec.PCMA))
		said := tone(8000)(1)
		var f media.Frame
		b.ReportAllocs()
		defer processorTime(b)()
		for b.Loop() {
			m.Skip(1)
			_ = l.ReadFrame(&f)
			_ = l.WriteFrame(said)
		}
		if got := l.Stats(); got.Received < got.Sent-2 || got.Lost > 0 {
			b.Errorf("%+v", got)
		}
	})
	for _, suite := range srtp.Suites {
		b.Run(suite.String(), func(b *testing.B) {
			var m beat.Manual
			l := open(b, nil)
			l.now, l.virtual, l.began = m.Now, true, m.Now()
			r, key := remote(l, codec.PCMA), newKey(b, suite)
			r.Secure = &Secure{Send: key, Receive: key}
			negotiate(b, l, r)
			said := tone(8000)(1)
			var f media.Frame
			b.ReportAllocs()
			defer processorTime(b)()
			for b.Loop() {
				m.Skip(1)
				_ = l.ReadFrame(&f)
				_ = l.WriteFrame(said)
			}
			if got := l.Stats(); got.Received < got.Sent-2 || got.Forged > 0 {
				b.Errorf("%+v", got)
			}
		})
	}
	b.Run("bare recvmmsg and sendto", func(b *testing.B) {
		l := open(b, nil)
		packet, taken := make([]byte, 172), newBatch()
		if err := l.rtp.connect(l.Local()); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		defer processorTime(b)()
		for b.Loop() {
			_, _ = taken.receive(l.rtp)
			_ = l.rtp.send(packet, l.Local())
		}
	})
	b.Run("bare recvfrom and sendto of x/sys", func(b *testing.B) {
		l := open(b, nil)
		packet, buf := make([]byte, 172), make([]byte, packetMax)
		to := &unix.SockaddrInet4{Port: int(l.Local().Port()), Addr: netip.Addr.As4(l.Local().Addr())}
		b.ReportAllocs()
		defer processorTime(b)()
		for b.Loop() {
			_, _, _ = unix.Recvfrom(l.rtp.fd, buf, unix.MSG_DONTWAIT)
			_ = unix.Sendto(l.rtp.fd, packet, unix.MSG_DONTWAIT, to)
		}
	})
}

// processorTime reports what the process used until the returned function.
func processorTime(b *testing.B) func() {
	used := func() int64 {
		var u unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}
