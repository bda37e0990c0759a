package progress

import (
	"strings"
	"unicode"

	"parley/outcome"
)

// rule recognises one class of announcement: the text must hold one word of
// every group and none of the last list.
type rule struct {
	class string
	all   [][]string
	none  []string
}

// The order matters: the first rule that fits wins, so what is more specific,
// or says more about the attempt, stands first. Chinese words are looked for in
// the text without spaces; a leading or trailing space asks for a word border.
var rules = allWritten([]rule{
	{class: "voicemail_full", all: [][]string{{"信箱", "邮箱", "留言箱", "mailbox", "voicemail", "voice mail"}, {"已满", "满了", "空间不足", " full "}}},
	{class: "voicemail_full", all: [][]string{{"信箱", "留言", "邮箱", "录音空间"}, {"已满", "满了", "装满", "用完", "不足", "无法再"}}},
	{class: "voicemail_full", all: [][]string{{" mailbox ", " inbox ", " voicemail ", " voice mail ", " message box "}, {" full ", " no more space ", " no space ", " no room ", " out of space ", " can not accept ", " not accepting "}}},

	{class: "reminder", all: [][]string{{"通信助理", "通讯助理", "来电助理"}, {"启动", "启用", "开启", "开通"}}},
	{class: "ivr_extension", all: [][]string{{"分机", " extension "}, {"输入", "请拨", "请按", "拨打", " enter ", " dial ", " press "}}},

	{class: "call_screening", all: [][]string{{" your name ", " who is calling ", " who's calling ", " why you're calling ", " why you are calling ", " reason for your call ", " reason for calling ", " screening "},
		{" state ", " say ", " see if ", " check if ", " is available ", " connect you ", " screening ", " tell me "}}, none: []string{" after the tone ", " after the beep ", " leave "}},
	{class: "call_screening", all: [][]string{{"您的姓名", "你的姓名", "您是谁", "您的名字", "来电目的", "来电原因", "来电事由", "来意"}, {"请说", "请告诉", "请您说", "请报", "说明", "请简要"}}},
	{class: "call_screening", all: [][]string{{" call screening ", " screening service "}}},
	{class: "call_screening", all: [][]string{{" your name ", " who you are ", " why you are calling ", " reason you ", " reason for "}, {" before ", " connect ", " put you through ", " see if ", " can talk ", " whether ", " available ", " screening "}}, none: []string{" leave "}},
	{class: "call_screening", all: [][]string{{"姓名", "名字", "哪位", "身份", "来意", "事由", "来电的原因", "来电目的"}, {"为您接通", "再接通", "接通之前", "接通前", "请报", "报上", "请先", "请说", "请您说", "请告", "确认身份", "说一下", "说明"}}, none: []string{"助理", "助手", "秘书", "我是", "留言"}},

	{class: "assistant", all: [][]string{{"助手", "助理", "秘书", "智能接听", "代接", "代为接听"}, {"我是", "机主", "请问", "什么事", "帮他", "帮您转达", "转达", "为您服务"}}, none: []string{"短信"}},
	{class: "assistant", all: [][]string{{" assistant ", " secretary "}, {" i'm ", " i am ", " this is ", " how can i help ", " on behalf ", " speaking for ", " take a message ", " what is it about "}}},
	{class: "assistant", all: [][]string{{" assistant ", " secretary ", " on behalf of ", " answering for ", " answering calls "}, {" how may ", " how can ", " what can i ", " can i ", " may i ", " i am ", " this is ", " speaking with ", " help you "}}},
	{class: "assistant", all: [][]string{{"助手", "助理", "秘书", "代替机主", "代机主"}, {"哪位", "什么事", "转告", "转达", "告诉我", "接听", "帮您", "代"}}, none: []string{"短信", "启用", "启动", "开启"}},

	{class: "voicemail", all: [][]string{{"语音信箱", "语音邮箱", "留言信箱", "请留言", "请您留言", "如需留言", "开始留言", "提示音后", "提示音之后", "嘀声后", "滴声后", "嘀的一声", "哔声后", "哔一声", "录音完成", "录音结束", "开始录音", "听到信号音后"}}},
	{class: "voicemail", all: [][]string{{" leave ", " record "}, {" message ", " name and number ", " name and a number ", " name and your number "}}},
	{class: "voicemail", all: [][]string{{" after the tone ", " at the tone ", " after the beep ", " at the beep ", " voicemail ", " voice mail ", " voice mailbox ", " voice message system ", " automatic voice ", " finished recording ", " hang up or press "}}},
	{class: "voicemail", all: [][]string{{" you've reached ", " you have reached ", " reached the "}, {" message ", " can't come ", " cannot come ", " can't take ", " cannot take ", " can't get ", " not available ", " unavailable ", " get back to you ", " call you back ", " away from ", " voicemail "}}},

	{class: "voicemail", all: [][]string{{" can't ", " cannot ", " can not "}, {" take your call ", " come to the phone ", " get to the phone ", " answer the phone ", " get to your call ", " answer your call "}}},
	{class: "voicemail", all: [][]string{{" nobody ", " no one "}, {" available "}, {" your call "}}},
	{class: "voicemail", all: [][]string{{"留言", "留个言", "留下口信", "口信", "录音"}, {"请", "可以", "给我", "之后", "后"}}, none: []string{"满", "用完", "不足"}},
	{class: "voicemail", all: [][]string{{" leave ", " record ", " speak "}, {" message ", " your details ", " your name ", " your number ", " the beep ", " the tone ", " a voicemail "}}},
	{class: "voicemail", all: [][]string{{" wait for the beep ", " wait for the tone ", " voicemail of ", " sent to voicemail ", " a voicemail "}}},

	{class: "ivr_menu", all: [][]string{{"按一", "按二", "按三", "按四", "按五", "按六", "按七", "按八", "按九", "按零", "按1", "按2", "按3", "按4", "按5", "按6", "按7", "按8", "按9", "按0", "按井", "按#", "按星", "按*"}}},
	{class: "call_screening", all: [][]string{{" check if the person ", " see if this person "}}},
	{class: "call_screening", all: [][]string{{" may i ask who is ", " can i ask who is ", " who may i say "}, {" before ", " connect ", " put you through ", " see if ", " screening ", " record ", " after the "}}},
	{class: "ivr_queue", all: [][]string{{" order it was ", " call will be answered ", " order in which ", " next available ", " call is important ", " be answered in "}}},
	{class: "ivr_queue", all: [][]string{{" representatives ", " agents ", " operators ", " attendants ", " associates ", " advisors "}, {" busy ", " assisting ", " helping ", " engaged ", " serving "}}},
	{class: "ivr_queue", all: [][]string{{"坐席", "座席", "话务员", "客服", "人工"}, {"忙", "排队", "服务其他", "等候"}}, none: []string{"我"}},
	{class: "ivr_queue", all: [][]string{{"来电对我们", "来电很重要", "致电", "客户服务中心", "客服中心"}, {"重要", "请稍", "请等", "等候", "排队", "转人工", "人工服务", "业务", "语音", "自助", "录音"}}, none: []string{"我是"}},
	{class: "unreachable", all: [][]string{{" please try your call ", " please try your call again ", " hang up and try ", " hang up and dial "}}, none: []string{" busy ", " congested ", " not valid ", " problems "}},
	{class: "announcement", all: [][]string{{"本次通话", "服务质量"}, {"录音"}}},
	{class: "announcement", all: [][]string{{" in this conference ", " agent logged ", " logged in ", " call may be monitored "}}},
	// A receptionist thanks, welcomes and congratulates too: it takes a second word.
	{class: "announcement", all: [][]string{{" congratulations ", " thank you for calling "}, {" successfully ", " you have won ", " been selected ", " recorded ", " menu ", " options ", " following ", " press ", " please hold ", " please stay ", " stay on the line ", " next available ", " office hours ", " business hours ", " currently closed ", " please visit ", " our website "}}},
	{class: "ivr_extension", all: [][]string{{" extension "}, {" not a valid ", " invalid ", " at extension ", " party's "}}},

	{class: "ivr_menu", all: [][]string{{" press ", " dial "}, {" 1 ", " 2 ", " 3 ", " 4 ", " 5 ", " 6 ", " 7 ", " 8 ", " 9 ", " 0 ", " one ", " two ", " three ", " four ", " five ", " six ", " seven ", " eight ", " nine ", " zero ", " star ", " pound ", " hash "}}},
	{class: "ivr_menu", all: [][]string{{" main menu ", " following options ", " menu options ", " your call may be recorded ", "主菜单", "语音导航"}}},
	{class: "ivr_menu", all: [][]string{{" options ", " choices ", " selection "}, {" following ", " listen ", " menu ", " choose ", " select "}}},
	{class: "ivr_menu", all: [][]string{{" say or press ", " choose from ", " oprima "}}},

	{class: "incoming_barred", all: [][]string{{"呼入限制", "呼入受限", "限制呼入", "禁止呼入", "来电限制", "限制来电", "呼叫限制", "呼叫受限", "限制来话", "呼入功能", "拒绝来电", "不接受来电", "设置了拒接"}}},
	{class: "incoming_barred", all: [][]string{{" barred ", " barring ", " not accepting calls ", " does not accept ", " not allowed to receive ", " call restriction ", " restricted ", " blocked "}}},
	{class: "incoming_barred", all: [][]string{{"来电", "呼入", "来话", "陌生"}, {"拒绝", "不接受", "限制", "受限", "禁止", "屏蔽", "拒接", "拦截"}}, none: []string{"拨号"}},
	{class: "incoming_barred", all: [][]string{{" incoming calls ", " calls to this ", " calls from ", " take calls ", " accept calls ", " accepting calls ", " calls from your "}, {" not ", " barred ", " restricted ", " blocked ", " rejected "}}, none: []string{" i "}},

	{class: "power_off", all: [][]string{{"关机", "关了机", "手机已关"}}},
	{class: "power_off", all: [][]string{{" powered off ", " power off ", " power is off ", " switched off ", " turned off ", " is off ", " been switched off "}}},
	{class: "power_off", all: [][]string{{"手机", "电话", "用户", "机主", "对方", "号码"}, {"没开机", "没有开机", "未开机", "未开启", "关机", "关着机"}}, none: []string{"我"}},
	{class: "power_off", all: [][]string{{" phone ", " handset ", " mobile ", " cell ", " cellphone ", " device ", " subscriber ", " customer ", " number ", " person ", " party "}, {" switched off ", " turned off ", " powered off ", " powered down ", " shut off ", " phone off ", " not switched on ", " not turned on ", " power off "}}, none: []string{" my ", " i "}},

	{class: "suspended", all: [][]string{{"停机", "暂停服务", "停止服务", "暂停使用", "停止使用", "报停", "服务已暂停", "服务已停"}}},
	{class: "suspended", all: [][]string{{" service ", " number ", " subscriber ", " line ", " phone "}, {" suspended ", " out of service ", " temporarily disconnected ", " temporarily deactivated ", " temporarily out "}}},
	{class: "suspended", all: [][]string{{"服务", "用户", "号码", "电话", "业务", "通信", "通话", "线路"}, {"停止", "暂停", "被停", "已停", "停用", "终止", "报停", "停机", "停了"}}, none: []string{"我"}},
	{class: "suspended", all: [][]string{{" service ", " services ", " number ", " subscriber ", " line ", " phone ", " account ", " customer "}, {" suspended ", " cut off ", " out of order ", " temporarily not in service ", " deactivated ", " discontinued ", " temporarily stopped ", " out of service "}}, none: []string{" my ", " i "}},

	{class: "caller_arrears", all: [][]string{{"余额不足", "余额已", "欠费", "请充值", "及时充值", "请缴费", "及时缴费"}}},
	{class: "caller_arrears", all: [][]string{{" balance ", " credit ", " account "}, {" insufficient ", " not enough ", " recharge ", " top up ", " low ", " run out ", " not sufficient "}}},
	{class: "caller_arrears", all: [][]string{{"话费", "余额", "账户", "欠费"}, {"不足", "用完", "充值", "缴", "不够", "为零", "用尽"}}, none: []string{"我"}},
	{class: "caller_arrears", all: [][]string{{" credit ", " balance ", " account ", " funds "}, {" enough ", " low ", " out of credit ", " insufficient ", " top up ", " run out ", " recharge "}}, none: []string{" i ", " my "}},

	{class: "empty", all: [][]string{{"空号", "号码不存在", "号码有误", "号码错误", "号码不正确", "号码是错", "不存在", "没有此号", "无此号码", "查无此号", "尚未启用", "尚未开通", "未被使用", "号码无效", "号码已注销", "已销号", "号码已过期"}}},
	{class: "empty", all: [][]string{{" number ", " no ", " subscriber ", " call "}, {" not in service ", " not in use ", " does not exist ", " doesn't exist ", " not exist ", " not valid ", " invalid ", " incorrect ", " disconnected ", " no longer ", " unallocated ", " unassigned ", " not been recognised ", " not been recognized ", " not recognised ", " not recognized ", " not a working ", " completed as dialed ", " completed as dialled ", " check the number ", " is wrong ", " wrong number ", " vacant "}}},
	{class: "empty", all: [][]string{{"号码", "此号", "该号", "电话号"}, {"没有", "无效", "无此", "不存在", "错误", "有误", "不正确", "不对", "未启用", "并未", "尚未", "未分配", "没有开通", "未开通", "注销", "空号", "作废"}}, none: []string{"我", "你"}},
	{class: "empty", all: [][]string{{" number ", " telephone ", " line ", " mobile ", " phone ", " subscriber "}, {" not valid ", " not a valid ", " invalid ", " not in service ", " not in use ", " not assigned ", " not allocated ", " not exist ", " no such ", " disconnected ", " not connected ", " no longer ", " incorrect ", " unknown ", " not recognised ", " not recognized ", " not found ", " not find ", " not been recognised "}}, none: []string{" i ", " my "}},

	{class: "busy_callwaiting", all: [][]string{{"通话中", "正忙", "占线"}, {"不要挂", "请勿挂", "别挂", "请稍等", "请等待", "请您等待", "呼叫等待", "请保持"}}},
	{class: "busy_callwaiting", all: [][]string{{" busy ", " another call ", " on the phone ", " another line "}, {" please hold ", " hold on ", " stay on the line ", " do not hang up ", " don't hang up ", " call waiting "}}},
	{class: "busy_callwaiting", all: [][]string{{"通话", "正忙", "占线", "打电话", "用户忙"}, {"不要挂", "请勿挂", "别挂", "不挂", "稍等", "等待", "等候", "保持"}}, none: []string{"我", "再拨", "再打"}},
	{class: "busy_callwaiting", all: [][]string{{" busy ", " engaged ", " another call ", " another line ", " on the phone "}, {" please hold ", " stay on ", " do not hang ", " waiting ", " remain on ", " hold the line ", " keep holding "}}, none: []string{" i ", " my "}},
	{class: "congestion", all: [][]string{{"网络忙", "网络繁忙", "线路忙", "线路繁忙", "系统忙", "系统繁忙", "网络故障", "线路故障", "通信繁忙"}}},
	{class: "congestion", all: [][]string{{" circuits ", " network ", " lines ", " routes "}, {" busy ", " congested ", " congestion ", " trouble ", " fault "}}},
	{class: "congestion", all: [][]string{{"网络", "线路", "系统", "信道", "通信"}, {"正忙", "繁忙", "忙碌", "拥塞", "拥挤", "故障", "异常", "堵塞"}}, none: []string{"用户", "我"}},
	{class: "congestion", all: [][]string{{" circuits ", " network ", " lines ", " trunks ", " routes ", " heavy calling "}, {" busy ", " in use ", " congested ", " congestion ", " trouble ", " problems ", " problem ", " difficulties ", " fault ", " overloaded "}}, none: []string{" i ", " my "}},
	{class: "busy", all: [][]string{{"通话中", "正在通话", "正忙", "占线", "忙线", "话中"}}},
	{class: "busy", all: [][]string{{" busy ", " engaged ", " on another call ", " on the phone ", " another line "}}},
	{class: "busy", all: [][]string{{"用户", "对方", "电话", "号码", "机主", "拨打", "呼叫"}, {"正忙", "占线", "打电话", "通话", "使用中", "用户忙", "电话忙", "讲话"}}, none: []string{"我", "网络", "系统"}},
	{class: "busy", all: [][]string{{" line ", " number ", " person ", " subscriber ", " party ", " user ", " customer "}, {" busy ", " engaged ", " talking to ", " in use ", " another line ", " another call "}}, none: []string{" i ", " my "}},

	{class: "no_answer", all: [][]string{{"无人接听", "没有人接", "没人接", "无人应答", "无应答", "未接听", "没有应答", "不方便接听", "不便接听", "不能接听", "没有接听"}}},
	{class: "no_answer", all: [][]string{{" no answer ", " not answering ", " not answer ", " no one is answering ", " nobody answers ", " does not answer ", " no reply ", " did not answer ", " didn't answer ", " isn't answering ", " not responding "}}},
	{class: "no_answer", all: [][]string{{"没有接", "没接", "无人接", "没有人接", "无人应", "没有应答", "未接听", "不便接", "不方便接", "没人接", "无应答"}}, none: []string{"我"}},
	{class: "no_answer", all: [][]string{{" answer ", " answered ", " answering ", " pick up ", " picking up ", " picked up ", " reply ", " respond ", " responding "}, {" not ", " no ", " nobody ", " none "}}, none: []string{" i ", " leave ", " message "}},

	{class: "reminder", all: [][]string{{"来电提醒", "来电通知", "来电信息", "漏话", "未接来电", "来电助手", "秘书服务", "小秘书"}}},
	{class: "reminder", all: [][]string{{"短信", "短消息", "微信"}, {"通知", "告知", "提醒", "转告", "发送", "告诉"}}},
	{class: "reminder", all: [][]string{{" sms ", " text message ", " short message ", " missed call "}, {" notify ", " notified ", " inform ", " informed ", " sent ", " send ", " reminder ", " alert "}}},
	{class: "reminder", all: [][]string{{"来电", "来过电话", "呼叫", "打过电话"}, {"提醒", "告知", "通知", "转告", "短信"}}, none: []string{"我没", "助理"}},
	{class: "reminder", all: [][]string{{" message ", " text ", " sms ", " notification ", " notified ", " let them know ", " alerted "}, {" your call ", " you called ", " missed call ", " call information "}}, none: []string{" leave ", " record ", " beep ", " tone "}},

	{class: "unreachable", all: [][]string{{"无法接通", "不在服务区", "无法联系", "联系不上", "未能接通", "不能接通", "无法连接", "无法接听", "无法接入", "接不通", "打不通", "信号不好", "暂时无法"}}},
	{class: "unreachable", all: [][]string{{" not be connected ", " cannot be reached ", " can't be reached ", " not be reached ", " unreachable ", " not reachable ", " out of reach ", " out of the service area ", " out of coverage ", " not in the service area ", " unavailable ", " not available ", " cannot be connected ", " can't be connected ", " unable to connect ", " not be completed ", " cannot be completed ", " can't be completed ", " unable to complete ", " outside the coverage ", " outside of the coverage "}}},
	{class: "unreachable", all: [][]string{{"用户", "拨打", "呼叫", "电话", "手机", "对方"}, {"服务区", "信号弱", "没有信号", "无信号", "覆盖", "联系不", "接不通", "打不通", "无法接", "无法联", "不能接通", "未能接"}}, none: []string{"我", "你"}},
	{class: "unreachable", all: [][]string{{" number ", " person ", " subscriber ", " customer ", " phone ", " party ", " mobile ", " user "}, {" not be reached ", " not reachable ", " not be contacted ", " not be connected ", " unreachable ", " out of coverage ", " out of range ", " outside the network ", " outside the coverage ", " outside the service ", " unable to reach ", " not available ", " unavailable ", " not able to reach ", " flight mode "}}, none: []string{" i ", " my ", " leave "}},

	{class: "forwarding", all: [][]string{{"转接", "转移", "呼叫前转", "转到", "转至"}}},
	{class: "forwarding", all: [][]string{{" forwarded ", " forwarding ", " transferred ", " transferring ", " being transferred ", " diverted "}}},
	{class: "forwarding", all: [][]string{{" call "}, {" redirected ", " diverted ", " transferred ", " passed on ", " forwarded ", " rerouted "}}},
	{class: "connecting", all: [][]string{{"接通中", "正在接通", "正在为您接通", "不要挂机", "请勿挂机", "别挂机", "不要挂断", "请勿挂断", "请稍候", "请稍等", "请等待", "正在呼叫", "正在为您呼叫"}}},
	{class: "connecting", all: [][]string{{" being connected ", " connecting ", " please hold ", " please wait ", " stay on the line ", " hold the line ", " hold while ", " trying to connect ", " one moment please "}}},
	{class: "connecting", all: [][]string{{" put you through ", " putting you through ", " trying to reach ", " reach your party ", " connect your call ", " connecting you "}}, none: []string{" before "}},
	{class: "connecting", all: [][]string{{"接续", "连线", "接通", "呼叫对方", "为您呼叫"}, {"正在", "请稍", "请您稍"}}, none: []string{"无法", "不能", "不"}},
})

// meaning is what a class says about the attempt.
var meaning = map[string]Verdict{
	"empty":            {Network: outcome.InvalidNumber},
	"power_off":        {Network: outcome.PowerOff},
	"suspended":        {Network: outcome.Suspended},
	"busy":             {Network: outcome.Busy},
	"busy_callwaiting": {Network: outcome.Busy},
	"congestion":       {Network: outcome.Congestion},
	"unreachable":      {Network: outcome.Unreachable},
	"no_answer":        {Network: outcome.NoAnswer},
	"reminder":         {Network: outcome.NoAnswer},
	"incoming_barred":  {Network: outcome.CallBarred},
	"caller_arrears":   {Network: outcome.TrunkFailed},
	"voicemail":        {AnsweredBy: outcome.Voicemail},
	"voicemail_full":   {AnsweredBy: outcome.Voicemail},
	"assistant":        {AnsweredBy: outcome.Assistant},
	"call_screening":   {AnsweredBy: outcome.Screening},
	"ivr_menu":         {AnsweredBy: outcome.IVR},
	"ivr_queue":        {AnsweredBy: outcome.IVR},
	"announcement":     {AnsweredBy: outcome.IVR},
	"ivr_extension":    {AnsweredBy: outcome.IVR},
	"forwarding":       {},
	"connecting":       {},
}

// networkWords are what makes a sentence an announcement of the network rather
// than something a person may say about themselves.
var networkWords = written([]string{
	"拨打", "拨叫", "您呼叫", "所拨", "再拨", "的用户", "来电信息", "机主", "核对", "查证", "请留言", "信箱", "提示音", "助理", "语音助手", "请按", "分机",
	" dialed ", " dialled ", " subscriber ", " you called ", " trying to reach ", " the tone ", " the beep ", " the number you ", " your call ", " leave ", " mailbox ", " redial ", " the person ", " your name ", " screening ", " press ", " extension ",
})

// subject is how only the network names the number that was dialed.
var subject = written([]string{
	"拨打的", "拨叫的", "呼叫的", "所拨", "机主", "核对", "查证",
	" dialed ", " dialled ", " subscriber ", " you called ",
})

// People say of themselves what networks say of them: "my phone was off", "我正
// 忙着呢". A result of the network is not believed in the first person, unless
// the subject is the network's after all.
var personal = written([]string{" i ", " i'm ", " my ", " me ", " you have the wrong ", " you've got the wrong ", "我"})

// formal is what the first person of an announcement looks like.
var formal = strings.NewReplacer("我们", "", "我是", "")

// Classify reads the text of an announcement, in English or Chinese, whole or
// the part that was heard so far. The verdict has no time. ok is false when the
// words fit no class.
func Classify(text string) (v Verdict, ok bool) {
	w := wording(text)
	for _, r := range rules {
		if !r.fits(w) {
			continue
		}
		v = meaning[r.class]
		if v.Network != "" && w.firstPerson() && !w.any(subject) {
			continue
		}
		v.Class, v.Confidence = r.class, 0.8
		if w.any(networkWords) {
			v.Confidence = 0.95
		}
		return v, true
	}
	return Verdict{}, false
}

// A recording's own wording, which people who talk do not use: with recorder
// it may speak of itself ("I can't come to the phone …"), with reciter not.
var (
	recorder = written([]string{
		" after the tone ", " at the tone ", " for the tone ", " after the beep ", " at the beep ", " for the beep ", " see if this person ", " screening service ",
		"提示音", "嘀声后", "滴声后", "哔声后", "嘀的一声", "哔一声", "信号音后", "您拨打的", "您拨叫的", "您呼叫的", "语音信箱",
		" number you have dialed ", " number you dialed ", " number you have dialled ", " number you dialled ",
	})
	reciter = written([]string{
		" please leave a message ", " please leave your message ", " record your message ", " reached the voicemail ", " reached the mailbox ",
		" the subscriber ", " mailbox is full ", " please press ", "请留言", "请您留言", "请按",
	})
)

// recited reports whether the text is a recording's even from where a person
// was heard before.
func recited(text string) bool {
	w := wording(text)
	return w.any(recorder) || w.any(reciter) && !w.firstPerson()
}

// firstPerson reports whether somebody speaks of themselves.
func (w words) firstPerson() bool {
	return words{formal.Replace(w.chinese), w.latin}.any(personal)
}

func (r rule) fits(w words) bool {
	for _, group := range r.all {
		if !w.any(group) {
			return false
		}
	}
	return !w.any(r.none)
}

// words is a text in the two forms that rules are matched against.
type words struct {
	chinese string // no spaces, no punctuation
	latin   string // one space around every word
}

// contractions are written out, in texts and rules alike.
var contractions = strings.NewReplacer(
	"can't", "can not", "cannot", "can not", "won't", "will not", "n't ", " not ", "'re ", " are ", "i'm ", "i am ", "'ll ", " will ")

// written writes a list of words out.
func written(list []string) []string {
	for i, s := range list {
		list[i] = contractions.Replace(s)
	}
	return list
}

// allWritten does so with every rule.
func allWritten(rules []rule) []rule {
	for _, r := range rules {
		for _, group := range r.all {
			written(group)
		}
		written(r.none)
	}
	return rules
}

func wording(text string) words {
	var c, l strings.Builder
	l.WriteByte(' ')
	gap := true
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '#', r == '*':
			c.WriteRune(r)
			l.WriteRune(r)
			gap = false
		case r == '\'' || r == '’':
			l.WriteByte('\'')
		case !gap:
			l.WriteByte(' ')
			gap = true
		}
	}
	if !gap {
		l.WriteByte(' ')
	}
	// An announcement is sorry in the first person without speaking of itself.
	return words{chinese: c.String(), latin: strings.ReplaceAll(contractions.Replace(l.String()), " i am sorry ", " sorry ")}
}

func (w words) any(list []string) bool {
	for _, s := range list {
		if s[0] >= 0x80 {
			if strings.Contains(w.chinese, s) {
				return true
			}
			continue
		}
		if strings.Contains(w.latin, s) {
			return true
		}
	}
	return false
}
