package rtp

import (
	"encoding/binary"
	"time"
)

// Packet types of RTCP.
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
)

// ReportBlock is one source's reception (RFC 3550 section 6.4.1).
type ReportBlock struct {
	SSRC         uint32
	FractionLost uint8 // in 1/256
	Lost         int32 // 24 bits, signed
	Highest      uint32
	Jitter       uint32 // clock units
	LastSR       uint32 // middle 32 bits of the last SR's NTP time
	Delay        uint32 // since that SR, in 1/65536 s
}

// Report is what a sender or receiver tells its peer.
type Report struct {
	SSRC uint32
	// Sender is set in a sender report; NTP, Timestamp, Packets and Octets are
	// then valid.
	Sender          bool
	NTP             uint64
	Timestamp       uint32
	Packets, Octets uint32
	Block           ReportBlock // about one source; SSRC 0 for none
	Bye             bool
}

// NTP is the time in RTCP's 32.32 fixed point since 1900.
func NTP(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// Append writes a compound packet: SR or RR, SDES with the CNAME, and BYE when
// the report says so. A CNAME longer than 255 bytes is cut.
func (r Report) Append(dst []byte, cname string) []byte {
	be := binary.BigEndian
	var blocks int
	if r.Block.SSRC != 0 {
		blocks = 1
	}
	if r.Sender {
		dst = appendHead(dst, blocks, typeSR, 6+6*blocks)
		dst = be.AppendUint32(dst, r.SSRC)
		dst = be.AppendUint64(dst, r.NTP)
		dst = be.AppendUint32(dst, r.Timestamp)
		dst = be.AppendUint32(dst, r.Packets)
		dst = be.AppendUint32(dst, r.Octets)
	} else {
		dst = appendHead(dst, blocks, typeRR, 1+6*blocks)
		dst = be.AppendUint32(dst, r.SSRC)
	}
	if blocks == 1 {
		b := r.Block
		dst = be.AppendUint32(dst, b.SSRC)
		dst = be.AppendUint32(dst, uint32(b.FractionLost)<<24|uint32(b.Lost)&0xFFFFFF)
		dst = be.AppendUint32(dst, b.Highest)
		dst = be.AppendUint32(dst, b.Jitter)
		dst = be.AppendUint32(dst, b.LastSR)
		dst = be.AppendUint32(dst, b.Delay)
	}
	cname = cname[:min(len(cname), 255)]
	words := (4 + 2 + len(cname) + 4) / 4 // SSRC, item, and 1 to 4 zero bytes
	dst = appendHead(dst, 1, typeSDES, words)
	end := len(dst) + 4*words
	dst = be.AppendUint32(dst, r.SSRC)
	dst = append(dst, 1, byte(len(cname)))
	dst = append(dst, cname...)
	for len(dst) < end {
		dst = append(dst, 0)
	}
	if r.Bye {
		dst = appendHead(dst, 1, typeBYE, 1)
		dst = be.AppendUint32(dst, r.SSRC)
	}
	return dst
}

// appendHead writes an RTCP header; words is the length without it.
func appendHead(dst []byte, count, kind, words int) []byte {
	dst = append(dst, 2<<6|byte(count), byte(kind))
	return binary.BigEndian.AppendUint16(dst, uint16(words))
}

// ParseReport reads a compound packet: its sender or receiver report, the block
// about the source `about` if there is one, and whether it says BYE. Other
// packets in it are skipped; ok is false if it is not well formed.
func ParseReport(b []byte, about uint32) (r Report, ok bool) {
	be := binary.BigEndian
	for first := true; len(b) > 0; first = false {
		if len(b) < 4 || b[0]>>6 != 2 {
			return r, false
		}
		count, kind, size := int(b[0]&0x1F), b[1], 4+4*int(be.Uint16(b[2:]))
		if len(b) < size {
			return r, false
		}
		body := b[4:size]
		b = b[size:]
		switch kind {
		case typeSR:
			if len(body) < 24 {
				return r, false
			}
			r.Sender, r.SSRC = true, be.Uint32(body)
			r.NTP, r.Timestamp = be.Uint64(body[4:]), be.Uint32(body[12:])
			r.Packets, r.Octets = be.Uint32(body[16:]), be.Uint32(body[20:])
			body = body[24:]
		case typeRR:
			if len(body) < 4 {
				return r, false
			}
			r.SSRC = be.Uint32(body)
			body = body[4:]
		case typeBYE:
			r.Bye = true
			continue
		default:
			if first { // section 6.1: a compound packet begins with a report
				return r, false
			}
			continue
		}
		if len(body) < 24*count {
			return r, false
		}
		for ; count > 0; count, body = count-1, body[24:] {
			if be.Uint32(body) != about {
				continue
			}
			lost := be.Uint32(body[4:])
			r.Block = ReportBlock{
				SSRC: about, FractionLost: uint8(lost >> 24), Lost: int32(lost<<8) >> 8,
				Highest: be.Uint32(body[8:]), Jitter: be.Uint32(body[12:]),
				LastSR: be.Uint32(body[16:]), Delay: be.Uint32(body[20:]),
			}
		}
	}
	return r, r.SSRC != 0 || r.Bye
}

// RoundTrip is the path's round-trip time by a block about our own reports,
// received at now (section 6.4.1); ok is false when the block echoes none.
func (b ReportBlock) RoundTrip(now uint64) (rtt time.Duration, ok bool) {
	if b.LastSR == 0 {
		return 0, false
	}
	units := int32(uint32(now>>16) - b.LastSR - b.Delay)
	if units < 0 {
		return 0, false
	}
	return time.Duration(units) * time.Second >> 16, true
}
