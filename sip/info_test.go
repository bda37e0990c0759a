package sip

import "testing"

func TestKeyOf(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		key        rune
		code       int
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 200},
		{"Application/DTMF-Relay; charset=utf-8", "duration = 100\nsignal = #\n", '#', 200},
		{"application/dtmf-relay", "Signal=10\r\n", '*', 200},
		{"application/dtmf-relay", "Signal=11\r\n", '#', 200},
		{"application/dtmf-relay", "Signal=a\r\n", 'A', 200},
		{"application/dtmf-relay", "Signal=16\r\n", 0, 200},
		{"application/dtmf-relay", "Duration=160\r\n", 0, 200},
		{"application/dtmf", "7", '7', 200},
		{"application/dtmf", " * \r\n", '*', 200},
		{"application/dtmf", "Signal=3", '3', 200},
		{"application/dtmf", "55", 0, 200},
		{"", "", 0, 200},
		{"text/plain", "5", 0, 415},
		{"application/dtmf-relays", "Signal=5", 0, 415},
	} {
		if key, code := keyOf(c.kind, []byte(c.body)); key != c.key || code != c.code {
			t.Errorf("%q %q: key %q with %d, want %q with %d", c.kind, c.body, key, code, c.key, c.code)
		}
	}
}
