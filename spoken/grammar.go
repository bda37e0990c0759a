package spoken

import (
	"strconv"
	"strings"
)

// Rule is one rule of a grammar. Body is in the notation of package phrase,
// which is JSGF without weights and repetition: words, [optional], (a|b) and
// <rule>. English words are lower case; Chinese is runs of characters, which
// the recogniser cuts into words of its dictionary.
type Rule struct {
	Name, Body string
}

// Grammar is what a person may say for a class, for a recogniser to compile:
// "date", "time", "datetime", "amount", "number", "digits", "digitsN" for
// exactly N of them, "yes" and "no"; also "date_named" for dates with their
// month, in Chinese "date_past" for days that have been, and "moment" and "money", the few ways to name an hour or an amount
// unasked. The first rule is the class itself; rules
// only refer to rules behind them. Equal names have equal bodies, so the rules
// of several classes may be put together and doubles dropped. Everything a
// grammar generates is read by Parse; Parse reads more.
func Grammar(language, class string) ([]Rule, bool) {
	primary, _, _ := strings.Cut(language, "-")
	var all []Rule
	switch primary {
	case "en":
		all = enRules
	case "zh":
		all = zhRules
	default:
		return nil, false
	}
	if n, ok := exactDigits(class); ok {
		all = append([]Rule{{class, digitsBody(primary, n)}}, all...)
	}
	return closure(all, class)
}

// exactDigits reads a class such as "digits4".
func exactDigits(class string) (int, bool) {
	count, ok := strings.CutPrefix(class, "digits")
	n, err := strconv.Atoi(count)
	return n, ok && err == nil && n >= 1 && n <= 19
}

// closure is the rule and all it refers to, in the order of the list.
func closure(all []Rule, class string) ([]Rule, bool) {
	needed := map[string]bool{class: true}
	var out []Rule
	for _, rule := range all {
		if !needed[rule.Name] {
			continue
		}
		out = append(out, rule)
		for part := range strings.SplitSeq(rule.Body, "<") {
			if name, _, ok := strings.Cut(part, ">"); ok {
				needed[name] = true
			}
		}
	}
	return out, len(out) > 0
}

// digitsBody spells n digits with at most one doubled or, for four, two pairs:
// enough for what people say and small enough to compile.
func digitsBody(language string, n int) string {
	run := func(n int) string { return strings.TrimSpace(strings.Repeat("<digit> ", n)) }
	alternatives := []string{run(n)}
	if language == "en" {
		for _, repeat := range []struct {
			word string
			of   int
		}{{"double", 2}, {"triple", 3}} {
			for at := 0; at+repeat.of <= n; at++ {
				parts := []string{run(at), repeat.word + " <digit>", run(n - at - repeat.of)}
				alternatives = append(alternatives, strings.TrimSpace(strings.Join(parts, " ")))
			}
		}
		if n == 4 {
			alternatives = append(alternatives, "double <digit> double <digit>")
		}
	}
	return strings.Join(alternatives, " | ")
}

// anyDigits nests up to n elements: at least one, each further one optional.
func anyDigits(element string, n int) string {
	if n == 1 {
		return element
	}
	return element + " [" + anyDigits(element, n-1) + "]"
}

const longestDigits = 12

var enRules = []Rule{
	// moment is the small sister of datetime, for where nobody asked for a time:
	// the whole one finds some hour in almost any sentence.
	{"moment", "[at|around] <time_hour> [o'clock|thirty] [p m | in the (morning|afternoon|evening)]" +
		" | (today|tomorrow|<date_weekday>) [morning|afternoon|evening] [at <time_hour> [o'clock]] | tonight | in (half an hour | an hour | <number_unit> hours)"},
	{"datetime", "[on] <date_point> [at <time_clock>] | <date_anchor> [morning|afternoon|evening] [<time>] | tonight [<time>] | this (afternoon|evening) | <time> [[on] <date_anchor>] | <datetime_in>"},
	{"datetime_in", "in (<number_below> minutes | half an hour | an hour | <number_unit> hours)"},
	{"date", "[on|by|before|until] (<date_point> | <date_period>)"},
	{"date_period", "[the] end of (the|this) (week|month) | the last day of the month | next week | right now | in a (couple of | few) days"},
	{"date_point", "<date_anchor> | tonight | <date_weekday> (next week | the <date_ordinal>)" +
		" | the <date_ordinal> [of (this month | next month)] | in (<date_count> days | two weeks | a week)" +
		" | a week from (<date_weekday> | today | tomorrow)"},
	{"date_anchor", "today | tomorrow | the day after tomorrow | [this|next|this coming] <date_weekday>"},
	{"date_named", "<date_long> [the] <date_ordinal> | <date_short> [the] <date_thirty> | february [the] <date_lower>" +
		" | [the] <date_lower> of (<date_long> | <date_short> | february)"},
	{"date_weekday", "monday|tuesday|wednesday|thursday|friday|saturday|sunday"},
	{"date_long", "january|march|may|july|august|october|december"},
	{"date_short", "april|june|september|november"},
	{"date_ordinal", "<date_thirty> | thirty first"},
	{"date_thirty", "<date_lower> | thirtieth"},
	{"date_lower", "<date_low> | tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth" +
		" | twentieth | twenty <date_low>"},
	{"date_low", "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"},
	{"date_count", "two|three|four|five|six|seven|eight|nine|ten"},
	{"time", "[at|around|about] <time_clock>"},
	{"time_clock", "<time_hour> [o'clock] [<time_half>] | <time_hour> <time_minute> [<time_half>]" +
		" | (half past | [a] quarter (past|to) | (five|ten|twenty) (past|to)) <time_hour> [<time_half>] | noon | midnight"},
	{"time_hour", "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"},
	{"time_minute", "oh five | ten | fifteen | (twenty|thirty|forty|fifty) [five]"},
	{"time_half", "a m | p m | in the morning | in the afternoon | in the evening | at night"},
	// money is an amount that nobody asked for: without its unit it is none.
	{"money", "(<number_below> | <number_hundreds>) (dollars|bucks) [[and] <number_tens> cents]"},
	{"amount", "<amount_major> [<amount_unit> [[and] <number_tens> [cents] | and <number_below> cents]] | <number_below> cents" +
		" | <number_unit> <number_tens> [<number_tens>] | <number_hundreds> <number_tens>"},
	{"amount_major", "<number_below> | <number_hundreds> | <number_thousands> | <number_below> hundred"},
	{"amount_unit", "dollars|dollar|bucks|yuan"},
	{"number", "zero | <number_below> | <number_hundreds> | <number_thousands>"},
	{"number_thousands", "(a | <number_below>) thousand [<number_hundreds> | [and] <number_below>]"},
	{"number_hundreds", "(a | <number_unit>) hundred [[and] <number_below>]"},
	{"number_below", "<number_unit> | <number_tens>"},
	{"number_tens", "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen" +
		" | (twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety) [<number_unit>]"},
	{"number_unit", "one|two|three|four|five|six|seven|eight|nine"},
	{"digits", anyDigits("[double] <digit>", longestDigits)},
	{"digit", "zero|oh|one|two|three|four|five|six|seven|eight|nine"},
	{"yes", "yes | yeah | yep | yup | sure | okay | correct | right | that's right | that's correct | yes that's right | yes please" +
		" | of course | speaking | that's me | yes speaking | yes that's me | yes it is | yes i am | yes i can | sounds good | that's fine | exactly | absolutely | definitely"},
	{"no", "no | nope | nah | not me | no that's not me | not really | that's not right | that's wrong | wrong | no thanks | no thank you" +
		" | i don't think so | no way | incorrect | not correct | absolutely not | no i can't | no i don't"},
}

// A recogniser has no idea of what is likely, so the Chinese rules leave out
// what is possible and hardly ever said: 四十七天以后, 三点十 without 分, 五百七
// without 块. Each would be one more way to mishear what is said every day.
var zhRules = []Rule{
	{"datetime", "<date_point> [<time>] | (今晚|明晚|明早) [<time_clock>] | <time> | <datetime_in>"},
	// moment and money are what is said where nobody asked for an hour or an
	// amount: the whole classes find one in almost any sentence.
	{"moment", "(今天|明天|后天) [上午|下午|晚上] | [明天] (上午|下午|晚上) <time_hour> 点 | 今晚 | 明晚 | 半小时后"},
	{"money", "<number_lead> 百 [<number_unit> 十] (块|块钱|元) | <number_unit> 十 (块|块钱|元)"},
	{"datetime_in", "[过] (<number_tens> 分钟 | 五分钟 | 半个小时 | 半小时 | <date_count> 个小时) (后|以后|之后)"},
	{"date_past", "今天 | 昨天 | 前天 | [上|上个] (<date_xingqi> | <date_libai>) | 上 <date_zhou> | <date_day> 号 | <date_named>"},
	{"date", "<date_point> | 今晚 | 明晚 | 明早 | <date_period>"},
	{"date_period", "[这个月|本月|下个月] (月底|月初) | (这个月|本月|下个月) (底|初) | 年底 | 这周末 | 下周末 | 周末 | 下 周 | 下个星期 | 下个月" +
		" | 过两天 | 过几天 | 这两天 | 现在 | 马上"},
	{"date_point", "今天 | 明天 | 后天 | 大 后天" +
		" | [这|这个|本|下|下个|下下个] (<date_xingqi> | <date_libai>) | [这|本|下|下下] <date_zhou>" +
		" | [这个月|本月|下个月] <date_day> 号 | <date_named>" +
		" | [过] <date_count> 天 (后|以后|之后) | [过] (一|两|三) (周|个星期|个月) (后|以后|之后)"},
	{"date_named", "<date_long> 月 <date_day> (号|日) | <date_short> 月 <date_thirty> (号|日) | 二月 <date_lower> (号|日)"},
	{"date_xingqi", "星期一|星期二|星期三|星期四|星期五|星期六|星期日|星期天"},
	{"date_libai", "礼拜一|礼拜二|礼拜三|礼拜四|礼拜五|礼拜六|礼拜天"},
	{"date_zhou", "周一|周二|周三|周四|周五|周六|周日"},
	{"date_count", "一|两|三|四|五|六|七|八|九|十|十五|二十|三十"},
	{"date_long", "一|三|五|七|八|十|十二"},
	{"date_short", "四|六|九|十一"},
	{"date_day", "<date_thirty> | 三十一"},
	{"date_thirty", "<date_lower> | 三十"},
	{"date_lower", "<date_low> | 十 [<date_low>] | 二十 [<date_low>]"},
	{"date_low", "一|二|三|四|五|六|七|八|九"},
	{"time", "[凌晨|早上|上午|中午|下午|傍晚|晚上] <time_clock>"},
	{"time_clock", "<time_hour> 点 [半 | 整 | 钟 | 一刻 | 三刻 | <time_minute>]"},
	{"time_hour", "一|两|三|四|五|六|七|八|九|十|十一|十二"},
	{"time_minute", "零五 [分] | 十分 | 十五 [分] | (二十|三十|四十|五十) [分 | 五 [分]]"},
	{"amount", "<number> <amount_unit> | <number> 块 <amount_mao> | <number> 元 <amount_jiao> | <number_round> | <number_unit> (毛|毛钱)"},
	{"amount_unit", "块|元|块钱"},
	{"amount_mao", "五 | <number_unit> 毛 [<number_unit> 分]"},
	{"amount_jiao", "<number_unit> 角 [<number_unit> 分] | 零 <number_unit> 分"},
	{"number", "<number_below> | <number_hundreds> | <number_thousands> | <number_myriads>"},
	{"number_round", "<number_lead> (百|千|万) | <number_tens>"},
	{"number_myriads", "<number_lead> 万 [零 <number_below> | 零 <number_hundreds> | <number_thousands> | <number_unit>] | 十 [<number_unit>] 万"},
	{"number_thousands", "<number_lead> 千 [零 <number_below> | <number_hundreds> | <number_unit>]"},
	{"number_hundreds", "<number_lead> 百 [零 <number_unit> | <number_unit> 十 [<number_unit>] | <number_unit>]"},
	{"number_below", "<number_lead> | <number_tens>"},
	{"number_tens", "十 [<number_unit>] | <number_unit> 十 [<number_unit>]"},
	{"number_lead", "两 | <number_unit>"},
	{"number_unit", "一|二|三|四|五|六|七|八|九"},
	{"digits", anyDigits("<digit>", longestDigits)},
	{"digit", "零|一|幺|二|三|四|五|六|七|八|九"},
	{"yes", "是 | 是的 | 对 | 对的 | 对对 | 没错 | 好 | 好的 | 好啊 | 行 | 可以 | 嗯 | 是我 | 我是 | 我就是 | 没问题 | 当然 | 是啊 | 对啊 | 是的没错 | 对我是 | 是的我是"},
	{"no", "不是 | 不对 | 没有 | 不行 | 不可以 | 不能 | 不好 | 不用 | 不要 | 不是我 | 不是的 | 错了 | 不是不是 | 不需要 | 还没有 | 我不是"},
}
