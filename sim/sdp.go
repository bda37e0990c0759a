package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"parley/media"
	"parley/media/codec"
	"parley/media/line"
)

var errOffer = errors.New("the offer has no G.711 audio over RTP/AVP")

// accept finds in an offer (RFC 3264) where the sound goes, in G.711.
func accept(body []byte) (line.Remote, error) {
	var offer sdp.SessionDescription
	if err := offer.Unmarshal(body); err != nil {
		return line.Remote{}, fmt.Errorf("read the offer: %w", err)
	}
	for _, m := range offer.MediaDescriptions {
		if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 || strings.Join(m.MediaName.Protos, "/") != "RTP/AVP" {
			continue
		}
		addr, err := address(&offer, m)
		if err != nil {
			return line.Remote{}, err
		}
		r := line.Remote{Addr: netip.AddrPortFrom(addr, uint16(m.MediaName.Port.Value))}
		for _, format := range m.MediaName.Formats {
			pt, err := strconv.ParseUint(format, 10, 7)
			if err != nil {
				continue
			}
			if c := codecOf(m, uint8(pt)); c != nil && r.Codec == nil {
				r.Codec, r.PayloadType = c, uint8(pt)
			}
			if strings.EqualFold(rtpmap(m, format), "telephone-event/8000") {
				r.DTMF = uint8(pt)
			}
		}
		if r.Codec != nil {
			return r, nil
		}
	}
	return line.Remote{}, errOffer
}

func address(offer *sdp.SessionDescription, m *sdp.MediaDescription) (netip.Addr, error) {
	c := m.ConnectionInformation
	if c == nil {
		c = offer.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.Addr{}, errors.New("the offer has no address")
	}
	addr, err := netip.ParseAddr(c.Address.Address)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("the offer's address: %w", err)
	}
	return addr, nil
}

func codecOf(m *sdp.MediaDescription, pt uint8) media.Codec {
	name, _, _ := strings.Cut(rtpmap(m, strconv.Itoa(int(pt))), "/")
	if name == "" {
		c, _ := codec.ByPayloadType(pt)
		return c
	}
	c, _ := codec.ByName(name)
	return c
}

// rtpmap is the encoding of a format, "PCMU/8000".
func rtpmap(m *sdp.MediaDescription, format string) string {
	for _, a := range m.Attributes {
		if f, encoding, _ := strings.Cut(a.Value, " "); a.Key == "rtpmap" && f == format {
			return strings.TrimSuffix(encoding, "/1")
		}
	}
	return ""
}

// answer is the description of our side; a local port of 0 describes a call
// without sound.
func answer(local netip.AddrPort, r line.Remote, version uint64) []byte {
	family := "IP4"
	if local.Addr().Is6() {
		family = "IP6"
	}
	port, direction := int(local.Port()), "sendrecv"
	if port == 0 {
		port, direction = 9, "inactive" // the discard port: nobody listens
	}
	pt := strconv.Itoa(int(r.PayloadType))
	m := sdp.MediaDescription{
		MediaName:  sdp.MediaName{Media: "audio", Port: sdp.RangedPort{Value: port}, Protos: []string{"RTP", "AVP"}, Formats: []string{pt}},
		Attributes: []sdp.Attribute{sdp.NewAttribute("rtpmap", pt+" "+r.Codec.Name()+"/8000")},
	}
	if r.DTMF != 0 {
		te := strconv.Itoa(int(r.DTMF))
		m.MediaName.Formats = append(m.MediaName.Formats, te)
		m.Attributes = append(m.Attributes,
			sdp.NewAttribute("rtpmap", te+" telephone-event/8000"), sdp.NewAttribute("fmtp", te+" 0-16"))
	}
	m.Attributes = append(m.Attributes, sdp.NewAttribute("ptime", "20"), sdp.NewPropertyAttribute(direction))
	d := sdp.SessionDescription{
		Origin:                sdp.Origin{Username: "-", SessionID: version, SessionVersion: version, NetworkType: "IN", AddressType: family, UnicastAddress: local.Addr().String()},
		SessionName:           "sim",
		ConnectionInformation: &sdp.ConnectionInformation{NetworkType: "IN", AddressType: family, Address: &sdp.Address{Address: local.Addr().String()}},
		TimeDescriptions:      []sdp.TimeDescription{{}},
		MediaDescriptions:     []*sdp.MediaDescription{&m},
	}
	body, err := d.Marshal()
	if err != nil {
		return nil
	}
	return slices.Clip(body)
}
