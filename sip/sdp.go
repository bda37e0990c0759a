package sip

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"parley/media"
)

// Session descriptions (RFC 8866) as far as one G.711 telephone leg needs them:
// the offer and answers we write, and a reader that takes what real gateways
// send, in any order, and is bounded in every direction.

// Limits of what is read.
const (
	maxSDP      = 8 << 10
	maxSDPLines = 400
	maxFormats  = 64
)

// The payload types we offer.
const (
	payloadPCMU = 0
	payloadPCMA = 8
	payloadDTMF = 101
)

// direction is who sends, as one side describes itself (RFC 3264).
type direction string

const (
	sendrecv direction = "sendrecv"
	sendonly direction = "sendonly"
	recvonly direction = "recvonly"
	inactive direction = "inactive"
)

// mirrored is the direction that answers this one.
func (d direction) mirrored() direction {
	switch d {
	case sendonly:
		return recvonly
	case recvonly:
		return sendonly
	case inactive:
		return inactive
	}
	return sendrecv
}

// format is one payload type of an audio stream, already understood.
type format struct {
	payload uint8
	codec   string // "PCMU", "PCMA", "telephone-event" or "" for what we do not speak
}

// session is one side's description, reduced to its first audio stream.
type session struct {
	addr      netip.AddrPort // invalid when the port is 0: rejected
	formats   []format       // in the side's order of preference
	direction direction
	ptime     time.Duration // 0 when not said
	streams   []string      // every m= line's "kind proto", in order, to be rejected in an answer
	audio     int           // index of ours in streams
}

// describe writes a description with these formats.
type description struct {
	id, version uint64
	local       netip.AddrPort
	formats     []format
	direction   direction
	// answers: the offer that is answered, whose other streams are rejected
	// with port 0 (RFC 3264 section 6); nil for an offer.
	answers *session
}

// offered are the formats of our offers.
func offered() []format {
	return []format{{payloadPCMU, "PCMU"}, {payloadPCMA, "PCMA"}, {payloadDTMF, "telephone-event"}}
}

// family is the address family as SDP writes it.
func family(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "IP4 " + a.Unmap().String()
	}
	return "IP6 " + a.WithZone("").String()
}

func (d description) bytes() []byte {
	var b strings.Builder
	where := family(d.local.Addr())
	fmt.Fprintf(&b, "v=0\r\no=parley %d %d IN %s\r\ns=call\r\nc=IN %s\r\nt=0 0\r\n", d.id, d.version, where, where)
	if d.answers == nil {
		d.writeAudio(&b)
		return []byte(b.String())
	}
	for i, kind := range d.answers.streams {
		if i == d.answers.audio {
			d.writeAudio(&b)
			continue
		}
		name, proto, _ := strings.Cut(kind, " ")
		fmt.Fprintf(&b, "m=%s 0 %s 0\r\n", name, proto)
	}
	return []byte(b.String())
}

func (d description) writeAudio(b *strings.Builder) {
	fmt.Fprintf(b, "m=audio %d RTP/AVP", d.local.Port())
	for _, f := range d.formats {
		fmt.Fprintf(b, " %d", f.payload)
	}
	b.WriteString("\r\n")
	for _, f := range d.formats {
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", f.payload, f.codec)
		if f.codec == "telephone-event" {
			fmt.Fprintf(b, "a=fmtp:%d 0-15\r\n", f.payload)
		}
	}
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", media.Tick.Milliseconds(), d.direction)
}

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
	ours := f[0] == "audio" && (f[2] == "RTP/AVP" || f[2] == "RTP/AVPF")
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
// assignment of RFC 3551.
func codecName(pt uint8, rtpmap string) string {
	switch rtpmap {
	case "PCMU/8000", "PCMU/8000/1":
		return "PCMU"
	case "PCMA/8000", "PCMA/8000/1":
		return "PCMA"
	case "TELEPHONE-EVENT/8000", "TELEPHONE-EVENT/8000/1":
		return "telephone-event"
	case "":
		switch pt {
		case payloadPCMU:
			return "PCMU"
		case payloadPCMA:
			return "PCMA"
		}
	}
	return ""
}

// held reports whether the side has no address for sound now: the old way of
// putting on hold (RFC 2543) with 0.0.0.0.
func (s session) held() bool { return s.addr.Addr().IsUnspecified() }

// agreed picks the codec the far side prefers among those we speak, and its
// telephone-event if there is one.
func (s session) agreed() ([]format, error) {
	var voice, keys []format
	for _, f := range s.formats {
		switch {
		case f.codec == "telephone-event" && keys == nil:
			keys = []format{f}
		case (f.codec == "PCMU" || f.codec == "PCMA") && voice == nil:
			voice = []format{f}
		}
	}
	if voice == nil {
		return nil, ErrNoCodec
	}
	return append(voice, keys...), nil
}

// remote turns a description into what the media leg wants to know.
func (s session) remote() (Remote, error) {
	formats, err := s.agreed()
	if err != nil {
		return Remote{}, err
	}
	r := Remote{Addr: s.addr, Codec: formats[0].codec, PayloadType: formats[0].payload, Ptime: s.ptime}
	r.Mute = s.held() || s.direction == sendonly || s.direction == inactive
	if len(formats) > 1 {
		r.DTMF = formats[1].payload
	}
	if r.Ptime == 0 {
		r.Ptime = media.Tick
	}
	return r, nil
}
