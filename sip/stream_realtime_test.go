//go:build !race

package sip

import (
	"bytes"
	"fmt"
	"math"
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
	"parley/media/wav"
	"parley/outcome"
	"parley/sharedtest"
)

// overTCP has SIPp speak TCP.
func overTCP(t *testing.T, args ...string) *sipp {
	t.Helper()
	return startSIPp(t, append([]string{"-t", "t1"}, args...)...)
}

// asTCPTrunk is SIPp as a trunk of ours.
func (s *sipp) asTCPTrunk(o *Options) {
	s.asTrunk(o)
	o.Trunks[0].Transport = "tcp"
}

// TestSIPpOverTCP holds what matters most with SIPp on TCP: its own framing,
// its own transactions.
func TestSIPpOverTCP(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want outcome.Network
		hang bool
	}{
		"its own answerer":  {[]string{"-sn", "uas"}, outcome.Answered, true},
		"twelve responses":  {scenario(t, "ringing12.xml"), outcome.Answered, true},
		"a challenge":       {scenario(t, "auth.xml", challenge401...), outcome.Answered, true},
		"a refusal":         {scenario(t, "refuse.xml", "[status]", "486 Busy Here"), outcome.Busy, false},
		"rung, then a 486":  {scenario(t, "progress_refuse.xml", "[status]", "486 Busy Here"), outcome.Busy, false},
		"crossing a CANCEL": {scenario(t, "crossing.xml"), outcome.Answered, true},
	} {
		t.Run(name, func(t *testing.T) {
			far := overTCP(t, c.args...)
			r := newRig(t, far.asTCPTrunk)
			target := far.target()
			target.Trunk, target.To = "t1", "+15550123"
			l := r.Dial(t.Context(), target)
			if c.hang {
				until := call.Answered
				if name == "crossing a CANCEL" {
					until = call.Ringing
				}
				for p := range l.Progress() {
					if p.Kind == until {
						break
					}
				}
				if err := l.Hangup(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if got := ended(t, l); got.Network != c.want {
				t.Errorf("cause is %+v", got)
			}
			far.satisfied()
		})
	}
}

// challenge401 fills in auth.xml.
var challenge401 = []string{"[status]", "401 Unauthorized", "[ask]", "WWW-Authenticate",
	"[check]", `<verifyauth assign_to="good" username="alice" password="secret"/>`}

// TestSIPpCallsUsOverTCP: it connects to our socket.
func TestSIPpCallsUsOverTCP(t *testing.T) {
	ports, err := line.NewPorts(42200, 42298)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, openTo(newFar(t), "+12025550100"), withTCP, func(o *Options) {
		o.OpenMedia = OverLine(netip.MustParseAddr("127.0.0.1"), ports)
	})
	far := overTCP(t, append(scenario(t, "in_call.xml"), "-s", "+12025550100", r.Addr().String())...)
	l, _ := r.accepted(t)
	go speak(l)
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
	far.satisfied()
}

// TestBaresipOverTLS calls another make of SIP and of TLS: OpenSSL, with a
// certificate of an authority that only this trunk trusts.
func TestBaresipOverTLS(t *testing.T) {
	program, err := exec.LookPath("baresip")
	const modules = "/usr/lib/baresip/modules"
	if _, stat := os.Stat(modules); err != nil || stat != nil {
		sharedtest.Missing(t, "baresip is missing; run make deps")
	}
	a := newAuthority(t)
	cert, key := a.issue(time.Now().Add(time.Hour), "127.0.0.1")
	var both bytes.Buffer
	for _, f := range []string{cert, key} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		both.Write(b)
	}
	dir, port := t.TempDir(), freePort(t) // its TLS socket is the next port
	for name, text := range map[string]string{
		"contacts": "", "cert.pem": both.String(),
		"accounts": fmt.Sprintf("<sip:bob@127.0.0.1:%d;transport=tls>;regint=0;answermode=auto;audio_codecs=PCMU\n", port+1),
		"config": fmt.Sprintf("poll_method epoll\nsip_listen 127.0.0.1:%d\nsip_certificate %s/cert.pem\nnet_interface 127.0.0.1\nrtp_ports 44200-44300\n"+
			"audio_source aufile,%s/say.wav\naudio_player aufile,%s/heard.wav\naudio_alert aufile,%s/alert.wav\nmodule_path %s\n"+
			"module g711.so\nmodule aufile.so\nmodule_app account.so\nmodule_app menu.so\n", port, dir, dir, dir, dir, modules),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tone := wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: make([]int16, 20*8000)}
	for i := range tone.PCM {
		tone.PCM[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/8000))
	}
	if err := wav.Write(filepath.Join(dir, "say.wav"), tone); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-f", dir)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-gone
		if t.Failed() {
			t.Logf("baresip said:\n%.3000s", out.String())
		}
	})
	eventually(t, func() bool { return sharedtest.Listens(t, port+1) })
	ports, err := line.NewPorts(42300, 42398)
	if err != nil {
		t.Fatal(err)
	}
	trusting := func(ca string) *rig {
		return newRig(t, func(o *Options) {
			o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1", Port: port + 1, Transport: "tls", TLS: TLS{CA: ca}}}
			o.OpenMedia = OverLine(netip.MustParseAddr("127.0.0.1"), ports)
		})
	}
	target := call.Target{Trunk: "t1", To: fmt.Sprintf("sip:bob@127.0.0.1:%d;transport=tls", port+1), From: "+15550001"}
	distrust := ended(t, trusting(newAuthority(t).file).Dial(t.Context(), target))
	if distrust.Rang || distrust.Err == nil || !strings.Contains(distrust.Err.Error(), "not trusted") {
		t.Errorf("with another authority: %+v", distrust)
	}
	r := trusting(a.file)
	l := r.Dial(t.Context(), target)
	for p := range l.Progress() {
		if p.Kind == call.Answered {
			break
		}
	}
	go speak(l)
	eventually(t, func() bool { return l.Media().Received > 20 })
	if err := l.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}
