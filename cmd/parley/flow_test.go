package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlowCheckNamesMistakes(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("flow: x\nlanguage: en\nstep: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		out  string
		err  string
	}{
		{[]string{"flow", "check", "payment-reminder.en", "payment-reminder.zh"}, exitDone, "payment-reminder (zh)", ""},
		{[]string{"flow", "check", wrong}, exitFailed, `:3:1: a flow has no "step"; did you mean "steps"?`, ""},
		{[]string{"flow", "check", "nosuch"}, exitFailed, "", "payment-reminder.en"},
		{[]string{"flow", "check"}, exitUsage, "", "see parley --help"},
		{[]string{"flow", "test", "--help"}, exitDone, "Example:", ""},
	} {
		code, out, errs := parley(t, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.err) {
			t.Errorf("parley %q: exit %d, out %q, err %q; want exit %d, out with %q, err with %q",
				c.args, code, out, errs, c.code, c.out, c.err)
		}
	}
}

func TestFlowTestComparesConversations(t *testing.T) {
	dir := t.TempDir()
	head := "flow: payment-reminder.en.yaml\nnow: 2026-12-03T10:00:00-05:00\n" +
		"with: {name: Lee, amount_due: 10 USD, due_date: 2026-12-01, creditor: Acme, tail: \"0472\"}\ntalks:\n"
	for name, c := range map[string]struct {
		talk string
		code int
		out  string
	}{
		"right": {"  - {title: stops, lines: [{keys: \"9\"}], outcome: {disposition: opt_out}}\n", exitDone, "1 of 1 talks"},
		"wrong": {"  - {title: stops, lines: [{keys: \"9\"}], outcome: {disposition: refused}}\n", exitFailed, `the outcome is "opt_out" and not "refused"`},
	} {
		path := filepath.Join(dir, name+".test.yaml")
		if err := os.WriteFile(path, []byte(head+c.talk), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := parley(t, "flow", "test", "--trace", path)
		if code != c.code || !strings.Contains(out, c.out) {
			t.Errorf("%s: exit %d, out %q, err %q; want exit %d, out with %q", name, code, out, errs, c.code, c.out)
		}
	}
}

func TestFlowChatHoldsAConversation(t *testing.T) {
	var out, errs bytes.Buffer
	in := strings.NewReader("speaking\n/keys 0472\n\n/what\ntomorrow\nyes\n")
	term := &terminal{ctx: t.Context(), in: in, out: &out, err: &errs}
	code := run(term, []string{"flow", "chat", "--now", "2026-12-03T10:00:00-05:00", "--var", "name=Ann", "payment-reminder.en"})
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{"May I speak with Ann?", "When can you pay it?", "say something", "disposition: promise_to_pay", "on 2026-12-04, read back: true"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the chat lacks %q:\n%s", want, out.String())
		}
	}
}
