// Package sharedtest finds what the tests of every floor look for: the data and
// models that the repository does not hold (they are large and belong to
// others), and the ports of the programs they start.
package sharedtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Path is a file or folder of the shared folder, by its absolute path. Where
// it is absent the test is Missing it.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	path, err := Find(elem...)
	if err != nil {
		Missing(t, "%v", err)
	}
	return path
}

// Find is Path where there is no test yet. The shared folder is $SHARED, a
// relative one counted from the root of the repository, else the folder
// "shared" beside that.
func Find(elem ...string) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	dir := os.Getenv("SHARED")
	switch {
	case dir == "":
		dir = filepath.Join(root, "..", "shared")
	case !filepath.IsAbs(dir):
		dir = filepath.Join(root, dir)
	}
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("set SHARED to the folder that has %s: %w", filepath.Join(elem...), err)
	}
	return path, nil
}

// Missing ends a test for want of something: it is skipped on a developer's
// machine, and fails in CI, where everything must be there.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// repository is the folder of go.mod at or above the working directory, which
// go test makes the package's own.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod above the test; set SHARED to an absolute path and run it inside the repository")
		}
		dir = up
	}
}
