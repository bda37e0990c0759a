package sip

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// sipgo's parser is lenient where RFC 3261 wants a refusal and strict where it
// wants patience; RFC 4475 shows both. So a message is read here first: what a
// server must refuse is refused with the status the RFC asks for, and what is
// only oddly written (folded lines, compact names, blanks around separators)
// goes on in the plain form that sipgo reads.

// wire is one message as it came: lines unfolded, names in their long form.
// Values are substrings of one copy of the head.
type wire struct {
	start string
	// method, uri and version are those of a request; "" in a response.
	method, uri, version string
	fields               []headerField
	body                 []byte
	// sound: the head had its blank line, and every header line of a request its
	// name. A request without it is refused, a response is dropped.
	sound bool
	// odd: sipgo must be given the plain form instead of what came.
	odd bool
	// secured: it came over TLS, as a sips: URI asks for.
	secured bool
	// tooShort: the body is shorter than Content-Length says.
	tooShort bool
	lengths  int // Content-Length lines
	length   int // their value, -1 for none or no number
}

type headerField struct{ name, value string }

// errNotSIP: nothing that a response could be made for.
var errNotSIP = errors.New("not a SIP message")

// longNames are the compact header names that sipgo's parser or we look for
// (RFC 3261 section 20 and its extensions).
var longNames = map[string]string{
	"c": "Content-Type", "e": "Content-Encoding", "f": "From", "i": "Call-ID", "k": "Supported",
	"l": "Content-Length", "m": "Contact", "o": "Event", "r": "Refer-To", "b": "Referred-By",
	"s": "Subject", "t": "To", "v": "Via", "x": "Session-Expires",
}

// readWire splits a datagram. Its cost and size are linear in the datagram's,
// which is bounded; header lines are bounded by maxHeaders.
func readWire(data []byte) (wire, error) {
	w := wire{length: -1, sound: true}
	trimmed := bytes.TrimLeft(data, "\r\n")
	w.odd = len(trimmed) != len(data)
	head, body, whole := bytes.Cut(trimmed, []byte("\r\n\r\n"))
	w.sound = whole
	if bytes.Count(head, []byte("\n")) > maxHeaders {
		return wire{}, errors.New("too many header lines")
	}
	w.body = body
	start, rest, _ := strings.Cut(string(head), "\r\n")
	w.start = start
	if !w.readStart() {
		return wire{}, errNotSIP
	}
	for rest != "" {
		var line string
		line, rest = w.unfold(rest)
		w.addLine(line)
	}
	w.cutBody()
	w.unwrap()
	return w, nil
}

// readStart takes the start line apart as far as it goes; whether a request
// line is written as it must be is asked later, when it can be answered.
func (w *wire) readStart() bool {
	if rest, ok := strings.CutPrefix(w.start, "SIP/"); ok {
		version, rest, _ := strings.Cut(rest, " ")
		digits, _, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseUint(digits, 10, 16)
		if !strings.Contains(rest, " ") { // the blank before an empty reason phrase
			w.start, w.odd = w.start+" ", true
		}
		return version == "2.0" && err == nil && len(digits) == 3 && n >= 100 && n <= 699
	}
	words := strings.Fields(w.start)
	if len(words) < 3 || !strings.HasPrefix(strings.ToUpper(words[len(words)-1]), "SIP/") || !isToken(words[0]) {
		return false
	}
	w.method, w.uri, w.version = words[0], words[1], words[len(words)-1]
	return true
}

// unfold takes the next header line with its continuations (RFC 3261 section
// 7.3.1) from text.
func (w *wire) unfold(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\r\n")
	if rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return line, rest
	}
	w.odd = true
	var b strings.Builder
	b.WriteString(strings.TrimRight(line, " \t"))
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		line, rest, _ = strings.Cut(rest, "\r\n")
		b.WriteByte(' ')
		b.WriteString(strings.Trim(line, " \t"))
	}
	return b.String(), rest
}

func (w *wire) addLine(line string) {
	name, value, ok := strings.Cut(line, ":")
	bare := strings.TrimRight(name, " \t")
	if !ok || !isToken(bare) || strings.ContainsAny(value, "\r\n") {
		if w.method != "" {
			w.sound = false
		}
		w.odd = true // a response goes on without the line: an answer is not lost over it
		return
	}
	if len(bare) == 1 {
		if long := longNames[strings.ToLower(bare)]; long != "" {
			bare = long
		}
	}
	w.odd = w.odd || len(bare) != len(name)
	w.fields = append(w.fields, headerField{bare, strings.Trim(value, " \t")})
}

// maxShort is how many octets an SDP body may fall short of its Content-Length
// and still be taken: gateways that rewrite the addresses of a description
// forget the header. RFC 3261 section 18.3 only recommends the refusal.
const maxShort = 32

// cutBody ends the body where Content-Length says; what follows it in a
// datagram is to be ignored (RFC 3261 section 18.3).
func (w *wire) cutBody() {
	for _, f := range w.fields {
		if !f.is("Content-Length") {
			continue
		}
		w.lengths++
		n, err := strconv.ParseUint(f.value, 10, 31)
		if err != nil {
			w.length = -1
			continue
		}
		w.length = int(n)
	}
	switch short := w.length - len(w.body); {
	case w.lengths != 1 || w.length < 0 || short == 0:
	case short < 0:
		w.body = w.body[:w.length]
	case w.method != "" && short <= maxShort && len(w.body) > maxShort && w.contentType() == "application/sdp" && bytes.HasSuffix(w.body, []byte("\n")):
		w.odd = true // the plain form has the true length
	default:
		w.tooShort = true
	}
}

func (f headerField) is(name string) bool {
	return len(f.name) == len(name) && strings.EqualFold(f.name, name)
}

// first is the first value of a header, "" without; count how many lines it has.
func (w *wire) first(name string) (value string, count int) {
	for _, f := range w.fields {
		if f.is(name) {
			if count++; count == 1 {
				value = f.value
			}
		}
	}
	return value, count
}

// contentType is the media type without parameters, in lower case.
func (w *wire) contentType() string {
	value, _ := w.first("Content-Type")
	kind, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// plain writes the message as sipgo reads it best.
func (w *wire) plain() []byte {
	var b bytes.Buffer
	b.WriteString(w.start)
	b.WriteString("\r\n")
	for _, f := range w.fields {
		if f.is("Content-Length") {
			continue
		}
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(w.body)) + "\r\n\r\n")
	b.Write(w.body)
	return b.Bytes()
}

// isToken: RFC 3261 section 25.1.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-.!%*_+`'~", c) >= 0
}
