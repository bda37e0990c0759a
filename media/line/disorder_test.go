package line

import (
	"testing"
	"time"

	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
)

// TestDisorderIsCounted: a stream with one packet lost, one overtaken, one
// twice, and one pause filled with comfort noise, which is no gap.
func TestDisorderIsCounted(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
	payload := codec.PCMU.AppendPayload(nil, tone(8000)(0).PCM)
	send := func(pt uint8, seq, tick int) {
		body := payload
		if pt == comfortNoise {
			body = []byte{60}
		}
		far.send(t, b.Local(), rtp.Header{PayloadType: pt, SSRC: 7, Sequence: uint16(seq), Timestamp: uint32(tick * 160)}, body)
	}
	for tick := range 60 {
		switch tick {
		case 20: // never comes
		case 30:
			send(0, 31, 31)
			send(0, 30, 30)
		case 31:
			send(0, 30, 30)
		case 40, 41, 42: // 80 ms without a packet, and none is missing
		default:
			if tick < 40 {
				send(0, tick, tick)
			} else {
				send(0, tick-3, tick)
			}
		}
		m.Step(1)
	}
	send(comfortNoise, 57, 60)
	m.Step(100)
	send(0, 58, 160)
	m.Step(5)
	got := b.Stats()
	if got.Lost != 1 || got.Reordered != 1 || got.Duplicates != 1 || got.Received != 58 {
		t.Errorf("%+v", got)
	}
	if got.MaxGap != 80*time.Millisecond {
		t.Errorf("the longest gap is %v, want 80ms", got.MaxGap)
	}
	if got.Concealed < 20*time.Millisecond || got.Concealed > 200*time.Millisecond {
		t.Errorf("%v were concealed", got.Concealed)
	}
	// A change of the session may have been a hold: no gap is counted across it.
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
	m.Step(50)
	send(0, 59, 215)
	m.Step(1)
	if got := b.Stats(); got.MaxGap != 80*time.Millisecond {
		t.Errorf("after a hold the longest gap is %v", got.MaxGap)
	}
}
