package srtp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"parley/media/rtp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inline(t testing.TB, material string) string {
	return "inline:" + base64.StdEncoding.EncodeToString(unhex(t, material))
}

// room gives a packet the place that Seal needs.
func room(b []byte) []byte { return append(make([]byte, 0, len(b)+Overhead), b...) }

// TestVectors: the packets of libsrtp's own validation, which have the master
// key of RFC 3711 appendix B.3.
func TestVectors(t *testing.T) {
	const plain = "800f1234decafbadcafebabe abababababababababababababababab"
	for _, c := range []struct {
		suite    Suite
		material string
		sealed   string
	}{
		{AES80, "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb"},
		{AES32, "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
			"800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc"},
		{GCM128, "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
			"800f1234decafbadcafebabe c5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"},
	} {
		t.Run(c.suite.String(), func(t *testing.T) {
			key, err := ParseKey(c.suite, inline(t, c.material))
			if err != nil {
				t.Fatal(err)
			}
			sealer, err := NewSealer(key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := sealer.Seal(room(unhex(t, plain)))
			if want := unhex(t, c.sealed); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("sealed %x, %v; want %x", got, err, want)
			}
			opener, err := NewOpener(key)
			if err != nil {
				t.Fatal(err)
			}
			again := bytes.Clone(got)
			opened, err := opener.Open(got)
			if err != nil || !bytes.Equal(opened, unhex(t, plain)) {
				t.Fatalf("opened %x, %v", opened, err)
			}
			if _, err := opener.Open(again); !errors.Is(err, ErrReplay) {
				t.Errorf("the same packet again: %v", err)
			}
		})
	}
}

// pair is both ends of one direction.
func pair(t testing.TB, param string, s Suite) (*Sealer, *Opener) {
	t.Helper()
	k, err := NewKey(s)
	if err == nil {
		k, err = ParseKey(s, k.Inline()+param)
	}
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := NewSealer(k)
	if err != nil {
		t.Fatal(err)
	}
	opener, err := NewOpener(k)
	if err != nil {
		t.Fatal(err)
	}
	return sealer, opener
}

// TestForged: one flipped bit anywhere, a cut, or no protection at all is found
// out, in RTP and RTCP alike, and spoils nothing for what follows.
func TestForged(t *testing.T) {
	for _, s := range Suites {
		for _, param := range []string{"", "|2^31|1:1", "|7:4"} {
			sealer, opener := pair(t, param, s)
			plain := append(rtp.Header{SSRC: 9, Sequence: 65535}.Append(nil), make([]byte, 40)...)
			report := rtp.Report{SSRC: 9, Sender: true}.Append(nil, "x")
			for _, c := range []struct {
				name       string
				plain      []byte
				seal, open func([]byte) ([]byte, error)
			}{
				{"RTP", plain, sealer.Seal, opener.Open}, {"RTCP", report, sealer.SealRTCP, opener.OpenRTCP},
			} {
				sealed, err := c.seal(room(c.plain))
				if err != nil || len(sealed) > len(c.plain)+Overhead {
					t.Fatalf("%v %s: %d bytes more, %v", s, c.name, len(sealed)-len(c.plain), err)
				}
				for bit := range 8 * len(sealed) {
					bad := bytes.Clone(sealed)
					bad[bit/8] ^= 1 << (bit % 8)
					if _, err := c.open(bad); err == nil {
						t.Fatalf("%v %s%s: bit %d is not protected", s, c.name, param, bit)
					}
				}
				for _, bad := range [][]byte{sealed[:len(sealed)-1], sealed[:12], sealed[:1], {}, bytes.Clone(c.plain)} {
					if _, err := c.open(bytes.Clone(bad)); err == nil {
						t.Fatalf("%v %s%s: %d bytes are taken", s, c.name, param, len(bad))
					}
				}
				if got, err := c.open(sealed); err != nil || !bytes.Equal(got, c.plain) {
					t.Fatalf("%v %s%s: opened %x, %v", s, c.name, param, got, err)
				}
			}
		}
	}
}

// TestSequenceWraps: the rollover counter is not sent; both sides count it.
func TestSequenceWraps(t *testing.T) {
	sealer, opener := pair(t, "", AES80)
	for i := range 3 << 16 {
		if i%7 == 3 {
			continue // lost
		}
		packet, err := sealer.Seal(room(append(rtp.Header{SSRC: 9, Sequence: uint16(i)}.Append(nil), 1, 2, 3)))
		if err == nil {
			_, err = opener.Open(packet)
		}
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	k80, _ := NewKey(AES80)
	good := k80.Inline()
	for _, c := range []struct {
		suite Suite
		param string
		ok    bool
	}{
		{AES80, good, true},
		{AES80, strings.Replace(good, "inline", "INLINE", 1), true},
		{AES32, good + "|2^48", true},
		{AES80, good + "|2^31|1:4", true},
		{AES80, good + "|1048576|255:1", true},
		{AES80, good + "|256:1", false},
		{AES80, good + "|1:0", false},
		{AES80, good + "|1:129", false},
		{AES80, good + "|x:1", false},
		{AES80, good + ";" + good, false},
		{GCM128, good, false}, // 30 bytes, not 28
		{AES80, "inline:", false},
		{AES80, "inline:!!", false},
		{AES80, "uri:" + good, false},
		{AES80, "", false},
		{0, good, false},
		{99, good, false},
	} {
		_, err := ParseKey(c.suite, c.param)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrKey) {
			t.Errorf("%v %q: %v", c.suite, strings.Replace(c.param, good, "KEY", 2), err)
		}
		if err != nil && strings.Contains(err.Error(), good[10:30]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

// TestKeysAreNotShown: whatever prints a key prints its suite.
func TestKeysAreNotShown(t *testing.T) {
	k, err := NewKey(GCM128)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "held", struct{ K *Key }{&k})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "held", struct{ K Key }{k})
	asJSON, _ := json.Marshal(struct{ K Key }{k})
	all := log.String() + string(asJSON) + fmt.Sprintf("%v %+v %#v %s %q %x", k, k, k, k, k, k)
	material := k.material()
	for _, secret := range []string{
		k.Inline()[7:], hex.EncodeToString(material[:4]), fmt.Sprintf("%v", material[:4])[1:10], fmt.Sprintf("%#v", material[:4])[7:],
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is shown in %s", secret, all)
		}
	}
}

// FuzzOpen: what is not sealed with the key is never opened, and nothing of it
// panics or grows.
func FuzzOpen(f *testing.F) {
	sealer, _ := pair(f, "", AES80)
	sealed, _ := sealer.Seal(room(append(rtp.Header{SSRC: 9}.Append(nil), 1, 2, 3)))
	f.Add(sealed)
	f.Add([]byte{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0xFF, 0xFF})
	f.Add(rtp.Report{SSRC: 9}.Append(nil, "x"))
	_, opener := pair(f, "|1:1", AES80)
	_, aead := pair(f, "", GCM128)
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, open := range []func([]byte) ([]byte, error){opener.Open, opener.OpenRTCP, aead.Open, aead.OpenRTCP} {
			if _, err := open(bytes.Clone(packet)); err == nil {
				t.Fatal("a packet that nobody sealed was opened")
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	k, _ := NewKey(AES80)
	f.Add(uint8(AES80), k.Inline()+"|2^20|1:4")
	f.Add(uint8(GCM128), "inline:AAAA|1:1|1:1")
	f.Fuzz(func(t *testing.T, suite uint8, param string) {
		k, err := ParseKey(Suite(suite), param)
		if err != nil {
			return
		}
		again, err := ParseKey(k.Suite(), k.Inline())
		if err != nil || !bytes.Equal(again.material(), k.material()) {
			t.Fatalf("%v", err)
		}
		if _, err := NewOpener(k); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkPacket seals and opens one packet of 20 ms; beside it the plain path:
// writing and reading its header.
func BenchmarkPacket(b *testing.B) {
	h := rtp.Header{SSRC: 9}
	payload := make([]byte, 160)
	packet := make([]byte, 0, 172+Overhead)
	next := func() []byte {
		h.Sequence++
		h.Timestamp += 160
		return append(h.Append(packet[:0]), payload...)
	}
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := rtp.Parse(next()); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, s := range Suites {
		b.Run(s.String(), func(b *testing.B) {
			sealer, opener := pair(b, "", s)
			b.ReportAllocs()
			for b.Loop() {
				sealed, err := sealer.Seal(next())
				if err == nil {
					_, err = opener.Open(sealed)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
