package line

import (
	"net/netip"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/rtp"
)

// FuzzPackets throws packets at a line, cut from raw by their first byte: from
// the far side nothing may break it, from a stranger nothing may reach it.
func FuzzPackets(f *testing.F) {
	good := append(rtp.Header{PayloadType: 0, SSRC: 5}.Append(nil), make([]byte, 160)...)
	key := append(rtp.Header{PayloadType: 101, SSRC: 5, Sequence: 1}.Append(nil), 5, 10, 0, 160)
	report := rtp.Report{SSRC: 5, Sender: true, Block: rtp.ReportBlock{SSRC: 1}}.Append(nil, "x")
	for _, packet := range [][]byte{good, key, report} {
		f.Add(append([]byte{byte(len(packet))}, packet...), true)
		f.Add(append([]byte{byte(len(packet))}, packet...), false)
	}
	ports, err := NewPorts(47000, 48999)
	if err != nil {
		f.Fatal(err)
	}
	far, stranger := netip.MustParseAddrPort("127.0.0.1:9"), netip.MustParseAddrPort("127.0.0.3:9")
	// One line serves all inputs, made as good as new for each: opening sockets
	// would be most of the work.
	l, err := Open(Options{Local: loopback, Ports: ports})
	if err != nil {
		f.Fatal(err)
	}
	defer l.Close()
	l.batch = borrow() // as ReadFrame does
	f.Fuzz(func(t *testing.T, raw []byte, known bool) {
		l.receiving, l.lock, l.reporting = receiving{}, lock{}, reporting{}
		l.jitter.Reset()
		for len(l.digits) > 0 {
			<-l.digits
		}
		l.plan.Store(&plan{Remote: Remote{Addr: far, Codec: codec.PCMU, DTMF: 101}})
		l.adopt(0)
		from := far
		if !known {
			from = stranger
		}
		for i := 0; len(raw) > 0; i++ {
			n := min(1+int(raw[0]), len(raw))
			l.packet(raw[1:n], from, time.Duration(i)*10*time.Millisecond)
			raw = raw[n:]
			var frame media.Frame
			l.jitter.Get(time.Duration(i)*10*time.Millisecond, &frame)
			if len(frame.PCM) != 160 {
				t.Fatalf("%d samples", len(frame.PCM))
			}
			if !known && !frame.Is(media.Silence) {
				t.Fatal("a stranger is heard")
			}
		}
		select {
		case <-l.digits:
			if !known {
				t.Fatal("a stranger pressed a key")
			}
		default:
		}
		if !known && (l.lock.locked() || l.reporting.to.IsValid() || l.reporting.lastAt != 0) {
			t.Fatal("a stranger left something behind")
		}
	})
}
