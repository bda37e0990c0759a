package line

import (
	"errors"
	"os"
	"testing"
	"time"

	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
)

// TestStrangersByTheThousand: 100,000 packets of RTP, keys and reports from other
// addresses and ports, with everything right in them but where they come from,
// before the source is locked and after. None is heard, none is answered, and
// the talk goes on.
func TestStrangersByTheThousand(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	strangers := []intruder{intrude(t, "127.0.0.1:0"), intrude(t, "127.0.0.2:0")}
	negotiate(t, b, remote(a, codec.PCMU))
	loud := make([]byte, 160) // the loudest sample of mu-law
	event := []byte{5, 10, 0, 160}
	var sent int
	inject := func(each int) {
		for i := range each {
			for _, s := range strangers {
				h := rtp.Header{SSRC: a.sending.header.SSRC, Sequence: a.sending.header.Sequence + uint16(i), Timestamp: a.sending.clock + uint32(i*160)}
				switch i % 10 {
				case 8:
					h.PayloadType, h.Marker = 101, true
					s.send(t, b.Local(), h, event)
				case 9:
					report := rtp.Report{SSRC: h.SSRC, Sender: true, NTP: 1, Bye: true}.Append(nil, "x")
					if _, err := s.WriteToUDPAddrPort(report, b.Local()); err != nil {
						t.Fatal(err)
					}
				default:
					s.send(t, b.Local(), h, loud)
				}
				sent++
			}
		}
	}
	inject(10) // before anything came from the far side
	m.Step(1)
	negotiate(t, a, remote(b, codec.PCMU))
	m.Step(5)
	for sent < 100_000 {
		inject(50)
		m.Step(1)
	}
	for i, v := range b.heard {
		if v != 0 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	select {
	case key := <-b.Digits():
		t.Errorf("a stranger pressed %q", key)
	default:
	}
	got := b.Stats()
	t.Logf("%d packets of strangers, %d of them reached us: %+v", sent, got.Foreign, got)
	if got.Lost != 0 || got.Received < 990 || got.Malformed != 0 {
		t.Errorf("the true stream suffered: %+v", got)
	}
	for _, s := range strangers {
		_ = s.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := s.Read(make([]byte, 2000)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v was answered with %d bytes, %v", s.addr(), n, err)
		}
	}
}
