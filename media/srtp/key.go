// Package srtp protects RTP and RTCP packets (RFC 3711, RFC 7714) with keys that
// travel in session descriptions (RFC 4568). The transforms are pion's.
package srtp

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	pion "github.com/pion/srtp/v3"
)

// Suite is a crypto suite by its number in Suites; the zero value is none.
type Suite uint8

// The suites in use.
const (
	AES80  Suite = iota + 1 // AES_CM_128_HMAC_SHA1_80 (RFC 4568 section 6.2.1)
	AES32                   // AES_CM_128_HMAC_SHA1_32: its RTCP still has 80 bits
	GCM128                  // AEAD_AES_128_GCM (RFC 7714)
)

// Suites are all of them, the one to prefer first: GCM costs less and proves
// more, AES_CM_128_HMAC_SHA1_80 is what everybody has.
var Suites = []Suite{GCM128, AES80, AES32}

var suites = [...]struct {
	name    string
	profile pion.ProtectionProfile
	salt    int // bytes
}{
	AES80:  {"AES_CM_128_HMAC_SHA1_80", pion.ProtectionProfileAes128CmHmacSha1_80, 14},
	AES32:  {"AES_CM_128_HMAC_SHA1_32", pion.ProtectionProfileAes128CmHmacSha1_32, 14},
	GCM128: {"AEAD_AES_128_GCM", pion.ProtectionProfileAeadAes128Gcm, 12},
}

const masterKey = 16 // bytes, of every suite

// String is the suite's name in SDP.
func (s Suite) String() string {
	if int(s) < len(suites) && s != 0 {
		return suites[s].name
	}
	return "none"
}

// ParseSuite finds a suite by its name in SDP.
func ParseSuite(name string) (Suite, bool) {
	for _, s := range Suites {
		if strings.EqualFold(s.String(), name) {
			return s, true
		}
	}
	return 0, false
}

// Key is one direction's master key and salt. It prints as its suite, so that
// no log and no %v shows it; only Inline gives it away.
type Key struct {
	suite  Suite
	secret [masterKey + 14]byte
	// mki precedes or follows the tag of every packet; empty for most.
	mki    [maxMKI]byte
	mkiLen uint8
}

const maxMKI = 8 // bytes; RFC 4568 allows 128, gateways send 1 to 4

// ErrKey: the key parameter of a session description is of no use.
var ErrKey = errors.New("srtp: the key parameter is none that is supported")

// NewKey draws a random key.
func NewKey(s Suite) (Key, error) {
	if s == 0 || int(s) >= len(suites) {
		return Key{}, fmt.Errorf("%w: no such suite", ErrKey)
	}
	k := Key{suite: s}
	if _, err := rand.Read(k.material()); err != nil {
		return Key{}, fmt.Errorf("srtp: choose a key: %w", err)
	}
	return k, nil
}

// material is the master key followed by the salt.
func (k *Key) material() []byte { return k.secret[:masterKey+suites[k.suite].salt] }

// ParseKey reads the key parameter of an a=crypto attribute (RFC 4568 section
// 6.1), "inline:" KEY ["|" LIFETIME] ["|" MKI ":" LENGTH]. One key only; the
// lifetime is read and not needed: no call sends 2^48 packets. Errors are ErrKey
// and never hold the key.
func ParseKey(s Suite, param string) (Key, error) {
	if s == 0 || int(s) >= len(suites) {
		return Key{}, fmt.Errorf("%w: no such suite", ErrKey)
	}
	method, rest, ok := strings.Cut(param, ":")
	if !ok || !strings.EqualFold(method, "inline") {
		return Key{}, fmt.Errorf("%w: not inline", ErrKey)
	}
	parts := strings.Split(rest, "|")
	if len(parts) > 3 || strings.Contains(rest, ";") {
		return Key{}, fmt.Errorf("%w: several keys", ErrKey)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil { // padding is left out by some
		raw, err = base64.RawStdEncoding.DecodeString(parts[0])
	}
	k := Key{suite: s}
	if err != nil || len(raw) != len(k.material()) {
		return Key{}, fmt.Errorf("%w: its length is wrong for %v", ErrKey, s)
	}
	copy(k.material(), raw)
	for _, p := range parts[1:] {
		value, length, isMKI := strings.Cut(p, ":")
		if !isMKI {
			continue // a lifetime
		}
		if err := k.setMKI(value, length); err != nil {
			return Key{}, err
		}
	}
	return k, nil
}

// setMKI takes the identifier, a number, in that many bytes.
func (k *Key) setMKI(value, length string) error {
	v, err1 := strconv.ParseUint(value, 10, 64)
	n, err2 := strconv.ParseUint(length, 10, 8)
	if err1 != nil || err2 != nil || n == 0 || n > maxMKI || n < maxMKI && v>>(8*n) != 0 {
		return fmt.Errorf("%w: its identifier", ErrKey)
	}
	k.mkiLen = uint8(n)
	for i := range k.mki[:n] {
		k.mki[i] = byte(v >> (8 * (int(n) - 1 - i)))
	}
	return nil
}

// Inline is the key parameter for a session description, and for nothing else.
func (k Key) Inline() string {
	return "inline:" + base64.StdEncoding.EncodeToString(k.material())
}

// Suite is what the key is for; 0 for the zero Key.
func (k Key) Suite() Suite { return k.suite }

// String hides the key.
func (k Key) String() string { return k.suite.String() }

// GoString hides the key from %#v.
func (k Key) GoString() string { return k.suite.String() }

// LogValue hides the key from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.suite.String()) }

// MarshalText hides the key from JSON and its like.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.suite.String()), nil }
