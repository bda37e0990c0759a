package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parley/media/srtp"
)

// SRTP keys in session descriptions (RFC 4568).

// SRTP is whether a trunk's sound is protected.
type SRTP uint8

const (
	// SRTPOff offers none, and accepts none.
	SRTPOff SRTP = iota
	// SRTPOffer offers keys beside plain RTP and takes what comes back
	// (opportunistic, RFC 8643). Anyone on the signalling's way can strip them.
	SRTPOffer
	// SRTPRequire offers RTP/SAVP and ends a call without it.
	SRTPRequire
)

var srtpNames = [...]string{SRTPOff: "off", SRTPOffer: "offer", SRTPRequire: "require"}

// ParseSRTP reads "off", "offer" or "require"; "" is off.
func ParseSRTP(name string) (SRTP, error) {
	if name == "" {
		return SRTPOff, nil
	}
	for i, n := range srtpNames {
		if n == name {
			return SRTP(i), nil
		}
	}
	return SRTPOff, fmt.Errorf("srtp: %q is none of off, offer, require", name)
}

// ErrSRTP: the two sides do not agree on whether, or how, sound is protected.
var ErrSRTP = errors.New("no agreement on SRTP")

// Secure are the keys of a leg under SRTP.
type Secure struct{ Send, Receive srtp.Key }

// cryptoLine is one a=crypto attribute that can be used.
type cryptoLine struct {
	tag int
	key srtp.Key
}

const maxCrypto = 16

// parseCrypto reads the value of an a=crypto attribute; false for what we do not
// support, which RFC 4568 section 5.1.2 has us pass over.
func parseCrypto(value string) (cryptoLine, bool) {
	f := strings.Fields(value)
	if len(f) < 3 || len(f[0]) > 9 {
		return cryptoLine{}, false
	}
	tag, err := strconv.ParseUint(f[0], 10, 31)
	suite, known := srtp.ParseSuite(f[1])
	if err != nil || !known {
		return cryptoLine{}, false
	}
	for _, p := range f[3:] {
		// A hint about the window of repeated packets, and what may be ignored.
		if !strings.HasPrefix(p, "WSH=") && !strings.HasPrefix(p, "-") {
			return cryptoLine{}, false
		}
	}
	key, err := srtp.ParseKey(suite, f[2])
	return cryptoLine{int(tag), key}, err == nil
}

func (c cryptoLine) String() string {
	return fmt.Sprintf("%d %v %s", c.tag, c.key.Suite(), c.key.Inline())
}

// keys are our own of one call, one a suite: offers and answers repeat them, so
// that a renegotiation does not interrupt the sound.
type keys map[srtp.Suite]srtp.Key

func newKeys() (keys, error) {
	k := keys{}
	for _, s := range srtp.Suites {
		key, err := srtp.NewKey(s)
		if err != nil {
			return nil, err
		}
		k[s] = key
	}
	return k, nil
}

// lines are the attributes for an offer, or for the answer to one.
func (k keys) lines(policy SRTP, answers *session) []cryptoLine {
	if policy == SRTPOff || k == nil {
		return nil
	}
	if answers != nil {
		if len(answers.crypto) == 0 {
			return nil
		}
		theirs := answers.crypto[0]
		return []cryptoLine{{theirs.tag, k[theirs.key.Suite()]}}
	}
	var all []cryptoLine
	for i, s := range srtp.Suites {
		all = append(all, cryptoLine{i + 1, k[s]})
	}
	return all
}

// agree finds the keys that both sides have after an exchange; nil for plain RTP.
// Errors are ErrSRTP.
func (k keys) agree(policy SRTP, s session) (*Secure, error) {
	switch {
	case policy == SRTPOff && s.secure:
		return nil, fmt.Errorf("%w: the far side asks for it; set srtp of the trunk to offer or require", ErrSRTP)
	case policy == SRTPOff:
		return nil, nil
	case len(s.crypto) > 0 && k != nil:
		theirs := s.crypto[0]
		return &Secure{Send: k[theirs.key.Suite()], Receive: theirs.key}, nil
	case s.secure:
		return nil, fmt.Errorf("%w: the far side names no key of a suite that we have", ErrSRTP)
	case policy == SRTPRequire:
		return nil, fmt.Errorf("%w: the far side takes plain RTP only; set srtp of the trunk to offer if that will do", ErrSRTP)
	}
	return nil, nil
}

// policy is that of the leg's trunk; without one it is off.
func (l *leg) policy() SRTP {
	if l.path.account == nil || l.sound == nil {
		return SRTPOff
	}
	return l.path.account.SRTP
}

// ownKeys draws the leg's keys when they are first needed.
func (l *leg) ownKeys() keys {
	if l.crypto == nil && l.policy() != SRTPOff {
		l.crypto, _ = newKeys() // fails only where the system has no randomness
	}
	return l.crypto
}

// withoutKeys is a message as it may be shown: the keys of a=crypto attributes
// are struck out, in a copy.
func withoutKeys(raw []byte) []byte {
	const mark, hidden = "inline:", "***"
	if !bytes.Contains(bytes.ToLower(raw), []byte(mark)) {
		return bytes.Clone(raw)
	}
	out := make([]byte, 0, len(raw))
	lower := bytes.ToLower(raw)
	for {
		i := bytes.Index(lower, []byte(mark))
		if i < 0 || i+len(mark) > len(raw) {
			return append(out, raw...)
		}
		i += len(mark)
		out = append(append(out, raw[:i]...), hidden...)
		raw, lower = raw[i:], lower[i:]
		end := bytes.IndexAny(raw, "|; \r\n")
		if end < 0 {
			return out
		}
		raw, lower = raw[end:], lower[end:]
	}
}
