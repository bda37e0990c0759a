package progress

// Phrases are the patterns of the announcements of networks and machines in a
// language, in the notation of package phrase, for a recogniser that compiles a
// grammar. An unknown language has none. The slice is the caller's.
func Phrases(language string) []string {
	switch language {
	case "zh":
		return append([]string(nil), chinese...)
	case "en":
		return append([]string(nil), english...)
	}
	return nil
}

const (
	zhYou = "[您好|对不起|很抱歉] "
	zhWho = "您(拨打|所拨打|拨叫|呼叫)的(电话|号码|用户|手机)"
	zhEnd = " [请稍后再拨|请核对后再拨|请查证后再拨|请不要挂机]"
)

var chinese = []string{
	zhYou + zhWho + "(是空号|不存在|有误|不正确)" + zhEnd,
	zhYou + zhWho + "[已](关机|停机|暂停服务|停止服务|欠费停机)" + zhEnd,
	zhYou + "[请不要挂机] " + zhWho + "(正在通话中|正在通话|正忙|占线)" + zhEnd,
	zhYou + zhWho + "[暂时](无法接通|不在服务区|无人接听|不方便接听)" + zhEnd,
	zhYou + zhWho + "已(呼入限制|设置呼叫限制)",
	"[您好] 您的来电信息将以短信的[形式](通知|告知)(他|她|机主) [再见]",
	"对方已(启用|开通)来电提醒[业务]",
	"已为您启动通信助理",
	"这里是[机主的]语音信箱 [请留言]",
	"[请在](嘀声|提示音|滴声)后[请]留言",
	"录音完成后[请](挂断|挂机)即可",
	"语音信箱已满",
	"[您好] 我是(机主|他|她)的(语音|智能|电话)助(手|理) [请问您有什么事]",
	"[请]说(出|明)您的(姓名|来意)",
	"正在为您转接 [请稍后|请稍等|请稍候]",
	"您的呼叫(已被转移|正在接通中) [请稍后|请稍候]",
	"请(不要|勿)挂机",
	"您的余额不足 [请及时充值]",
	"请按(零|一|二|三|四|五|六|七|八|九)",
	"请输入分机号 [按井号键结束]",
	"[喂] (你好|您好)",
	"喂",
}

const enNumber = "[sorry] the (number|subscriber|customer|person|user) you (dialed|dialled|called|have dialed|have dialled|have called|are calling|are trying to reach) "

var english = []string{
	enNumber + "is (not in service|no longer in service|not in use|incorrect|invalid|disconnected) [please check the number [and (dial|try) again]]",
	"[sorry] the number you have dialed does not exist",
	enNumber + "is (powered off|switched off|turned off)",
	enNumber + "(is|has been) [temporarily] (suspended|out of service)",
	enNumber + "is (busy|busy now|on another call|on the phone) [please (redial|try again|call again) later]",
	enNumber + "(can not|cannot) be (connected|reached) [for the moment|at the moment|now] [please (redial|try again) later]",
	enNumber + "is (no answer|not answering|not available|unavailable) [please (redial|try again) later]",
	"your call cannot be completed as dialed [please check the number and dial again]",
	"all circuits are busy [now] [please try (again|your call again) later]",
	"[hi|hello] you've reached the (voicemail|voice mailbox) [of]",
	"[please] leave (a|your) message (after|at) the (tone|beep)",
	"[please] record your message (after|at) the (tone|beep)",
	"[sorry] (i|we) (can't|cannot) (take your call|come to the phone|get to the phone) [right now]",
	"[your call] has been forwarded to [an automatic] (voicemail|voice message system|voice mail)",
	"the mailbox is full [and cannot accept any messages]",
	"[please] (state|say) your name [and why you're calling] [and i will (check|see) if (the|this) person is available]",
	"press (zero|one|two|three|four|five|six|seven|eight|nine) [to continue|to connect|for]",
	"[please] enter the extension [number] [followed by the pound key]",
	"please (hold|wait) [while i connect you|while we connect your call]",
	"your call is being (connected|forwarded|transferred)",
	"(hello|hi) [who is this|speaking]",
	"yes",
}
