//go:build !race

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/media/wav"
	"parley/outcome"
	"parley/sharedtest"
)

// callPatience bounds one call of these tests, with the engines' start.
const callPatience = 100 * time.Second

// placeCall runs `parley call --json`, in the environment given if any, and
// gives its exit code, report and stderr.
func placeCall(t *testing.T, env []string, args ...string) (int, call.Report, string) {
	t.Helper()
	return beginCall(t, env, args...)()
}

// beginCall is placeCall in two: what it returns waits for the end.
func beginCall(t *testing.T, env []string, args ...string) (wait func() (int, call.Report, string)) {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), callPatience)
	cmd := exec.CommandContext(ctx, bin, append([]string{"call", "--json"}, args...)...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (int, call.Report, string) {
		t.Helper()
		defer cancel()
		err := cmd.Wait()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
			t.Fatalf("parley call: %v, %v\n%s", err, ctx.Err(), errs.String())
		}
		var r call.Report
		if out.Len() > 0 {
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatalf("the report %s is no JSON: %v", out.String(), err)
			}
		}
		return cmd.ProcessState.ExitCode(), r, errs.String()
	}
}

// startSIPp is SIPp as the callee of one call, bounded in calls and time. done
// gets its own verdict on the call.
func startSIPp(t *testing.T, args ...string) (port int, done <-chan error) {
	t.Helper()
	need(t, "sipp")
	port = freePort(t)
	cmd := exec.Command("sipp", append([]string{
		"-i", "127.0.0.1", "-p", fmt.Sprint(port), "-mi", "127.0.0.1", "-mp", fmt.Sprint(freePort(t) &^ 1),
		"-m", "1", "-timeout", "40s", "-timeout_error", "-nostdin",
	}, args...)...)
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	verdict := make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := cmd.Wait(); err != nil {
			text := out.String()
			verdict <- fmt.Errorf("%w\n%s", err, text[max(0, len(text)-3000):])
			return
		}
		verdict <- nil
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	until(t, 10*time.Second, "SIPp has its port", func() bool { return sharedtest.Bound(t, port) })
	return port, verdict
}

// scenarioOf fills a scenario's [keys]; SIPp wants status codes to be literal.
func scenarioOf(t *testing.T, path string, keys ...string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, []byte(strings.NewReplacer(keys...).Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-sf", file}
}

const sipScenarios = "../../sip/testdata/"

// digestConfig is a trunk with a password at the far side's port.
func digestConfig(t *testing.T, port int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "parley.yaml")
	text := fmt.Sprintf("sip: {listen: \"127.0.0.1:0\"}\ntrunks: [{name: t1, host: \"127.0.0.1:%d\", username: alice, password: secret}]\nrules: {test_numbers: [\"+12025550100\"]}\n", port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCallsAgainstSIPp: the report and the exit code of `parley call` for
// everything that a callee does, played by SIPp, which judges our side of it.
func TestCallsAgainstSIPp(t *testing.T) {
	need(t, "sipp", "flite")
	for _, c := range []struct {
		name  string
		sipp  []string
		args  []string
		trunk bool

		network     outcome.Network
		code        int
		rang        bool
		answeredBy  outcome.AnsweredBy    // empty for whatever answered
		disposition []outcome.Disposition // one of; none: the call had no conversation
		by          call.Party            // who hung an answered call up
	}{
		{name: "echo", sipp: []string{"-sn", "uas", "-rtp_echo"},
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.Completed}, by: call.PartyBot},
		{name: "echo of a whole conversation", sipp: []string{"-sn", "uas", "-rtp_echo"}, args: []string{"--flow", "payment-reminder.en"},
			network: outcome.Answered, code: 200, rang: true, answeredBy: outcome.Silent, disposition: []outcome.Disposition{outcome.NoResponse}, by: call.PartyBot},
		{name: "busy", sipp: scenarioOf(t, sipScenarios+"refuse.xml", "[status]", "486 Busy Here"), network: outcome.Busy, code: 486},
		{name: "183 then 486", sipp: scenarioOf(t, sipScenarios+"progress_refuse.xml", "[status]", "486 Busy Here"), network: outcome.Busy, code: 486, rang: true},
		{name: "404", sipp: scenarioOf(t, sipScenarios+"refuse.xml", "[status]", "404 Not Found"), network: outcome.InvalidNumber, code: 404},
		{name: "603", sipp: scenarioOf(t, sipScenarios+"refuse.xml", "[status]", "603 Decline"), network: outcome.Rejected, code: 603},
		{name: "twelve 180s", sipp: scenarioOf(t, sipScenarios+"ringing12.xml"),
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.Completed}, by: call.PartyBot},
		{name: "200 crosses CANCEL", sipp: scenarioOf(t, sipScenarios+"crossing.xml"), args: []string{"--ring", "1s"},
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.HungUpEarly, outcome.NoResponse}, by: call.PartyBot},
		{name: "the callee hangs up", sipp: scenarioOf(t, "testdata/hangs_up.xml", "[talk]", "1000"),
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.HungUpEarly, outcome.NoResponse}, by: call.PartyCustomer},
		{name: "401", trunk: true, sipp: scenarioOf(t, sipScenarios+"auth.xml", "[status]", "401 Unauthorized", "[ask]", "WWW-Authenticate",
			"[check]", `<verifyauth assign_to="good" username="alice" password="secret"/>`),
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.Completed}, by: call.PartyBot},
		{name: "407", trunk: true, sipp: scenarioOf(t, sipScenarios+"auth.xml", "[status]", "407 Proxy Authentication Required", "[ask]", "Proxy-Authenticate",
			"[check]", `<ereg regexp="Digest username=.alice.*response=.[0-9a-f]+" search_in="hdr" header="Proxy-Authorization:" assign_to="good"/>`),
			network: outcome.Answered, code: 200, rang: true, disposition: []outcome.Disposition{outcome.Completed}, by: call.PartyBot},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port, far := startSIPp(t, c.sipp...)
			sound := filepath.Join(t.TempDir(), "call.wav")
			args := append([]string{"--flow", "testdata/goodbye.yaml", "--record", sound}, c.args...)
			if c.trunk {
				args = append(args, "+12025550100", "--config", digestConfig(t, port), "--trunk", "t1")
			} else {
				args = append(args, fmt.Sprintf("sip:callee@127.0.0.1:%d", port))
			}
			exit, r, errs := placeCall(t, nil, args...)
			if r.Network != c.network || r.SIP != c.code || r.Rang != c.rang {
				t.Errorf("network %s, SIP %d, rang %v; want %s, %d, %v; problem %q\n%s", r.Network, r.SIP, r.Rang, c.network, c.code, c.rang, r.Problem, errs)
			}
			checkEnd(t, exit, r, c.disposition, c.by, sound)
			if c.answeredBy != "" && r.AnsweredBy != c.answeredBy {
				t.Errorf("answered by %s, want %s; turns %+v", r.AnsweredBy, c.answeredBy, r.Turns)
			}
			if c.name == "echo" && (r.Media == nil || r.Media.Received < 100 || r.Media.Codec != "PCMU") {
				t.Errorf("media %+v of an echo", r.Media)
			}
			select {
			case err := <-far:
				if err != nil {
					t.Errorf("SIPp is not satisfied: %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("SIPp waits for more")
			}
		})
	}
}

// checkEnd looks at what depends on whether the call was answered.
func checkEnd(t *testing.T, exit int, r call.Report, dispositions []outcome.Disposition, by call.Party, sound string) {
	t.Helper()
	if r.Network != outcome.Answered {
		if exit != exitFailed || r.AnsweredBy != "" || r.Disposition != "" || r.Recording != "" || !r.Answered.IsZero() {
			t.Errorf("exit %d after a call that nobody answered: answered by %q, disposition %q, recording %q", exit, r.AnsweredBy, r.Disposition, r.Recording)
		}
		if r.Ended.IsZero() {
			t.Error("the report has no end")
		}
		return
	}
	right := false
	for _, d := range dispositions {
		right = right || r.Disposition == d
	}
	if exit != exitDone || r.AnsweredBy == "" || !right || r.HangupBy != by {
		t.Errorf("exit %d, answered by %q, disposition %q, hung up by %s; want one of %q by %s", exit, r.AnsweredBy, r.Disposition, r.HangupBy, dispositions, by)
	}
	if r.Recording != sound {
		t.Errorf("the recording is %q, want %q", r.Recording, sound)
	}
	kept, err := wav.Read(sound)
	if err != nil {
		t.Fatalf("the recording: %v", err)
	}
	if got := int64(len(kept.PCM)) * 1000 / int64(max(1, int(kept.Rate)*kept.Channels)); kept.Channels != 2 || got < r.TalkMS-200 || got > r.TalkMS+200 {
		t.Errorf("the recording has %d channels and %d ms, the talk %d ms", kept.Channels, got, r.TalkMS)
	}
}
