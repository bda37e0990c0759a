//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/sharedtest"
)

// onlyThese is an environment whose PATH has the named programs alone.
func onlyThese(t *testing.T, programs ...string) []string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err != nil {
			sharedtest.Missing(t, "%s is not installed; run make deps", p)
		}
		if err := os.Symlink(path, filepath.Join(dir, p)); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"PATH=" + dir, "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir()}
}

// TestAMissingEngineIsNamed: one sentence that says what to install, and
// nobody is rung.
func TestAMissingEngineIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env   []string
		args  []string
		words []string
	}{
		"no synthesiser at all": {onlyThese(t), nil, []string{"synthesiser", "apt-get install flite"}},
		"the flow's voice":      {onlyThese(t, "espeak-ng"), nil, []string{"needs flite", "apt-get install flite"}},
		"no Chinese model":      {nil, []string{"--lang", "zh", "--models", t.TempDir()}, []string{"model"}},
	} {
		t.Run(name, func(t *testing.T) {
			far, heard := deafPeer(t)
			exit, _, errs := placeCall(t, c.env, append([]string{"sip:a@" + far}, c.args...)...)
			if exit != exitFailed {
				t.Errorf("exit %d", exit)
			}
			oneSentence(t, errs, c.words...)
			if heard() {
				t.Error("somebody was rung although the call could not be held")
			}
		})
	}
}

// deafPeer is a UDP port that says nothing, and whether anything came there.
func deafPeer(t *testing.T) (address string, heard func() bool) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().String(), func() bool {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, _, err := c.ReadFromUDP(make([]byte, 65536))
		return err == nil && n > 0
	}
}

// garbagePeer answers every datagram with what is no SIP, or hardly.
func garbagePeer(t *testing.T) string {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { c.Close(); <-done })
	go func() {
		defer close(done)
		b := make([]byte, 65536)
		for range 1000 {
			_, from, err := c.ReadFromUDP(b)
			if err != nil {
				return
			}
			for _, garbage := range []string{
				"", "\x00\x01\x02", "HTTP/1.1 200 OK\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 999999 \r\nVia: \r\n\r\n",
				"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKx\r\nCSeq: 1 INVITE\r\nCall-ID: x\r\nFrom: x\r\nTo: x\r\nContent-Length: -1\r\n\r\n",
				strings.Repeat("\r\n", 100), strings.Repeat("A", 60000),
			} {
				_, _ = c.WriteToUDP([]byte(garbage), from)
			}
		}
	}()
	return c.LocalAddr().String()
}

// TestBadTrunks: what a carrier does wrong ends as a typed result with one
// sentence, in bounded time.
func TestBadTrunks(t *testing.T) {
	need(t, "flite")
	silent, _ := deafPeer(t)
	config := writeFile(t, "parley.yaml", "rules: {test_numbers: [\"+12025550100\"]}\n")
	type ended = func() (int, call.Report, string)
	waits := map[string]ended{}
	for name, proxy := range map[string]string{
		"silent": silent, "garbage": garbagePeer(t), "nobody listens": fmt.Sprintf("127.0.0.1:%d", freePort(t)),
	} {
		// All at once: each lasts as long as SIP's transaction timer.
		waits[name] = beginCall(t, nil, "+12025550100", "--config", config, "--proxy", proxy, "--flow", "testdata/goodbye.yaml")
	}
	for name, wait := range waits {
		exit, r, errs := wait()
		right := r.Network == outcome.Timeout || name == "nobody listens" && r.Network == outcome.TrunkFailed
		if exit != exitFailed || !right || r.Problem == "" || strings.Contains(r.Problem, "\n") {
			t.Errorf("%s: exit %d, network %s, problem %q\n%s", name, exit, r.Network, r.Problem, errs)
		}
	}
}

// children of a process, by their command lines.
func children(t *testing.T, pid int, with string) (found []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid …
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		dir := filepath.Dir(path)
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err == nil && strings.Contains(strings.ReplaceAll(string(line), "\x00", " "), with) {
			child, err := strconv.Atoi(filepath.Base(dir))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, child)
		}
	}
	return found
}

// TestAWorkerKilledInACall: the call ends in an orderly way, its contact is
// settled, and the next call is held as if nothing had been.
func TestAWorkerKilledInACall(t *testing.T) {
	t.Parallel()
	need(t, "flite")
	c := simulate(t, "--personas", "testdata/optout")
	s := serve(t, t.TempDir(), against(t, c, ""))
	id := s.campaign(map[string]any{"list": s.upload(numbers(130, 1)), "max_attempts": 1})
	s.start(id)
	until(t, 20*time.Second, "the call is up", func() bool { return len(c.records("ack")) > 0 })
	workers := children(t, s.cmd.Process.Pid, "worker asr.pocketsphinx")
	if len(workers) == 0 {
		t.Fatal("the server has no recogniser process")
	}
	for _, pid := range workers {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	until(t, 60*time.Second, "the contact is settled", func() bool {
		st := s.stats(id)
		return st.Live == 0 && st.Counts.Dialling == 0 && st.Counts.Claimed == 0
	})
	st := s.stats(id)
	if st.Contacts != 1 || st.Counts.Done+st.Counts.Waiting != 1 || st.Counts.Uncertain != 0 {
		t.Errorf("the contact is %+v", st.Counts)
	}
	for _, call := range s.allCalls() {
		if call.State != "ended" || call.Network != string(outcome.Answered) || call.Disposition == "" {
			t.Errorf("the call is %+v", call)
		}
	}
	for _, r := range c.records("end") {
		if r.Code != 200 {
			t.Errorf("the carrier saw the call end with %d", r.Code)
		}
	}
	until(t, 20*time.Second, "the recogniser is back", func() bool { return len(children(t, s.cmd.Process.Pid, "worker asr.pocketsphinx")) > 0 })
}

// TestAFullDisk: an upload and a campaign on a full disk are refused in one
// sentence; what was acknowledged before is still there when there is room
// again.
func TestAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a disk of its own needs root to be mounted")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("no tmpfs can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	c := simulate(t, "--no-media")
	config := against(t, c, "recordings: {off: true}\n")
	s := serve(t, dir, config)
	kept := s.upload(numbers(6000, 50))
	id := s.campaign(map[string]any{"list": kept, "cps": 5, "concurrency": 5})

	full := false
	for range 50 {
		var p struct {
			Status int
			Detail string
		}
		status := s.fails("POST", "/lists?region=US", numbers(6100, 3000), &p)
		if status == 201 {
			continue
		}
		if status != 503 || !strings.Contains(p.Detail, "disk") {
			t.Fatalf("a full disk answers %d: %s", status, p.Detail)
		}
		full = true
		break
	}
	if !full {
		t.Fatal("the disk never was full")
	}
	if st := s.stats(id); st.Contacts != 50 {
		t.Errorf("the campaign has %d contacts, want 50", st.Contacts)
	}
	s.kill()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	s = serve(t, dir, config)
	if st := s.stats(id); st.Contacts != 50 || st.Counts.Waiting != 50 {
		t.Errorf("with room again the campaign has %+v", st)
	}
	s.start(id)
	until(t, 20*time.Second, "it calls", func() bool { return len(c.records("answer")) > 2 })
}

// fails makes a request that may be answered with any status.
func (s *server) fails(method, path, body string, out any) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		s.t.Fatalf("%s %s answered %d: %v", method, path, resp.StatusCode, err)
	}
	return resp.StatusCode
}
