package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"parley/media"
)

// Session descriptions (RFC 8866) as far as one telephone leg needs them: the
// offer and answers we write (RFC 3264).

// The payload types we offer.
const (
	payloadPCMU = 0
	payloadPCMA = 8
	payloadG722 = 9
	payloadDTMF = 101
)

const telephoneEvent = "telephone-event"

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
	codec   string // "PCMU", "PCMA", "G722", "telephone-event", or what we do not speak
}

// speaks reports whether a codec is ours.
func speaks(codec string) bool { return codec == "PCMU" || codec == "PCMA" || codec == "G722" }

// session is one side's description, reduced to its first audio stream.
type session struct {
	addr      netip.AddrPort // invalid when the port is 0: rejected
	formats   []format       // in the side's order of preference
	direction direction
	ptime     time.Duration // 0 when not said
	streams   []string      // every m= line's "kind proto", in order, to be rejected in an answer
	audio     int           // index of ours in streams
	secure    bool          // its profile is RTP/SAVP or RTP/SAVPF: SRTP and nothing else
	crypto    []cryptoLine  // keys that we can use, in the side's order
	mux       bool          // RTCP on the port of RTP (RFC 5761)
	rtcp      uint16        // its port otherwise (RFC 3605), 0 when not said
}

// describe writes a description with these formats.
type description struct {
	id, version uint64
	local       netip.AddrPort
	formats     []format
	direction   direction
	crypto      []cryptoLine
	// secure offers RTP/SAVP; an answer has the profile of the offer.
	secure bool
	// answers: the offer that is answered, whose other streams are rejected
	// with port 0 (RFC 3264 section 6); nil for an offer.
	answers *session
}

// offered are the formats of our offers.
func offered() []format {
	return []format{{payloadPCMU, "PCMU"}, {payloadPCMA, "PCMA"}, {payloadG722, "G722"}, {payloadDTMF, telephoneEvent}}
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
	profile, mux := "RTP/AVP", true
	if d.secure {
		profile = "RTP/SAVP"
	}
	if d.answers != nil {
		_, profile, _ = strings.Cut(d.answers.streams[d.answers.audio], " ")
		mux = d.answers.mux
	}
	fmt.Fprintf(b, "m=audio %d %s", d.local.Port(), profile)
	for _, f := range d.formats {
		fmt.Fprintf(b, " %d", f.payload)
	}
	b.WriteString("\r\n")
	for _, f := range d.formats {
		// RFC 3551 section 4.5.2: G.722 samples at 16 kHz and says 8000.
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", f.payload, f.codec)
		if f.codec == telephoneEvent {
			fmt.Fprintf(b, "a=fmtp:%d 0-15\r\n", f.payload)
		}
	}
	for _, c := range d.crypto {
		fmt.Fprintf(b, "a=crypto:%v\r\n", c)
	}
	if mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", media.Tick.Milliseconds(), d.direction)
}

// held reports whether the side has no address for sound now: the old way of
// putting on hold (RFC 2543) with 0.0.0.0.
func (s session) held() bool { return s.addr.Addr().IsUnspecified() }

// agreed picks the codec the far side prefers among those we speak, and its
// telephone-event if there is one. The error is a *CodecError.
func (s session) agreed() ([]format, error) {
	var voice, keys []format
	var others []string
	for _, f := range s.formats {
		switch {
		case f.codec == telephoneEvent && keys == nil:
			keys = []format{f}
		case speaks(f.codec) && voice == nil:
			voice = []format{f}
		case !speaks(f.codec) && f.codec != telephoneEvent && f.codec != "CN":
			others = append(others, f.codec)
		}
	}
	if voice == nil {
		return nil, &CodecError{Offered: others}
	}
	return append(voice, keys...), nil
}

// CodecError is a far side that speaks no codec of ours; it is an ErrNoCodec.
type CodecError struct {
	Offered []string // SDP encoding names, "G729"
}

func (e *CodecError) Error() string {
	const ours = "PCMU, PCMA and G722"
	if len(e.Offered) == 0 {
		return "no codec in common: the far side names none, we speak " + ours
	}
	return fmt.Sprintf("no codec in common: the far side speaks only %s, we speak %s; have the carrier allow one of ours",
		strings.Join(e.Offered, ", "), ours)
}

// Is makes it an ErrNoCodec.
func (e *CodecError) Is(target error) bool { return target == ErrNoCodec }

// remote turns a description into what the media leg wants to know.
func (s session) remote() (Remote, error) {
	formats, err := s.agreed()
	if err != nil {
		return Remote{}, err
	}
	r := Remote{
		Addr: s.addr, Codec: formats[0].codec, PayloadType: formats[0].payload, Ptime: s.ptime, Mux: s.mux, RTCP: s.rtcp,
	}
	r.Mute = s.held() || s.direction == sendonly || s.direction == inactive
	if len(formats) > 1 {
		r.DTMF = formats[1].payload
	}
	if r.Ptime == 0 {
		r.Ptime = media.Tick
	}
	return r, nil
}
