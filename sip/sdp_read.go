package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The reader of session descriptions: it takes what real gateways send, in any
// order, and is bounded in every direction.

// Limits of what is read.
const (
	maxSDP      = 8 << 10
	maxSDPLines = 400
	maxFormats  = 64
)

// parseSession reads a description. A stream with port 0 gives ErrNoAudio, as
// does a description without audio; everything it cannot read is ErrBadSDP.
func parseSession(body []byte) (session, error) {
	if len(body) > maxSDP {
		return session{}, fmt.Errorf("%w: %d bytes are too many", ErrBadSDP, len(body))
	}
	p := sessionParser{s: session{direction: sendrecv, audio: -1}, names: map[uint8]string{}}
	for n, line := 0, ""; len(body) > 0; n++ {
		if n == maxSDPLines {
			return session{}, fmt.Errorf("%w: too many lines", ErrBadSDP)
		}
		line, body = cutLine(body)
		if err := p.line(line); err != nil {
			return session{}, err
		}
	}
	return p.finish()
}

func cutLine(body []byte) (string, []byte) {
	head, rest, _ := strings.Cut(string(body), "\n")
	return strings.TrimRight(head, "\r \t"), []byte(rest)
}

// sessionParser collects session-level values first, then those of the first
// audio stream, and skips the attributes of every other one.
type sessionParser struct {
	s        session
	conn     netip.Addr // of the session
	own      netip.Addr // of the audio stream
	port     uint16
	payloads []uint8
	names    map[uint8]string
	inAudio  bool
	inOther  bool
}

func (p *sessionParser) line(line string) error {
	kind, value, ok := strings.Cut(line, "=")
	if !ok || len(kind) != 1 {
		return nil // robust: not a line of SDP, and none of our business
	}
	switch kind {
	case "m":
		return p.stream(value)
	case "c":
		if p.inOther {
			return nil
		}
		a, err := connection(value)
		if err != nil {
			return err
		}
		if p.inAudio {
			p.own = a
		} else {
			p.conn = a
		}
	case "a":
		if !p.inOther {
			p.attribute(value)
		}
	}
	return nil
}

func (p *sessionParser) stream(value string) error {
	f := strings.Fields(value)
	if len(f) < 4 || len(f) > 3+maxFormats {
		return fmt.Errorf("%w: m=%.40s", ErrBadSDP, value)
	}
	if len(p.s.streams) == 8 {
		return fmt.Errorf("%w: too many streams", ErrBadSDP)
	}
	p.s.streams = append(p.s.streams, f[0]+" "+f[2])
	p.inAudio, p.inOther = false, true
	ours := f[0] == "audio" && slices.Contains([]string{"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"}, f[2])
	if !ours || p.s.audio >= 0 {
		return nil
	}
	port, _, _ := strings.Cut(f[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%w: port %.10s", ErrBadSDP, port)
	}
	p.s.audio = len(p.s.streams) - 1
	p.inAudio, p.inOther = true, false
	p.port = uint16(n)
	p.s.secure = strings.HasPrefix(f[2], "RTP/S")
	for _, pt := range f[3:] {
		if n, err := strconv.ParseUint(pt, 10, 7); err == nil {
			p.payloads = append(p.payloads, uint8(n))
		}
	}
	return nil
}

func (p *sessionParser) attribute(value string) {
	name, rest, _ := strings.Cut(value, ":")
	switch name {
	case "sendrecv", "sendonly", "recvonly", "inactive":
		p.s.direction = direction(name)
	case "ptime":
		if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil && n > 0 && n <= 200 {
			p.s.ptime = time.Duration(n) * time.Millisecond
		}
	case "rtcp-mux":
		p.s.mux = p.inAudio
	case "rtcp": // the port, and an address that we do not follow
		port, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if n, err := strconv.ParseUint(port, 10, 16); err == nil && p.inAudio {
			p.s.rtcp = uint16(n)
		}
	case "crypto":
		if c, ok := parseCrypto(rest); ok && p.inAudio && len(p.s.crypto) < maxCrypto {
			p.s.crypto = append(p.s.crypto, c)
		}
	case "rtpmap":
		pt, codec, ok := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseUint(pt, 10, 7)
		if ok && err == nil && len(p.names) < maxFormats {
			p.names[uint8(n)] = strings.ToUpper(strings.TrimSpace(codec))
		}
	}
}

// connection reads the value of a c= line. Host names are refused: nothing in
// a stranger's SDP makes us ask a resolver.
func connection(value string) (netip.Addr, error) {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != "IN" {
		return netip.Addr{}, fmt.Errorf("%w: c=%.40s", ErrBadSDP, value)
	}
	addr, _, _ := strings.Cut(f[2], "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("%w: connection address %.60s", ErrBadSDP, f[2])
	}
	return a.Unmap(), nil
}

func (p *sessionParser) finish() (session, error) {
	if p.s.audio < 0 {
		return p.s, fmt.Errorf("%w: no audio stream", ErrNoAudio)
	}
	if p.port == 0 {
		return p.s, fmt.Errorf("%w: port 0", ErrNoAudio)
	}
	where := p.own
	if !where.IsValid() {
		where = p.conn
	}
	if !where.IsValid() {
		return p.s, fmt.Errorf("%w: no connection address", ErrBadSDP)
	}
	p.s.addr = netip.AddrPortFrom(where, p.port)
	for _, pt := range p.payloads {
		p.s.formats = append(p.s.formats, format{pt, codecName(pt, p.names[pt])})
	}
	return p.s, nil
}

// codecName understands a payload type by its rtpmap, else by the static
// assignment of RFC 3551. What we do not speak is named as the side names it, in
// so far as that is fit to be shown.
func codecName(pt uint8, rtpmap string) string {
	name, clock, _ := strings.Cut(strings.TrimSuffix(rtpmap, "/1"), "/")
	switch {
	case rtpmap == "":
		if name, ok := staticNames[pt]; ok {
			return name
		}
		return strconv.Itoa(int(pt))
	case name == "TELEPHONE-EVENT" && clock == "8000":
		return telephoneEvent
	case clock == "8000" && fit(name):
		return name
	case fit(name) && fit(clock):
		return name + "/" + clock // another rate: not the codec that we speak
	}
	return strconv.Itoa(int(pt))
}

// fit: short, and of letters, digits and the like.
func fit(name string) bool {
	return name != "" && len(name) <= 24 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == ""
}

// staticNames are the audio payload types of RFC 3551 section 6.
var staticNames = map[uint8]string{
	payloadPCMU: "PCMU", 3: "GSM", 4: "G723", 5: "DVI4", 7: "LPC", payloadPCMA: "PCMA", payloadG722: "G722",
	10: "L16/44100", 11: "L16/44100", 12: "QCELP", 13: "CN", 15: "G728", 18: "G729",
}
