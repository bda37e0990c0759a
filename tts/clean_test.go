package tts

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"  a\n\tb\x00c  ":      "a b c",
		"\xff\xfeok":           "ok",
		"<break time='5s'/>hi": "break time='5s'/ hi",
		"[[h@l'oU]]":           "h@l'oU",
		"\u202eevil\u200b":     "evil",
		"您好，李先生":               "您好，李先生",
		"":                     "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleanLeavesNothingDangerous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := Clean(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
		if strings.ContainsFunc(got, func(r rune) bool { return r != ' ' && unspoken(r) || unicode.IsControl(r) }) {
			t.Fatalf("%q is left", got)
		}
		if strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("%q has spare spaces", got)
		}
	})
}
