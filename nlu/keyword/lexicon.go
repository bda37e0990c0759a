package keyword

import (
	"strings"

	"parley/phrase"
)

// lexicon is what a language's small words mean to the classifier.
type lexicon struct {
	// fillers say nothing.
	fillers map[string]bool
	// functions say little by themselves.
	functions map[string]bool
	// negations turn what follows within reach units into its opposite.
	negations map[string]bool
	reach     int
	// present are the words for this very moment.
	present map[string]bool
	// content is the weight of any other unit.
	content float64
}

// weigh is how much the units say: fillers nothing, function words little. A
// Chinese character is half a word.
func (l *lexicon) weigh(units ...string) float64 {
	total := 0.0
	for _, unit := range units {
		switch {
		case l.fillers[unit]:
		case l.functions[unit]:
			total += l.content * 0.3
		default:
			total += l.content
		}
	}
	return total
}

func (l *lexicon) weight(t phrase.Text) float64 { return l.weigh(t.Units...) }

// lean is the text without fillers.
func (l *lexicon) lean(t phrase.Text) phrase.Text {
	var out phrase.Text
	for i, unit := range t.Units {
		if l.fillers[unit] {
			continue
		}
		out.Units = append(out.Units, unit)
		out.Starts = append(out.Starts, t.Starts[i])
		out.Ends = append(out.Ends, t.Ends[i])
	}
	return out
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

var lexicons = map[string]*lexicon{
	"en": {
		fillers: setOf("um uh er erm ah oh well hmm mm hey please just really so like you know okay ok actually sir madam ma'am listen look"),
		functions: setOf(`a an the is are am was were be been to of for in on at by with and or but if then that this it its it's i i'm i'll i've
			me my we our you your he she him her they them do does did have has had will would can could should there here up out now not`),
		negations: setOf("not never don't didn't haven't hasn't can't cannot won't isn't wasn't couldn't doesn't wouldn't aren't without"),
		present:   map[string]bool{"now": true, "right now": true, "right away": true, "immediately": true, "straight away": true},
		reach:     2, content: 1,
	},
	"zh": {
		fillers:   setOf("嗯 呃 额 啊 哦 噢 呀 吧 呢 嘛 哎 诶 唉 喂 哈 啦 那 就"),
		functions: setOf("我 你 您 他 她 的 了 是 在 这 个 也 都 有 会 要 能 把 给 跟 和 说 们 一 下 还 再 又"),
		negations: setOf("不 没 未 别"),
		present:   setOf("现在 马上 立刻 立即 这就 这会儿"),
		reach:     2, content: 0.5,
	},
}

var noLexicon = &lexicon{content: 1}

func lexiconOf(language string) *lexicon {
	if l, ok := lexicons[primary(language)]; ok {
		return l
	}
	return noLexicon
}
