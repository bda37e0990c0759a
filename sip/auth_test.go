package sip

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"parley/call"
	"parley/outcome"
)

// toTrunk makes the far side a trunk with an account.
func toTrunk(r *rig) func(*Options) {
	return func(o *Options) {
		host, port, _ := net.SplitHostPort(r.far.addr())
		n, _ := strconv.Atoi(port)
		o.Trunks = []Trunk{{Name: "t1", Host: host, Port: n, Username: "alice", Password: "secret", CallerID: "+15557777"}}
	}
}

// newTrunkRig is a rig whose far side is the trunk t1.
func newTrunkRig(t *testing.T, change ...func(*Options)) *rig {
	f := newFar(t)
	pre := &rig{far: f}
	r := newRig(t, append([]func(*Options){toTrunk(pre)}, change...)...)
	r.far = f
	return r
}

func byTrunk(t *call.Target) { t.Trunk, t.To, t.From = "t1", "+15550009", "" }

func field(header, name string) string {
	m := regexp.MustCompile(`\b` + name + `="?([^",]+)"?`).FindStringSubmatch(header)
	if m == nil {
		return ""
	}
	return m[1]
}

// checkDigest computes RFC 2617 by itself.
func checkDigest(t *testing.T, header, method string, h hash.Hash) {
	t.Helper()
	sum := func(parts ...string) string {
		h.Reset()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	a1 := sum("alice", field(header, "realm"), "secret")
	a2 := sum(method, field(header, "uri"))
	want := sum(a1, field(header, "nonce"), field(header, "nc"), field(header, "cnonce"), "auth", a2)
	if field(header, "qop") == "" {
		want = sum(a1, field(header, "nonce"), a2)
	}
	if got := field(header, "response"); got != want || got == "" {
		t.Errorf("response %q, want %q in %q", got, want, header)
	}
}

func TestDigest(t *testing.T) {
	for name, c := range map[string]struct {
		status, ask, answer string
		hash                hash.Hash
		algorithm           string
	}{
		"401 MD5":     {"401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth", algorithm=MD5`, "Authorization", md5.New(), "MD5"},
		"407 old":     {"407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="r", nonce="n1"`, "Proxy-Authorization", md5.New(), ""},
		"401 SHA-256": {"401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n0\", algorithm=MD5\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth-int, auth\", algorithm=SHA-256", "Authorization", sha256.New(), "SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrunkRig(t)
			l := r.dial(byTrunk)
			first := r.far.expect("INVITE")
			if !strings.Contains(first.get("From"), "<sip:+15557777@") {
				t.Errorf("From is %q, want the trunk's caller ID", first.get("From"))
			}
			r.far.reply(first, c.status, "", c.ask)
			r.far.expect("ACK")
			second := r.far.expect("INVITE")
			if second.get("CSeq") != "2 INVITE" || second.get("Call-ID") != first.get("Call-ID") || second.get("From") != first.get("From") {
				t.Errorf("second INVITE: CSeq %q, Call-ID and From kept: %v", second.get("CSeq"), second.get("From") == first.get("From"))
			}
			header := second.get(c.answer)
			if field(header, "algorithm") != c.algorithm || field(header, "username") != "alice" {
				t.Errorf("credentials are %q", header)
			}
			checkDigest(t, header, "INVITE", c.hash)
			r.far.reply(second, "200 OK", sdp)
			if ack := r.far.expect("ACK"); ack.get("CSeq") != "2 ACK" || ack.get(c.answer) != header {
				t.Errorf("ACK has CSeq %q and credentials %q", ack.get("CSeq"), ack.get(c.answer))
			}
			hang(l)
			// Some trunks challenge even the BYE.
			bye := r.far.expect("BYE")
			r.far.reply(bye, c.status, "", c.ask)
			again := r.far.expect("BYE")
			checkDigest(t, again.get(c.answer), "BYE", c.hash)
			r.far.reply(again, "200 OK", "")
			if got := ended(t, l); got.Network != outcome.Answered || got.Err != nil {
				t.Errorf("cause is %+v", got)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	for name, c := range map[string]struct {
		again string
		tries int
	}{
		"refused":    {"", 2},
		"stale once": {", stale=true", 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrunkRig(t)
			l := r.dial(byTrunk)
			for try := range c.tries {
				extra := `WWW-Authenticate: Digest realm="r", qop="auth", nonce="n` + strconv.Itoa(try) + `"`
				if try > 0 {
					extra += c.again
				}
				r.far.reply(r.far.expect("INVITE"), "401 Unauthorized", "", extra)
				r.far.expect("ACK")
			}
			got := ended(t, l)
			if got.Network != outcome.TrunkFailed || got.SIP != 401 || got.Rang {
				t.Errorf("cause is %+v", got)
			}
		})
	}
}

// TestChallengeOfNobody: a callee's challenge, another realm's, and one from a
// proxy that is not the trunk get no digest.
func TestChallengeOfNobody(t *testing.T) {
	for name, change := range map[string]func(r *rig) func(*call.Target){
		"direct":      func(*rig) func(*call.Target) { return func(*call.Target) {} },
		"other realm": func(*rig) func(*call.Target) { return byTrunk },
		"proxy": func(r *rig) func(*call.Target) {
			return func(t *call.Target) { byTrunk(t); t.Proxy = r.far.addr() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrunkRig(t, func(o *Options) { o.Trunks[0].Realm = "mine" })
			l := r.dial(change(r))
			r.far.reply(r.far.expect("INVITE"), "401 Unauthorized", "", `WWW-Authenticate: Digest realm="theirs", nonce="n"`)
			r.far.expect("ACK")
			got := ended(t, l)
			if got.Network != outcome.TrunkFailed || !errors.Is(got.Err, ErrAuth) {
				t.Errorf("cause is %+v", got)
			}
		})
	}
}
