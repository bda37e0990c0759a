package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/sharedtest"
)

func TestWhichSpeechDetector(t *testing.T) {
	c := Defaults()
	c.VAD.Model = noModel
	if m, _, err := OpenModel(c); m != nil || err != nil {
		t.Errorf("none: %v, %v", m, err)
	}
	if found, err := modelFound(c); err != nil || !strings.Contains(found, "make models") {
		t.Errorf("the doctor says %q, %v", found, err)
	}
	c.VAD.Model = filepath.Join(t.TempDir(), "absent.onnx")
	if _, err := modelFound(c); err == nil || !strings.Contains(err.Error(), "fetch it with `make models`") {
		t.Errorf("a file that is named and absent: %v", err)
	}
	if err := os.WriteFile(c.VAD.Model, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenModel(c); err == nil || !strings.Contains(err.Error(), "is not the Silero VAD") {
		t.Errorf("another file: %v", err)
	}
	c.VAD.Model = sharedtest.Silero(t)
	if m, path, err := OpenModel(c); m == nil || path != c.VAD.Model || err != nil {
		t.Errorf("the real one: %v, %q, %v", m, path, err)
	}
}
