package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/media/wav"
)

func TestBargeWrongUse(t *testing.T) {
	empty := t.TempDir()
	torn := t.TempDir()
	if err := os.WriteFile(filepath.Join(torn, "cases.jsonl"), []byte(`{"id":"a","kind":"talk"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		err  string
	}{
		{[]string{"barge", "cases"}, exitUsage, "--out"},
		{[]string{"barge", "cases", "--out", empty, "--n", "2"}, exitUsage, "--n is 3 or more"},
		{[]string{"barge", "cases", "--out", empty, "--minutes", "0"}, exitUsage, "--minutes more than 0"},
		{[]string{"barge", "cases", "--out", empty, "--lang", "fr"}, exitUsage, "fr"},
		{[]string{"barge", "eval"}, exitUsage, "dir"},
		{[]string{"barge", "eval", empty, "--workers", "3"}, exitUsage, "--workers is 1 or 2"},
		{[]string{"barge", "eval", empty, "--part", "train"}, exitUsage, "train"},
		{[]string{"barge", "eval", empty, "--no-asr"}, exitFailed, "parley barge cases"},
		{[]string{"barge", "eval", torn, "--no-asr"}, exitFailed, "cases.jsonl line 1: kind is"},
		{[]string{"barge", "eval", empty, "--docs", filepath.Join(empty, "none.md")}, exitUsage, "none.md"},
		{[]string{"barge", "eval", filepath.Join(empty, "none")}, exitUsage, "none"},
	} {
		code, _, errs := parley(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.err) || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("parley %q: exit %d, err %q; want exit %d and one line with %q", c.args, code, errs, c.code, c.err)
		}
	}
}

// TestBargeEvalKeepsItsResult: a place that cannot be written costs no run.
func TestBargeEvalKeepsItsResult(t *testing.T) {
	dir := t.TempDir()
	pcm := make([]int16, 3*8000)
	for i := range pcm {
		pcm[i] = int16(3000 * (i % 40 / 20))
	}
	if err := wav.Write(filepath.Join(dir, "p.wav"), wav.Sound{Rate: 8000, Channels: 1, PCM: pcm}); err != nil {
		t.Fatal(err)
	}
	line := `{"id":"a","kind":"nothing","language":"en","part":"test","origin":"synthetic","condition":"quiet","length":4000,"prompts":[{"at":0,"sound":"p.wav"}]}`
	page := filepath.Join(dir, "page.md")
	for name, text := range map[string]string{filepath.Join(dir, "cases.jsonl"): line, page: "no marks\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eval := []string{"barge", "eval", dir, "--no-asr", "--vad", "builtin"}
	code, out, errs := parley(t, append(eval, "--plot", page)...)
	if code != exitFailed || !strings.Contains(out, "the built-in detector") || !strings.Contains(errs, "write the curves") {
		t.Errorf("a file for a folder: exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = parley(t, append(eval, "--docs", page)...)
	if code != exitFailed || out != "" || !strings.Contains(errs, "has no place for the tables") || strings.Contains(errs, "cases") {
		t.Errorf("a page without marks: exit %d, %q, %q", code, out, errs)
	}
}
