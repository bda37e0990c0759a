//go:build !race

package sip

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/media/line"
	"parley/outcome"
	"parley/sharedtest"
)

// scenario writes one of testdata with its [keys] replaced (SIPp wants status
// codes to be literal) and gives the arguments that run it.
func scenario(t *testing.T, name string, keys ...string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(keys...).Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-sf", file}
}

// sipp is a real SIP endpoint for one call: SIPp, bounded in calls and time,
// and ended with the test.
type sipp struct {
	t    *testing.T
	port int
	out  bytes.Buffer
	done chan error
}

func startSIPp(t *testing.T, args ...string) *sipp {
	t.Helper()
	program, err := exec.LookPath("sipp")
	if err != nil {
		sharedtest.Missing(t, "sipp is missing; run make deps")
	}
	for range 5 { // somebody else may have taken one of the ports meanwhile
		s := &sipp{t: t, port: freePort(t), done: make(chan error, 1)}
		cmd := exec.Command(program, append([]string{
			"-i", "127.0.0.1", "-p", fmt.Sprint(s.port), "-mi", "127.0.0.1", "-mp", fmt.Sprint(freePort(t)),
			"-m", "1", "-timeout", "8s", "-timeout_error", "-nostdin",
		}, args...)...)
		cmd.Dir = t.TempDir()
		cmd.Stdout, cmd.Stderr = &s.out, &s.out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { s.done <- cmd.Wait(); close(ended) }()
		t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
		eventually(t, func() bool { return sharedtest.Bound(t, s.port) || sharedtest.Listens(t, s.port) || len(s.done) > 0 })
		if len(s.done) == 0 {
			return s
		}
		t.Logf("SIPp did not start:\n%s", tail(s.out.String()))
	}
	t.Fatal("SIPp does not start")
	return nil
}

// satisfied waits for SIPp's own verdict on the call.
func (s *sipp) satisfied() {
	s.t.Helper()
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("SIPp is not satisfied: %v\n%s", err, tail(s.out.String()))
		}
	case <-time.After(patience):
		s.t.Error("SIPp did not end")
	}
}

func tail(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// freePort is an even port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		c.Close()
		if port%2 == 0 {
			return port
		}
	}
	t.Fatal("no even port is free")
	return 0
}

func (s *sipp) target() call.Target {
	return call.Target{Call: "c9", Attempt: "a9", To: fmt.Sprintf("sip:callee@127.0.0.1:%d", s.port)}
}

func (s *sipp) asTrunk(o *Options) {
	o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1", Port: s.port, Username: "alice", Password: "secret"}}
}

func TestSIPpRefuses(t *testing.T) {
	for _, c := range []struct {
		file, status string
		network      outcome.Network
		rang         bool
	}{
		{"refuse.xml", "486 Busy Here", outcome.Busy, false},
		{"refuse.xml", "404 Not Found", outcome.InvalidNumber, false},
		{"refuse.xml", "603 Decline", outcome.Rejected, false},
		{"progress_refuse.xml", "486 Busy Here", outcome.Busy, true},
	} {
		t.Run(c.file+" "+c.status, func(t *testing.T) {
			far := startSIPp(t, scenario(t, c.file, "[status]", c.status)...)
			r := newRig(t)
			l := r.Dial(t.Context(), far.target())
			got := ended(t, l)
			var f *Failure
			if got.Network != c.network || got.Rang != c.rang || got.Retryable || !errors.As(got.Err, &f) || !strings.HasPrefix(c.status, fmt.Sprint(got.SIP)) {
				t.Errorf("cause is %+v", got)
			}
			if c.rang && got.Q850 != 17 {
				t.Errorf("Q.850 cause %d", got.Q850)
			}
			far.satisfied()
		})
	}
}

func TestSIPpRingsTwelveTimes(t *testing.T) {
	far := startSIPp(t, scenario(t, "ringing12.xml")...)
	r := newRig(t)
	l := r.Dial(t.Context(), far.target())
	step(t, l, call.Ringing)
	step(t, l, call.Answered)
	if err := l.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot {
		t.Errorf("cause is %+v", c)
	}
	far.satisfied()
}

func TestSIPpAnswerCrossesCANCEL(t *testing.T) {
	far := startSIPp(t, scenario(t, "crossing.xml")...)
	r := newRig(t)
	l := r.Dial(t.Context(), far.target())
	step(t, l, call.Ringing)
	if err := l.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
	far.satisfied()
}

func TestSIPpChallenges(t *testing.T) {
	for status, c := range map[string]struct{ ask, check string }{
		"401 Unauthorized": {"WWW-Authenticate", `<verifyauth assign_to="good" username="alice" password="secret"/>`},
		// SIPp verifies no Proxy-Authorization; TestDigest does.
		"407 Proxy Authentication Required": {"Proxy-Authenticate",
			`<ereg regexp="Digest username=.alice.*response=.[0-9a-f]+" search_in="hdr" header="Proxy-Authorization:" assign_to="good"/>`},
	} {
		t.Run(status, func(t *testing.T) {
			far := startSIPp(t, scenario(t, "auth.xml", "[status]", status, "[ask]", c.ask, "[check]", c.check)...)
			r := newRig(t, far.asTrunk)
			target := far.target()
			target.Trunk, target.To = "t1", "+15550123"
			l := r.Dial(t.Context(), target)
			step(t, l, call.Answered)
			if err := l.Hangup(t.Context()); err != nil {
				t.Error(err)
			}
			if c := ended(t, l); c.Network != outcome.Answered {
				t.Errorf("cause is %+v", c)
			}
			far.satisfied()
		})
	}
}

// TestSIPpEchoes talks over real RTP to somebody who sends every packet back:
// they arrive, and nobody is heard in them.
func TestSIPpEchoes(t *testing.T) {
	far := startSIPp(t, "-sn", "uas", "-rtp_echo")
	ports, err := line.NewPorts(42000, 42098)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.OpenMedia = OverLine(netip.MustParseAddr("127.0.0.1"), ports) })
	l := r.Dial(t.Context(), far.target())
	step(t, l, call.Ringing)
	step(t, l, call.Answered)
	tick := time.NewTicker(media.Tick)
	defer tick.Stop()
	var loud int
	out := make([]int16, 160)
	for n := range 60 {
		<-tick.C
		for i := range out {
			out[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(n*160+i)/8000))
		}
		var in media.Frame
		if err := l.ReadFrame(&in); err != nil {
			t.Fatal(err)
		}
		var energy float64
		for _, v := range in.PCM {
			energy += float64(v) * float64(v)
		}
		if math.Sqrt(energy/160) > 400 {
			loud++
		}
		if err := l.WriteFrame(media.Frame{At: in.At, Rate: media.Rate8k, PCM: out}); err != nil {
			t.Fatal(err)
		}
	}
	if loud > 0 {
		t.Errorf("our own voice was heard in %d of 60 frames", loud)
	}
	if err := l.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot {
		t.Errorf("cause is %+v", c)
	}
	if m := l.Media(); m.Codec != "PCMU" || m.Sent < 50 || m.Received < 30 {
		t.Errorf("media %+v", m)
	}
}
