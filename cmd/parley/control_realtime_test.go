//go:build !race

package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/sim"
)

// grace is how long after the answer to a stop an INVITE may still arrive.
const grace = time.Second

// quietAfter waits two seconds and gives the INVITEs that came later than the
// grace after the moment.
func (c *carrier) quietAfter(moment time.Time) (late []sim.Record) {
	c.t.Helper()
	wait := time.NewTimer(time.Until(moment.Add(grace + time.Second)))
	<-wait.C
	for _, r := range c.records("invite") {
		if r.At.After(moment.Add(grace)) {
			late = append(late, r)
		}
	}
	return late
}

// of gives the events of one number.
func (c *carrier) of(number string) (events []string) {
	c.t.Helper()
	for _, r := range c.records("") {
		if digits(r.Number) == digits(number) {
			events = append(events, strings.TrimSpace(r.Event+" "+r.By))
		}
	}
	return events
}

// TestAnOperatorControlsACampaign walks one campaign through start, pause,
// resume and stop over HTTP, with the carrier's log as the witness.
func TestAnOperatorControlsACampaign(t *testing.T) {
	const talks, rings = "+12025552000", "+12025552001"
	c := simulate(t, "--no-media", "--personas", "testdata/control")
	s := serve(t, t.TempDir(), against(t, c, ""))
	list := s.upload(numbers(2000, 120))
	id := s.campaign(map[string]any{"list": list, "cps": 5, "concurrency": 40})

	// Nobody is called before the counts are confirmed, rightly.
	var ask struct{ Confirm, Status int }
	for _, confirm := range []any{nil, map[string]int{"confirm": 119}} {
		if status := s.call("POST", "/campaigns/"+id+"/start", confirm, &ask); status != http.StatusConflict || ask.Confirm != 120 {
			t.Fatalf("a start with %v answered %d and asks to confirm %d", confirm, status, ask.Confirm)
		}
	}
	if s.state(id) != "draft" || len(c.records("invite")) != 0 {
		t.Fatalf("unconfirmed, the campaign is %s with %d INVITEs", s.state(id), len(c.records("invite")))
	}
	s.start(id)
	until(t, 10*time.Second, "it rings and talks", func() bool {
		return slices.Contains(c.of(talks), "ack") && slices.Contains(c.of(rings), "ringing")
	})

	s.must("POST", "/campaigns/"+id+"/pause", nil, nil)
	paused := time.Now()
	if late := c.quietAfter(paused); len(late) > 0 {
		t.Errorf("%d INVITEs later than a second after the pause, the last at +%v", len(late), late[len(late)-1].At.Sub(paused))
	}
	if slices.Contains(c.of(rings), "cancel") {
		t.Error("the pause cancelled a ringing call")
	}

	was := len(c.records("invite"))
	s.must("POST", "/campaigns/"+id+"/resume", nil, nil)
	until(t, 10*time.Second, "calls after the resume", func() bool { return len(c.records("invite")) > was+3 })

	s.must("POST", "/campaigns/"+id+"/stop", nil, nil)
	stopped := time.Now()
	until(t, 2*time.Second, "the ringing call is cancelled", func() bool { return slices.Contains(c.of(rings), "cancel") })
	if late := c.quietAfter(stopped); len(late) > 0 {
		t.Errorf("%d INVITEs later than a second after the stop, the last at +%v", len(late), late[len(late)-1].At.Sub(stopped))
	}
	if slices.Contains(c.of(talks), "bye caller") || slices.Contains(c.of(talks), "end caller") {
		t.Errorf("the stop ended a talk: %v", c.of(talks))
	}
	s.must("POST", "/campaigns/"+id+"/stop?hangup=1", nil, nil)
	until(t, 3*time.Second, "the talk is hung up", func() bool { return slices.Contains(c.of(talks), "bye caller") })
	st := s.stats(id)
	if st.Counts.Waiting == 0 || st.Contacts != 120 {
		t.Errorf("stopped in the middle, the contacts are %+v", st.Counts)
	}
}

// TestStopAll stops every campaign of the tenant with one request.
func TestStopAll(t *testing.T) {
	c := simulate(t, "--no-media", "--personas", "testdata/control")
	s := serve(t, t.TempDir(), against(t, c, ""))
	a := s.campaign(map[string]any{"list": s.upload(numbers(2001, 40)), "cps": 5, "concurrency": 20})
	b := s.campaign(map[string]any{"list": s.upload(numbers(3000, 40)), "cps": 5, "concurrency": 20})
	s.start(a)
	s.start(b)
	until(t, 10*time.Second, "both campaigns call", func() bool {
		return s.stats(a).Live > 0 && s.stats(b).Live > 0 && len(c.records("ringing")) > 4
	})
	var answer struct{ Campaigns, Calls int }
	s.must("POST", "/stop?hangup=1", nil, &answer)
	stopped := time.Now()
	if answer.Campaigns != 2 || answer.Calls == 0 {
		t.Errorf("stop-all answered %+v", answer)
	}
	if late := c.quietAfter(stopped); len(late) > 0 {
		t.Errorf("%d INVITEs later than a second after stop-all", len(late))
	}
	until(t, 5*time.Second, "nothing is under way any more", func() bool { return s.stats(a).Live+s.stats(b).Live == 0 })
	for _, id := range []string{a, b} {
		if got := s.state(id); got != "stopped" {
			t.Errorf("after stop-all a campaign is %s", got)
		}
	}
}

// refused runs a command that must end at once, and gives what it said.
func refused(t *testing.T, env []string, args ...string) string {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Env = append(os.Environ(), env...)
	limit := time.AfterFunc(40*time.Second, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("parley %v: exit %d, want %d; it said:\n%s", args[:1], code, exitFailed, out)
	}
	return string(out)
}

// oneSentence checks that a failure was told in one line with the words that
// help.
func oneSentence(t *testing.T, said string, words ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "parley: ") {
		t.Errorf("it said %d lines, want one sentence:\n%s", len(lines), said)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it said %q, want %q in it", said, w)
		}
	}
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	c := simulate(t, "--no-media")
	data := t.TempDir()
	s := serve(t, data, against(t, c, ""))
	second := writeFile(t, "second.yaml", against(t, c, ""))
	oneSentence(t, refused(t, nil, "serve", "--config", second, "--data", data), "already uses this data folder")
	if got := s.call("GET", "/campaigns", nil, nil); got != http.StatusOK {
		t.Errorf("the first server answers %d", got)
	}
}

func TestOffLoopbackWantsTLS(t *testing.T) {
	config := writeFile(t, "open.yaml", "http: {listen: \"0.0.0.0:0\"}\n")
	oneSentence(t, refused(t, nil, "serve", "--config", config, "--data", t.TempDir()), "http.certificate", "TLS")
}

// TestTheFirstSignalDrains: talks end by themselves, nothing begins, exit 0.
func TestTheFirstSignalDrains(t *testing.T) {
	c := simulate(t, "--no-media")
	data := t.TempDir()
	config := against(t, c, "")
	s := serve(t, data, config)
	id := s.campaign(map[string]any{"list": s.upload(numbers(4000, 60)), "cps": 5, "concurrency": 10})
	s.start(id)
	until(t, 10*time.Second, "talks", func() bool { return len(c.records("ack")) > 3 })
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told := time.Now()
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end within 20 s")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d after a drain", code)
	}
	for _, r := range c.records("") {
		switch {
		case r.Event == "invite" && r.At.After(told.Add(grace)):
			t.Errorf("an INVITE %v after the signal", r.At.Sub(told))
		case r.Event == "bye" && r.By == "caller" && r.At.After(told):
			t.Errorf("a talk was hung up while it could still end by itself")
		}
	}
	again := serve(t, data, config)
	for _, call := range again.allCalls() {
		if call.State == "uncertain" || call.State == "dialling" {
			t.Errorf("after an orderly end a call is %s", call.State)
		}
	}
	if _, err := os.Stat(filepath.Join(data, "journal")); err != nil {
		t.Error(err)
	}
}
