package ladder

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLine: whatever the far side writes and however often, a rung is one line
// of its width.
func FuzzLine(f *testing.F) {
	word := strings.Repeat("w", 40)
	f.Add("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContent-Type: application/"+word+"\r\n\r\n", 12, false)
	f.Add("SIP/2.0 200 OK\r\nCSeq: 1 "+word+"\r\nContent-Type: application/"+word+"\r\n\r\n", 0, false)
	f.Add("INVITE sip:"+strings.Repeat("é", 300)+" SIP/2.0\r\nCSeq: 1 é"+word+"\r\n\r\n", 1<<40, true)
	f.Add("", 0, false)
	f.Add("\xff\xfe\r\nc: /"+strings.Repeat("\xff", 40), 1, true)
	f.Fuzz(func(t *testing.T, raw string, again int, sent bool) {
		e := read(Message{Sent: sent, Raw: []byte(raw)})
		e.Repeats = again
		line := e.Line("")
		if strings.Count(line, "\n") != 1 {
			t.Errorf("the rung is %q", line)
		}
		if n := utf8.RuneCountInString(line); n != 19+lane {
			t.Errorf("%d characters: %q", n, line)
		}
	})
}
