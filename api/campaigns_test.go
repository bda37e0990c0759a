package api

import (
	"errors"
	"testing"
)

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"give the campaign a name":                "Give the campaign a name.",
		"name the list to call":                   "Name the list to call.",
		"max_attempts must be between 1 and 50":   "max_attempts must be between 1 and 50.",
		"cps must be above 0":                     "cps must be above 0.",
		`windows: "luns" is not a weekday`:        `windows: "luns" is not a weekday.`,
		`"x" is not a duration; write it like 2h`: `"x" is not a duration; write it like 2h.`,
	} {
		if got := sentence(errors.New(in)); got != want {
			t.Errorf("sentence(%q) = %q, want %q", in, got, want)
		}
	}
}
