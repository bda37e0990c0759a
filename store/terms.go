package store

import (
	"iter"
	"strings"
	"unicode"
)

const (
	// maxTerms bounds the index of one call, maxTerm the bytes of a word.
	maxTerms = 5000
	maxTerm  = 64
	// maxQuery bounds the words that a search asks for.
	maxQuery = 12
)

// terms cuts text for the search index: words of letters and digits in lower
// case; stretches of Han characters, which know no spaces, as every character
// and every pair of neighbours. What is longer than maxTerm is left out.
func terms(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		var word strings.Builder
		var last rune
		flush := func() bool {
			w := word.String()
			word.Reset()
			return w == "" || len(w) > maxTerm || yield(w)
		}
		for _, r := range strings.ToLower(clean(text)) {
			switch {
			case unicode.Is(unicode.Han, r):
				if !flush() || !yield(string(r)) || last != 0 && !yield(string([]rune{last, r})) {
					return
				}
				last = r
				continue
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				word.WriteRune(r)
			default:
				if !flush() {
					return
				}
			}
			last = 0
		}
		flush()
	}
}

// queryTerms are the terms that a transcript must have for a search to find
// it; false when nothing could be found. A single Han character is asked for
// as itself, a stretch by its pairs.
func queryTerms(text string) ([]string, bool) {
	var all []string
	pairs := map[rune]bool{}
	for t := range terms(text) {
		if r := []rune(t); len(r) == 2 && unicode.Is(unicode.Han, r[0]) {
			pairs[r[0]], pairs[r[1]] = true, true
		}
		all = append(all, t)
	}
	var out []string
	for _, t := range all {
		if r := []rune(t); len(r) == 1 && pairs[r[0]] {
			continue // its pair says more
		}
		if len(out) < maxQuery {
			out = append(out, t)
		}
	}
	return out, len(out) > 0 || strings.TrimSpace(text) == ""
}
