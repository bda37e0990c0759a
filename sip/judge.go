package sip

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// verdict is what becomes of a message before anybody looks into its meaning:
// 0 lets it pass, drop ignores it, everything else is the status of the
// response.
type verdict int

const drop verdict = -1

// knownMethods are those of SIP's registry. Ours of another method is 405, of
// none of these 501 (RFC 3261 sections 8.2.1 and 21.5.2).
var knownMethods = map[string]bool{
	"INVITE": true, "ACK": true, "BYE": true, "CANCEL": true, "OPTIONS": true, "REGISTER": true, "PRACK": true,
	"SUBSCRIBE": true, "NOTIFY": true, "PUBLISH": true, "INFO": true, "REFER": true, "MESSAGE": true, "UPDATE": true,
}

// judge decides by the text alone, and brings the headers that it understands
// into their plain form. It is a pure function of the datagram.
func (w *wire) judge() verdict {
	if w.method == "" {
		return w.judgeResponse()
	}
	seen := w.tidy()
	if len(seen.vias) == 0 {
		return drop // nowhere to send a response to
	}
	v := w.judgeRequest(seen)
	if v > 0 && w.method == "ACK" {
		return drop // nobody answers an ACK
	}
	return v
}

// headers are what tidy found in those every message must have.
type headers struct {
	vias             []viaValue
	bad              bool // one of them cannot be read
	phrase           bool // a display name cannot; it was left out
	fromTag, toTag   string
	cseqMethod       string
	from, to, callID int
	cseq, forwards   int
	contacts         int
}

func (w *wire) judgeRequest(h headers) verdict {
	switch {
	// A message of another version may have another grammar.
	case !strings.EqualFold(w.version, "SIP/2.0"):
		return sip.StatusVersionNotSupported
	case !w.sound, w.start != w.method+" "+w.uri+" "+w.version:
		return sip.StatusBadRequest
	case !knownMethods[w.method]:
		return sip.StatusNotImplemented // even when its CSeq says another: RFC 4475 section 3.1.2.18
	case h.bad, h.cseqMethod != w.method,
		h.from != 1, h.to != 1, h.callID != 1, h.cseq != 1, h.forwards > 1,
		w.lengths > 1, w.lengths == 1 && w.length < 0, w.tooShort:
		return sip.StatusBadRequest
	case h.vias[0].branch == sip.RFC3261BranchMagicCookie:
		return sip.StatusBadRequest // RFC 4475 section 3.2.1
	case h.fromTag == "" && strings.HasPrefix(h.vias[0].branch, sip.RFC3261BranchMagicCookie):
		return sip.StatusBadRequest // only RFC 2543 had no tags
	}
	return w.judgeMeaning(h)
}

// judgeMeaning: the order is that of RFC 3261 section 8.2.
func (w *wire) judgeMeaning(h headers) verdict {
	scheme, _, _ := strings.Cut(w.uri, ":")
	switch {
	case !isScheme(scheme) || scheme == w.uri:
		return sip.StatusBadRequest
	case !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips"):
		return statusUnsupportedScheme
	case !goodURI(w.uri), uriHeaders(w.uri):
		return sip.StatusBadRequest
	case !strings.EqualFold(scheme, "sip") && !w.secured:
		return statusUnsupportedScheme // sips: came another way than over TLS
	case len(w.unsupported()) > 0 && w.method != "ACK" && w.method != "CANCEL":
		return sip.StatusBadExtension
	case h.toTag != "":
		return 0 // a call is not lost over what follows
	case h.phrase, w.oddDate():
		return sip.StatusBadRequest
	case w.method == "INVITE" && len(w.body) > 0 && w.contentType() != "" && w.contentType() != "application/sdp":
		return sip.StatusUnsupportedMediaType
	case w.method == "INVITE" && !w.acceptsSDP():
		return sip.StatusNotAcceptable
	}
	return 0
}

// judgeResponse drops what RFC 3261 sections 8.1.3.3 and 18.1.2 want dropped. A
// response is not refused, so oddities that do no harm are let pass.
func (w *wire) judgeResponse() verdict {
	seen := w.tidy()
	if !w.sound || len(seen.vias) != 1 || seen.cseq != 1 || seen.cseqMethod == "" || seen.callID != 1 || seen.from != 1 || seen.to != 1 ||
		w.lengths > 1 || w.lengths == 1 && w.length < 0 || w.tooShort {
		return drop
	}
	return 0
}

// tidy reads the headers that carry a transaction and brings them, and the
// other addresses, into their plain form.
func (w *wire) tidy() headers {
	h := headers{}
	tidied := make([]headerField, 0, len(w.fields))
	for _, f := range w.fields {
		switch lowered(f.name, "via", "from", "to", "contact", "call-id", "cseq", "max-forwards",
			"content-type", "route", "record-route", "refer-to", "referred-by") {
		case "via":
			hops, err := readVia(f.value)
			if err != nil || len(h.vias)+len(hops) > maxValues {
				h.bad = true
				hops = []viaValue{{plain: f.value}}
			}
			w.odd = w.odd || len(hops) > 1
			for _, hop := range hops {
				h.bad = h.bad || hop.version != "2.0" && hop.version != ""
				tidied = w.put(tidied, headerField{"Via", f.value}, hop.plain)
			}
			h.vias = append(h.vias, hops...)
			continue
		case "from":
			h.from++
			tidied = w.putAddress(tidied, f, &h, &h.fromTag)
			continue
		case "to":
			h.to++
			tidied = w.putAddress(tidied, f, &h, &h.toTag)
			continue
		case "contact":
			tidied = w.putContacts(tidied, f, &h)
			continue
		case "call-id":
			h.callID++
			h.bad = h.bad || f.value == "" || strings.ContainsAny(f.value, " \t")
		case "cseq":
			h.cseq++
			number, method, ok := strings.Cut(f.value, " ")
			method = strings.TrimLeft(method, " \t")
			n, err := strconv.ParseUint(number, 10, 31)
			if !ok || err != nil || !isToken(method) {
				h.bad = true
				break
			}
			h.cseqMethod = method
			tidied = w.put(tidied, f, strconv.FormatUint(n, 10)+" "+method)
			continue
		case "max-forwards":
			h.forwards++
			n, err := strconv.ParseUint(f.value, 10, 8)
			if err != nil {
				h.bad = true
				break
			}
			tidied = w.put(tidied, f, strconv.FormatUint(n, 10))
			continue
		case "content-type", "route", "record-route", "refer-to", "referred-by":
			if f.value == "" { // sipgo would refuse all of it
				w.odd = true
				continue
			}
		}
		tidied = append(tidied, f)
	}
	w.fields = tidied
	return h
}

func (w *wire) put(all []headerField, f headerField, value string) []headerField {
	w.odd = w.odd || f.value != value
	return append(all, headerField{f.name, value})
}

func (w *wire) putAddress(all []headerField, f headerField, h *headers, tag *string) []headerField {
	plain, t, err := nameAddr(f.value)
	if open := strings.LastIndexByte(f.value, '<'); err != nil && open > 0 {
		if plain, t, err = nameAddr(f.value[open:]); err == nil {
			h.phrase = true
		}
	}
	if err != nil {
		h.bad = true
		return append(all, f)
	}
	*tag = t
	return w.put(all, f, plain)
}

// putContacts leaves out of a response what cannot be read: an answer is not
// lost over it.
func (w *wire) putContacts(all []headerField, f headerField, h *headers) []headerField {
	values, err := splitList(f.value, ',')
	if err != nil || h.contacts+len(values) > maxValues {
		values = []string{f.value}
	}
	h.contacts += len(values)
	w.odd = w.odd || len(values) > 1
	for _, v := range values {
		plain := v
		if v != "*" {
			plain, _, err = nameAddr(v)
		}
		switch {
		case err == nil:
			all = w.put(all, headerField{"Contact", f.value}, plain)
		case w.method == "":
			w.odd = true
		default:
			h.bad = true
			all = append(all, f)
		}
		err = nil
	}
	return all
}

// uriHeaders: a request URI carries none (RFC 4475 section 3.1.2.11).
func uriHeaders(uri string) bool {
	_, after, ok := strings.Cut(uri, "@")
	if !ok {
		after = uri
	}
	return strings.Contains(after, "?")
}

// ourExtensions are those a request may require of us.
var ourExtensions = map[string]bool{"timer": true, "100rel": true}

// unsupported are the extensions that a request requires and we do not have
// (RFC 3261 section 8.2.2.3).
func (w *wire) unsupported() []string {
	var all []string
	for _, f := range w.fields {
		if !f.is("Require") {
			continue
		}
		for tag := range strings.SplitSeq(f.value, ",") {
			if tag = strings.TrimSpace(tag); tag != "" && !ourExtensions[strings.ToLower(tag)] {
				all = append(all, tag)
			}
		}
	}
	return all
}

// oddDate: SIP knows no time zone but GMT (RFC 3261 section 20.17).
func (w *wire) oddDate() bool {
	date, n := w.first("Date")
	return n > 0 && !strings.HasSuffix(date, " GMT")
}

// acceptsSDP: an INVITE without Accept takes a description, one with it says
// whether (RFC 3261 section 20.1).
func (w *wire) acceptsSDP() bool {
	asked := false
	for _, f := range w.fields {
		if !f.is("Accept") {
			continue
		}
		asked = true
		for v := range strings.SplitSeq(f.value, ",") {
			kind, _, _ := strings.Cut(v, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/sdp", "application/*", "*/*", "multipart/mixed":
				return true
			}
		}
	}
	return !asked
}
