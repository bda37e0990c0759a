package sip

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/call"
	"parley/outcome"
	"parley/sharedtest"
)

// tortureCase is one message of RFC 4475 or RFC 5118 and what the document asks
// of the server that we are: a user agent which registers nobody and, in these
// tests, has no number of its own to be called at.
type tortureCase struct {
	file, section, title string
	want                 string // status of the response, or what happens
	why                  string
}

// What happens where no response is sent.
const (
	taken   = "taken"   // a response that does its work in a call of ours
	dropped = "dropped" // nothing is sent, nothing changes
)

// A well-formed INVITE reaches the question whether anybody can be called here:
// 403. One inside a call that does not exist is 481, a method for registrars or
// messages 405, one that SIP does not have 501.
var torture4475 = []tortureCase{
	{"wsinv", "3.1.1.1", "A Short Tortuous INVITE", "481", "well-formed; its To has a tag, and there is no such call"},
	{"intmeth", "3.1.1.2", "Wide Range of Valid Characters", "501", "well-formed, with a method nobody knows"},
	{"esc01", "3.1.1.3", "Valid Use of the % Escaping Mechanism", "403", "well-formed"},
	{"escnull", "3.1.1.4", "Escaped Nulls in URIs", "405", "well-formed; we are no registrar"},
	{"esc02", "3.1.1.5", "Use of % When It Is Not an Escape", "501", "RE%47IST%45R is not REGISTER but a method nobody knows"},
	{"lwsdisp", "3.1.1.6", "Message with No LWS between Display Name and <", "200", "well-formed"},
	{"longreq", "3.1.1.7", "Long Values in Header Fields", "403", "well-formed"},
	{"dblreq", "3.1.1.8", "Extra Trailing Octets in a UDP Datagram", "405", "the REGISTER is answered, the INVITE behind its body ignored"},
	{"semiuri", "3.1.1.9", "Semicolon-Separated Parameters in URI User Part", "200", "well-formed"},
	{"transports", "3.1.1.10", "Varied and Unknown Transport Types", "200", "well-formed"},
	{"mpart01", "3.1.1.11", "Multipart MIME Message", "405", "well-formed; we take no messages"},
	{"unreason", "3.1.1.12", "Unusual Reason Phrase", taken, "a 200 that answers a call"},
	{"noreason", "3.1.1.13", "Empty Reason Phrase", taken, "a 100 after which a call may be cancelled"},
	{"badinv01", "3.1.2.1", "Extraneous Header Field Separators", "400", ""},
	{"clerr", "3.1.2.2", "Content Length Larger Than Message", "400", ""},
	{"ncl", "3.1.2.3", "Negative Content-Length", "400", ""},
	{"scalar02", "3.1.2.4", "Request Scalar Fields with Overlarge Values", "400", "of the CSeq"},
	{"scalarlg", "3.1.2.5", "Response Scalar Fields with Overlarge Values", dropped, "of the CSeq"},
	{"quotbal", "3.1.2.6", "Unterminated Quoted String in Display Name", "400", ""},
	{"ltgtruri", "3.1.2.7", "<> Enclosing Request-URI", "400", ""},
	{"lwsruri", "3.1.2.8", "Malformed SIP Request-URI (Embedded LWS)", "400", ""},
	{"lwsstart", "3.1.2.9", "Multiple SP Separating Request-Line Elements", "400", ""},
	{"trws", "3.1.2.10", "SP Characters at End of Request-Line", "400", ""},
	{"escruri", "3.1.2.11", "Escaped Headers in SIP Request-URI", "400", ""},
	{"baddate", "3.1.2.12", "Invalid Time Zone in Date Header Field", "400", "outside a call; inside one the Date is ignored, as the section allows"},
	{"regbadct", "3.1.2.13", "Failure to Enclose name-addr URI in <>", "400", ""},
	{"badaspec", "3.1.2.14", "Spaces within addr-spec", "400", ""},
	{"baddn", "3.1.2.15", "Non-token Characters in Display Name", "400", "and the blank line after its head is missing"},
	{"badvers", "3.1.2.16", "Unknown Protocol Version", "505", ""},
	{"mismatch01", "3.1.2.17", "Start Line and CSeq Method Mismatch", "400", ""},
	{"mismatch02", "3.1.2.18", "Unknown Method with CSeq Method Mismatch", "501", "preferred by the section to 400"},
	{"bigcode", "3.1.2.19", "Overlarge Response Code", dropped, ""},
	{"badbranch", "3.2.1", "Missing Transaction Identifier", "400", "without state"},
	{"insuf", "3.3.1", "Missing Required Header Fields", "400", "with what there is to repeat"},
	{"unkscm", "3.3.2", "Request-URI with Unknown Scheme", "416", ""},
	{"novelsc", "3.3.3", "Request-URI with Known but Atypical Scheme", "416", ""},
	{"unksm2", "3.3.4", "Unknown URI Schemes in Header Fields", "405", "well-formed; the 400 is for registrars to give"},
	{"bext01", "3.3.5", "Proxy-Require and Require", "420", "Unsupported names both tags of Require and none of Proxy-Require"},
	{"invut", "3.3.6", "Unknown Content-Type", "415", "with Accept"},
	{"regaut01", "3.3.7", "Unknown Authorization Scheme", "405", "well-formed; we are no registrar"},
	{"multi01", "3.3.8", "Multiple Values in Single Value Required Fields", "400", ""},
	{"mcl01", "3.3.9", "Multiple Content-Length Values", "400", ""},
	{"bcast", "3.3.10", "200 OK Response with Broadcast Via Header Field Value", dropped, "a response with a second Via is not for us"},
	{"zeromf", "3.3.11", "Max-Forwards of Zero", "200", "who is asked answers; only a proxy says 483"},
	{"cparam01", "3.3.12", "REGISTER with a Contact Header Parameter", "405", "well-formed; we are no registrar"},
	{"cparam02", "3.3.13", "REGISTER with a url-parameter", "405", "well-formed; we are no registrar"},
	{"regescrt", "3.3.14", "REGISTER with a URL Escaped Header", "405", "well-formed; we are no registrar"},
	{"sdp01", "3.3.15", "Unacceptable Accept Offering", "406", ""},
	{"inv2543", "3.4.1", "INVITE with RFC 2543 Syntax", "403", "well-formed for its time: no tag, no branch, no Max-Forwards"},
	{"test", "-", "in the archive, in no section", dropped, "its first line is not SIP's, and there is no Via to answer to"},
}

var torture5118 = []tortureCase{
	{"ipv6-good", "4.1", "Valid SIP Message with an IPv6 Reference", "405", "well-formed; we are no registrar"},
	{"ipv6-bad", "4.2", "Invalid SIP Message with an IPv6 Reference", "400", ""},
	{"port-ambiguous", "4.3", "Port Ambiguous in a SIP URI", "405", "well-formed: the port is part of the address"},
	{"port-unambiguous", "4.4", "Port Unambiguous in a SIP URI", "405", "well-formed"},
	{"via-received-param-with-delim", "4.5", "IPv6 Reference Delimiters in Via Header", "481", "taken; there is no such call"},
	{"via-received-param-no-delim", "4.5", "IPv6 Reference Delimiters in Via Header", "200", "taken"},
	{"ipv6-in-sdp", "4.6", "SIP Request with IPv6 Addresses in SDP Body", "403", "well-formed, but for a Content-Length 17 octets too large, which is forgiven to a description"},
	{"mult-ip-in-header", "4.7", "Multiple IP Addresses in SIP Headers", "481", "well-formed; there is no such call"},
	{"mult-ip-in-sdp", "4.8", "Multiple IP Addresses in SDP", "403", "well-formed"},
	{"ipv4-mapped-ipv6", "4.9", "IPv4-Mapped IPv6 Addresses", "403", "well-formed"},
	{"ipv6-bug-abnf-3-colons", "4.10", "IPv6 Reference Bug in RFC 3261 ABNF", "200", "both forms have to be tolerated"},
	{"ipv6-correct-abnf-2-colons", "4.10", "IPv6 Reference Bug in RFC 3261 ABNF", "200", "both forms have to be tolerated"},
}

func (c tortureCase) read(t *testing.T, rfc string) []byte {
	t.Helper()
	name := c.file
	if rfc == "rfc4475" {
		name += ".dat"
	}
	b, err := os.ReadFile(filepath.Join(sharedtest.Path(t, "data", "sip", rfc), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTorture sends every message, as it is, from a trunk's address through a
// real socket to a real stack.
func TestTorture(t *testing.T) {
	// An address of its own, to listen at the ports that the Vias name; where
	// one cannot be read, the response comes to where the request came from.
	peer := net.IPv4(127, 44, 75, 1)
	r := newRig(t, func(o *Options) { o.Trunks = []Trunk{{Name: "t", Host: peer.String()}} })
	r.far = newFarAt(t, &net.UDPAddr{IP: peer, Port: 5060})
	for _, port := range []int{5050, 5070, 6050, 19823} {
		newFarInto(t, &net.UDPAddr{IP: peer, Port: port}, r.far.got)
	}
	us := net.UDPAddrFromAddrPort(r.Addr())
	for rfc, table := range map[string][]tortureCase{"rfc4475": torture4475, "rfc5118": torture5118} {
		files, err := os.ReadDir(sharedtest.Path(t, "data", "sip", rfc))
		if err != nil || len(files) != len(table) {
			t.Fatalf("%s: %d messages, %d in the table: %v", rfc, len(files), len(table), err)
		}
		for n, c := range table {
			t.Run(rfc+"/"+c.file, func(t *testing.T) {
				raw := c.read(t, rfc)
				if bytes.HasPrefix(raw, []byte("SIP/")) {
					raw = nil // TestTortureResponses
				} else if _, err := r.far.conn.WriteToUDP(raw, us); err != nil {
					t.Fatal(err)
				}
				got := dropped
				hear := func(m message) {
					if got != dropped {
						t.Errorf("answered twice: %q", m.first)
					}
					got = strings.Fields(m.first)[1]
					c.checkResponse(t, m)
				}
				if raw != nil && c.want != dropped {
					hear(r.far.next())
				}
				// What is sent after it is answered after it.
				end := fmt.Sprintf("end%s%d", rfc, n)
				r.far.send(outside(r.far, "OPTIONS", end, ""), us)
				for m := r.far.next(); m.get("Call-ID") != "OPTIONS"+end; m = r.far.next() {
					hear(m)
				}
				if raw != nil && got != c.want {
					t.Errorf("%s: %s, want %s", c.title, got, c.want)
				}
			})
		}
	}
}

// checkResponse looks at what the section wants besides the status.
func (c tortureCase) checkResponse(t *testing.T, m message) {
	t.Helper()
	if len(m.header["via"]) == 0 || m.get("CSeq") == "" || c.file != "insuf" && !strings.Contains(m.get("To"), "tag=") {
		t.Errorf("not a whole response: %+v", m)
	}
	switch c.file {
	case "bext01":
		if m.get("Unsupported") != "nothingSupportsThis, nothingSupportsThisEither" {
			t.Errorf("Unsupported is %q", m.get("Unsupported"))
		}
	case "invut", "sdp01":
		if m.get("Accept") != "application/sdp" {
			t.Errorf("Accept is %q", m.get("Accept"))
		}
	case "longreq":
		if n := len(m.header["via"]); n != 34 {
			t.Errorf("%d Vias", n)
		}
	case "intmeth":
		if m.get("CSeq") != "139122385 !interesting-Method0123456789_*+`.%indeed'~" {
			t.Errorf("CSeq is %q", m.get("CSeq"))
		}
	}
}

// TestTortureResponses lets the responses among the messages come as responses
// to an INVITE of ours: only what identifies the transaction is ours.
func TestTortureResponses(t *testing.T) {
	for _, c := range torture4475 {
		raw := c.read(t, "rfc4475")
		if !bytes.HasPrefix(raw, []byte("SIP/")) {
			continue
		}
		t.Run(c.file, func(t *testing.T) {
			r := newRig(t)
			l := r.dial()
			invite := r.far.expect("INVITE")
			before := r.Stats().Malformed
			r.far.send(asResponse(c, string(raw), invite, r.far.tag), invite.src)
			switch c.file {
			case "unreason":
				step(t, l, call.Answered)
				r.far.expect("ACK")
				r.far.expectReply(200, r.far.ask("BYE", invite, ""))
			case "noreason":
				eventually(t, func() bool { hang(l); return len(r.far.got) > 0 })
				r.far.reply(r.far.expect("CANCEL"), "200 OK", "")
				r.far.reply(invite, "487 Request Terminated", "")
			default:
				r.far.reply(invite, "486 Busy Here", "")
			}
			got := ended(t, l)
			want := map[string]outcome.Network{"unreason": outcome.Answered, "noreason": outcome.Cancelled}[c.file]
			if c.want == dropped {
				want = outcome.Busy
			}
			if malformed := r.Stats().Malformed - before; got.Network != want || (malformed == 1) != (c.want == dropped) {
				t.Errorf("%s: the call ended %q, %d messages were malformed", c.title, got.Network, malformed)
			}
		})
	}
}

// asResponse grafts the identifiers of our INVITE onto a response.
func asResponse(c tortureCase, raw string, invite message, tag string) string {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	first := true
	for i, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		switch strings.ToLower(name) {
		case "via":
			if first {
				lines[i], first = "Via: "+invite.get("Via"), false
			}
		case "from":
			lines[i] = "From: " + invite.get("From")
		case "to":
			lines[i] = "To: " + invite.get("To") + ";tag=" + tag
		case "call-id":
			lines[i] = "Call-ID: " + invite.get("Call-ID")
		case "cseq":
			if c.file != "scalarlg" {
				lines[i] = "CSeq: " + invite.get("CSeq")
			}
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// TestStandardsPage: docs/standards.md shows these very tables. UPDATE_DOCS=1
// writes it.
func TestStandardsPage(t *testing.T) {
	var b strings.Builder
	for _, d := range []struct {
		name  string
		table []tortureCase
	}{{"RFC 4475", torture4475}, {"RFC 5118", torture5118}} {
		fmt.Fprintf(&b, "\n## %s\n\n| section | message | outcome | remark |\n|---|---|---|---|\n", d.name)
		for _, c := range d.table {
			fmt.Fprintf(&b, "| %s | %s (`%s`) | %s | %s |\n", c.section, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(c.title), c.file, c.want, c.why)
		}
	}
	file := filepath.Join("..", "docs", "standards.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- The tables below are written by TestStandardsPage. -->\n"
	head, tables, ok := strings.Cut(string(page), mark)
	if !ok {
		t.Fatal("the mark that begins the tables is missing")
	}
	if tables == b.String() {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatal("docs/standards.md does not show the tables of this test; run it with UPDATE_DOCS=1")
	}
	if err := os.WriteFile(file, []byte(head+mark+b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestOddRequestsInsideACall: what is refused outside a call loses none inside.
func TestOddRequestsInsideACall(t *testing.T) {
	for name, oddity := range map[string]*strings.Replacer{
		"a date of no zone":        strings.NewReplacer("Max-Forwards:", "Date: Fri, 01 Jan 2010 16:00:00 EST\r\nMax-Forwards:"),
		"a name that ends nowhere": strings.NewReplacer("From: ", "From: \"Joe "),
		"folded and compact":       strings.NewReplacer("From: ", "f :\r\n\t", "Call-ID", "i", "CSeq: ", "CSeq:\r\n "),
		"no hop left":              strings.NewReplacer("Max-Forwards: 70", "Max-Forwards: 0"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			l, invite := answered(t, r)
			r.far.send(oddity.Replace(r.far.request("BYE", invite, "9 BYE", "")), invite.src)
			r.far.expectReply(200, "9 BYE")
			if c := ended(t, l); c.By != call.PartyCustomer {
				t.Errorf("cause is %+v", c)
			}
		})
	}
}

// TestTortureReachesACall: where every number is open, the INVITEs that are
// refused for want of one ring, or are told that their sound is none of ours.
func TestTortureReachesACall(t *testing.T) {
	peer := net.IPv4(127, 44, 75, 3)
	// Their only sound is G.726.
	g726 := map[string]bool{"ipv6-in-sdp": true, "ipv4-mapped-ipv6": true}
	for rfc, table := range map[string][]tortureCase{"rfc4475": torture4475, "rfc5118": torture5118} {
		for _, c := range table {
			if c.want != "403" {
				continue
			}
			t.Run(rfc+"/"+c.file, func(t *testing.T) {
				r := newRig(t, func(o *Options) {
					o.Trunks = []Trunk{{Name: "t", Host: peer.String()}}
					o.Inbound = func(Incoming) int { return 0 }
				})
				r.far = newFarAt(t, &net.UDPAddr{IP: peer, Port: 5060})
				newFarInto(t, &net.UDPAddr{IP: peer, Port: 19823}, r.far.got)
				us := net.UDPAddrFromAddrPort(r.Addr())
				if _, err := r.far.conn.WriteToUDP(c.read(t, rfc), us); err != nil {
					t.Fatal(err)
				}
				want := "180"
				if g726[c.file] {
					want = "488"
				}
				id := readMessage(string(c.read(t, rfc))).get("Call-ID")
				if id == "" {
					id = readMessage(string(c.read(t, rfc))).get("i")
				}
				for {
					m := r.far.next()
					if code := strings.Fields(m.first)[1]; m.get("Call-ID") == id && code != "100" {
						if code != want {
							t.Errorf("%s: %q, want %s", c.title, m.first, want)
						}
						return
					}
				}
			})
		}
	}
}
