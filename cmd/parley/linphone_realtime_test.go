//go:build !race

package main

import (
	"fmt"
	"io"
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

// linphone is linphonec, a third make of telephone, of this user: it answers by
// itself and plays what say writes. The commands are typed once it is up; heard
// is the file into which it records what it hears.
func linphone(t *testing.T, user string, say func(t *testing.T, path string), commands ...string) (port int, heard string) {
	t.Helper()
	need(t, "linphonec")
	port = freePort(t)
	dir := t.TempDir()
	voice, heard := filepath.Join(dir, "say.wav"), filepath.Join(dir, "heard.wav")
	say(t, voice)
	if err := os.MkdirAll(filepath.Join(dir, ".local", "share", "linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("[sip]\nbind_address=127.0.0.1\nsip_port=%d\nsip_tcp_port=0\nsip_tls_port=0\nuse_ipv6=0\nguess_hostname=0\ncontact=sip:%s@127.0.0.1\n[rtp]\nbind_address=127.0.0.1\naudio_rtp_port=%d\n",
		port, user, freePort(t)&^1)
	rc := filepath.Join(dir, "linphonerc")
	if err := os.WriteFile(rc, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("linphonec", "-c", rc, "-a")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir)
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	runPhone(t, cmd, port)
	typed := append([]string{"soundcard use files", "play " + voice, "record " + heard}, commands...)
	if _, err := io.WriteString(keys, strings.Join(typed, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	return port, heard
}

// loud is how long a recording is louder than a quiet line.
func loud(t *testing.T, path string) (d time.Duration) {
	t.Helper()
	s, err := wav.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	step := int(s.Rate) * s.Channels / 50
	for at := 0; at+step <= len(s.PCM); at += step {
		peak := int16(0)
		for _, v := range s.PCM[at : at+step] {
			peak = max(peak, v)
		}
		if peak > 500 {
			d += 20 * time.Millisecond
		}
	}
	return d
}

// TestACallToAPersonOnLinphone: they hear us, and we hear them.
func TestACallToAPersonOnLinphone(t *testing.T) {
	t.Parallel()
	need(t, "flite", "linphonec")
	models := sharedtest.Path(t, "models", "pocketsphinx")
	port, heard := linphone(t, "bob", humanAnswers)
	sound := filepath.Join(t.TempDir(), "call.wav")
	exit, r, errs := placeCall(t, nil, fmt.Sprintf("sip:bob@127.0.0.1:%d", port),
		"--models", models, "--flow", "testdata/digits.yaml", "--record", sound)
	if r.Network != outcome.Answered || r.SIP != 200 || r.AnsweredBy != outcome.Human {
		t.Errorf("network %s, SIP %d, answered by %s, problem %q\n%s", r.Network, r.SIP, r.AnsweredBy, r.Problem, errs)
	}
	checkEnd(t, exit, r, []outcome.Disposition{outcome.Completed}, call.PartyBot, sound)
	if got := r.Slots["code"]; got != "6" {
		t.Errorf("the digit understood is %v, want 6; turns %+v", got, r.Turns)
	}
	if m := r.Media; m == nil || m.Codec != "PCMU" || m.Received < 200 || m.Loss > 0.05 {
		t.Errorf("media %+v", r.Media)
	}
	if d := loud(t, heard); d < time.Second {
		t.Errorf("they heard %v of us", d)
	}
}

// TestACustomerCallsBackFromLinphone and wants no more calls.
func TestACustomerCallsBackFromLinphone(t *testing.T) {
	t.Parallel()
	need(t, "flite", "linphonec")
	c := simulate(t, "--no-media", "--personas", "testdata/control")
	config, port := open(t, c.address, "")
	s := serve(t, t.TempDir(), config)
	s.campaign(map[string]any{"list": s.upload(numbers(1000, 2))})
	_, heard := linphone(t, "+12025551000", says(9, "stop calling me"), fmt.Sprintf("call sip:+12025550199@127.0.0.1:%d", port))
	r := s.cameIn(45 * time.Second)
	if r.Network != outcome.Answered || r.Disposition != outcome.OptOut || r.To != "+12025551000" || r.HangupBy != call.PartyBot {
		t.Errorf("report %+v", r)
	}
	if m := r.Media; m == nil || m.Codec != "PCMU" || m.Received < 300 || m.Loss > 0.05 {
		t.Errorf("media %+v", r.Media)
	}
	if d := loud(t, heard); d < time.Second {
		t.Errorf("they heard %v of us", d)
	}
}
