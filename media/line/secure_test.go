package line

import (
	"testing"
	"time"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
	"parley/media/srtp"
)

func newKey(t testing.TB, s srtp.Suite) srtp.Key {
	t.Helper()
	k, err := srtp.NewKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// secured negotiates both sides with keys of a suite.
func secured(t testing.TB, a, b *side, s srtp.Suite) (ofA, ofB srtp.Key) {
	t.Helper()
	ofA, ofB = newKey(t, s), newKey(t, s)
	toB, toA := remote(b, codec.PCMU), remote(a, codec.PCMU)
	toB.Secure, toA.Secure = &Secure{Send: ofA, Receive: ofB}, &Secure{Send: ofB, Receive: ofA}
	negotiate(t, a, toB)
	negotiate(t, b, toA)
	return ofA, ofB
}

// TestSecureTalk: sound, keys and reports pass under every suite, over a
// renegotiation with the same keys and one with new ones.
func TestSecureTalk(t *testing.T) {
	for _, suite := range srtp.Suites {
		t.Run(suite.String(), func(t *testing.T) {
			var m beat.Manual
			a, b := open(t, &m), open(t, &m)
			a.say = tone(8000)
			ofA, ofB := secured(t, a, b, suite)
			m.Step(500)
			again := remote(a, codec.PCMU)
			again.Secure = &Secure{Send: ofB, Receive: ofA}
			negotiate(t, b, again)
			m.Step(100)
			before := b.Stats()
			a.Press("7")
			m.Step(10)
			secured(t, a, b, suite)
			m.Step(390)
			if key := <-b.Digits(); key != '7' {
				t.Errorf("key %q", key)
			}
			for n, f := range b.frames[10:590] {
				if !f.Is(media.Voiced) || f.Is(media.Concealed) {
					t.Fatalf("frame %d has flags %b", n+10, f.Flags)
				}
			}
			got := b.Stats()
			if before.Lost+before.Forged+before.Malformed+before.Foreign != 0 || got.Malformed+got.Foreign != 0 ||
				got.Received < 980 || got.Secure != suite.String() || got.RoundTrip <= 0 {
				t.Errorf("before the new keys %+v\nafter them %+v", before, got)
			}
		})
	}
}

// TestForgedPacketsAreNotHeard: from the right address and port, with the right
// SSRC, sequence and clock, but not with the key: open ones, ones under another
// key, and ones of the far side sent again.
func TestForgedPacketsAreNotHeard(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	theirs, other := newKey(t, srtp.AES80), newKey(t, srtp.AES80)
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU, Secure: &Secure{Send: newKey(t, srtp.AES80), Receive: theirs}})
	good, err := srtp.NewSealer(theirs)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := srtp.NewSealer(other)
	if err != nil {
		t.Fatal(err)
	}
	packet := func(i int, loud bool) []byte {
		raw := rtp.Header{SSRC: 7, Sequence: uint16(i), Timestamp: uint32(i * 160)}.Append(make([]byte, 0, 300))
		for range 160 {
			if loud {
				raw = append(raw, 0) // the loudest sample of mu-law
			} else {
				raw = append(raw, 0xFF)
			}
		}
		return raw
	}
	send := func(raw []byte, err error) {
		if err == nil {
			_, err = far.WriteToUDPAddrPort(raw, b.Local())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		send(packet(i, true), nil)
		send(bad.Seal(packet(i, true)))
		sealed, err := good.Seal(packet(i, false))
		send(sealed, err)
		send(sealed, err)
		m.Step(1)
	}
	for i, v := range b.heard {
		if v != 0 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	if got := b.Stats(); got.Received != 100 || got.Forged != 200 || got.Duplicates != 100 || got.Lost != 0 {
		t.Errorf("%+v", got)
	}
}

// TestNothingLeavesInTheOpen: what is sent under SRTP cannot be read.
func TestNothingLeavesInTheOpen(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU, Mux: true, DTMF: 101,
		Secure: &Secure{Send: newKey(t, srtp.GCM128), Receive: newKey(t, srtp.GCM128)}})
	b.Press("1")
	m.Step(400)
	buf := make([]byte, 2000)
	var reports int
	for range 200 {
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		n, err := far.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if rtp.IsRTCP(buf[:n]) {
			reports++
			continue
		}
		_, payload, err := rtp.Parse(buf[:n])
		if err != nil || len(payload) < 4+16 {
			t.Fatalf("%d bytes, %v", len(payload), err)
		}
		silence := 0
		for _, v := range payload {
			if v == 0xFF {
				silence++
			}
		}
		if silence > 20 {
			t.Fatalf("%d of %d bytes are silence in mu-law", silence, len(payload))
		}
	}
	if reports == 0 {
		t.Error("no report among the packets")
	}
}
