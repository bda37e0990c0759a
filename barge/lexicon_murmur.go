package barge

// What listeners say to show that they listen. Chinese as a recogniser writes
// it, without spaces; English in letters only, as squeeze leaves it, in every
// spelling that recognisers use. Parts may follow each other in any number
// ("好的好的嗯", "oh okay yeah").
var (
	// zhSounds carry no word at all.
	zhSounds = []string{
		"嗯", "恩", "唔", "呣", "姆", "嗯哼", "哼", "哦", "噢", "喔", "啊", "阿", "呃", "额", "诶", "欸", "哎", "唉", "嗨哟",
		"呵", "哈", "嘿", "哟", "呦", "哇", "嚯", "咳", "哎呀", "哎哟",
	}
	// zhAgrees go along with what is said.
	zhAgrees = []string{
		"好", "好的", "好吧", "好啊", "好呀", "好嘞", "好哒", "好滴", "好好", "好的呀", "行", "行吧", "行啊", "行呀", "行嘞", "成", "成吧", "中",
		"对", "对的", "对啊", "对呀", "对对", "对对对", "没错", "是", "是的", "是啊", "是呀", "是的呀", "是吧", "是哦", "是是", "可以", "可以的", "可以啊",
		"没问题", "没关系", "没事", "当然", "当然可以", "同意", "确实", "确实是", "的确", "也是", "也对", "有道理", "说的对", "说得对", "不错", "挺好", "挺好的", "嗯好",
	}
	// zhFollows say that it was understood.
	zhFollows = []string{
		"知道", "知道了", "我知道", "我知道了", "知道的", "晓得", "晓得了", "明白", "明白了", "我明白", "我明白了", "了解", "了解了", "我了解", "懂", "懂了", "我懂",
		"清楚", "清楚了", "我清楚", "收到", "收到了", "记住了", "记下了", "听到了", "听见了", "听懂了", "理解", "我理解", "谢谢", "谢谢您", "谢谢你", "多谢",
	}
	// zhMarvels take note of news.
	zhMarvels = []string{
		"是吗", "是嘛", "真的", "真的吗", "真的啊", "真的呀", "这样", "这样啊", "这样子", "这样子啊", "是这样", "是这样啊", "是这样的", "原来这样", "原来是这样", "原来如此", "难怪", "怪不得",
	}
	// zhGoOn ask the bot to go on.
	zhGoOn = []string{
		"您说", "你说", "您讲", "你讲", "请说", "请讲", "继续", "您继续", "你继续", "请继续", "我在听", "在听", "在听呢", "我听着", "听着呢", "我听着呢", "您说吧", "你说吧", "接着说",
	}
	// zhParticles end any of them.
	zhParticles = []string{"嘛", "呢", "吧", "了", "呀", "啦", "哈", "哒", "呗", "哇"}

	enSounds = []string{
		"uhhuh", "uhuh", "uhhu", "ahhuh", "ahuh", "unhhunh", "unhunh", "mhmm", "mhm", "mmhmm", "mmhm", "hmhm", "mmmhmm", "mmmhm", "mhmmhm", "umhum", "umhumm", "uhum", "umhm", "umhmm", "emhm",
		"mmm", "mm", "mmmm", "hm", "hmm", "hmmm", "hum", "huh", "um", "umm", "ummm", "uhm", "uh", "uhh", "er", "err", "erm", "em", "eh", "ah", "ahh", "aah", "aha", "ahha", "oh", "ohh", "ooh", "oho", "ow", "ha", "haha", "hah",
		"phew", "whoa", "wow", "ay", "aye",
	}
	enAgrees = []string{
		"yeah", "yea", "yeh", "yep", "yup", "yes", "yah", "ya", "yessir", "yesmaam", "okay", "ok", "okey", "kay", "mkay", "okeydoke", "okeydokey", "right", "rightright", "righto", "thatsright", "thatisright", "alright", "allright",
		"sure", "suresure", "surething", "forsure", "ofcourse", "course", "absolutely", "definitely", "certainly", "exactly", "precisely", "totally", "indeed", "true", "verytrue", "thatstrue", "thatistrue", "correct", "thatscorrect",
		"fine", "thatsfine", "good", "verygood", "verywell", "thatsgood", "allgood", "great", "thatsgreat", "perfect", "lovely", "nice", "cool", "awesome", "excellent", "soundsgood", "soundsgreat", "fairenough", "makessense", "thatmakessense",
		"noproblem", "noworries", "agreed", "iagree", "yesiknow",
	}
	enFollows = []string{
		"isee", "iseeisee", "igotit", "gotit", "gotcha", "igotyou", "gotyou", "iunderstand", "understood", "iunderstood", "iknow", "ihearyou", "noted", "point", "goodpoint", "thanks", "thankyou", "manythanks", "cheers",
	}
	enMarvels = []string{
		"really", "ohreally", "isthatright", "isthatso", "nokidding", "interesting", "goodness", "mygoodness", "gosh", "mygosh", "ohmy", "ohboy", "boy", "jeez", "geez", "dear", "ohdear", "fancythat", "howaboutthat", "huhinteresting",
	}
	enGoOn = []string{"goahead", "goon", "pleasegoon", "pleasegoahead", "carryon", "continue", "imlistening", "iamlistening", "imhere", "keepgoing"}
	// enOpeners lead a sentence or stand alone.
	enOpeners = []string{"well", "so", "please"}
)

var murmurs = [][]string{
	zhSounds, zhAgrees, zhFollows, zhMarvels, zhGoOn, zhParticles,
	enSounds, enAgrees, enFollows, enMarvels, enGoOn, enOpeners,
}

// impatient sound like agreement and want the bot to stop.
var impatient = []string{"好了好了", "行了行了", "够了", "得了得了", "知道了知道了知道了", "okayokayokayokay", "yesyesyesyes", "yeahyeahyeahyeah"}

// greetings are backchannel only while a prompt begins: later in it they ask
// whether anybody is there.
var greetings = [][]string{{
	"喂", "你好", "您好", "哈喽", "哈啰", "嗨", "早", "早上好", "上午好", "中午好", "下午好", "晚上好", "哪位", "请问哪位",
	"hello", "hullo", "hallo", "hi", "hiya", "hey", "heythere", "hithere", "goodmorning", "goodafternoon", "goodevening", "speaking", "morning",
}}
