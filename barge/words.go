package barge

import (
	"strings"
	"unicode"
)

// murmurs are what listeners say to show that they listen. Longer forms come
// first: the list is matched greedily from the left.
var murmurs = []string{
	// Chinese, as a recogniser writes it, without spaces.
	"我知道了", "知道了", "我知道", "是这样", "明白了", "没问题", "好的呀", "是的呀", "对对对", "嗯哼",
	"知道", "明白", "了解", "好的", "好吧", "好啊", "好呀", "行吧", "可以", "是的", "是啊", "是吗", "对的", "对啊", "这样",
	"嗯", "恩", "唔", "哦", "噢", "喔", "啊", "呃", "额", "哎", "诶", "欸", "唉", "呵", "哈", "好", "行", "对", "是", "嘛", "呢", "吧", "了", "呀", "哼",
	// English, letters only, as squeeze leaves it.
	"isee", "igotit", "gotit", "allright", "alright", "thatsright", "iunderstand", "ofcourse", "goahead",
	"uhhuh", "uhuh", "mhmm", "mhm", "mmhmm", "mmhm", "mmm", "mm", "hmm", "hm", "umhum", "umm", "um", "uhm", "uh", "erm", "er",
	"yeah", "yep", "yup", "yes", "yah", "ya", "okay", "ok", "kay", "right", "sure", "really", "wow", "good", "great",
	"fine", "cool", "aha", "ahh", "ah", "ohh", "oh", "huh", "well", "so",
}

// greetings are backchannel only while a prompt begins: later in it they ask
// whether anybody is there.
var greetings = []string{"喂", "你好", "您好", "hello", "hi", "hey", "hallo", "speaking"}

// stops claim the floor however short they are, and are never echo.
var stops = []string{
	"等一下", "等下", "等等", "等会", "稍等", "慢着", "先别", "别说", "打住", "停一下", "停停", "不是", "不对", "不要", "不用", "不行", "没有",
	"打错", "什么意思", "你是谁", "哪位", "为什么", "投诉", "听我说", "转人工", "人工",
	" wait ", " hold on ", " hang on ", " stop ", " no ", " nope ", " not ", " excuse me ", " listen ", " what ", " who ", " why ", " pardon ", " sorry ",
	" wrong number ", " just a ", " one moment ", " one second ", " one sec ", " actually ", " but ", " don't ", " operator ", " agent ",
}

// unfinished are the ends of a sentence that wants to go on.
var unfinished = []string{
	"然后", "那个", "这个", "就是", "因为", "但是", "不过", "所以", "如果", "还有", "或者", "而且", "比如", "我想", "我要", "可能", "大概", "嗯", "呃", "额", "的话",
	" and ", " or ", " but ", " because ", " so ", " if ", " then ", " the ", " a ", " an ", " to ", " on ", " of ", " for ", " with ", " in ", " at ", " by ", " my ",
	" um ", " uh ", " er ", " erm ", " well ", " like ", " maybe ", " i think ", " i mean ", " that ", " about ",
}

// squeeze keeps letters and digits, lower case: one form for scripts with and
// without spaces, so that nothing ever counts words by them.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// spaced is the words with a space around each, apostrophes kept, so that
// " no " is not found in "know".
func spaced(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	space := true
	for _, r := range strings.ToLower(text) {
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
func consumed(s string, lists ...[]string) bool {
	reach := make([]bool, len(s)+1)
	reach[0] = true
	for i := range s {
		if !reach[i] {
			continue
		}
		for _, list := range lists {
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
	return s != "" && consumed(s, murmurs)
}

// greeting reports whether the words are a greeting, with or without murmurs.
func greeting(text string) bool {
	s := squeeze(text)
	return s != "" && consumed(s, murmurs, greetings)
}

// Stops reports whether the words claim the floor outright.
func Stops(text string) bool { return has(text, stops) }

// Unfinished reports whether the words end as a sentence does that goes on.
func Unfinished(text string) bool {
	latin, chinese := spaced(text), squeeze(text)
	for _, w := range unfinished {
		if strings.HasPrefix(w, " ") && strings.HasSuffix(latin, w) && strings.TrimSpace(latin) != "" {
			return true
		}
		if !strings.HasPrefix(w, " ") && strings.HasSuffix(chinese, w) {
			return true
		}
	}
	return false
}

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
