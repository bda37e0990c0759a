package sip

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSession(t *testing.T) {
	addr := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	for _, c := range []struct {
		name, body string
		want       Remote
		err        error
	}{
		{"plain", sdp, Remote{Addr: addr("127.0.0.1:40000"), Codec: "PCMA", PayloadType: 8, DTMF: 101, Ptime: 20 * time.Millisecond}, nil},
		{"stream-level address wins, ptime, other order", "m=audio 9000 RTP/AVP 101 0\na=ptime:30\nc=IN IP4 10.0.0.2\na=rtpmap:101 Telephone-Event/8000\nv=0\n",
			Remote{Addr: addr("10.0.0.2:9000"), Codec: "PCMU", DTMF: 101, Ptime: 30 * time.Millisecond}, nil},
		{"video first, text after", "c=IN IP6 ::1\r\nm=video 1 RTP/AVP 0\r\nc=IN IP4 9.9.9.9\r\nm=audio 9000 RTP/AVP 97 8\r\na=rtpmap:97 opus/48000/2\r\nm=text 2 RTP/AVP 98\r\na=inactive\r\n",
			Remote{Addr: addr("[::1]:9000"), Codec: "PCMA", PayloadType: 8, Ptime: 20 * time.Millisecond}, nil},
		{"dynamic number for G.711", "c=IN IP4 1.2.3.4\r\nm=audio 9000 RTP/AVP 110\r\na=rtpmap:110 pcmu/8000\r\n",
			Remote{Addr: addr("1.2.3.4:9000"), Codec: "PCMU", PayloadType: 110, Ptime: 20 * time.Millisecond}, nil},
		{"on hold", "c=IN IP4 1.2.3.4\r\na=inactive\r\nm=audio 9000 RTP/AVP 0\r\n",
			Remote{Addr: addr("1.2.3.4:9000"), Codec: "PCMU", Ptime: 20 * time.Millisecond, Mute: true}, nil},
		{"number 0 taken by something else", "c=IN IP4 1.2.3.4\r\nm=audio 9000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n", Remote{}, ErrNoCodec},
		{"rejected", "c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", Remote{}, ErrNoAudio},
		{"no audio", "c=IN IP4 1.2.3.4\r\nm=video 9 RTP/AVP 31\r\n", Remote{}, ErrNoAudio},
		{"DTLS only", "c=IN IP4 1.2.3.4\r\nm=audio 9000 UDP/TLS/RTP/SAVPF 0\r\n", Remote{}, ErrNoAudio},
		{"G.722 first, reports on one port", "c=IN IP4 1.2.3.4\r\nm=audio 9000 RTP/AVP 9 0 13\r\na=rtpmap:9 G722/8000\r\na=rtcp:9001\r\na=rtcp-mux\r\n",
			Remote{Addr: addr("1.2.3.4:9000"), Codec: "G722", PayloadType: 9, Ptime: 20 * time.Millisecond, Mux: true, RTCP: 9001}, nil},
		{"G.722 at a clock that is not its own", "c=IN IP4 1.2.3.4\r\nm=audio 9000 RTP/AVP 96\r\na=rtpmap:96 G722/16000\r\n", Remote{}, ErrNoCodec},
		{"G.729 only", "c=IN IP4 1.2.3.4\r\nm=audio 9000 RTP/AVP 18 13 101\r\na=rtpmap:101 telephone-event/8000\r\n", Remote{}, ErrNoCodec},
		{"empty", "", Remote{}, ErrNoAudio},
		{"no address", "m=audio 9000 RTP/AVP 0\r\n", Remote{}, ErrBadSDP},
		{"host name", "c=IN IP4 evil.example\r\nm=audio 9000 RTP/AVP 0\r\n", Remote{}, ErrBadSDP},
		{"multicast", "c=IN IP4 224.1.1.1/127\r\nm=audio 9000 RTP/AVP 0\r\n", Remote{}, ErrBadSDP},
		{"port too big", "c=IN IP4 1.2.3.4\r\nm=audio 90000 RTP/AVP 0\r\n", Remote{}, ErrBadSDP},
		{"too long", strings.Repeat("a=x\r\n", maxSDP), Remote{}, ErrBadSDP},
		{"too many lines", strings.Repeat("a=\n", maxSDPLines+1), Remote{}, ErrBadSDP},
		{"too many streams", strings.Repeat("m=video 9 RTP/AVP 31\n", 9), Remote{}, ErrBadSDP},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSession([]byte(c.body))
			var got Remote
			if err == nil {
				got, err = s.remote()
			}
			if !errors.Is(err, c.err) || err == nil && c.err != nil {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if d := cmp.Diff(c.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); c.err == nil && d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestDescriptionAnswersEveryStream(t *testing.T) {
	offer, err := parseSession([]byte("c=IN IP4 1.2.3.4\r\nm=video 5 RTP/AVP 31\r\nm=audio 9000 RTP/AVP 8\r\na=sendonly\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	formats, _ := offer.agreed()
	got := string(description{id: 7, version: 2, local: netip.MustParseAddrPort("127.0.0.1:30000"),
		formats: formats, direction: offer.direction.mirrored(), answers: &offer}.bytes())
	want := "v=0\r\no=parley 7 2 IN IP4 127.0.0.1\r\ns=call\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=video 0 RTP/AVP 0\r\nm=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=recvonly\r\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRefusalNamesTheCodecs: who has to talk to the carrier learns what it
// offered, and nothing in it can be more than a name.
func TestRefusalNamesTheCodecs(t *testing.T) {
	s, err := parseSession([]byte("c=IN IP4 1.2.3.4\r\nm=audio 9 RTP/AVP 18 96 97 98 99 101 13\r\n" +
		"a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 <script>/8000\r\na=rtpmap:98 AMR/8000\r\na=rtpmap:101 telephone-event/8000\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.agreed()
	var refused *CodecError
	if !errors.As(err, &refused) || !errors.Is(err, ErrNoCodec) {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"G729", "OPUS/48000/2", "97", "AMR", "99"}, refused.Offered); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !strings.Contains(err.Error(), "only G729, OPUS") {
		t.Error(err)
	}
}

func FuzzSDP(f *testing.F) {
	f.Add([]byte(sdp))
	f.Add([]byte("c=IN IP6 ::1%eth0\r\nm=audio 1/2 RTP/AVP 0\r\na=rtpmap: x\r\n"))
	f.Add([]byte("c=IN IP4 1.2.3.4\nm=audio 1 RTP/SAVP 9 18\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\na=rtcp-mux\n"))
	f.Add([]byte("m=audio 1 RTP/AVPF 255 -1 0\nc=IN IP4 0.0.0.0/1\na=ptime:-1\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := parseSession(body)
		if err != nil {
			return
		}
		if !s.addr.Addr().IsValid() || s.addr.Port() == 0 || len(s.formats) > maxFormats || s.audio >= len(s.streams) {
			t.Fatalf("accepted %+v", s)
		}
		formats, err := s.agreed()
		if err != nil {
			return
		}
		// What we answer can be read again and agrees.
		answer, err := parseSession(description{id: 1, local: netip.MustParseAddrPort("127.0.0.1:2"), formats: formats,
			direction: s.direction.mirrored(), answers: &s}.bytes())
		if err != nil {
			t.Fatalf("our own answer: %v", err)
		}
		again, err := answer.agreed()
		if d := cmp.Diff(formats, again, cmp.AllowUnexported(format{})); err != nil || d != "" {
			t.Fatalf("our own answer: %v %s", err, d)
		}
	})
}
