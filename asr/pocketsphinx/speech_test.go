package pocketsphinx

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/asr"
	"parley/media"
	"parley/media/codec"
	"parley/sharedtest"
)

// voice of a synthesiser: "flite kal16" or "espeak-ng en-us".
func speak(t testing.TB, voice, text string) []int16 {
	t.Helper()
	program, name, _ := strings.Cut(voice, " ")
	wav := filepath.Join(t.TempDir(), "say.wav")
	args := []string{"-voice", name, "-t", text, "-o", wav}
	if program == "espeak-ng" {
		args = append(append([]string{"-v"}, strings.Fields(name)...), "-w", wav, text)
	}
	run(t, program, args...)
	return telephone(t, wav)
}

// telephone is a sound file as a telephone would have carried it: 8 kHz,
// mu-law, with a little silence around.
func telephone(t testing.TB, wav string) []int16 {
	t.Helper()
	payload := run(t, "sox", wav, "-t", "ul", "-r", "8000", "-c", "1", "-", "norm", "-6", "pad", "0.2", "0.4")
	ulaw, _ := codec.ByName("PCMU")
	return ulaw.AppendPCM(nil, payload)
}

func run(t testing.TB, program string, args ...string) []byte {
	t.Helper()
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		sharedtest.Missing(t, "%s is not installed", program)
	}
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, complaint.String())
	}
	return out.Bytes()
}

// hear writes the sound and returns the partials and the final. It writes
// faster than people speak, so it offers again what the stream had no room for.
func hear(t testing.TB, s asr.Stream, pcm []int16) ([]asr.Result, asr.Result) {
	t.Helper()
	n := media.Rate8k.Samples()
	f := media.Frame{Rate: media.Rate8k}
	var partials []asr.Result
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	own := s.(*stream)
	for len(pcm) >= n {
		f.PCM = pcm[:n]
		before := own.dropped.Load()
		if err := s.WriteFrame(f); err != nil {
			t.Fatalf("WriteFrame: %v", err)
		}
		if own.dropped.Load() != before {
			select {
			case r := <-s.Results():
				partials = append(partials, r)
			case <-retry.C:
			}
			continue
		}
		pcm = pcm[n:]
		f.At += media.Tick
	}
	s.Finish()
	for {
		select {
		case r, ok := <-s.Results():
			if !ok {
				t.Fatalf("the stream ended: %v", s.Err())
			}
			if r.Final {
				return partials, r
			}
			partials = append(partials, r)
		case <-time.After(30 * time.Second):
			t.Fatal("no final within 30 s")
		}
	}
}
