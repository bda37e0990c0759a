package line

import (
	"math"
	"strconv"
	"testing"
	"time"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
)

// TestReceivedPtime: packets of any length a gateway may send are heard whole.
func TestReceivedPtime(t *testing.T) {
	for _, ptime := range []int{10, 20, 30, 40, 50, 60} {
		t.Run(strconv.Itoa(ptime), func(t *testing.T) {
			var m beat.Manual
			b := open(t, &m)
			far := intrude(t, "127.0.0.1:0")
			negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMA, PayloadType: 8})
			said := make([]int16, 8000)
			for i := range said {
				said[i] = int16(9000 * math.Sin(2*math.Pi*441.7*float64(i)/8000))
			}
			payload := codec.PCMA.AppendPayload(nil, said)
			size, sent := ptime*8, 0
			for n := 1; n <= 50; n++ {
				for ; (sent+1)*ptime <= n*20; sent++ {
					far.send(t, b.Local(), rtp.Header{PayloadType: 8, SSRC: 7, Sequence: uint16(sent), Timestamp: uint32(sent * size)}, payload[sent*size:(sent+1)*size])
				}
				m.Step(1)
			}
			m.Step(5)
			want := codec.PCMA.AppendPCM(nil, payload[:sent*size])
			start := 0
			for b.frames[start].Is(media.Silence) {
				start++
			}
			heard := b.heard[160*start:]
			for i := range want[:160*44] {
				if heard[i] != want[i] {
					t.Fatalf("sample %d is %d, want %d", i, heard[i], want[i])
				}
			}
			if got := b.Stats(); got.Received != int64(sent) || got.Late+got.Lost+got.Malformed != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestComfortNoiseIsNeitherSpeechNorLoss: 2 s of pause between words, with a
// packet of comfort noise a second.
func TestComfortNoiseIsNeitherSpeechNorLoss(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far := intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
	seq := uint16(0)
	send := func(pt uint8, tick int, payload []byte) {
		far.send(t, b.Local(), rtp.Header{PayloadType: pt, SSRC: 7, Sequence: seq, Timestamp: uint32(tick * 160)}, payload)
		seq++
	}
	say := tone(8000)
	for tick := range 150 {
		switch {
		case tick < 25 || tick >= 125:
			send(0, tick, codec.PCMU.AppendPayload(nil, say(int64(tick)).PCM))
		case tick == 25 || tick == 75:
			send(comfortNoise, tick, []byte{62, 100, 120}) // -62 dB, and a spectrum
		}
		m.Step(1)
	}
	var voiced, noise int
	for i, f := range b.frames[5:] {
		switch {
		case f.Is(media.Concealed) || f.Is(media.Silence):
			t.Fatalf("frame %d has flags %b", i+5, f.Flags)
		case f.Is(media.Voiced):
			voiced++
		default:
			noise++
			for _, v := range b.heard[160*(i+5):][:160] {
				if max(v, -v) > 45 && i > 25 && i < 115 { // 26 RMS at -62 dB
					t.Fatalf("the noise of frame %d has a sample of %d", i+5, v)
				}
			}
		}
	}
	if noise < 95 || noise > 105 {
		t.Errorf("%d frames of noise and %d voiced, want 100 of noise", noise, voiced)
	}
	if got := b.Stats(); got.Lost+got.Late+got.Malformed != 0 || got.Received != 52 {
		t.Errorf("%+v", got)
	}
}

// TestReportsOnOnePort: with rtcp-mux nothing is sent to the next port, and what
// comes on the port of RTP counts.
func TestReportsOnOnePort(t *testing.T) {
	var m beat.Manual
	a, b := open(t, &m), open(t, &m)
	for _, s := range []*side{a, b} {
		to := b
		if s == b {
			to = a
		}
		r := remote(to, codec.PCMU)
		r.Mux = true
		negotiate(t, s, r)
	}
	m.Step(1000)
	for _, s := range []*side{a, b} {
		if s.reporting.lastAt == 0 || s.Stats().RoundTrip <= 0 {
			t.Error("no report arrived within 20 s")
		}
		if s.reporting.to.IsValid() {
			t.Errorf("a report came from %v, not from the port of RTP", s.reporting.to)
		}
	}
}

// TestReportsOnNamedPort: a=rtcp (RFC 3605) says where reports go.
func TestReportsOnNamedPort(t *testing.T) {
	var m beat.Manual
	b := open(t, &m)
	far, control := intrude(t, "127.0.0.1:0"), intrude(t, "127.0.0.1:0")
	negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU, RTCP: control.addr().Port()})
	m.Step(500)
	_ = control.SetReadDeadline(time.Now().Add(time.Second))
	buf := make([]byte, 1000)
	n, err := control.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := rtp.ParseReport(buf[:n], 1); !ok || !got.Sender {
		t.Errorf("%v %+v", ok, got)
	}
}

// TestQuietButThere: in a pause of comfort noise a report says that the far
// side is there; without comfort noise it does not.
func TestQuietButThere(t *testing.T) {
	for _, resting := range []bool{true, false} {
		var m beat.Manual
		b := open(t, &m)
		far := intrude(t, "127.0.0.1:0")
		negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU})
		far.send(t, b.Local(), rtp.Header{SSRC: 7}, make([]byte, 160))
		if resting {
			far.send(t, b.Local(), rtp.Header{PayloadType: comfortNoise, SSRC: 7, Sequence: 1, Timestamp: 160}, []byte{70})
		}
		m.Step(300)
		if _, err := far.WriteToUDPAddrPort(rtp.Report{SSRC: 7}.Append(nil, "x"), b.Local()); err != nil {
			t.Fatal(err)
		}
		m.Step(50)
		if got := b.Stats().Silent; resting && got > 2*time.Second || !resting && got < 6*time.Second {
			t.Errorf("resting %v: silent for %v", resting, got)
		}
	}
}

// TestKeysInTheSound: tones are keys where telephone events were not negotiated,
// also over a lost packet, and are not where they were.
func TestKeysInTheSound(t *testing.T) {
	for _, events := range []uint8{0, 101} {
		var m beat.Manual
		b := open(t, &m)
		far := intrude(t, "127.0.0.1:0")
		negotiate(t, b, Remote{Addr: far.addr(), Codec: codec.PCMU, DTMF: events})
		var pcm []int16
		for _, pair := range [][2]float64{{770, 1336}, {770, 1336}, {941, 1477}} { // 55#
			for i := range 2400 { // 120 ms of it, 180 ms of pause
				v := 0.0
				if x := float64(i) / 8000; x < 0.12 {
					v = 5000 * (math.Sin(2*math.Pi*pair[0]*x) + math.Sin(2*math.Pi*pair[1]*x))
				}
				pcm = append(pcm, int16(v))
			}
		}
		for i := 0; i*160 < len(pcm); i++ {
			if i != 3 {
				far.send(t, b.Local(), rtp.Header{SSRC: 7, Sequence: uint16(i), Timestamp: uint32(i * 160)},
					codec.PCMU.AppendPayload(nil, pcm[i*160:(i+1)*160]))
			}
			m.Step(1)
		}
		m.Step(5)
		b.Close()
		var got []rune
		for d := range b.Digits() {
			got = append(got, d)
		}
		want := "55#"
		if events != 0 {
			want = ""
		}
		if string(got) != want {
			t.Errorf("events of type %d: heard %q, want %q", events, string(got), want)
		}
	}
}
