//go:build !race

package sip

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script is a SIPp scenario in short: one step a line of Go, written out as the
// XML that SIPp reads. It is of a callee, whose dialog its first step begins.
type script []string

// sippSDP is a plain PCMU description.
const sippSDP = "v=0\n      o=sipp 1 1 IN IP4 [local_ip]\n      s=-\n      c=IN IP4 [media_ip]\n      t=0 0\n      m=audio [media_port] RTP/AVP 0\n      a=rtpmap:0 PCMU/8000\n"

// gets waits for a request or a status; each check is "Header: pattern" of the
// message, or "msg: pattern" of all of it.
func gets(what string, checks ...string) string {
	kind := "request"
	if what[0] >= '1' && what[0] <= '6' {
		kind = "response"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  <recv %s=%q>\n    <action>\n", kind, what)
	for _, c := range checks {
		name, pattern, _ := strings.Cut(c, ": ")
		// SIPp knows no entity of a quote: a dot stands for each.
		pattern = strings.NewReplacer(`"`, ".", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(pattern)
		where := fmt.Sprintf(`search_in="hdr" header="%s:"`, name)
		if name == "msg" {
			where = `search_in="msg"`
		}
		fmt.Fprintf(&b, "      <ereg regexp=\"%s\" %s check_it=\"true\" assign_to=\"checked\"/>\n", pattern, where)
	}
	if what == "INVITE" { // what requests of ours inside the dialog need
		b.WriteString("      <ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" assign_to=\"caller\"/>\n" +
			"      <ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" assign_to=\"callee\"/>\n" +
			"      <ereg regexp=\"sip:[^&gt;]*\" search_in=\"hdr\" header=\"Contact:\" assign_to=\"contact\"/>\n" +
			"      <ereg regexp=\".*\" search_in=\"hdr\" header=\"CSeq:\" assign_to=\"first\"/>\n" +
			"      <ereg regexp=\".*\" search_in=\"hdr\" header=\"Via:\" assign_to=\"via\"/>\n")
	}
	return b.String() + "    </action>\n  </recv>\n"
}

const nothingMore = "Content-Length: 0\n\n"

func sends(attributes, text, body string, extra []string) string {
	for _, e := range extra {
		text += e + "\n"
	}
	if body == "" {
		text += nothingMore
	} else {
		if !strings.Contains(text, "Content-Type") {
			text += "Content-Type: application/sdp\n"
		}
		text += "Content-Length: [len]\n\n" + body
	}
	text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ")
	return "  <send" + attributes + "><![CDATA[\n\n      " + text + "\n\n  ]]></send>\n"
}

// replies answers the INVITE that came first with a To tag of this name,
// whatever came since.
func replies(status, tag, body string, extra ...string) string {
	return sends("", "SIP/2.0 "+status+"\nVia:[$via]\nFrom:[$caller]\nTo:[$callee];tag="+tag+
		"\nCall-ID: [call_id]\nCSeq:[$first]\nContact: <sip:[local_ip]:[local_port]>\n", body, extra)
}

// accepts answers the request that came last, inside the dialog.
func accepts(status, body string, extra ...string) string {
	return sends("", "SIP/2.0 "+status+"\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContact: <sip:[local_ip]:[local_port]>\n", body, extra)
}

// asks sends a request inside the dialog.
func asks(method, body string, extra ...string) string {
	return sends("", method+" [$contact] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport\nFrom:[$callee];tag=a\nTo:[$caller]\n"+
		"Call-ID: [call_id]\nCSeq: [cseq] "+method+"\nContact: <sip:[local_ip]:[local_port]>\nMax-Forwards: 70\n", body, extra)
}

// pauses waits so many milliseconds.
func pauses(ms int) string { return fmt.Sprintf("  <pause milliseconds=\"%d\"/>\n", ms) }

// Pieces of most scripts.
var (
	rings = gets("INVITE")
	picks = replies("200 OK", "a", sippSDP) + gets("ACK")
	parts = gets("BYE") + accepts("200 OK", "")
	ends  = asks("BYE", "") + gets("200")
)

// start runs the script.
func (s script) start(t *testing.T, args ...string) *sipp {
	t.Helper()
	text := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"script\">\n" + strings.Join(s, "") +
		"  <Reference variables=\"checked,caller,callee,contact,first,via\"/>\n</scenario>\n"
	if !strings.Contains(text, `assign_to="checked"`) {
		text = strings.Replace(text, "checked,", "", 1)
	}
	file := filepath.Join(t.TempDir(), "script.xml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return startSIPp(t, append([]string{"-sf", file}, args...)...)
}
