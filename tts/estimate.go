package tts

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// word is a part of a text with the weight of its sound.
type word struct {
	start, end int
	weight     float64 // about syllables
	rest       float64 // of the pause after it
}

// Estimate spreads the words of a text over the sound from..to by how many
// syllables they have. offset is where the text begins in the whole.
func Estimate(text string, offset int, from, to time.Duration) []Mark {
	words := wordsOf(text)
	var total float64
	for i, w := range words {
		total += w.weight
		if i < len(words)-1 {
			total += w.rest
		}
	}
	if total == 0 {
		return nil
	}
	marks := make([]Mark, len(words))
	scale := float64(to-from) / total
	var at float64
	for i, w := range words {
		begin := from + time.Duration(at*scale)
		at += w.weight
		end := min(from+time.Duration(at*scale), to)
		at += w.rest
		marks[i] = Mark{
			Text: text[w.start:w.end], Start: offset + w.start, End: offset + w.end,
			From: min(begin, end), To: end, Estimated: true,
		}
	}
	return marks
}

// wordsOf cuts a text into what a Mark stands for: runs of letters and digits,
// but each Chinese character on its own.
func wordsOf(text string) []word {
	var words []word
	open := -1
	closeAt := func(i int) {
		if open >= 0 {
			words = append(words, word{start: open, end: i, weight: syllables(text[open:i])})
			open = -1
		}
	}
	for i, r := range text {
		size := utf8.RuneLen(r)
		switch {
		case r == utf8.RuneError:
			closeAt(i)
		case unicode.Is(unicode.Han, r):
			closeAt(i)
			words = append(words, word{start: i, end: i + size, weight: 1})
		case unicode.IsLetter(r), unicode.IsDigit(r), open >= 0 && joins(text, i, r):
			if open < 0 {
				open = i
			}
		default:
			closeAt(i)
			if n := len(words); n > 0 && strings.ContainsRune(",;:.!?，；：、。！？", r) {
				words[n-1].rest = 1
			}
		}
	}
	closeAt(len(text))
	return words
}

// joins reports whether the punctuation r at i is inside a word: it's, 128.50.
func joins(text string, i int, r rune) bool {
	if !strings.ContainsRune("'’.,-:/", r) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
	return unicode.IsLetter(next) && !unicode.Is(unicode.Han, next) || unicode.IsDigit(next)
}

// syllables guesses how many syllables a word has: groups of vowels, and about
// one and a half for each figure, which is read out.
func syllables(w string) float64 {
	var n float64
	vowel := false
	for _, r := range strings.ToLower(w) {
		switch {
		case unicode.IsDigit(r):
			n += 1.5
			vowel = false
		case strings.ContainsRune("aeiouyäöü", r):
			if !vowel {
				n++
			}
			vowel = true
		default:
			vowel = false
		}
	}
	if strings.HasSuffix(w, "e") && n > 1 {
		n--
	}
	return max(n, 1)
}
