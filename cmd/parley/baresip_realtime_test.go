//go:build !race

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/media/wav"
	"parley/outcome"
	"parley/sharedtest"
)

// humanAnswers writes what a person says on the telephone: a short word in
// place of a hello, and a digit when the bot has asked for one. The voice is
// human, one speaker of the free spoken digits.
func humanAnswers(t *testing.T, path string) {
	t.Helper()
	pcm := make([]int16, 5600)
	for _, clip := range []struct {
		name  string
		after int // samples of silence
	}{{"8_theo_0.wav", 6 * 8000}, {"6_theo_0.wav", 60 * 8000}} {
		s, err := wav.Read(sharedtest.Path(t, "data", "speech", "fsdd", clip.name))
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(append(pcm, s.PCM...), make([]int16, clip.after)...)
	}
	if err := wav.Write(path, wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: pcm}); err != nil {
		t.Fatal(err)
	}
}

// startBaresip is a soft phone that answers at once and plays a file.
func startBaresip(t *testing.T) (port int) {
	t.Helper()
	port = freePort(t)
	baresip(t, port, "bob", humanAnswers)
	return port
}

// baresip is a soft phone of this user on this port, which plays what say
// writes in every call.
func baresip(t *testing.T, port int, user string, say func(t *testing.T, path string), args ...string) {
	t.Helper()
	need(t, "baresip")
	const modules = "/usr/lib/baresip/modules"
	if _, err := os.Stat(modules); err != nil {
		sharedtest.Missing(t, "%s is not there; run make deps", modules)
	}
	dir := t.TempDir()
	say(t, filepath.Join(dir, "say.wav"))
	config := fmt.Sprintf(`poll_method epoll
sip_listen 127.0.0.1:%[1]d
net_interface 127.0.0.1
rtp_ports 44000-44100
audio_source aufile,%[2]s/say.wav
audio_player aufile,%[2]s/heard.wav
audio_alert aufile,%[2]s/alert.wav
module_path %[3]s
module g711.so
module aufile.so
module_app account.so
module_app menu.so
`, port, dir, modules)
	account := fmt.Sprintf("<sip:%s@127.0.0.1:%d>;regint=0;answermode=auto;audio_codecs=PCMU\n", user, port)
	for name, text := range map[string]string{"config": config, "accounts": account, "contacts": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("baresip", append([]string{"-f", dir}, args...)...)
	cmd.Dir = dir
	runPhone(t, cmd, port)
}

// runPhone runs a telephone until the test ends, and waits for its SIP port.
func runPhone(t *testing.T, cmd *exec.Cmd, port int) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(cmd.Path)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%.3000s", name, out.String())
		}
	})
	until(t, 10*time.Second, name+" has its port", func() bool { return sharedtest.Bound(t, port) })
}

// TestACallToAPersonOnBaresip: another make of telephone, and a human voice.
func TestACallToAPersonOnBaresip(t *testing.T) {
	t.Parallel()
	need(t, "flite")
	models := sharedtest.Path(t, "models", "pocketsphinx")
	port := startBaresip(t)
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
	said := false
	for _, turn := range r.Turns {
		said = said || turn.By == call.PartyCustomer && turn.Text == "six" && turn.FromMS > 6000 && turn.ToMS > turn.FromMS
	}
	if !said {
		t.Errorf("the transcript has no turn of the customer with the digit: %+v", r.Turns)
	}
}
