package main

import (
	"bytes"
	"strings"
	"testing"
)

// parley runs a command line in this process.
func parley(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(&terminal{ctx: t.Context(), in: strings.NewReader(""), out: &o, err: &e}, args)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		out  string
		err  string
	}{
		{[]string{"version"}, exitDone, "parley dev", ""},
		{[]string{"--help"}, exitDone, "version", ""},
		{nil, exitDone, "Usage: parley", ""},
		{[]string{"version", "--help"}, exitDone, "Example:", ""},
		{[]string{"verson"}, exitUsage, "", "did you mean \"version\""},
		{[]string{"version", "--loud"}, exitUsage, "", "see parley --help"},
		{[]string{"bench", "talk", "--calls", "0"}, exitUsage, "", "--calls is 1 to 200"},
		{[]string{"bench", "talk", "--lang", "fr"}, exitUsage, "", "--lang"},
		{[]string{"call", "+12025550100", "--plot", "a.svg"}, exitUsage, "", "give --record as well"},
	} {
		code, out, errs := parley(t, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.err) {
			t.Errorf("parley %q: exit %d, out %q, err %q; want exit %d, out with %q, err with %q",
				c.args, code, out, errs, c.code, c.out, c.err)
		}
	}
}
