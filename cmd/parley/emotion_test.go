package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/sharedtest"
)

// say writes a synthetic sentence, with a gain by sox.
func say(t *testing.T, path, voice, text string, pitch, speed int, gain float64) {
	t.Helper()
	for _, p := range []string{"espeak-ng", "sox"} {
		if _, err := exec.LookPath(p); err != nil {
			sharedtest.Missing(t, "install %s: %v", p, err)
		}
	}
	raw := path + ".raw.wav"
	if out, err := exec.Command("espeak-ng", "-v", voice, "-p", fmt.Sprint(pitch), "-s", fmt.Sprint(speed), "-w", raw, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v %s", err, out)
	}
	if out, err := exec.Command("sox", raw, "-r", "16000", path, "gain", fmt.Sprint(gain-9), "pad", "0.5", "0.5").CombinedOutput(); err != nil {
		t.Fatalf("sox: %v %s", err, out)
	}
	if err := os.Remove(raw); err != nil {
		t.Fatal(err)
	}
}

// TestEmotionShifts: synthetic, two languages; higher, faster and louder than
// the speaker's own calm is more aroused, the same voice is not.
func TestEmotionShifts(t *testing.T) {
	calm := "I got your letter last week. I think it is all right. We can talk about it on Friday afternoon."
	for voice, text := range map[string][2]string{
		"en-us+m3": {calm, "I do not know what you want from me."}, "en-us+f2": {calm, "I do not know what you want from me."},
		"cmn-latn-pinyin+f2": {"我上个星期收到了你们的信。我觉得没有什么问题。我们星期五下午可以再谈。", "我不知道你们要我做什么。"},
	} {
		dir := t.TempDir()
		base := filepath.Join(dir, "calm.wav")
		say(t, base, voice, text[0], 45, 150, 0)
		last := -1.0
		for i := range 4 {
			file := filepath.Join(dir, fmt.Sprint(i, ".wav"))
			say(t, file, voice, text[1], 45+12*i, 150+15*i, 2*float64(i))
			code, out, errs := parley(t, "emotion", file, "--baseline", base)
			var got struct {
				Arousal, Anger, Confidence float64
				Utterances                 []moodOf
			}
			if err := json.Unmarshal([]byte(out), &got); code != exitDone || err != nil {
				t.Fatalf("exit %d, %v: %s", code, err, errs)
			}
			t.Logf("%s, step %d: arousal %.2f, anger %.2f, confidence %.2f %v", voice, i, got.Arousal, got.Anger, got.Confidence, got.Utterances[0].Moved)
			if got.Arousal < last || i == 0 && got.Arousal > 0.45 || i == 3 && got.Arousal < 0.6 {
				t.Errorf("%s, step %d: arousal %.2f after %.2f", voice, i, got.Arousal, last)
			}
			last = got.Arousal
		}
	}
}

func TestEmotionEval(t *testing.T) {
	dir := t.TempDir()
	var labels strings.Builder
	texts := []string{"The papers are on the table in the kitchen.", "She will come back on Wednesday evening.", "Nobody was there when we arrived."}
	for _, voice := range []string{"en-us+m3", "en-us+f2"} {
		for i, text := range texts {
			for label, shift := range map[string]int{"neutral": 0, "anger": 3, "sad": -1} {
				name := fmt.Sprintf("%s-%d-%s.wav", voice, i, label)
				say(t, filepath.Join(dir, name), voice, text, 45+12*shift, 150+15*shift, 2*float64(shift))
				fmt.Fprintf(&labels, "%s\t%s\t%s\n", name, voice, label)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.tsv"), []byte(labels.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := parley(t, "emotion", "eval", dir, "--json")
	var m emotionMeasures
	if err := json.Unmarshal([]byte(out), &m); code != exitDone || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	t.Logf("synthetic: %+v", m)
	if m.Files != 18 || m.NoVoice+m.NoNeutral != 0 || m.AngerNeutral < 0.9 || m.ArousalRight < 0.88 {
		t.Errorf("%+v", m)
	}
}

func TestEmotionWrongUse(t *testing.T) {
	silent := filepath.Join(t.TempDir(), "labels.tsv")
	if err := os.WriteFile(silent, []byte("a.wav\tx\tfurious\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"emotion"}, exitUsage, ""},
		{[]string{"emotion", "x.wav", "--channel", "up"}, exitUsage, "left or right"},
		{[]string{"emotion", "/nowhere.wav"}, exitFailed, "nowhere"},
		{[]string{"emotion", "eval", "/nowhere"}, exitFailed, "labels.tsv"},
		{[]string{"emotion", "eval", filepath.Dir(silent)}, exitFailed, "furious"},
	} {
		if code, _, errs := parley(t, c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
}
