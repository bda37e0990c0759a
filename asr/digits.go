package asr

import (
	"strconv"
	"strings"
)

// Digits is how many digits the phrases ask for, 0 for any number: the class
// <digits4> wants four, also beside phrases that take any number.
func (e Expectation) Digits() (n int) {
	for _, p := range e.Phrases {
		_, rest, ok := strings.Cut(p, "<digits")
		if !ok {
			continue
		}
		count, _, _ := strings.Cut(rest, ">")
		if wanted, err := strconv.Atoi(count); err == nil {
			n = max(n, wanted)
		}
	}
	return n
}
