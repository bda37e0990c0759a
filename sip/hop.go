package sip

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// transport is how messages travel to a next hop (RFC 3261 section 18).
type transport uint8

const (
	udp transport = iota
	tcp
	tls
)

// String is the transport as Via writes it.
func (t transport) String() string { return [...]string{"UDP", "TCP", "TLS"}[t] }

// param is the transport as a URI writes it.
func (t transport) param() string { return strings.ToLower(t.String()) }

// port is where a host listens that names no port.
func (t transport) port() int {
	if t == tls {
		return 5061
	}
	return 5060
}

// transportOf reads a transport's name, "" for UDP.
func transportOf(name string) (transport, error) {
	switch strings.ToLower(name) {
	case "", "udp":
		return udp, nil
	case "tcp":
		return tcp, nil
	case "tls":
		return tls, nil
	}
	return udp, fmt.Errorf("%w: transport %q is not supported; use udp, tcp or tls", ErrTarget, name)
}

// place is a next hop by name, before it is looked up.
type place struct {
	via transport
	// host is a name or a literal address; port 0 is the transport's own.
	host string
	port int
	// anyVia: nobody asked for a transport; the host's NAPTR records choose.
	anyVia bool
	// account is the trunk whose TLS settings hold there, nil for none; name is
	// whom a certificate must name, "" for host.
	account *account
	name    string
}

// placeOf reads a next hop out of a URI. One that names no transport keeps the
// one the dialog has: carriers leave it out of the Contact they give over TCP,
// although RFC 3263 section 4.1 would have UDP asked then.
func placeOf(u sip.Uri, usual transport) (place, error) {
	p := place{via: usual, host: u.Host, port: u.Port}
	if strings.EqualFold(u.Scheme, "sips") {
		p.via = tls
		return p, nil
	}
	for _, kv := range u.UriParams {
		if strings.EqualFold(kv.K, "transport") && kv.V != "" {
			via, err := transportOf(kv.V)
			p.via = via
			return p, err
		}
	}
	return p, nil
}

// hop is a next hop that was looked up: where a message goes, and how.
type hop struct {
	via  transport
	addr netip.AddrPort
	// name is whom a TLS certificate must name, account whose settings hold.
	name    string
	account *account
	// conn is the connection that a message came by, and by which an answer
	// goes as long as it is open; nil for none in particular.
	conn *conn
	// instead is where a message goes when no connection to addr can be opened.
	instead *hop
}

// usable reports whether a hop is an address that something can be sent to.
func (h hop) usable() bool {
	a := h.addr.Addr()
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast()
}

// marked is a URI of ours or of our way that says how to get there; UDP goes
// without saying.
func marked(u sip.Uri, via transport) sip.Uri {
	if via == udp || strings.EqualFold(u.Scheme, "sips") {
		return u
	}
	u = *u.Clone()
	if u.UriParams == nil {
		u.UriParams = sip.NewParams()
	}
	u.UriParams.Add("transport", via.param())
	return u
}

// unmarked is a URI as From and To may carry it: without a transport (RFC 3261
// section 19.1.1).
func unmarked(u sip.Uri) sip.Uri {
	if u.UriParams.Has("transport") {
		u = *u.Clone()
		u.UriParams.Remove("transport")
	}
	return u
}

// setVia writes how and from where a request leaves into its topmost Via; the
// branch stays.
func setVia(req *sip.Request, via transport, local netip.AddrPort) {
	v := req.Via()
	v.Transport, v.Host, v.Port = via.String(), local.Addr().WithZone("").String(), int(local.Port())
	req.SetTransport(via.String())
}
