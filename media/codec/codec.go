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
	name string
	pt   uint8
	make func() media.Codec
}{
	{"PCMU", 0, func() media.Codec { return PCMU }},
	{"PCMA", 8, func() media.Codec { return PCMA }},
	{"G722", 9, func() media.Codec { return NewG722() }},
}

// ByName finds a codec by its SDP encoding name, in any case. It is for one leg:
// one with state is new.
func ByName(name string) (media.Codec, bool) {
	for _, s := range static {
		if strings.EqualFold(s.name, name) {
			return s.make(), true
		}
	}
	return nil, false
}

// ByPayloadType finds the codec of a static payload type, as ByName does.
func ByPayloadType(pt uint8) (media.Codec, bool) {
	for _, s := range static {
		if s.pt == pt {
			return s.make(), true
		}
	}
	return nil, false
}

// PayloadType is the static payload type of a codec.
func PayloadType(c media.Codec) (uint8, bool) {
	for _, s := range static {
		if s.name == c.Name() {
			return s.pt, true
		}
	}
	return 0, false
}
