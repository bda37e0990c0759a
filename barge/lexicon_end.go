package barge

// unfinished are words at which a sentence stands open, in the way of stops.
// Of these lists the longest match counts.
var unfinished = []string{
	// filled pauses
	"嗯", "呃", "额", "唔", "那个", "这个", "就是", "就是说", "怎么说呢", "怎么说", "我想想", "我看看", "让我想想", "我想一下", "那什么",
	" um ", " uh ", " er ", " erm ", " umm ", " uhm ", " hmm ", " like ", " you know ", " i mean ", " let me see ", " let's see ", " let me think ", " well ", " sort of ", " kind of ", " basically ",
	// conjunctions
	"然后", "因为", "但是", "但", "不过", "可是", "所以", "如果", "要是", "假如", "还有", "或者", "或", "而且", "并且", "比如", "比如说", "虽然", "除了", "以及", "和", "跟", "与", "还是", "只是", "只要", "只有", "等到", "直到", "的话",
	" and ", " or ", " but ", " because ", " cause ", " so ", " if ", " then ", " than ", " unless ", " until ", " till ", " while ", " although ", " though ", " since ", " whether ", " as ", " except ", " plus ",
	// beginnings
	"我想", "我要", "我得", "可能", "大概", "应该", "也许", "已经", "每个", "下个", "上个", "从", "把", "被", "对于", "关于", "第", "尾号", "尾号是", "号码是", "日期是", "大约", "最多", "至少",
	" i ", " i'm ", " i've ", " i'll ", " i'd ", " we ", " we're ", " they ", " he ", " she ", " my ", " our ", " your ", " his ", " their ", " is ", " was ", " are ", " were ", " be ", " been ", " has ", " had ", " will ", " would ", " could ", " should ", " can ", " may ", " might ", " must ",
	" it's ", " that's ", " there's ", " very ", " just ", " only ", " also ", " gonna ", " i want ", " i need ", " i have ",
	// prepositions and articles
	" the ", " a ", " an ", " to ", " on ", " of ", " for ", " with ", " in ", " at ", " by ", " from ", " about ", " after ", " between ", " into ", " per ", " around ", " next ", " some ", " any ", " each ", " every ", " double ", " triple ", " account number ",
}

// finished are ends after which nothing is missing.
var finished = []string{
	"了", "吗", "吧", "呢", "啊", "呀", "啦", "哦", "嘛", "谢谢", "谢谢你", "谢谢您", "再见", "拜拜", "就这样", "就这些", "没了", "好的", "可以", "可以的", "是的", "对的", "没有", "不是", "不行", "不用", "不要", "不知道", "不清楚", "没问题",
	"是什么", "是谁", "多少钱", "什么意思", "为什么", "怎么办", "的钱", "还款", "还钱", "付款", "人工", "一下", "一遍", "就这个", "就是这个",
	" please ", " thanks ", " thank you ", " bye ", " goodbye ", " okay ", " ok ", " yes ", " yeah ", " yep ", " no ", " nope ", " right ", " correct ", " sure ", " fine ", " too ", " either ", " anymore ", " already ", " now ", " today ", " tomorrow ", " yesterday ", " again ", " it ", " me ", " that's it ", " that's all ", " that is all ", " it is ", " i do ", " i did ", " i am ", " i can't ", " i don't ", " don't know ", " speaking ", " no problem ", " of course ", " what ", " what's this about ", " what is this about ", " what is it about ", " what for ", " who for ", " operator ", " agent ", " done ", " money ", " all right ", " alright ", " week ", " month ", " wrong number ", " hold on ", " hang on ",
}

// either are ends that are as often whole as not ("yes i can", "i can pay …").
var either = []string{
	" i can ", " i will ", " i would ", " i could ", " i should ", " we can ", " we will ", " i was ", " i think ", " i guess ", " maybe ", " i suppose ", " don't want to ", " have to ", " not like ", " i can't ", " he is ", " she is ", " they are ", " we are ", " you are ",
	"应该可以", "可能吧", "没有和", "还没还",
}
