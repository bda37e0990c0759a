// Package rtp reads and writes the packets of RFC 3550 without allocating, and
// counts what a receiver must count. It knows no sockets and no clock.
package rtp

import (
	"encoding/binary"
	"errors"
)

// HeaderSize is the size of a header without CSRCs and extension, the only kind
// that parley sends.
const HeaderSize = 12

// Header is the fixed part of an RTP header.
type Header struct {
	Marker      bool
	PayloadType uint8
	Sequence    uint16
	Timestamp   uint32
	SSRC        uint32
}

// What Parse refuses.
var (
	ErrShort   = errors.New("rtp: packet is shorter than its header says")
	ErrVersion = errors.New("rtp: not version 2")
	ErrPadding = errors.New("rtp: padding is longer than the payload")
)

// Parse reads a packet (RFC 3550 section 5.1). CSRCs and a header extension
// are skipped, padding is cut off. The payload is a part of b and may be empty.
func Parse(b []byte) (h Header, payload []byte, err error) {
	if len(b) < HeaderSize {
		return h, nil, ErrShort
	}
	if b[0]>>6 != 2 {
		return h, nil, ErrVersion
	}
	h = Header{
		Marker:      b[1]&0x80 != 0,
		PayloadType: b[1] & 0x7F,
		Sequence:    binary.BigEndian.Uint16(b[2:]),
		Timestamp:   binary.BigEndian.Uint32(b[4:]),
		SSRC:        binary.BigEndian.Uint32(b[8:]),
	}
	start := HeaderSize + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 { // extension: profile, length in words, words
		if len(b) < start+4 {
			return h, nil, ErrShort
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	end := len(b)
	if start > end {
		return h, nil, ErrShort
	}
	if b[0]&0x20 != 0 { // the last byte counts the padding, itself included
		n := int(b[end-1])
		if n == 0 || n > end-start {
			return h, nil, ErrPadding
		}
		end -= n
	}
	return h, b[start:end], nil
}

// Append writes the header after dst; the payload follows it.
func (h Header) Append(dst []byte) []byte {
	second := h.PayloadType & 0x7F
	if h.Marker {
		second |= 0x80
	}
	dst = append(dst, 2<<6, second)
	dst = binary.BigEndian.AppendUint16(dst, h.Sequence)
	dst = binary.BigEndian.AppendUint32(dst, h.Timestamp)
	return binary.BigEndian.AppendUint32(dst, h.SSRC)
}

// IsRTCP tells RTCP from RTP on a shared port by its second byte, as RFC 5761
// section 4 does.
func IsRTCP(b []byte) bool { return len(b) >= 2 && b[1] >= 192 && b[1] <= 223 }
