package keyword

import (
	"slices"
	"sync"

	"parley/nlu"
)

// moodSets are phrases that say how the customer feels, told apart from the
// intents because they count inside any sentence. They are meant to be sure
// rather than many: a label is acted on.
var moodSets = map[string]map[string][]string{
	"en": {
		"insult": {
			"(fuck|screw) (you|off|this|that)", "go to hell", "shut up", "(you|you're|you are) [all] [a|an] [bunch of] [fucking|damn|stupid|lying] (idiot|idiots|moron|morons|asshole|assholes|thief|thieves|liar|liars|scammer|scammers|crooks|bastard|bastards)",
			"you people are (crazy|insane|the worst|ridiculous|disgusting)", "piece of (shit|crap|garbage)", "you (stupid|fucking|damn) (robot|machine|idiot)", "kiss my ass", "bullshit",
		},
		"complaint": {
			"i (will|want to|am going to|'m going to|would like to) (complain|file a complaint|make a complaint|report you|report this)", "i'm going to (complain|report you|report this|file a complaint)", "i'll (complain|report you|report this|file a complaint)",
			"(this|that) is (harassment|unacceptable|ridiculous|outrageous|a disgrace)", "(stop harassing|you're harassing|you are harassing) me", "better business bureau", "consumer protection", "(i'm|i am) (sick of|sick and tired of|tired of|fed up with) (this|these calls|you|your calls)",
		},
		"threat": {
			"i'll (sue|kill|find|hurt|get) (you|all of you)", "i (will|am going to) (sue|kill|find|hurt) you", "i'm going to (sue|kill|find|hurt) you", "you'll (regret|be sorry|pay for) [this|it]", "i know where you (live|work|are)", "i'm calling the police", "see you in court",
		},
		"hardship": {
			"i [just] lost my job", "(i'm|i am|i've been) (unemployed|laid off|out of work|broke|homeless)", "(can't|cannot) afford", "i (have no|don't have any|don't have enough|don't have the) money", "i'm in [the] hospital", "i'm having (a hard time|financial problems)",
			"[my] (husband|wife|mother|father|son|daughter) (is|was) (in the hospital|very sick)", "i [can] barely (pay|afford|make)", "i'm struggling", "living paycheck to paycheck", "medical bills",
		},
		"thanks": {"thank you", "thanks", "i [really] appreciate (it|that|your help)", "you've been [very|so] helpful"},
		"sarcasm": {
			"(oh|yeah) great another (call|robot)", "thanks for nothing", "how (kind|nice) of you to call again", "yeah right", "good luck with that",
		},
	},
	"zh": {
		"insult": {
			"滚 (蛋|开|出去|远点)", "给我滚", "他妈的", "(操|草|去) 你 (妈|大爷)", "去你妈", "你妈的", "王八蛋", "混蛋", "(你|你们) [是不是|真是] (有病|神经病|有毛病|脑子有病)", "神经病", "傻 (逼|子|叉)", "去死 [吧]", "闭嘴", "不要脸", "(你们|你|一群|都是|就是|这些) [是|这些|一群] [死] 骗子", "畜生", "垃圾 [公司|平台|机器人]", "狗东西",
		},
		"complaint": {
			"(我要|我会|我去|我就|去|要|会|信不信我|等着) [被] (投诉|举报) [你们|你]", "投诉 (你们|你|到)", "(幺二三七八|一二三七八|12378|幺二三一五|一二三一五|12315)", "(银监会|金融监管|消费者协会|消协|工信部)", "(这|你们这|你这) [是|个] [就是] 骚扰", "骚扰 (我|电话)",
			"(天天|每天|整天|一天到晚|老是|一直) [给我] (打|打电话|来电话)", "(烦死了|烦不烦|有完没完|没完没了)",
		},
		"threat": {
			"(我要|我会|我去|我就|信不信我) (告|起诉|弄死|杀|打) (你们|你|死你)", "(弄死|打死|砍死) (你|你们)", "我要 (报警|报公安)", "(法院|法庭) 见", "(你|你们) (等着|给我等着|小心点|走着瞧)", "让你 (好看|后悔)",
		},
		"hardship": {
			"(失业|下岗|被裁|裁员) 了", "没 [有] (工作|收入)", "(没钱|没有钱) [了]", "(手头|资金|经济) [上|比较|很|有点|最近] (紧|困难|紧张|拮据|周转不开)", "周转不 (开|过来)", "(住院|住着院|做手术|化疗)", "(家里|我|最近) [人] [得] (生病|病了|出事)", "[实在|真的] [是] (还|付) 不 (起|上)", "揭不开锅", "吃饭都 (成|是) 问题", "没发工资", "生意 (不好|亏了|失败|赔了)",
		},
		"thanks":  {"谢谢", "多谢", "感谢", "辛苦 (你|您) 了", "麻烦 (你|您) 了"},
		"sarcasm": {"(你们|你) 可真 (行|会|好)", "真是 (谢谢你|太好) 了 啊", "呵呵", "(你|你们) 真 (厉害|能耐|有本事)"},
	},
}

// angers is how much anger a label tells of by itself.
var angers = map[string]float64{"insult": 0.8, "threat": 0.8, "complaint": 0.6, "sarcasm": 0.4}

type moodPattern struct {
	label   string
	pattern *compiled
}

// moodPatterns are compiled once; a pattern that does not parse is a mistake
// of ours that the tests catch.
var moodPatterns = sync.OnceValue(func() map[string][]moodPattern {
	all := map[string][]moodPattern{}
	for language, labels := range moodSets {
		for label, sources := range labels {
			for _, source := range sources {
				if p, err := compile(source); err == nil {
					all[language] = append(all[language], moodPattern{label, p})
				}
			}
		}
	}
	return all
})

// mood finds the labels in the words. Two different angry labels, or two
// insults, are angrier than one.
func mood(s *sentence) nlu.Mood {
	var m nlu.Mood
	calm := 1.0
	for _, candidate := range moodPatterns()[s.language] {
		found, ok := candidate.pattern.Find(s.text, nil)
		if !ok || s.negates(s.text, found, candidate.pattern) {
			continue
		}
		if !slices.Contains(m.Labels, candidate.label) {
			m.Labels = append(m.Labels, candidate.label)
			calm *= 1 - angers[candidate.label]
		}
	}
	slices.Sort(m.Labels)
	m.Anger = 1 - calm
	return m
}
