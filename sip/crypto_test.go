package sip

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"parley/call"
	"parley/media/srtp"
	"parley/outcome"
)

// theirKey is the key of a far side, from the example of RFC 4568 section 9.1.
const theirKey = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

func TestParseCrypto(t *testing.T) {
	for _, c := range []struct {
		value string
		tag   int // 0 for none
		suite srtp.Suite
	}{
		{"1 AES_CM_128_HMAC_SHA1_80 " + theirKey, 1, srtp.AES80},
		{"2 AES_CM_128_HMAC_SHA1_32 " + theirKey + "|2^20|1:4 WSH=128", 2, srtp.AES32},
		{"999999999 aes_cm_128_hmac_sha1_80 " + theirKey + " -HINT", 999999999, srtp.AES80},
		{"1 AES_CM_128_HMAC_SHA1_80 " + theirKey + " UNENCRYPTED_SRTP", 0, 0},
		{"1 AES_CM_128_HMAC_SHA1_80 " + theirKey + " KDR=1", 0, 0},
		{"1 F8_128_HMAC_SHA1_80 " + theirKey, 0, 0},
		{"1 AEAD_AES_128_GCM " + theirKey, 0, 0}, // too long for it
		{"-1 AES_CM_128_HMAC_SHA1_80 " + theirKey, 0, 0},
		{"1 AES_CM_128_HMAC_SHA1_80", 0, 0},
		{"", 0, 0},
	} {
		got, ok := parseCrypto(c.value)
		if ok != (c.tag != 0) || ok && (got.tag != c.tag || got.key.Suite() != c.suite) {
			t.Errorf("%q: %v, tag %d, %v", c.value, ok, got.tag, got.key)
		}
	}
}

// secureRig has a trunk with a policy, and sees all that is traced and logged.
type secureRig struct {
	*rig
	mu    sync.Mutex
	shown bytes.Buffer
}

func (r *secureRig) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shown.Write(b)
}

func newSecureRig(t *testing.T, policy SRTP) *secureRig {
	t.Helper()
	r := &secureRig{}
	r.rig = newTrunkRig(t, func(o *Options) {
		o.Trunks[0].SRTP = policy
		o.Log = slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Trace = func(m TraceMessage) { _, _ = r.Write(m.Raw) }
	})
	return r
}

// answer takes the call with these lines in place of the plain ones.
func (r *secureRig) answer(t *testing.T, profile, attribute string) (call.Leg, message) {
	t.Helper()
	l := r.dial(func(t *call.Target) { t.Trunk, t.To = "t1", "+15550100" })
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "200 OK", strings.Replace(sdp, "RTP/AVP", profile, 1)+attribute)
	r.far.expect("ACK")
	return l, invite
}

// offered reads our keys out of a description.
func offeredKeys(t *testing.T, body string) map[int]srtp.Key {
	t.Helper()
	all := map[int]srtp.Key{}
	for line := range strings.SplitSeq(body, "\r\n") {
		if v, ok := strings.CutPrefix(line, "a=crypto:"); ok {
			c, ok := parseCrypto(v)
			if !ok {
				t.Fatalf("our own line cannot be read: %q", line)
			}
			all[c.tag] = c.key
		}
	}
	return all
}

// TestSRTPAgreed: the answer's suite decides, each side has its own key, a
// re-INVITE with the same keys leaves them, and nothing that is logged or traced
// shows one.
func TestSRTPAgreed(t *testing.T) {
	for _, c := range []struct {
		policy  SRTP
		profile string
	}{{SRTPOffer, "RTP/AVP"}, {SRTPRequire, "RTP/SAVP"}} {
		r := newSecureRig(t, c.policy)
		line := "a=crypto:2 AES_CM_128_HMAC_SHA1_80 " + theirKey + "|2^20\r\n"
		l, invite := r.answer(t, c.profile, line)
		step(t, l, call.Answered)
		ours := offeredKeys(t, invite.body)
		if len(ours) != 3 || !strings.Contains(invite.body, "m=audio 30000 "+c.profile+" 0 8 9 101\r\n") || !strings.Contains(invite.body, "a=rtcp-mux\r\n") {
			t.Fatalf("the offer is %q", invite.body)
		}
		m := <-r.media
		got := m.negotiated()[0]
		if got.Secure == nil || got.Secure.Send != ours[2] || got.Secure.Receive.Inline() != theirKey {
			t.Fatalf("negotiated %+v", got.Secure)
		}

		ack := "1 ACK"
		r.far.send(r.far.request("INVITE", invite, "1 INVITE", strings.Replace(sdp, "RTP/AVP", c.profile, 1)+strings.Replace(line, ":2 ", ":7 ", 1)), invite.src)
		var answer message
		for answer = r.far.next(); !strings.HasPrefix(answer.first, "SIP/2.0 200"); answer = r.far.next() {
		}
		r.far.send(r.far.request("ACK", invite, ack, ""), invite.src)
		if again := offeredKeys(t, answer.body); len(again) != 1 || again[7] != ours[2] {
			t.Errorf("the answer is %q", answer.body)
		}
		if all := m.negotiated(); len(all) != 2 || *all[1].Secure != *got.Secure {
			t.Errorf("negotiated again %+v", all)
		}

		hang(l)
		r.far.reply(r.far.expect("BYE"), "200 OK", "")
		ended(t, l)
		r.stop()
		r.mu.Lock()
		shown := r.shown.String()
		r.mu.Unlock()
		if !strings.Contains(shown, "inline:***") {
			t.Error("nothing was traced")
		}
		secrets := []string{theirKey[7:]}
		for _, k := range ours {
			secrets = append(secrets, k.Inline()[7:])
		}
		for _, s := range secrets {
			raw, _ := base64.StdEncoding.DecodeString(s)
			for _, form := range []string{s, fmt.Sprintf("%x", raw), fmt.Sprintf("%v", raw)} {
				if strings.Contains(shown, form) {
					t.Errorf("a key is shown: %s", form)
				}
			}
		}
	}
}

// TestSRTPNotAgreed: what was required and is missing ends the call, what was
// only offered does not.
func TestSRTPNotAgreed(t *testing.T) {
	for _, c := range []struct {
		name      string
		policy    SRTP
		profile   string
		attribute string
		fails     bool
	}{
		{"offered, plain comes back", SRTPOffer, "RTP/AVP", "", false},
		{"offered, an unknown suite comes back", SRTPOffer, "RTP/AVP", "a=crypto:1 F8_128_HMAC_SHA1_80 " + theirKey + "\r\n", false},
		{"off, keys come back all the same", SRTPOff, "RTP/AVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", false},
		{"off, the far side insists", SRTPOff, "RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + theirKey + "\r\n", true},
		{"required, plain comes back", SRTPRequire, "RTP/AVP", "", true},
		{"required, no key comes back", SRTPRequire, "RTP/SAVP", "", true},
		{"required, a key that is none", SRTPRequire, "RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newSecureRig(t, c.policy)
			l, _ := r.answer(t, c.profile, c.attribute)
			m := <-r.media
			if !c.fails {
				step(t, l, call.Answered)
				if got := m.negotiated(); len(got) != 1 || got[0].Secure != nil {
					t.Errorf("negotiated %+v", got)
				}
				hang(l)
			}
			r.far.reply(r.far.expect("BYE"), "200 OK", "")
			got := ended(t, l)
			if errors.Is(got.Err, ErrSRTP) != c.fails || got.Network != outcome.Answered {
				t.Errorf("cause is %+v", got)
			}
			if n := m.negotiated(); c.fails && len(n) != 0 {
				t.Errorf("sound flows: %+v", n)
			}
		})
	}
}

func TestWithoutKeys(t *testing.T) {
	for in, want := range map[string]string{
		"INVITE\r\n\r\nv=0\r\n": "INVITE\r\n\r\nv=0\r\n",
		"a=crypto:1 X inline:SECRET|2^20|1:4\r\na=crypto:2 Y INLINE:secret;inline:more WSH=1\r\na=x": "a=crypto:1 X inline:***|2^20|1:4\r\na=crypto:2 Y INLINE:***;inline:*** WSH=1\r\na=x",
		"inline:": "inline:***",
	} {
		if got := string(withoutKeys([]byte(in))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestParseSRTP(t *testing.T) {
	for name, want := range map[string]SRTP{"": SRTPOff, "off": SRTPOff, "offer": SRTPOffer, "require": SRTPRequire} {
		if got, err := ParseSRTP(name); err != nil || got != want {
			t.Errorf("%q: %v %v", name, got, err)
		}
	}
	if _, err := ParseSRTP("on"); err == nil {
		t.Error("on was taken")
	}
}
