package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	msg := func(fields string, body string) string {
		return "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n" + fields + "\r\n" + body
	}
	for name, c := range map[string]struct {
		in   string
		size int // -1: the length of in; 0: not whole
		bad  bool
	}{
		"nothing":                     {"", 0, false},
		"half a header":               {"OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n", 0, false},
		"no body":                     {msg("Content-Length: 0\r\n", ""), -1, false},
		"a body":                      {msg("Content-Length: 5\r\n", "hello"), -1, false},
		"half a body":                 {msg("Content-Length: 5\r\n", "hel"), 0, false},
		"another message behind":      {msg("Content-Length: 5\r\n", "hello") + "SIP/2.0 200", len(msg("Content-Length: 5\r\n", "hello")), false},
		"the compact name":            {msg("l: 5\r\n", "hello"), -1, false},
		"other letters and blanks":    {msg("CONTENT-length \t:   5 \r\n", "hello"), -1, false},
		"a folded value":              {msg("Content-Length:\r\n  5\r\nX: y\r\n", "hello"), -1, false},
		"the same length twice":       {msg("Content-Length: 5\r\nl: 5\r\n", "hello"), -1, false},
		"two lengths":                 {msg("Content-Length: 5\r\nl: 6\r\n", "hello"), 0, true},
		"no length":                   {msg("", ""), 0, true},
		"a negative length":           {msg("Content-Length: -1\r\n", ""), 0, true},
		"a length that is none":       {msg("Content-Length: five\r\n", "hello"), 0, true},
		"a length with more behind":   {msg("Content-Length: 5, 5\r\n", "hello"), 0, true},
		"an empty length":             {msg("Content-Length:\r\n", ""), 0, true},
		"a length beyond all numbers": {msg("Content-Length: 99999999999999999999\r\n", ""), 0, true},
		"a body that is too long":     {msg(fmt.Sprintf("Content-Length: %d\r\n", maxBody+1), ""), 0, true},
		"a header without end":        {strings.Repeat("x", maxHead+1), 0, true},
		"a header that is too long":   {msg("X: "+strings.Repeat("x", maxHead)+"\r\nContent-Length: 0\r\n", ""), 0, true},
		"the name in a start line":    {"Content-Length: 5\r\nl: 0\r\n\r\n", -1, false},
		"a length in the body":        {msg("Content-Length: 19\r\n", "Content-Length: 9\r\n"), -1, false},
	} {
		want := c.size
		if want < 0 {
			want = len(c.in)
		}
		got, err := frame([]byte(c.in))
		if got != want || (err != nil) != c.bad {
			t.Errorf("%s: %d bytes, %v; want %d", name, got, err, want)
		}
		if c.bad && !errors.Is(err, errFrame) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// FuzzFrame: whatever comes, in whatever pieces, the cuts are the same, and
// nothing beyond the bounds is waited for.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		"OPTIONS sip:a@b SIP/2.0\r\nl: 3\r\n\r\nabcSIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"\r\n\r\n", "x: y\r\n z\r\n\r\n", "a\r\nl:\r\n 1\r\n\r\nb", "a\r\nl: 1\r\nl: 2\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		size, err := frame(data)
		if size < 0 || size > len(data) || err != nil && size != 0 {
			t.Fatalf("%d of %d bytes, %v", size, len(data), err)
		}
		if size == 0 && err == nil && len(data) > maxHead+maxBody+len(headEnd) {
			t.Fatalf("%d bytes are not enough", len(data))
		}
		if size == 0 {
			return
		}
		if head := bytes.Index(data, headEnd); head < 0 || size < head+len(headEnd) {
			t.Fatalf("the cut at %d is inside the header", size)
		}
		for _, n := range []int{size - 1, size} {
			got, err := frame(data[:n])
			if want := n / size * size; err != nil || got != want {
				t.Fatalf("of the first %d bytes %d are a message, %v; the whole has %d", n, got, err, size)
			}
		}
	})
}
