package sip

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestNameAddr(t *testing.T) {
	for in, want := range map[string]string{
		"sip:a@b":                         "<sip:a@b>",
		"sip:a@b;tag=1":                   "<sip:a@b>;tag=1",
		" <sip:a@b;lr> ; Tag = 1 ;x":      "<sip:a@b;lr>;tag=1;x",
		`"A, B; C" <sip:a@[2001:db8::1]>`: `"A, B; C" <sip:a@[2001:db8::1]>`,
		`"a\"b"<sip:h>`:                   `"a\"b" <sip:h>`,
		"Joe Bloe <tel:+1;ext=2>;p=\"q\"": "Joe Bloe <tel:+1;ext=2>;p=\"q\"",
		"Jörg <sip:j@h:5060>":             "Jörg <sip:j@h:5060>",
		`<sip:a@b>;x="1;tag=2"`:           "<sip:a@b>", // sipgo would find a tag in it
		"<sip:*21#@h>;a=b/c":              "<sip:*21#@h>;a=b/c",
		"":                                "",
		"sip:":                            "",
		"a@b":                             "",
		"<sip:a@b":                        "",
		"<sip:a b@c>":                     "",
		"A, B <sip:a@b>":                  "",
		`"A <sip:a@b>`:                    "",
		`"A" B <sip:a@b>`:                 "",
		"<sip:a@b>;;":                     "",
		"<sip:a@b>;tag=":                  "",
		"<sip:a@b> x":                     "",
		"sip:a@b?x=y":                     "",
		"<sip:a@b:port>":                  "",
		"<sip:a@[::1>":                    "",
	} {
		got, _, err := nameAddr(strings.TrimSpace(in))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestReadVia(t *testing.T) {
	for in, want := range map[string]string{
		"SIP/2.0/UDP h;branch=1":                        "SIP/2.0/UDP h;branch=1",
		"SIP / 2.0 / UDP  h : 5060 ; Branch = 1; rport": "SIP/2.0/UDP h:5060;branch=1;rport",
		"SIP/2.0/UDP a, SIP/2.0/TCP b;branch=2":         "SIP/2.0/UDP a|SIP/2.0/TCP b;branch=2",
		"SIP/2.0/UDP [::1]:5;received=[::2]":            "SIP/2.0/UDP [::1]:5;received=[::2]",
		"SIP/2.0/UDP ":                                  "",
		"UDP h":                                         "",
		"SIP/2.0/UDP h;;":                               "",
		"SIP/2.0/UDP h,":                                "",
		"HTTP/2.0/UDP h":                                "",
		"SIP/2.0/UDP a b":                               "",
	} {
		all, err := readVia(in)
		var got []string
		for _, v := range all {
			got = append(got, v.plain)
		}
		if strings.Join(got, "|") != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

// TestOddWriting: what gateways write otherwise than sipgo reads, and what of
// it arrives there.
func TestOddWriting(t *testing.T) {
	const head = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
	mixed := "--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--x\r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n--x--\r\n"
	for name, c := range map[string]struct{ text, body string }{
		"no blank before an empty reason": {strings.Replace(head, " OK", "", 1) + "Content-Length: 0\r\n\r\n", ""},
		"line ends in front":              {"\r\n\r\n" + head + "Content-Length: 0\r\n\r\n", ""},
		"compact and folded":              {strings.NewReplacer("To:", "t :\r\n ", "CSeq: 1 ", "CSeq: 1\r\n\t", "Via:", "v:").Replace(head) + "l:1\r\n\r\nxy", "x"},
		"a name that ends nowhere":        {strings.Replace(head, "To: ", "To: \"Joe ", 1) + "Content-Length: 0\r\n\r\n", ""},
		"a Contact that is none":          {head + "Contact: <sip:a b>\r\nContent-Type:\r\nContent-Length: 0\r\n\r\n", ""},
		"a name with a blank in it":       {head + "P-Charge Info: <sip:x@y>\r\nContent-Length: 0\r\n\r\n", ""},
		"a line that is no header":        {head + "hello\r\nContent-Length: 1\r\n\r\nx", "x"},
		"multipart":                       {head + "Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n" + mixed, sdp},
	} {
		w, err := readWire([]byte(c.text))
		if err != nil || w.judge() != 0 || !w.odd {
			t.Errorf("%s: %v, verdict %d, odd %v", name, err, w.judge(), w.odd)
			continue
		}
		m, err := parse(sip.NewParser(), w.plain())
		if err != nil || !whole(m) || string(m.Body()) != c.body || tagOf(m.To()) != "2" {
			t.Errorf("%s: %v, read as %v", name, err, m)
		}
	}
}

// TestShortBody: how much a description may fall short of its Content-Length.
func TestShortBody(t *testing.T) {
	for name, c := range map[string]struct {
		start, kind string
		claims      int
		body        string
		want        bool
	}{
		"an address was shortened":  {"INVITE sip:a@b SIP/2.0", "application/sdp", len(sdp) + 12, sdp, true},
		"too much is missing":       {"INVITE sip:a@b SIP/2.0", "application/sdp", len(sdp) + maxShort + 1, sdp, false},
		"cut in the middle":         {"INVITE sip:a@b SIP/2.0", "application/sdp", len(sdp), sdp[:len(sdp)-5], false},
		"no description":            {"INFO sip:a@b SIP/2.0", "text/plain", len(sdp) + 1, sdp, false},
		"a response is not excused": {"SIP/2.0 200 OK", "application/sdp", len(sdp) + 1, sdp, false},
	} {
		w := wire{start: c.start, body: []byte(c.body), fields: []headerField{{"Content-Type", c.kind}, {"Content-Length", strconv.Itoa(c.claims)}}}
		w.readStart()
		if w.cutBody(); w.tooShort == c.want {
			t.Errorf("%s: too short %v", name, w.tooShort)
		}
	}
}

func FuzzWire(f *testing.F) {
	for _, g := range garbage {
		f.Add([]byte(g))
	}
	f.Add([]byte(wellFormed))
	f.Add([]byte("OPTIONS sip:a@[::1]:5 SIP/2.0\r\nv: SIP / 2.0\r\n /UDP h : 1 ;branch= z9hG4bK1 , SIP/2.0/TCP [::2]\r\nf: \"a\\\"b\" <sip:a@b>;tag=1\r\nt: sip:a@b\r\ni: 1\r\nCSeq: 1\r\n OPTIONS\r\nm: <sip:x>;q=1, sip:y\r\nl: 0\r\n\r\n"))
	f.Add([]byte("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"))
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.sock.conn.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxDatagram {
			return
		}
		w, err := readWire(data)
		if err != nil {
			return
		}
		v := w.judge()
		if v > 0 {
			// A refusal is one response, not much larger than what it refuses.
			res := w.response(s, s.Addr(), int(v))
			if strings.Count(res, "\r\n\r\n") != 1 || len(res) > 2*len(data)+1024 {
				t.Fatalf("a refusal of %d bytes: %q", len(res), res)
			}
		}
		if v != 0 {
			return
		}
		// The plain form is read as the same message, and needs no other.
		plain := w.plain()
		again, err := readWire(plain)
		if err != nil || again.judge() != 0 || !bytes.Equal(again.plain(), plain) {
			t.Fatalf("%q became %q, then %q (%v, %d)", data, plain, again.plain(), err, again.judge())
		}
	})
}

const wellFormed = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"

func BenchmarkReadWire(b *testing.B) {
	text := []byte(strings.Replace(strings.Replace(wellFormed, "OPTIONS", "INVITE", 2), "Length: 0", "Length: "+strconv.Itoa(len(sdp)), 1) + sdp)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w, err := readWire(text)
			if err != nil || w.judge() != 0 || w.odd {
				b.Fatal(err, w.odd)
			}
		}
	})
	b.Run("sipgo", func(b *testing.B) {
		b.ReportAllocs()
		p := sip.NewParser()
		for b.Loop() {
			if _, err := parse(p, text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
