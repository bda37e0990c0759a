package spoken

// zhYes and zhNo are answers even when more follows; zhYesAlone only when
// nothing does.
var zhYes = []string{
	"是的", "是啊", "是呀", "是我", "我是", "我就是", "是本人", "就是我", "对的", "对啊", "对呀", "对对", "没错", "好的", "好啊", "好呀", "好吧", "好嘞", "可以的",
	"可以啊", "可以", "行啊", "行吧", "行的", "没问题", "没有问题", "当然", "正确", "嗯嗯", "嗯对", "嗯好", "同意", "确认", "确定", "愿意", "没关系", "我就是本人", "对没错",
	"是是", "好好", "好说", "有空", "方便", "知道了", "明白", "明白了", "了解", "了解了", "您说", "你说", "你讲", "您讲",
}

var zhYesAlone = []string{"是", "对", "好", "行", "嗯", "恩", "嗯哼", "要", "能", "有", "会", "在"}

var zhNo = []string{
	"不是", "不对", "没有", "不行", "不可以", "不能", "不好", "不用", "不要", "不是我", "不是的", "不对的", "错了", "不了", "不需要", "不想", "不同意", "不愿意", "不正确",
	"不方便", "没空", "没时间", "我不是", "我没有", "没", "不", "不会", "还没有", "还没", "不是本人", "绝对不", "当然不", "不是这样", "没这回事", "不可能", "从来没有", "我不", "不太行",
}

// zhNeither begin like an answer and are none.
var zhNeither = []string{
	"是不是", "对不对", "好不好", "行不行", "可不可以", "能不能", "有没有", "要不要", "是谁", "是什么", "是吗", "对吗", "好吗", "行吗", "可以吗", "对了", "对方", "对不起", "好像",
	"不好意思", "不知道", "不清楚", "不一定", "不好说", "不确定", "不认识", "不懂", "不明白", "没听清", "没听懂", "没听清楚", "没听见", "不太清楚", "我不知道", "我不清楚", "我没听清", "我不太清楚", "没什么", "没关系吧", "确定吗",
	"好多", "好久", "行情", "不要紧", "不客气", "方便面", "有空再", "不要再", "别再", "不过", "不管", "不光", "不仅", "不得不", "你说什么", "您说什么", "你说谁", "不懂你",
	"对于", "没听到", "我是不是", "我是谁", "要不", "我不确定", "不记得", "没想好", "不见得", "好好说", "不同",
}

var zhFillers = map[string]bool{
	"嗯": true, "呃": true, "额": true, "啊": true, "哦": true, "噢": true, "喂": true, "那": true, "哎": true, "诶": true, "唉": true, "就": true,
	"您": true, "你": true, "好": true, "这": true, "个": true, "呀": true, "吧": true, "呢": true, "了": true,
}

// zhParticles may close an answer.
var zhParticles = map[string]bool{"啊": true, "呀": true, "吧": true, "的": true, "了": true, "嘛": true, "哦": true, "呢": true, "哈": true, "嗯": true}

// zhYesNo reads an answer at the beginning of a clause.
func zhYesNo(r *reader, i int) (reading, bool) {
	if !r.opens(i, zhFillers, func(j int) int { return zhAnswerEnd(r, j) }) {
		return reading{}, false
	}
	yes, next, ok := zhAnswer(r, i)
	if !ok {
		return reading{}, false
	}
	for {
		again, end, more := zhAnswer(r, next)
		if !more || again != yes {
			break
		}
		next = end
	}
	return answer(yes, next), true
}

func zhAnswer(r *reader, i int) (yes bool, next int, ok bool) {
	y, isYes := r.anyRun(i, zhYes...)
	n, isNo := r.anyRun(i, zhNo...)
	x, neither := r.anyRun(i, zhNeither...)
	if neither && x >= max(y, n) {
		return false, 0, false
	}
	if alone, ok := r.anyRun(i, zhYesAlone...); ok && !isYes && !isNo {
		k := alone
		for k < len(r.toks) && !r.clause(k) && zhParticles[r.at(k)] {
			k++
		}
		// 对 and 是 may be said twice, and before a value: 对周五.
		if hum := r.at(i) == "嗯" || r.at(i) == "恩"; r.clause(k) && (!hum || k == len(r.toks)) {
			return true, k, true // before more words a hum is no answer
		}
		if end := zhAnswerEnd(r, k); end > k {
			return true, k, true
		}
		if _, dated := zhDate(r, k); dated && alone == i+1 {
			return true, k, true
		}
		return false, 0, false
	}
	if isYes && y > n {
		if r.at(y) == "吗" && !r.clause(y) {
			return false, 0, false
		}
		for y < len(r.toks) && !r.clause(y) && zhParticles[r.at(y)] {
			y++
		}
		return true, y, true
	}
	return false, n, isNo
}

// zhAnswerEnd is the end of an answer at i, or i.
func zhAnswerEnd(r *reader, i int) int {
	if _, next, ok := zhAnswer(r, i); ok {
		return next
	}
	return i
}
