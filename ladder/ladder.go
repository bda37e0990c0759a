// Package ladder is what a call's signalling was, message by message, as a
// carrier engineer reads it: every SIP message with its time, direction and
// peer, and between them the steps that explain it. It knows no network: a
// Tape takes what it is told, and a Ladder can be printed.
package ladder

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Direction of a message, seen from here.
type Direction string

// The directions; a step has none.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Ladder is what a Tape kept. It holds phone numbers, and no credentials.
type Ladder struct {
	Call    string    `json:"call"`
	Started time.Time `json:"started"`
	Entries []Entry   `json:"messages"`
	// LeftOut counts entries between the first and the last ones that there was
	// no room for: where N jumps.
	LeftOut int `json:"left_out"`
}

// Entry is one message, or one step that is none.
type Entry struct {
	// N counts from 1 over everything that was told, kept or not.
	N int `json:"n"`
	// OffsetMS is the time since Ladder.Started.
	OffsetMS  float64   `json:"offset_ms"`
	Direction Direction `json:"direction,omitempty"`
	// Peer is the far side's address.
	Peer string `json:"peer,omitempty"`
	// First is the request or status line, Method that of the CSeq, Body the
	// kind of the message's body, such as "sdp".
	First  string `json:"first,omitempty"`
	Method string `json:"method,omitempty"`
	Body   string `json:"body,omitempty"`
	// Raw is the message, credentials masked; Cut are the bytes of it for which
	// there was no room. It is empty for one that Repeats the entry of that N.
	Raw     string `json:"raw,omitempty"`
	Cut     int    `json:"cut,omitempty"`
	Repeats int    `json:"repeats,omitempty"`
	// Step is what happened between the messages.
	Step string `json:"step,omitempty"`
}

// Message is what a Tape takes.
type Message struct {
	At   time.Time
	Sent bool
	Peer string
	// Raw is not kept; the Tape copies it.
	Raw []byte
}

// read takes a message's own words apart.
func read(m Message) Entry {
	// One byte more tells clip that it must cut, and whether a character ends.
	raw := clip(string(m.Raw[:min(len(m.Raw), maxRaw+1)]), maxRaw)
	e := Entry{Direction: Received, Peer: m.Peer, Cut: len(m.Raw) - len(raw)}
	raw = masked(raw)
	e.Raw = raw
	if m.Sent {
		e.Direction = Sent
	}
	first, rest, _ := strings.Cut(raw, "\n")
	e.First = clip(strings.TrimRight(first, "\r"), maxFirst)
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "cseq":
			if _, method, ok := strings.Cut(value, " "); ok {
				e.Method = clip(strings.TrimSpace(method), maxWord)
			}
		case "content-type", "c":
			kind, _, _ := strings.Cut(value, ";")
			_, kind, _ = strings.Cut(kind, "/")
			e.Body = clip(strings.ToLower(strings.TrimSpace(kind)), maxWord)
		}
	}
	return e
}

// Bounds of one message.
const (
	maxRaw   = 4 << 10
	maxFirst = 256
	maxWord  = 32
)

// clip shortens text to n bytes at most, between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// secret are the headers whose values are credentials (RFC 3261 sections 20.7
// and 20.28).
var secret = []string{"authorization", "proxy-authorization"}

// masked hides the value of every secret header, its folded lines included.
func masked(raw string) string {
	if !strings.Contains(strings.ToLower(raw), "authorization") {
		return raw
	}
	var out strings.Builder
	hiding := false
	for line := range strings.SplitAfterSeq(raw, "\n") {
		if hiding && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			continue // the header goes on (RFC 3261 section 7.3.1)
		}
		name, _, ok := strings.Cut(line, ":")
		hiding = ok && isSecret(name)
		if !hiding {
			out.WriteString(line)
			continue
		}
		out.WriteString(name)
		out.WriteString(": ***\r\n")
	}
	return out.String()
}

func isSecret(name string) bool {
	name = strings.TrimSpace(name)
	for _, s := range secret {
		if strings.EqualFold(name, s) {
			return true
		}
	}
	return false
}
