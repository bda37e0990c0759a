package sip

import (
	"errors"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestPlaceOf(t *testing.T) {
	for _, c := range []struct {
		uri   string
		usual transport
		want  place
		bad   bool
	}{
		{"sip:a@host.example", udp, place{via: udp, host: "host.example"}, false},
		{"sip:a@host.example", tcp, place{via: tcp, host: "host.example"}, false},
		{"sip:a@host.example:5080;transport=tcp;lr", udp, place{via: tcp, host: "host.example", port: 5080}, false},
		{"sip:a@192.0.2.1;Transport=UDP", tcp, place{via: udp, host: "192.0.2.1"}, false},
		{"sip:a@[2001:db8::1]:5061;transport=tls", udp, place{via: tls, host: "[2001:db8::1]", port: 5061}, false},
		{"sips:a@host.example", udp, place{via: tls, host: "host.example"}, false},
		// sips says TLS over TCP, so its transport is TCP (RFC 3261 section 26.2.2).
		{"sips:a@host.example;transport=tcp", udp, place{via: tls, host: "host.example"}, false},
		{"sip:a@host.example;transport=sctp", udp, place{}, true},
		{"sip:a@host.example;transport=ws", tcp, place{}, true},
	} {
		var u sip.Uri
		if err := sip.ParseUri(c.uri, &u); err != nil {
			t.Fatal(err)
		}
		got, err := placeOf(u, c.usual)
		if (err != nil) != c.bad || err == nil && got != c.want {
			t.Errorf("%s beside %s: %+v, %v", c.uri, c.usual, got, err)
		}
		if c.bad && !errors.Is(err, ErrTarget) {
			t.Errorf("%s: the error is %v", c.uri, err)
		}
	}
}

func TestMarked(t *testing.T) {
	for _, c := range []struct {
		uri  string
		via  transport
		want string
	}{
		{"sip:parley@192.0.2.1:5060", udp, "sip:parley@192.0.2.1:5060"},
		{"sip:parley@192.0.2.1:5060", tcp, "sip:parley@192.0.2.1:5060;transport=tcp"},
		{"sip:192.0.2.1;lr", tls, "sip:192.0.2.1;lr;transport=tls"},
		{"sips:parley@192.0.2.1", tls, "sips:parley@192.0.2.1"},
	} {
		var u sip.Uri
		if err := sip.ParseUri(c.uri, &u); err != nil {
			t.Fatal(err)
		}
		before := u.String()
		m := marked(u, c.via)
		if got := m.String(); got != c.want {
			t.Errorf("%s over %s: %s, want %s", c.uri, c.via, got, c.want)
		}
		if u.String() != before {
			t.Errorf("%s became %s in its owner's hands", before, u.String())
		}
		bare := unmarked(m)
		if bare.UriParams.Has("transport") {
			t.Errorf("%s keeps its transport in From and To", bare.String())
		}
	}
}
