//go:build !race

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley/outcome"
)

// TestTheTraceIsALadder: what `parley call --trace` shows of a call whose trunk
// asks for a password, and what the report says of its sound and its cost.
func TestTheTraceIsALadder(t *testing.T) {
	t.Parallel()
	need(t, "sipp", "flite")
	port, far := startSIPp(t, scenarioOf(t, sipScenarios+"auth.xml", "[status]", "401 Unauthorized", "[ask]", "WWW-Authenticate",
		"[check]", `<verifyauth assign_to="good" username="alice" password="secret"/>`)...)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rates.csv": "prefix,per_minute,increment,currency\n1202,0.6,60/60,USD\n",
		"parley.yaml": fmt.Sprintf("sip: {listen: \"127.0.0.1:0\"}\ntrunks: [{name: t1, host: \"127.0.0.1:%d\", username: alice, password: secret, rates: rates.csv}]\n"+
			"rules: {test_numbers: [\"+12025550100\"]}\n", port),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, r, errs := placeCall(t, nil, "--trace", "--flow", "testdata/goodbye.yaml", "+12025550100", "--config", filepath.Join(dir, "parley.yaml"), "--trunk", "t1")
	if err := <-far; err != nil {
		t.Errorf("SIPp is not satisfied: %v", err)
	}
	if r.Network != outcome.Answered {
		t.Fatalf("%+v\n%s", r, errs)
	}
	at := 0
	for _, want := range []string{
		`\.  gate: allowed`, `\.  trunk: t1`, `\|--- INVITE sip:\+12025550100@`, `\|<-- 401 Unauthorized \(INVITE\) -+\|`, `\|--- ACK`,
		`\|--- INVITE`, `Authorization: \*\*\*\n`, `\|<-- 200 OK \(INVITE, SDP\) -+\|`, `\|--- ACK`, `\.  answered`, `BYE`, `\.  ended: answered`,
	} {
		found := regexp.MustCompile(want).FindStringIndex(errs[at:])
		if found == nil {
			t.Fatalf("the trace has no %s after byte %d:\n%s", want, at, errs)
		}
		at += found[1]
	}
	if strings.Contains(errs, "response=") || strings.Contains(errs, "secret") {
		t.Errorf("the trace shows credentials:\n%s", errs)
	}
	if m := r.Media; m == nil || m.Codec == "" || m.Sent == 0 {
		t.Errorf("media %+v", m)
	}
	if r.Cost == nil || r.Cost.Amount != "0.60" || r.Cost.BilledS != 60 || r.Cost.Rate.Prefix != "1202" {
		t.Errorf("cost %+v, unknown because %q", r.Cost, r.CostUnknown)
	}
}
