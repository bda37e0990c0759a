package ladder

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lane is the width between the two ends of a call.
const lane = 66

// WriteText prints the ladder, and after it each message whole.
func (l Ladder) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "call %s, started %s\n\n", printable(l.Call), l.Started.UTC().Format(time.RFC3339Nano))
	fmt.Fprint(out, Heading())
	last, peer := 0, ""
	for _, e := range l.Entries {
		if skipped := e.N - last - 1; skipped > 0 {
			fmt.Fprintf(out, "%16s:  %d left out\n", "", skipped)
		}
		fmt.Fprint(out, e.Line(peer))
		last = e.N
		if e.Peer != "" {
			peer = e.Peer
		}
	}
	for _, e := range l.Entries {
		if e.Raw == "" {
			continue
		}
		fmt.Fprintf(out, "\n--- %d: %s, %.3f s, %s\n", e.N, e.Direction, e.OffsetMS/1000, e.Peer)
		fmt.Fprint(out, e.Text(""))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the ladder: %w", err)
	}
	return nil
}

// Heading stands above the lines of a ladder.
func Heading() string {
	return fmt.Sprintf("%4s %10s  parley%*s\n", "", "seconds", lane-2, "carrier")
}

// Line is one rung. The peer is named where it is another than the last one.
func (e Entry) Line(lastPeer string) string {
	at := fmt.Sprintf("%4d %10.3f ", e.N, e.OffsetMS/1000)
	if e.Direction == "" {
		return at + " .  " + printable(e.Step) + "\n"
	}
	const arrow = 5 // at the least, with its blank, on both sides
	said, more := e.summary()
	more = shorten(more, maxMore) // both are as long as the far side likes
	said = shorten(said, lane-2*arrow-utf8.RuneCountInString(more)) + more
	rest := strings.Repeat("-", lane-arrow-utf8.RuneCountInString(said)-2)
	rung := "|--- " + said + " " + rest + ">|"
	if e.Direction == Received {
		rung = "|<-- " + said + " " + rest + "-|"
	}
	if e.Peer != lastPeer {
		rung += " " + e.Peer
	}
	return at + " " + rung + "\n"
}

// maxMore bounds what stands in brackets, so that there is room for the message.
const maxMore = 36

// shorten cuts text to n characters at most, 3 of them dots.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-3]) + "..."
}

// summary is a message in a few words: a request with its target, a response
// with the method it answers; and in brackets what else there is to it.
func (e Entry) summary() (said, brackets string) {
	said = strings.TrimSuffix(e.First, " SIP/2.0")
	var more []string
	if code, isResponse := strings.CutPrefix(said, "SIP/2.0 "); isResponse {
		said = code
		more = append(more, e.Method)
	}
	if e.Body != "" {
		more = append(more, strings.ToUpper(e.Body))
	}
	if e.Repeats > 0 {
		more = append(more, fmt.Sprintf("again, as %d", e.Repeats))
	}
	if text := strings.TrimPrefix(strings.Join(more, ", "), ", "); text != "" {
		brackets = " (" + printable(text) + ")"
	}
	return printable(said), brackets
}

// Text is the whole message, each line after an indent, for a terminal: without
// carriage returns and other control characters.
func (e Entry) Text(indent string) string {
	var out strings.Builder
	for line := range strings.Lines(e.Raw) {
		out.WriteString(strings.TrimRight(indent+printable(strings.TrimRight(line, "\r\n")), " "))
		out.WriteByte('\n')
	}
	if e.Cut > 0 {
		fmt.Fprintf(&out, "%s... %d bytes more\n", indent, e.Cut)
	}
	return out.String()
}

// printable keeps what a far side wrote from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, s)
}
