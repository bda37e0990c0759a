package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/media/wav"
	"parley/sharedtest"
)

func TestProgressText(t *testing.T) {
	for _, c := range []struct{ text, cause, want, conflict string }{
		{"您拨打的号码是空号，请核对后再拨", "404", `"network":"invalid_number","class":"empty"`, ""},
		{"the subscriber you dialed is powered off", "480", `"network":"power_off","class":"power_off"`, ""},
		{"您拨打的电话已关机", "486", `"network":"power_off","class":"power_off"`, "busy"},
		{"please leave a message after the tone", "", `"answered_by":"voicemail","class":"voicemail"`, ""},
		{"wednesday would be fine", "", `"answered_by":"unknown","class":"none"`, ""},
	} {
		args := []string{"progress", "--text", c.text}
		if c.cause != "" {
			args = append(args, "--cause", c.cause)
		}
		code, out, errs := parley(t, args...)
		flat := strings.NewReplacer("\n", "", "  ", "", ": ", ":").Replace(out)
		if code != exitDone || !strings.Contains(flat, c.want) || strings.Contains(flat, "conflict") != (c.conflict != "") || !strings.Contains(flat, c.conflict) {
			t.Errorf("%s: exit %d, %s %s", c.text, code, flat, errs)
		}
	}
}

func TestProgressFile(t *testing.T) {
	// A Chinese busy tone, as a stereo file at another rate whose first channel
	// is empty.
	clip := filepath.Join(t.TempDir(), "busy.wav")
	s := wav.Sound{Rate: 48000, Channels: 2}
	for i := range 48000 * 4 {
		v := int16(0)
		if i/(48*350)%2 == 0 {
			v = sine(450, i, 48000)
		}
		s.PCM = append(s.PCM, 0, v)
	}
	if err := wav.Write(clip, s); err != nil {
		t.Fatal(err)
	}
	code, out, errs := parley(t, "progress", "--deaf", clip)
	var got struct {
		Network, Class string
		At             int `json:"at_ms"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone || got.Network != "busy" || got.Class != "busy_tone" || got.At > 2200 {
		t.Errorf("exit %d, %s %s %v", code, out, errs, err)
	}
}

func TestProgressWrongUse(t *testing.T) {
	bad := filepath.Join(sharedtest.Path(t, "data", "files", "wav"), "oom-48ae4cd061ff8578ad3f23dc87624bd365cf5216.wav")
	for _, c := range []struct {
		args []string
		code int
		err  string
	}{
		{[]string{"progress"}, exitUsage, "name a recording"},
		{[]string{"progress", "--text", "hello", "x.wav"}, exitUsage, "not both"},
		{[]string{"progress", "--lang", "fr", "--deaf", "x.wav"}, exitUsage, "use en or zh"},
		{[]string{"progress", "--cause", "7", "--deaf", "x.wav"}, exitUsage, "no SIP status"},
		{[]string{"progress", "--cause", "200", "--deaf", "x.wav"}, exitUsage, "from 300 to 699"},
		{[]string{"progress", "--cause", "9999", "--text", "hello"}, exitUsage, "from 300 to 699"},
		{[]string{"progress", "--lang", "fr", "--text", "hello"}, exitUsage, "use en or zh"},
		{[]string{"progress", "--deaf", "nowhere.wav"}, exitFailed, "no such file"},
		{[]string{"progress", "--deaf", bad}, exitFailed, "it has no sound"},
	} {
		code, out, errs := parley(t, c.args...)
		if code != c.code || out != "" || !strings.Contains(errs, c.err) || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %q: exit %d, printed %q and %q", c.args, code, out, errs)
		}
	}
}

// TestProgressEvalHearsLikeACall: with the configuration's detector.
func TestProgressEvalHearsLikeACall(t *testing.T) {
	dir := t.TempDir()
	if err := wav.Write(filepath.Join(dir, "a.wav"), wav.Sound{Rate: 8000, Channels: 1, PCM: make([]int16, 6*8000)}); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "parley.yaml")
	for name, text := range map[string]string{
		filepath.Join(dir, "labels.tsv"): "a.wav\tsilence\t0\tsynthetic\n",
		config:                           "vad:\n  model: " + filepath.Join(dir, "none.onnx") + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := parley(t, "progress", "eval", dir, "--deaf", "--vad", "builtin")
	if code != exitDone || !strings.Contains(out, "synthetic: 1 of 1 right") || !strings.Contains(out, "never 0") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = parley(t, "progress", "eval", dir, "--deaf", "--config", config)
	if code != exitFailed || out != "" || !strings.Contains(errs, "none.onnx") {
		t.Errorf("a model that is not there: exit %d, %q, %q", code, out, errs)
	}
}

// sine is one sample of a tone.
func sine(hz float64, i int, rate float64) int16 {
	return int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
}
