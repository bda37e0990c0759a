// Package codec turns linear samples into what travels in RTP packets and back.
package codec

import (
	"strings"

	"parley/media"
)

// PCMU and PCMA are G.711 in its two laws; both are stateless and safe for use
// by any number of calls.
var (
	PCMU media.Codec = &g711{name: "PCMU", silence: 0xFF, shift: 2, encode: muTable(), decode: muLinear()}
	PCMA media.Codec = &g711{name: "PCMA", silence: 0xD5, shift: 4, encode: aTable(), decode: aLinear()}
)

// static are the payload types that RFC 3551 section 6 fixes for good.
var static = []struct {
	codec media.Codec
	pt    uint8
}{{PCMU, 0}, {PCMA, 8}}

// ByName finds a codec by its SDP encoding name, in any case.
func ByName(name string) (media.Codec, bool) {
	for _, s := range static {
		if strings.EqualFold(s.codec.Name(), name) {
			return s.codec, true
		}
	}
	return nil, false
}

// ByPayloadType finds the codec of a static payload type.
func ByPayloadType(pt uint8) (media.Codec, bool) {
	for _, s := range static {
		if s.pt == pt {
			return s.codec, true
		}
	}
	return nil, false
}

// PayloadType is the static payload type of a codec.
func PayloadType(c media.Codec) (uint8, bool) {
	for _, s := range static {
		if s.codec == c {
			return s.pt, true
		}
	}
	return 0, false
}
