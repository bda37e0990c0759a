package echotest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
	"parley/sharedtest"
)

// Speech is the level of all speech here: about -22 dB of full scale.
const Speech = 2600

// Prompt is one of the shared English machine prompts, human speech, at the
// level of Speech.
func Prompt(t testing.TB, name string) []float64 {
	t.Helper()
	s, err := wav.Read(filepath.Join(sharedtest.Path(t, "data", "speech", "machine_prompts_en"), name))
	if err != nil {
		t.Fatal(err)
	}
	return levelled(s.PCM)
}

// Say is text spoken by a synthetic voice: a voice of flite for "en", a variant
// of espeak-ng for "zh". The test is skipped where the program is absent.
func Say(t testing.TB, language, voice, text string) []float64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "said.wav")
	var cmd *exec.Cmd
	if language == "en" {
		cmd = exec.CommandContext(t.Context(), "flite", "-voice", voice, "-t", text, "-o", file)
	} else {
		cmd = exec.CommandContext(t.Context(), "espeak-ng", "-v", "cmn-latn-pinyin+"+voice, "-s", "150", "-w", file, text)
	}
	if cmd.Err != nil {
		sharedtest.Missing(t, "%s is not installed", cmd.Path)
	}
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	s, err := wav.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := resample.Convert(s.PCM, s.Rate, media.Rate8k)
	if err != nil {
		t.Fatal(err)
	}
	return levelled(pcm)
}

func levelled(pcm []int16) []float64 {
	x := make([]float64, len(pcm))
	for i, v := range pcm {
		x[i] = float64(v)
	}
	gain := Speech / RMS(x)
	for i := range x {
		x[i] *= gain
	}
	return x
}

// Lines are what a reminder bot says, in both languages, with other names and
// amounts in each.
func Lines(language string) []string {
	var lines []string
	for i := range 4 {
		if language == "en" {
			lines = append(lines,
				fmt.Sprintf("Hello, this is an automated call from Harbour Credit, and it is recorded. May I speak with Mister %s, please?", [...]string{"Baker", "Lindqvist", "Osei", "Murray"}[i]),
				fmt.Sprintf("Your payment of %d dollars and %d cents was due on the %dth of the month.", 120+217*i, 15+20*i, 11+2*i),
				"You can pay by card, by bank transfer, or with the link that we send you as a message. Which would you like?",
				fmt.Sprintf("Thank you. I have noted that you will pay %d dollars on Friday. Is that right?", 80+35*i))
			continue
		}
		lines = append(lines,
			fmt.Sprintf("您好，这里是示范商店的自动语音提醒，本次通话会被录音。请问是%s先生吗？", [...]string{"王", "欧阳", "李", "陈"}[i]),
			fmt.Sprintf("您在本店有一笔%d元的款项，已经在%d号到期。", 320+175*i, 11+2*i),
			"您可以用银行卡、转账，或者我们发给您的链接付款。您想用哪一种方式？",
			fmt.Sprintf("谢谢您。我已经记下，您会在星期五付%d元，对吗？", 80+35*i))
	}
	return lines
}
