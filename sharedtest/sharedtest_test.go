package sharedtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWhereTheFolderIs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data", "a.wav")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, shared := range []string{dir, relative} {
		t.Setenv("SHARED", shared)
		if got := Path(t, "data", "a.wav"); got != file {
			t.Errorf("SHARED=%s gives %q, want %q", shared, got, file)
		}
	}
	t.Setenv("SHARED", "")
	if got, err := Find(); err == nil && got != filepath.Join(filepath.Dir(root), "shared") {
		t.Errorf("without SHARED it is %q", got)
	}
}

// end is a test that remembers how it was ended.
type end struct {
	testing.TB
	how string
}

func (e *end) Helper()                           {}
func (e *end) Skipf(format string, args ...any)  { e.by("skipped", format, args) }
func (e *end) Fatalf(format string, args ...any) { e.by("failed", format, args) }

func (e *end) by(how, format string, args []any) {
	e.how = how + ": " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestAbsentDataSkipAndFailInCI(t *testing.T) {
	t.Setenv("SHARED", t.TempDir())
	for ci, want := range map[string]string{"": "skipped", "true": "failed"} {
		t.Setenv("CI", ci)
		e := &end{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Path(e, "data", "none")
		}()
		<-done
		if !strings.HasPrefix(e.how, want+": set SHARED to the folder that has data/none") {
			t.Errorf("CI=%q: %q, want it %s", ci, e.how, want)
		}
	}
}
