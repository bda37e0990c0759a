package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Silero is the path of the speech model that `make models` fetches. Where it is
// absent the test is Missing it.
func Silero(t testing.TB) string {
	t.Helper()
	root, err := repository()
	if err != nil {
		Missing(t, "%v", err)
	}
	path := filepath.Join(root, "build", "models", "silero_vad_v6.onnx")
	if _, err := os.Stat(path); err != nil {
		Missing(t, "fetch the speech model with `make models`: %v", err)
	}
	return path
}
