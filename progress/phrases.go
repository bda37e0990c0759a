package progress

import (
	"slices"
	"strings"
)

// Phrases are the patterns of the announcements of networks and machines in a
// language, in the notation of package phrase, for a recogniser that compiles a
// grammar. They are built as the rules for text are: every subject with every
// state. What people answer with stands among them, because a grammar that lacks
// a phrase hears its nearest neighbour. An unknown language has none. The slice
// is the caller's.
func Phrases(language string) []string {
	switch language {
	case "zh":
		return sentences(chinesePolite, chineseSubjects, chineseStates, chineseAdvice, chineseAlone, answers[language])
	case "en":
		return sentences(englishPolite, englishSubjects, englishStates, englishAdvice, englishAlone, answers[language])
	}
	return nil
}

// sentences are polite words, subject, state and advice after one another, and
// what stands alone. One pattern a state keeps a state that cannot be pronounced
// from taking the others with it.
func sentences(polite, subjects, states, advice []string, alone ...[]string) []string {
	all := slices.Concat(alone...)
	for _, state := range states {
		all = append(all, optional(polite)+" "+choice(subjects)+" "+state+" "+optional(advice))
	}
	return all
}

func optional(all []string) string { return "[" + strings.Join(all, "|") + "]" }
func choice(all []string) string   { return "(" + strings.Join(all, "|") + ")" }

var chinesePolite = []string{"您好", "你好", "对不起", "很抱歉", "抱歉", "您好请不要挂机", "请不要挂机"}

var chineseSubjects = []string{
	"您(拨打|所拨打|拨叫|所拨叫|呼叫|所呼叫|拨|所拨)的(电话|号码|用户|手机|电话号码|客户)",
	"(您的|该|此|这个|对方的|被叫)(电话|号码|用户|手机)", "(用户|机主|对方)",
}

var chineseStates = []string{
	"(是空号|不存在|有误|不正确|是错误的|无效|尚未启用|未启用|已注销|没有登记)",
	"[已|已经|现在|目前](关机|没有开机|处于关机状态)",
	"[已|已经|现在|目前](停机|暂停服务|停止服务|欠费停机|停止使用|暂停使用)",
	"[现在|目前](正在通话中|正在通话|正忙|占线|忙|通话中|正在占线)",
	"[暂时|现在|目前](无法接通|不能接通|未能接通|无法联系|不在服务区|不在服务区内|无法接听|联系不上)",
	"[暂时|现在|目前](无人接听|无人应答|没有应答|没有接听|没有人接听|不方便接听|不方便接听您的电话)",
	"[已|已经](呼入限制|设置呼叫限制|限制呼入|呼入受限|设置来电限制|拒绝来电)",
}

var chineseAdvice = []string{
	"请稍后再拨", "请核对后再拨", "请查证后再拨", "请核实后再拨", "请确认后再拨", "请不要挂机", "请稍后再打", "请您稍后再试", "请您稍后再拨", "稍后再拨",
}

var chineseAlone = []string{
	"[您好] 您的来电[信息]将以短信的[形式](通知|告知)(他|她|机主|对方) [再见]",
	"[我们]将[会][以|用|通过]短信[的形式|方式](通知|告知|提醒)(他|她|机主|对方|用户)",
	"(对方|机主|用户)已(启用|开通|开启)来电提醒[业务|服务]",
	"[已]为您(启动|开启)(通信|通讯|来电)助理",
	"(这里是|您好这里是|欢迎使用)[机主的](语音信箱|留言信箱) [请留言]",
	"[请](在|听到)(嘀声|提示音|滴声|嘀的一声|哔声)(后|之后)[请][开始](留言|录音)",
	"[如需留言]请(在提示音后留言|留言|您留言)",
	"(录音|留言)(完成|结束)后[请](挂断|挂机)[即可]",
	"[对方的|用户的](语音信箱|留言信箱|信箱)[已|已经](已满|满了)",
	"[您好] 我是[机主的|他的|她的][语音|智能|电话|来电](助手|助理|秘书)",
	"[您好] 我是(机主|他|她)的(语音|智能|电话|来电)(助手|助理|秘书) [请问您有什么事|请问有什么事|请问您是哪位|请问您找他有什么事]",
	"请(说出|说明|告诉我|报上)[您的](姓名|名字|来意|身份) [我帮您看看他是否方便|我会为您转接|再为您接通]",
	"(正在为您|正在|我们正在为您)(转接|接通) [请稍后|请稍等|请稍候]",
	"您的(呼叫|来电)(已被转移|正在接通中|正在转接|已转移) [请稍后|请稍候]",
	"请(不要|勿)挂机", "请稍等", "请稍候",
	"您的(余额|话费)不足 [请及时充值|请充值]",
	"[您好]您[的][电话|号码]已欠费 [请及时充值]",
	"(网络|线路|系统)(忙|繁忙|正忙|故障) [请稍后再拨|请您稍后再拨]",
	"(业务|话费|账单|人工|客服|投诉|查询|办理)[咨询|查询|办理|服务]请按(零|一|二|三|四|五|六|七|八|九)",
	"[人工服务|人工客服|普通话|中文]请按(零|一|二|三|四|五|六|七|八|九)[键]",
	"请[直接](输入|拨)分机号[码] [按井号键结束|查号请拨零|查号请按零]",
	"(座席|坐席|客服|话务员)[全]忙 [请稍候|请稍等]",
	"您的来电[对我们]很重要", "[为了保证服务质量]本次通话(将被录音|可能被录音)",
}

var englishPolite = []string{"[i am|i'm|we are|we're] sorry", "hello", "welcome", "attention"}

var englishSubjects = []string{
	"(the|this|that|your) (number|subscriber|customer|person|user|party|phone|mobile|line|phone number|telephone number|mobile number|cell phone|wireless customer|mobile customer)" +
		" [[that|which] you (dialed|dialled|called|have dialed|have dialled|have called|have reached|are calling|are trying to (reach|call|contact)|want to reach|just dialed)]",
	"the (phone|mobile|telephone|number) of the (subscriber|person|customer) [you (dialed|called|are calling)]",
	"it",
}

var englishStates = []string{
	"(is|may be|has been) (not in service|no longer in service|not in use|incorrect|invalid|disconnected|not valid|not assigned|not allocated|unallocated|not a working number|not a valid number|changed|wrong|not recognized)",
	"does not exist",
	"is [currently|now] (powered off|switched off|turned off|off|not switched on)",
	"(is|has been) [temporarily|currently] (suspended|out of service|deactivated|not in service)",
	"is [currently|now] (busy|engaged|on another call|on another line|on the phone|talking to someone else|in use) [now|at the moment|right now]",
	"(can not|cannot|can't|could not) be (connected|reached|contacted) [for the moment|at the moment|at this time|right now|now]",
	"is [currently|temporarily] (not reachable|unreachable|out of reach|out of coverage|out of the service area|outside the coverage area|not available|unavailable) [now|right now|at the moment|at this time]",
	"(is no answer|is not answering|does not answer|did not answer|has not answered|is not answering now|is not responding|is not picking up)",
	"(is|does) not (accepting|accept|allowed to receive|taking) (incoming calls|calls) [at this time]",
}

var englishAdvice = []string{
	"please (redial|try again|call again|call back|dial again) [later|in a few minutes]",
	"please check the number and (dial|try|call) [your call] again",
	"please check the number [you dialed]", "please do not hang up", "please leave a message", "this is a recording",
}

var englishAlone = []string{
	"[i'm sorry|we're sorry|sorry] your call (cannot|can not|could not) be completed [as dialed|at this time] [please check the number and dial again]",
	"please check the number and (dial|try|call) [your call] again", "please hang up and (try|dial) [your call] again",
	"please try your call [again] [later]",
	"[i'm sorry|we're sorry|sorry] all (circuits|lines|trunks) are [currently] busy [now|at the moment] [please try (again|your call again) later]",
	"(due to|because of) (network|technical) (problems|difficulties|congestion) your call (cannot|could not) be completed",
	"[hi|hello] you've reached [the] (voicemail|voice mailbox|voice mail|mailbox|phone|office) [of|box]",
	"[hi|hello] [you've|you have] reached [the] (voicemail|voice mailbox|voice mail|mailbox) [of] [please leave (a|your) message [(after|at) the (tone|beep)]]",
	"[(i|we) (can't|cannot|are unable to) (take your call|come to the phone|get to the phone|answer the phone|answer your call) [right now|at the moment|now]] [but] [please|you may|you can] leave (a|your|me a|us a) message [(after|at) the (tone|beep)]" +
		" [and|then] [(i|we) (will|shall) (call|get back to) you [back] [as soon as (possible|i can|we can)]] [when (done|finished|you are finished|you have finished [recording]) [please] (hang up|you may hang up) [or press (the pound key|one|pound) [for more options]]]", "(after|at) the (tone|beep) [please] (record|leave) (your|a) message",
	"[please] leave your name [and] [phone] number [and a [brief|short] message] [after the (tone|beep)]",
	"[please] record your [busy|unavailable] message (after|at) the (tone|beep)", "after the (tone|beep) (say|record) your [busy|unavailable] message [and] [then] press the pound key",
	"(i|we) (can't|cannot|can not|am not able to|are unable to) (take your call|come to the phone|get to the phone|answer the phone|answer your call) [right now|at the moment|now]",
	"(nobody|no one) is [currently] available to (take your call|answer your call) [right now|now|at the moment|at this time]",
	"[your call] has been forwarded to [an automated|an automatic|a] (voicemail|voice message system|voice mail|voice messaging system)",
	"(the|this) (mailbox|voice mailbox|voicemail box|mail box) is full [and cannot accept (any|new) messages [at this time]]",
	"[please|if you] (state|say|record) your name [and] [the reason for calling|why you're calling|why you are calling|your reason for calling] [after the tone]",
	"[and] i will (check|see) if (the|this) person is available", "(the|this) person [you are calling] is using a screening service [from google]",
	"[please] stay on the line [while i try to connect you]",
	"[hi|hello] (i am|i'm|this is) (the|an|a) [personal|virtual|phone|call|digital] assistant [of|for] [how can i help [you]|what is this about|can i take a message]",
	"[for|if] [you] (english|sales|support|billing|service|customer service|an operator|the operator|technical support|more options|account information|other|know) [please] (press|dial) (zero|one|two|three|four|five|six|seven|eight|nine)",
	"[to] (continue|connect|leave a message|speak to an operator|repeat these options|hear this again) (press|dial) (zero|one|two|three|four|five|six|seven|eight|nine)",
	"[please] (press|dial) (zero|one|two|three|four|five|six|seven|eight|nine|the pound key|the star key|pound|star) [to (continue|connect|leave a message|speak to an operator|be connected)|for (sales|support|service)]",
	"[please] listen (carefully|closely) [to the] [as our] [menu] options", "please (choose|select) (from|one of) the following options", "[this|your] call may be monitored",
	"[please] (enter|dial) the extension [number] [of the person you are calling] [followed by the pound key]", "if you know your party's extension [you may dial it [now|at any time]]", "[the] person at extension",
	"[i am sorry|i'm sorry|sorry] [but] (that's|that is) not a valid extension [please try again]",
	"all [of] [our] (representatives|agents|operators|lines|attendants) [of the household] are [currently] (busy|assisting other (callers|customers|telemarketers)|helping other (callers|customers)) [please hold|please stay on the line]",
	"[please hold and] your call will be answered [in the order [in which] it was received|by the next available (agent|representative|operator)]", "your call is important to us",
	"please (hold|wait) [while i connect you|while we connect your call|for the next available (agent|representative)]", "your call is being (connected|forwarded|transferred)",
	"you are [currently] the only person in this conference", "agent logged (on|in|off)",
}

var chinesePeople = []string{
	"[请问]您是哪位[找他有什么事]", "[喂] (你好|您好) [哪位|请讲|请问哪位|请问你是哪位|你是谁|找谁|什么事]", "喂 [喂|哪位|谁啊|谁呀|什么事|找谁|你说|说话]", "哪位", "谁啊", "谁呀", "你是谁",
	"欢迎致电[客服中心|客户服务中心|服务热线]",
	"请讲", "你找谁", "什么事", "说话", "是我", "我是", "在呢", "哎 [你好]", "你说", "干嘛", "怎么了", "我在", "我现在[有点]忙", "我在开车", "我在开会",
}

var englishPeople = []string{
	"thank you for calling", "congratulations", "(may|can) i ask who is calling", "who may i say is calling",
	"please try again", "[hi|hello] you have reached", "[and] (i'll|i will|we'll) (call|get back to) you [back]",
	"(hello|hi|hey|yes|yeah) [hello|who is this|who's this|speaking|this is|who's calling|who is calling|can i help you|how are you]", "good (morning|afternoon|evening) [how can i help [you]|can i help you|speaking]", "speaking", "who is (this|it|calling)",
	"yes [it is|this is (he|she)|i am|please]", "goodbye", "bye [bye]", "what do you want", "i'm (busy|driving|in a meeting|not interested)", "go ahead", "how can i help you", "one (moment|second)", "hold on",
}

// answers are what people pick up with, and what people and machines both say,
// by language.
var answers = map[string][]string{"en": englishPeople, "zh": chinesePeople}
