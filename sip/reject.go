package sip

import (
	"net/netip"
	"strconv"
	"strings"
)

// reject answers a request that goes no further, without a transaction, as RFC
// 3261 section 8.2.7 lets a server do: from its text, because what sipgo cannot
// read has to be answered as well, with what there is of the headers that a
// response repeats, where its Via wants it but never to
// another address than the source, the same for everybody.
func (s *Stack) reject(w *wire, src hop, code int) {
	top, _ := w.first("Via")
	to := src
	if hops, err := readVia(top); err == nil && !hops[0].rport {
		to = backTo(hops[0].port, src)
	}
	s.write([]byte(w.response(s, src.addr, code)), to)
}

func (w *wire) response(s *Stack, src netip.AddrPort, code int) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + strconv.Itoa(code) + " " + reason(code) + "\r\n")
	callID, _ := w.first("Call-ID")
	branch, top := "", true
	for _, f := range w.fields {
		switch {
		case f.is("Via"):
			value := f.value
			if hops, err := readVia(value); err == nil && top {
				branch = hops[0].branch
				if hops[0].unset {
					value = strings.Replace(value+";", ";rport;", ";rport="+strconv.Itoa(int(src.Port()))+";", 1)
					value += "received=" + src.Addr().String()
				}
			}
			top = false
			b.WriteString("Via: " + value + "\r\n")
		case f.is("From"), f.is("Call-ID"), f.is("CSeq"):
			b.WriteString(f.name + ": " + f.value + "\r\n")
		case f.is("To"):
			b.WriteString("To: " + f.value)
			if !strings.Contains(strings.ToLower(f.value), "tag=") {
				b.WriteString(";tag=" + s.tagOf(callID+branch)) // the same for a retransmission
			}
			b.WriteString("\r\n")
		}
	}
	for _, line := range w.remedy(code) {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// remedy are the headers that say what would do instead.
func (w *wire) remedy(code int) []string {
	switch code {
	case 200, 405, 501:
		return []string{"Allow: " + allowed}
	case 406, 415:
		return []string{"Accept: application/sdp"}
	case 420:
		return []string{"Unsupported: " + strings.Join(w.unsupported(), ", ")}
	}
	return nil
}
