package tts

import (
	"strings"
	"unicode"
)

// Clean makes text fit to be spoken: invalid bytes, control and format
// characters become spaces, runs of spaces become one. Engines get nothing
// else, so that no text can reach them as an option, a second line or markup.
func Clean(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	space := true // also drops leading space
	for _, r := range text {
		if unspoken(r) {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		b.WriteRune(r)
		space = false
	}
	return strings.TrimSuffix(b.String(), " ")
}

// unspoken reports whether r separates what is spoken without being spoken.
// Angle and square brackets are here because engines read markup and phonemes
// inside them.
func unspoken(r rune) bool {
	switch r {
	case unicode.ReplacementChar, '<', '>', '[', ']', '{', '}', '\\', '|', '`', '^':
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r)
}

// Speakable reports whether text has anything an engine makes sound of.
func Speakable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}
