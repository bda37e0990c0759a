package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Keys that gateways send as INFO requests, in the two forms that are used:
// application/dtmf-relay ("Signal=5" and a duration) and application/dtmf (the
// key alone). Neither has an RFC; RFC 6086 section 4 lets them live.

// maxInfo bounds the body of an INFO that is read.
const maxInfo = 256

// keyOf reads the key of an INFO, 0 when it carries none. The status is what
// answers the request: other bodies are not ours to understand.
func keyOf(contentType string, body []byte) (rune, int) {
	if len(body) == 0 {
		return 0, sip.StatusOK // a sign of life
	}
	kind, _, _ := strings.Cut(contentType, ";")
	var key string
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/dtmf-relay":
		for line := range strings.SplitSeq(string(body[:min(len(body), maxInfo)]), "\n") {
			name, v, ok := strings.Cut(line, "=")
			if ok && strings.EqualFold(strings.TrimSpace(name), "Signal") {
				key = v
				break
			}
		}
	case "application/dtmf":
		key = string(body[:min(len(body), maxInfo)])
		if _, v, ok := strings.Cut(key, "="); ok {
			key = v // some write the other form under this name
		}
	default:
		return 0, sip.StatusUnsupportedMediaType
	}
	key = strings.ToUpper(strings.TrimSpace(key))
	switch key { // as event numbers of RFC 4733
	case "10":
		key = "*"
	case "11":
		key = "#"
	}
	if len(key) == 1 && strings.Contains("0123456789*#ABCD", key) {
		return rune(key[0]), sip.StatusOK
	}
	return 0, sip.StatusOK // a flash, or a key we do not have
}

// informed takes the key of an INFO.
func (l *leg) informed(a asked) {
	kind := ""
	if ct := a.req.ContentType(); ct != nil {
		kind = ct.Value()
	}
	key, code := keyOf(kind, a.req.Body())
	if key != 0 && l.m.state == talking {
		l.press(key, inINFO)
	}
	if code == sip.StatusUnsupportedMediaType {
		l.refuseWith(a, code, []sip.Header{sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf")})
		return
	}
	l.stack.respond(a.tx, a.req, code)
}
