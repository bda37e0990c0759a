package tts

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Silence between two sentences, and after a piece that ends within one.
const (
	sentencePause = 250 * time.Millisecond
	clausePause   = 120 * time.Millisecond
)

// longestSentence in bytes; what is longer is split at a clause or a word, so
// that the first sound never waits for a whole paragraph.
const longestSentence = 400

// sentence is a part of the text that is synthesised at once.
type sentence struct {
	text  string
	start int // byte offset in the whole text
	pause time.Duration
}

// splitter cuts text that arrives in pieces into sentences.
type splitter struct {
	rest  string
	start int
}

// add takes the next piece and returns the sentences that are complete.
func (s *splitter) add(piece string) []sentence {
	s.rest += piece
	var done []sentence
	for {
		n := sentenceEnd(s.rest)
		if n == 0 && len(s.rest) > longestSentence {
			n = clauseEnd(s.rest[:longestSentence])
		}
		if n == 0 {
			return done
		}
		done = s.take(done, n)
	}
}

// flush returns what is left at the end of the text.
func (s *splitter) flush() []sentence {
	done := s.add("")
	if s.rest == "" {
		return done
	}
	return s.take(done, len(s.rest))
}

func (s *splitter) take(done []sentence, n int) []sentence {
	text := s.rest[:n]
	if Speakable(text) {
		done = append(done, sentence{text: text, start: s.start, pause: pauseAfter(text)})
	}
	s.rest = s.rest[n:]
	s.start += n
	return done
}

// Pause is the silence that belongs between two pieces of one text which are
// spoken by different means. The stop may stand at either side of the cut.
func Pause(before, after string) time.Duration {
	lead := strings.TrimLeftFunc(after, unicode.IsSpace)
	end := strings.IndexFunc(lead, func(r rune) bool { return !unicode.IsPunct(r) })
	if end < 0 {
		end = len(lead)
	}
	return max(pauseAfter(before), pauseAfter(lead[:end]))
}

func pauseAfter(text string) time.Duration {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRightFunc(text, unicode.IsSpace))
	switch r {
	case '.', '!', '?', '。', '！', '？', '…':
		return sentencePause
	case ',', ';', ':', '，', '；', '：', '、':
		return clausePause
	}
	return 0
}

// sentenceEnd is the length of the first whole sentence, 0 while there is none.
// A Western stop ends one only before a space, so that 128.50 stays whole and
// a decimal that is still arriving is waited for.
func sentenceEnd(text string) int {
	for i, r := range text {
		after := i + utf8.RuneLen(r)
		switch r {
		case '。', '！', '？', '\n':
			return after
		case '.', '!', '?':
			next, _ := utf8.DecodeRuneInString(text[after:])
			if after < len(text) && unicode.IsSpace(next) && !abbreviated(text[:i]) {
				return after
			}
		}
	}
	return 0
}

// abbreviated reports whether the stop after text belongs to its last word.
func abbreviated(text string) bool {
	word := text[strings.LastIndexFunc(text, unicode.IsSpace)+1:]
	switch strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "st", "no", "vs":
		return true
	}
	return utf8.RuneCountInString(word) == 1 && unicode.IsUpper(rune(word[0]))
}

// clauseEnd is where a sentence that is too long is best cut; never 0.
func clauseEnd(text string) int {
	if i := strings.LastIndexAny(text, ",;:，；：、"); i > 0 {
		_, size := utf8.DecodeRuneInString(text[i:])
		return i + size
	}
	if i := strings.LastIndexFunc(text, unicode.IsSpace); i > 0 {
		return i
	}
	for n := len(text); n > 0; n-- {
		if utf8.RuneStart(text[n-1]) {
			// text[n-1] begins a character that may have been cut in half.
			if n-1 > 0 {
				return n - 1
			}
			break
		}
	}
	return len(text)
}
