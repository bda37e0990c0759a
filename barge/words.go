package barge

import (
	"slices"
	"strings"
	"unicode"
)

// spokenText is the text without what recognisers put in brackets: [noise],
// <unk>, (laughter).
func spokenText(text string) string {
	if !strings.ContainsAny(text, "[<(") {
		return text
	}
	var b strings.Builder
	var until rune
	for _, r := range text {
		switch {
		case until != 0:
			if r == until {
				until = 0
			}
		case r == '[':
			until = ']'
		case r == '<':
			until = '>'
		case r == '(':
			until = ')'
		default:
			b.WriteRune(r)
			continue
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// squeeze keeps letters and digits, lower case: one form for scripts with and
// without spaces, so that nothing ever counts words by them.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, spokenText(text))
}

// spaced is the words with a space around each, apostrophes kept, so that
// " no " is not found in "know".
func spaced(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	space := true
	for _, r := range strings.ToLower(spokenText(text)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || (r == '\'' && !space):
			b.WriteRune(r)
			space = false
		case r == '’' && !space:
			b.WriteByte('\'')
		case !space:
			b.WriteByte(' ')
			space = true
		}
	}
	if !space {
		b.WriteByte(' ')
	}
	return b.String()
}

// has reports whether text holds one of the words: Latin ones as whole words,
// Chinese ones anywhere.
func has(text string, words []string) bool {
	latin, chinese := spaced(text), squeeze(text)
	for _, w := range words {
		if strings.HasPrefix(w, " ") {
			if strings.Contains(latin, w) {
				return true
			}
			continue
		}
		if strings.Contains(chinese, w) {
			return true
		}
	}
	return false
}

// consumed reports whether the squeezed text is nothing but words of the
// lists, one after the other. It backtracks, so "yeahso" may split as it must.
func consumed(s string, lists ...[][]string) bool {
	reach := make([]bool, len(s)+1)
	reach[0] = true
	for i := range s {
		if !reach[i] {
			continue
		}
		for _, list := range slices.Concat(lists...) {
			for _, w := range list {
				if strings.HasPrefix(s[i:], w) {
					reach[i+len(w)] = true
				}
			}
		}
	}
	return reach[len(s)]
}

// Backchannel reports whether the words only show that somebody listens, in
// either language. Empty text is not backchannel: it says nothing yet.
func Backchannel(text string) bool {
	s := squeeze(text)
	return s != "" && consumed(s, murmurs) && !has(text, impatient)
}

// opensMurmur reports whether the words may yet become a backchannel: all of
// them are murmurs but the last, which begins one ("got" it, 知道).
func opensMurmur(text string) bool {
	s := squeeze(text)
	if s == "" {
		return false
	}
	reach := make([]bool, len(s)+1)
	reach[0] = true
	for i := range s {
		if !reach[i] {
			continue
		}
		for _, list := range murmurs {
			for _, w := range list {
				if strings.HasPrefix(s[i:], w) {
					reach[i+len(w)] = true
				}
				if strings.HasPrefix(w, s[i:]) {
					return true
				}
			}
		}
	}
	return false
}

// greeting reports whether the words are a greeting, with or without murmurs.
func greeting(text string) bool {
	s := squeeze(text)
	return s != "" && consumed(s, murmurs, greetings)
}

// Stops reports whether the words claim the floor outright.
func Stops(text string) bool { return has(text, stops) || has(text, impatient) }

// form is how a sentence stands at its end.
type form uint8

const (
	neutral form = iota
	open         // it wants to go on
	closed       // nothing is missing
)

// formOf looks at the end of the words: of what the lists know the longest
// counts.
func formOf(text string) form {
	latin, chinese := spaced(text), squeeze(text)
	longest, f := 0, neutral
	for _, l := range [...]struct {
		words []string
		form  form
	}{{unfinished, open}, {finished, closed}, {either, neutral}} {
		for _, w := range l.words {
			at := chinese
			if strings.HasPrefix(w, " ") {
				at = latin
			}
			if len(w) > longest && strings.HasSuffix(at, w) {
				longest, f = len(w), l.form
			}
		}
	}
	return f
}

// Unfinished reports whether the words end as a sentence does that goes on.
func Unfinished(text string) bool { return formOf(text) == open }

// contains reports whether any of the hotwords stands in the text.
func contains(text string, hotwords []string) bool {
	latin, chinese := spaced(text), squeeze(text)
	for _, w := range hotwords {
		plain := squeeze(w)
		if plain == "" {
			continue
		}
		if plain[0] < 0x80 {
			if strings.Contains(latin, spaced(w)) {
				return true
			}
		} else if strings.Contains(chinese, plain) {
			return true
		}
	}
	return false
}

// ownWords reports whether the text is mostly the bot's own sentence heard
// back. It compares pairs of neighbouring letters (Chinese) or words, because a
// recogniser garbles single ones; a word that claims the floor is never echo.
func ownWords(text, own string) bool {
	if own == "" || Stops(text) {
		return false
	}
	units := split(text)
	if len(units) < 3 {
		return false
	}
	said := split(own)
	pairs := make(map[[2]string]bool, len(said))
	for i := 1; i < len(said); i++ {
		pairs[[2]string{said[i-1], said[i]}] = true
	}
	var same int
	for i := 1; i < len(units); i++ {
		if pairs[[2]string{units[i-1], units[i]}] {
			same++
		}
	}
	return same*10 >= (len(units)-1)*6
}

// split cuts text into Latin words and single Chinese characters.
func split(text string) []string {
	var units []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			units = append(units, word.String())
			word.Reset()
		}
	}
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			units = append(units, string(r))
		case unicode.IsLetter(r), unicode.IsDigit(r):
			word.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			flush()
		}
	}
	flush()
	return units
}

// longWords are more letters than most backchannels have.
const longWords = 10

// letters measures a text in Latin letters; a Chinese character is a syllable,
// as much as three of them.
func letters(text string) (n int) {
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			n += 3
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		}
	}
	return n
}
