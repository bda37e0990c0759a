package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is the smallest thing the grammar looks at: an English word, a single
// Chinese character, a written number, or one of the symbols that mean
// something in written dates, times and amounts.
type token struct {
	text       string // lower case, full width folded to ASCII
	start, end int    // byte offsets in the text
	written    bool   // text is digits, perhaps with a decimal point
	han        bool
	clause     bool // punctuation or the beginning of the text comes before it
	joined     bool // nothing at all comes between it and the token before
}

// maxText bounds what is read; nobody says more in one turn, and the cost of
// reading grows with the text.
const maxText = 2048

// symbols are kept as tokens; every other mark only ends a clause.
const symbols = "$¥€£/:-%+"

// fold maps full-width forms and capital digits to the plain ones.
func fold(r rune) rune {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return unicode.ToLower(r - 0xFEE0)
	case r == '￥':
		return '¥'
	case r == '’' || r == '‘':
		return '\''
	case r == '〇':
		return '零'
	}
	if plain, ok := capitals[r]; ok {
		return plain
	}
	return unicode.ToLower(r)
}

// capitals are the characters of cheques and contracts.
var capitals = map[rune]rune{
	'壹': '一', '贰': '二', '叁': '三', '肆': '四', '伍': '五', '陆': '六', '柒': '七', '捌': '八', '玖': '九',
	'拾': '十', '佰': '百', '仟': '千', '萬': '万', '億': '亿', '圆': '元', '兩': '两', '點': '点', '號': '号',
	'塊': '块', '後': '后', '週': '周', '鐘': '钟', '過': '过', '個': '个', '對': '对', '沒': '没', '錯': '错',
	'禮': '礼', '這': '这', '時': '时',
}

type lexer struct {
	text   string
	pos    int
	clause bool
	toks   []token
}

// tokens cuts text into tokens. Byte offsets stay those of the original.
func tokens(text string) []token {
	if len(text) > maxText {
		cut := maxText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	l := lexer{text: text, clause: true}
	for l.pos < len(l.text) {
		r, n := utf8.DecodeRuneInString(l.text[l.pos:])
		r = fold(r)
		switch {
		case isDigit(r):
			l.number()
		case unicode.Is(unicode.Han, r):
			l.add(token{text: string(r), han: true}, l.pos+n)
		case unicode.IsLetter(r):
			l.word()
		case strings.ContainsRune(symbols, r) && (r != '-' || l.betweenDigits(n)):
			l.add(token{text: string(r)}, l.pos+n)
		default:
			// A hyphen inside a word joins two words of one clause.
			if !unicode.IsSpace(r) && r != '-' && r != '\'' {
				l.clause = true
			}
			l.pos += n
		}
	}
	return l.toks
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func (l *lexer) add(t token, end int) {
	t.start, t.end, t.clause = l.pos, end, l.clause
	t.joined = len(l.toks) > 0 && l.toks[len(l.toks)-1].end == t.start
	l.toks = append(l.toks, t)
	l.pos, l.clause = end, false
}

// peek returns the folded rune at byte i and its length; 0 past the end.
func (l *lexer) peek(i int) (rune, int) {
	if i >= len(l.text) {
		return 0, 0
	}
	r, n := utf8.DecodeRuneInString(l.text[i:])
	return fold(r), n
}

func (l *lexer) betweenDigits(n int) bool {
	after, _ := l.peek(l.pos + n)
	if len(l.toks) == 0 {
		return isDigit(after)
	}
	last := l.toks[len(l.toks)-1]
	return isDigit(after) && (last.end != l.pos || last.written)
}

// number reads digits with thousands separators ("1,250") and a decimal point.
func (l *lexer) number() {
	var b strings.Builder
	i, point := l.pos, false
	for {
		r, n := l.peek(i)
		if isDigit(r) {
			b.WriteRune(r)
			i += n
			continue
		}
		if next, _ := l.peek(i + n); r == '.' && !point && isDigit(next) {
			point = true
			b.WriteRune('.')
			i += n
			continue
		}
		if r == ',' && !point && l.thousands(i+n) {
			i += n
			continue
		}
		break
	}
	l.add(token{text: b.String(), written: true}, i)
}

// thousands reports whether exactly three digits follow at byte i.
func (l *lexer) thousands(i int) bool {
	for range 3 {
		r, n := l.peek(i)
		if !isDigit(r) {
			return false
		}
		i += n
	}
	r, _ := l.peek(i)
	return !isDigit(r)
}

// word reads letters and the apostrophes between them; "p.m." becomes "pm".
func (l *lexer) word() {
	var b strings.Builder
	i := l.pos
	for {
		r, n := l.peek(i)
		if n > 0 && unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) {
			b.WriteRune(r)
			i += n
			continue
		}
		next, _ := l.peek(i + n)
		if r == '\'' && unicode.IsLetter(next) {
			b.WriteRune(r)
			i += n
			continue
		}
		if w := b.String(); r == '.' && next == 'm' && (w == "a" || w == "p") {
			i += n
			continue
		}
		break
	}
	word := b.String()
	if r, n := l.peek(i); r == '.' && (word == "pm" || word == "am") {
		i += n
	}
	l.add(token{text: word}, i)
}
