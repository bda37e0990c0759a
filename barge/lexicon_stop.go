package barge

// A word that begins and ends with a space is looked for as a whole word, in
// small letters; one without is Chinese and looked for anywhere.
//
// stops claim the floor however short they are. No bot says them, so they are
// never echo.
var stops = []string{
	// wait
	"等一下", "等一等", "等下", "等等", "等会", "等我", "稍等", "慢着", "慢点", "且慢", "先等", "停一下", "停停", "暂停", "打断一下", "插一句", "听我说", "我先说", "让我说", "我问一下", "问一下",
	" wait ", " hold on ", " hold up ", " hang on ", " hold it ", " excuse me ", " listen ", " pardon ", " sorry ", " just a ", " one moment ", " one second ", " one sec ", " let me ",
	// stop
	"先别", "别说", "别讲", "打住", "不要说", "不用说", "闭嘴", "住口", "够了", "不想听", "挂了", "别打", "不要打", "不要再", "不需要", "没兴趣", "没空", "没时间", "不方便",
	" stop ", " stop it ", " shut up ", " enough ", " leave me ", " take me off ",
	// no
	"不是", "不对", "不要", "不用", "不行", "不会", "没有", "没欠", "没借", "打错", "错了", "搞错", "弄错", "不认识", "听不清", "没听清", "听不到", "听不见", "再说一遍", "你是谁", "什么意思", "骗子", "诈骗",
	" no ", " nope ", " nah ", " not ", " never ", " don't ", " dont ", " doesn't ", " didn't ", " isn't ", " wasn't ", " aren't ", " won't ", " haven't ", " wrong number ", " wrong person ", " actually ", " but ", " say again ", " scam ",
}

// claims take the floor as well, but a bot may say them too, so that they may
// be its echo: questions, and what one asks a bot for.
var claims = []string{
	"什么", "啥", "谁", "哪位", "哪里", "哪儿", "哪个", "哪家", "怎么", "咋", "多少", "为什么", "为啥", "凭什么", "几号", "几点", "几天", "干嘛", "干吗", "是不是", "有没有", "能不能", "可不可以", "行不行",
	"投诉", "举报", "人工", "客服", "律师", "不能", "不可以", "不知道", "不清楚", "不明白", "在开会", "在开车", "在忙", "已经还", "已经付", "还过了", "付过了", "还了",
	" what ", " what's ", " whats ", " who ", " who's ", " whos ", " why ", " when ", " when's ", " where ", " where's ", " which ", " how ", " how's ", " whose ",
	" can you ", " can i ", " could you ", " could i ", " would you ", " will you ", " are you ", " is this ", " is it ", " is that ", " do you ", " do i ", " did you ", " did i ", " have you ", " may i ", " should i ", " am i ",
	" can't ", " cannot ", " wrong ", " mistake ", " operator ", " agent ", " representative ", " human ", " person ", " lawyer ", " complain ", " complaint ", " already ", " repeat ", " again ", " busy ", " driving ", " bye ", " goodbye ", " one minute ", " a second ", " a minute ", " however ",
}
