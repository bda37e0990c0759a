package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley/sharedtest"
)

// binary is the built program: the one `make test` built, or a fresh one.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("PARLEY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "parley-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "parley")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// need skips where a program is missing, and fails in CI, where it must be there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			sharedtest.Missing(t, "%s is not installed; run make deps", p)
		}
	}
}

// process is a program under test.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of stderr
	mu    sync.Mutex
	log   bytes.Buffer
	ended chan struct{}
}

// spawn starts a program in a process group of its own, so that a kill takes
// its workers along, as a power cut would.
func spawn(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), lines: make(chan string, 1000), ended: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout = io.Discard
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		for scan := bufio.NewScanner(stderr); scan.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.log, scan.Text())
			p.mu.Unlock()
			select {
			case p.lines <- scan.Text():
			default:
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program)+" "+strings.Join(args[:min(1, len(args))], " "), p.said())
		}
	})
	return p
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// kill ends the process and its children at once.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// waitLine waits for a line of stderr with this text.
func (p *process) waitLine(text string, limit time.Duration) string {
	p.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case line := <-p.lines:
			if strings.Contains(line, text) {
				return line
			}
		case <-p.ended:
			p.t.Fatalf("the process ended before it said %q:\n%s", text, p.said())
		case <-timeout:
			p.t.Fatalf("the process did not say %q within %v:\n%s", text, limit, p.said())
		}
	}
}

// server is a parley server in its own process.
type server struct {
	*process
	t    *testing.T
	url  string
	key  string
	data string
}

// serve starts a server with a configuration on a data folder and waits until
// it is ready.
func serve(t *testing.T, data, config string) *server {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, data: data, process: spawn(t, bin, "serve", "--config", file, "--data", data)}
	line := s.waitLine("parley listens on ", 30*time.Second)
	s.url = strings.TrimSpace(line[strings.Index(line, "http"):])
	key, err := os.ReadFile(filepath.Join(data, "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	s.key = strings.TrimSpace(string(key))
	return s
}

// call makes a request and decodes the answer; it returns the status.
func (s *server) call(method, path string, in, out any) int {
	s.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/api/v1"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	if _, isText := in.(string); in != nil && !isText {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if out != nil && len(answer) > 0 {
		if err := json.Unmarshal(answer, out); err != nil {
			s.t.Fatalf("%s %s answered %d %s: %v", method, path, resp.StatusCode, answer, err)
		}
	}
	if resp.StatusCode >= 500 {
		s.t.Errorf("%s %s answered %d: %s", method, path, resp.StatusCode, answer)
	}
	return resp.StatusCode
}

// must is call that fails the test on any answer but a success.
func (s *server) must(method, path string, in, out any) {
	s.t.Helper()
	var raw json.RawMessage
	if status := s.call(method, path, in, &raw); status >= 300 {
		s.t.Fatalf("%s %s answered %d: %s", method, path, status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			s.t.Fatalf("%s %s answered %s: %v", method, path, raw, err)
		}
	}
}

// upload imports a list and returns its identifier.
func (s *server) upload(csv string) string {
	s.t.Helper()
	var list struct{ ID string }
	s.must("POST", "/lists?region=US", csv, &list)
	return list.ID
}

// campaign creates a campaign and returns its identifier.
func (s *server) campaign(draft map[string]any) string {
	s.t.Helper()
	full := map[string]any{"name": "test", "flow": "payment-reminder.en", "profile": "test", "trunk": "sim", "max_attempts": 1}
	for k, v := range draft {
		full[k] = v
	}
	var made struct{ ID string }
	s.must("POST", "/campaigns", full, &made)
	return made.ID
}

// start starts a campaign, confirming the counts.
func (s *server) start(id string) {
	s.t.Helper()
	var ask struct{ Confirm int }
	if status := s.call("POST", "/campaigns/"+id+"/start", nil, &ask); status != http.StatusConflict || ask.Confirm == 0 {
		s.t.Fatalf("an unconfirmed start answered %d, confirm %d", status, ask.Confirm)
	}
	s.must("POST", "/campaigns/"+id+"/start", map[string]int{"confirm": ask.Confirm}, nil)
}

// stats of a campaign.
type stats struct {
	Contacts, Done, Live int
	Counts               struct{ Waiting, Claimed, Dialling, Done, Uncertain int }
	Outcomes             struct {
		Calls        int
		Networks     map[string]int
		Dispositions map[string]int
	}
}

func (s *server) stats(id string) (st stats) {
	s.t.Helper()
	s.must("GET", "/campaigns/"+id+"/stats", nil, &st)
	return st
}

// until polls a condition within a limit.
func until(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(limit)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// freePort is a UDP port of loopback that nobody has now.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}
