package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
