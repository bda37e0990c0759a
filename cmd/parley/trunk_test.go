package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/app"
)

// trunkFar answers every request over UDP with one status, and gives the
// methods it heard.
func trunkFar(t *testing.T, status string) (addr string, heard func() []string) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []string, 1)
	got <- nil
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 65536)
		for {
			n, src, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			lines := strings.Split(string(buf[:n]), "\r\n")
			method, _, _ := strings.Cut(lines[0], " ")
			got <- append(<-got, method)
			answer := "SIP/2.0 " + status + "\r\n"
			for _, l := range lines[1:] {
				name, _, _ := strings.Cut(l, ":")
				switch name {
				case "Via", "From", "Call-ID", "CSeq":
					answer += l + "\r\n"
				case "To":
					answer += l + ";tag=carrier\r\n"
				}
			}
			_, _ = conn.WriteTo([]byte(answer+"Content-Length: 0\r\n\r\n"), src)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	return conn.LocalAddr().String(), func() []string {
		all := <-got
		got <- all
		return all
	}
}

func trunksFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte("sip: {listen: 127.0.0.1:5060}\ntrunks:\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTrunkTry(t *testing.T) {
	at, heard := trunkFar(t, "404 Not Found")
	file := trunksFile(t, fmt.Sprintf(`
  - {name: uk, host: %[1]s, dial_plan: {callee: [{prefix: "+44"}]}}
  - {name: second, host: %[1]s, priority: 1}
  - name: first
    host: %[1]s
    username: alice
    caller_id: "+12025550100"
    register: {registrar: %[1]s}
    probe: 1s
    dial_plan: {user_phone: true, callee: [{prefix: "+1", strip: 1, prepend: "00"}]}
`, at))
	code, out, errs := parley(t, "trunk", "try", "--config", file, "(202) 555-0123")
	if code != exitDone || errs != "" {
		t.Fatalf("exit %d, %q", code, errs)
	}
	at1, at2, at3 := strings.Index(out, "1  first (priority 0"), strings.Index(out, "2  second (priority 1"), strings.Index(out, "-  uk")
	if at1 < 0 || at2 < at1 || at3 < at2 {
		t.Errorf("the order is another:\n%s", out)
	}
	for _, want := range []string{
		"registers with " + at, "udp " + at + "  OPTIONS 404 Not Found in ",
		"| INVITE sip:0012025550123@" + at + ";user=phone SIP/2.0", "| From: <sip:+12025550100@",
		"no callee rewrite", "| INVITE sip:+12025550123@" + at + " SIP/2.0",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	for _, method := range heard() {
		if method != "OPTIONS" {
			t.Errorf("%s was sent", method)
		}
	}
	code, out, _ = parley(t, "trunk", "try", "--config", file, "--json", "+12025550123")
	var tried app.TriedNumber
	if err := json.Unmarshal([]byte(out), &tried); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v", code, err)
	}
	if tried.Number != "+12025550123" || len(tried.Trunks) != 3 || tried.Trunks[0].Name != "first" || tried.Trunks[0].Hops[0].Status != 404 ||
		tried.Trunks[0].Share != 1 || tried.Trunks[2].Takes || tried.Trunks[2].Problem == "" {
		t.Errorf("got %+v", tried)
	}
}

func TestTrunkTryFails(t *testing.T) {
	down, _ := trunkFar(t, "503 Service Unavailable")
	up, _ := trunkFar(t, "200 OK")
	for name, c := range map[string]struct {
		trunks, number string
		code           int
		want           string
	}{
		"down":         {"  - {name: a, host: " + down + "}", "+12025550123", exitFailed, "none of its addresses"},
		"one is down":  {"  - {name: a, host: " + down + "}\n  - {name: b, host: " + up + "}", "+12025550123", exitFailed, "none of its addresses"},
		"none takes":   {"  - {name: a, host: " + up + ", dial_plan: {callee: [{prefix: '+44'}]}}", "+12025550123", exitFailed, "would not get the call"},
		"no trunks":    {"  []", "+12025550123", exitFailed, "there are no trunks"},
		"not a number": {"  - {name: a, host: " + up + "}", "nobody", exitUsage, "not a number"},
		"a URI":        {"  - {name: a, host: " + up + "}", "sip:a@127.0.0.1", exitUsage, "not a number"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := parley(t, "trunk", "try", "--config", trunksFile(t, c.trunks), c.number)
			if code != c.code || !strings.Contains(out+errs, c.want) {
				t.Errorf("exit %d, want %d with %q:\n%s%s", code, c.code, c.want, out, errs)
			}
		})
	}
}

func TestDoctorAsksTheTrunks(t *testing.T) {
	up, _ := trunkFar(t, "403 Forbidden")
	down, _ := trunkFar(t, "503 Service Unavailable")
	data := t.TempDir()
	for trunks, want := range map[string]string{
		"  - {name: a, host: " + up + "}":                                            "ok    trunks           a at " + up + " answers 403 in ",
		"  - {name: a, host: " + up + "}\n  - {name: b, host: " + down + "}":         "FAIL  trunks           trunk b at " + down + ": refused with 503",
		"  - {name: a, host: localhost:" + strings.Split(up, ":")[1] + "}":           "ok    trunks           a at " + up,
		"  - {name: a, host: " + up + ", register: {registrar: r.example, user: u}}": "ok    trunks           a at " + up,
	} {
		t.Setenv("PARLEY_DATA", data)
		_, out, _ := parley(t, "doctor", "--config", trunksFile(t, trunks))
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}
