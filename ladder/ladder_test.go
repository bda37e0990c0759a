package ladder

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// story tells a call: "> text" is sent, "< text" received, the rest steps.
func story(t *Tape, lines ...string) {
	for i, l := range lines {
		at := noon.Add(time.Duration(i) * 40 * time.Millisecond)
		way, text, _ := strings.Cut(l, " ")
		if way != ">" && way != "<" {
			t.Step(at, l)
			continue
		}
		peer := "192.0.2.1:5060"
		if p, rest, ok := strings.Cut(text, "@@ "); ok {
			peer, text = p, rest
		}
		t.Add(Message{At: at, Sent: way == ">", Peer: peer, Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n"))})
	}
}

const invite = "INVITE sip:+12025550100@carrier.example SIP/2.0\nCall-ID: c-1\nCSeq: 1 INVITE\nContent-Type: application/sdp\n\nv=0\n"

func TestALadderAsItIsRead(t *testing.T) {
	tape := NewTape("c", noon)
	story(tape,
		"gate: allowed (us-collection/1)", "trunk: a",
		"> "+invite, "< SIP/2.0 503 Service Unavailable\nCSeq: 1 INVITE\n\n", "> ACK sip:+12025550100@carrier.example SIP/2.0\nCSeq: 1 ACK\n\n",
		"gate: allowed (us-collection/1)", "trunk: b",
		"> 192.0.2.2:5060@@ "+invite, "> 192.0.2.2:5060@@ "+invite,
		"< 192.0.2.2:5060@@ SIP/2.0 407 Proxy Authentication Required\nCSeq: 1 INVITE\nProxy-Authenticate: Digest realm=\"b\", nonce=\"n\"\n\n",
		"> 192.0.2.2:5060@@ INVITE sip:+12025550100@carrier.example SIP/2.0\nCSeq: 2 INVITE\nProxy-Authorization: Digest username=\"u\",\n response=\"0badcafe\"\nTo: <sip:x>\nc: application/sdp;a=b\n\nv=0\n",
		"< 192.0.2.2:5060@@ SIP/2.0 183 Session Progress\nCSeq: 2 INVITE\nContent-Type: application/sdp\n\nv=0\n", "early media",
		"< 192.0.2.2:5060@@ SIP/2.0 200 \x1b[31mOK"+strings.Repeat("!", 80)+"\nCSeq: 2 INVITE\n\n",
	)
	var got strings.Builder
	if err := tape.Ladder().WriteText(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/ladder.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the ladder (-want +got):\n%s", diff)
	}
}

func TestCredentialsAreMasked(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"A SIP/2.0\r\nAuthorization: Digest response=\"s3cret\"\r\nTo: x\r\n\r\n", "A SIP/2.0\r\nAuthorization: ***\r\nTo: x\r\n\r\n"},
		{"A SIP/2.0\r\nproxy-authorization :s3cret\r\n\ts3cret\r\n s3cret\r\nTo: x\r\n\r\n", "A SIP/2.0\r\nproxy-authorization : ***\r\nTo: x\r\n\r\n"},
		{"A SIP/2.0\nAUTHORIZATION:s3cret\nAuthorization: s3cret", "A SIP/2.0\nAUTHORIZATION: ***\r\nAuthorization: ***\r\n"},
		{"A SIP/2.0\r\nX-Note: Authorization is here\r\n\r\n", "A SIP/2.0\r\nX-Note: Authorization is here\r\n\r\n"},
		{"A SIP/2.0\r\nTo: x\r\n y\r\n\r\n", "A SIP/2.0\r\nTo: x\r\n y\r\n\r\n"},
	} {
		tape := NewTape("c", noon)
		var got Entry
		tape.Watch(func(e Entry) { got = e })
		tape.Add(Message{At: noon, Raw: []byte(c.raw)})
		if got.Raw != c.want {
			t.Errorf("%q became %q, want %q", c.raw, got.Raw, c.want)
		}
	}
}

// TestATapeIsBounded: whatever comes, the first and the last messages are kept,
// and how many there were is known.
func TestATapeIsBounded(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "usual": 900, "beyond a message's bound": 60_000} {
		t.Run(name, func(t *testing.T) {
			tape := NewTape("c", noon)
			const all = 10_000
			for i := 1; i <= all; i++ {
				raw := fmt.Sprintf("INFO sip:a SIP/2.0\r\nCSeq: %d INFO\r\n\r\n%s", i, strings.Repeat("é", size/2))
				tape.Add(Message{At: noon.Add(time.Duration(i) * time.Second), Raw: []byte(raw)})
			}
			l := tape.Ladder()
			bytes := 0
			for _, e := range l.Entries {
				bytes += len(e.Raw)
			}
			if len(l.Entries) > headEntries+tailEntries || bytes > headBytes+tailBytes {
				t.Errorf("%d entries of %d bytes are kept", len(l.Entries), bytes)
			}
			if l.LeftOut != all-len(l.Entries) || l.Entries[0].N != 1 || l.Entries[len(l.Entries)-1].N != all || len(l.Entries) < 8 {
				t.Errorf("%d entries, %d left out, the last is %d", len(l.Entries), l.LeftOut, l.Entries[len(l.Entries)-1].N)
			}
			if last := l.Entries[len(l.Entries)-1]; last.OffsetMS != all*1000 || len(last.Raw)+last.Cut < size {
				t.Errorf("the last at %v ms, %d bytes and %d cut", last.OffsetMS, len(last.Raw), last.Cut)
			}
		})
	}
}

// TestTheOrderIsThatOfTheWire: an answer may be told before what it answers.
func TestTheOrderIsThatOfTheWire(t *testing.T) {
	tape := NewTape("c", noon)
	for _, m := range []struct {
		ms  int
		raw string
	}{{4, "SIP/2.0 100 Trying"}, {2, "INVITE sip:a SIP/2.0"}, {502, "INVITE sip:a SIP/2.0"}} {
		tape.Add(Message{At: noon.Add(time.Duration(m.ms) * time.Millisecond), Raw: []byte(m.raw + "\r\n\r\n")})
	}
	var got []string
	for _, e := range tape.Ladder().Entries {
		got = append(got, fmt.Sprintf("%d %s %d", e.N, e.First, e.Repeats))
	}
	if diff := cmp.Diff([]string{"1 INVITE sip:a SIP/2.0 0", "2 SIP/2.0 100 Trying 0", "3 INVITE sip:a SIP/2.0 1"}, got); diff != "" {
		t.Error(diff)
	}
}
