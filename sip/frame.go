package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Bounds of one message of a stream.
const (
	maxHead = 16 << 10
	maxBody = 32 << 10
)

// errFrame: where the next message of the stream begins cannot be known any
// more, so the connection is of no use.
var errFrame = errors.New("the stream holds no SIP message that can be told from the next one")

var (
	lineEnd = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// frame is the length of the message at the beginning of b, by Content-Length
// (RFC 3261 section 18.3), or 0 while it is not whole.
func frame(b []byte) (int, error) {
	head := bytes.Index(b, headEnd)
	if head < 0 {
		if len(b) > maxHead {
			return 0, fmt.Errorf("%w: no header ends within %d bytes", errFrame, maxHead)
		}
		return 0, nil
	}
	if head > maxHead {
		return 0, fmt.Errorf("%w: its header is longer than %d bytes", errFrame, maxHead)
	}
	body, err := contentLength(b[:head])
	if err != nil {
		return 0, err
	}
	if whole := head + len(headEnd) + body; len(b) >= whole {
		return whole, nil
	}
	return 0, nil
}

// contentLength reads the one header field that a stream cannot do without.
func contentLength(head []byte) (int, error) {
	const none = -1
	length := none
	for at := nextLine(head, 0); at < len(head); {
		end := nextLine(head, at)
		for end < len(head) && (head[end] == ' ' || head[end] == '\t') {
			end = nextLine(head, end) // folded (section 7.3.1)
		}
		name, value, _ := bytes.Cut(head[at:end], []byte(":"))
		at = end
		if name = bytes.TrimSpace(name); !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		text := string(bytes.TrimSpace(value))
		n, err := strconv.ParseUint(text, 10, 31)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%w: its Content-Length is no number", errFrame)
		case n > maxBody:
			return 0, fmt.Errorf("%w: its body would be longer than %d bytes", errFrame, maxBody)
		case length != none && length != int(n):
			return 0, fmt.Errorf("%w: it has two lengths", errFrame)
		}
		length = int(n)
	}
	if length == none {
		return 0, fmt.Errorf("%w: it has no Content-Length", errFrame)
	}
	return length, nil
}

// nextLine is where the line after the one at this place begins, or the end.
func nextLine(b []byte, at int) int {
	i := bytes.Index(b[at:], lineEnd)
	if i < 0 {
		return len(b)
	}
	return at + i + len(lineEnd)
}
