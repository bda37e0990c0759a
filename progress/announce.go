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
var rules = []rule{
	{class: "voicemail_full", all: [][]string{{"信箱", "邮箱", "留言箱", "mailbox", "voicemail", "voice mail"}, {"已满", "满了", "空间不足", " full "}}},

	{class: "reminder", all: [][]string{{"通信助理", "通讯助理", "来电助理"}, {"启动", "启用", "开启", "开通"}}},
	{class: "ivr_extension", all: [][]string{{"分机", " extension "}, {"输入", "请拨", "请按", "拨打", " enter ", " dial ", " press "}}},

	{class: "call_screening", all: [][]string{{" your name ", " who is calling ", " who's calling ", " why you're calling ", " why you are calling ", " reason for your call ", " reason for calling ", " screening "},
		{" state ", " say ", " see if ", " check if ", " is available ", " connect you ", " screening ", " tell me "}}, none: []string{" after the tone ", " after the beep ", " leave "}},
	{class: "call_screening", all: [][]string{{"您的姓名", "你的姓名", "您是谁", "您的名字", "来电目的", "来电原因", "来电事由", "来意"}, {"请说", "请告诉", "请您说", "请报", "说明", "请简要"}}},

	{class: "assistant", all: [][]string{{"助手", "助理", "秘书", "智能接听", "代接", "代为接听"}, {"我是", "机主", "请问", "什么事", "帮他", "帮您转达", "转达", "为您服务"}}, none: []string{"短信"}},
	{class: "assistant", all: [][]string{{" assistant ", " secretary "}, {" i'm ", " i am ", " this is ", " how can i help ", " on behalf ", " speaking for ", " take a message ", " what is it about "}}},

	{class: "voicemail", all: [][]string{{"语音信箱", "语音邮箱", "留言信箱", "请留言", "请您留言", "如需留言", "开始留言", "提示音后", "提示音之后", "嘀声后", "滴声后", "嘀的一声", "哔声后", "哔一声", "录音完成", "录音结束", "开始录音", "听到信号音后"}}},
	{class: "voicemail", all: [][]string{{" leave ", " record "}, {" message ", " name and number ", " name and a number ", " name and your number "}}},
	{class: "voicemail", all: [][]string{{" after the tone ", " at the tone ", " after the beep ", " at the beep ", " voicemail ", " voice mail ", " voice mailbox ", " voice message system ", " automatic voice ", " finished recording ", " hang up or press "}}},
	{class: "voicemail", all: [][]string{{" you've reached ", " you have reached ", " reached the "}, {" message ", " can't come ", " cannot come ", " can't take ", " cannot take ", " can't get ", " not available ", " unavailable ", " get back to you ", " call you back ", " away from ", " voicemail "}}},

	{class: "voicemail", all: [][]string{{" can't ", " cannot ", " can not "}, {" take your call ", " come to the phone ", " get to the phone ", " answer the phone ", " get to your call ", " answer your call "}}},

	{class: "ivr_menu", all: [][]string{{"按一", "按二", "按三", "按四", "按五", "按六", "按七", "按八", "按九", "按零", "按1", "按2", "按3", "按4", "按5", "按6", "按7", "按8", "按9", "按0", "按井", "按#", "按星", "按*"}}},
	{class: "ivr_menu", all: [][]string{{" press ", " dial "}, {" 1 ", " 2 ", " 3 ", " 4 ", " 5 ", " 6 ", " 7 ", " 8 ", " 9 ", " 0 ", " one ", " two ", " three ", " four ", " five ", " six ", " seven ", " eight ", " nine ", " zero ", " star ", " pound ", " hash "}}},
	{class: "ivr_menu", all: [][]string{{" main menu ", " following options ", " menu options ", " your call may be recorded ", "主菜单", "语音导航"}}},

	{class: "incoming_barred", all: [][]string{{"呼入限制", "呼入受限", "限制呼入", "禁止呼入", "来电限制", "限制来电", "呼叫限制", "呼叫受限", "限制来话", "呼入功能", "拒绝来电", "不接受来电", "设置了拒接"}}},
	{class: "incoming_barred", all: [][]string{{" barred ", " barring ", " not accepting calls ", " does not accept ", " not allowed to receive ", " call restriction ", " restricted ", " blocked "}}},

	{class: "power_off", all: [][]string{{"关机", "关了机", "手机已关"}}},
	{class: "power_off", all: [][]string{{" powered off ", " power off ", " power is off ", " switched off ", " turned off ", " is off ", " been switched off "}}},

	{class: "suspended", all: [][]string{{"停机", "暂停服务", "停止服务", "暂停使用", "停止使用", "报停", "服务已暂停", "服务已停"}}},
	{class: "suspended", all: [][]string{{" service ", " number ", " subscriber ", " line ", " phone "}, {" suspended ", " out of service ", " temporarily disconnected ", " temporarily deactivated ", " temporarily out "}}},

	{class: "caller_arrears", all: [][]string{{"余额不足", "余额已", "欠费", "请充值", "及时充值", "请缴费", "及时缴费"}}},
	{class: "caller_arrears", all: [][]string{{" balance ", " credit ", " account "}, {" insufficient ", " not enough ", " recharge ", " top up ", " low ", " run out ", " not sufficient "}}},

	{class: "empty", all: [][]string{{"空号", "号码不存在", "号码有误", "号码错误", "号码不正确", "号码是错", "不存在", "没有此号", "无此号码", "查无此号", "尚未启用", "尚未开通", "未被使用", "号码无效", "号码已注销", "已销号", "号码已过期"}}},
	{class: "empty", all: [][]string{{" number ", " no ", " subscriber ", " call "}, {" not in service ", " not in use ", " does not exist ", " doesn't exist ", " not exist ", " not valid ", " invalid ", " incorrect ", " disconnected ", " no longer ", " unallocated ", " unassigned ", " not been recognised ", " not been recognized ", " not recognised ", " not recognized ", " not a working ", " completed as dialed ", " completed as dialled ", " check the number ", " is wrong ", " wrong number ", " vacant "}}},

	{class: "busy_callwaiting", all: [][]string{{"通话中", "正忙", "占线"}, {"不要挂", "请勿挂", "别挂", "请稍等", "请等待", "请您等待", "呼叫等待", "请保持"}}},
	{class: "busy_callwaiting", all: [][]string{{" busy ", " another call ", " on the phone ", " another line "}, {" please hold ", " hold on ", " stay on the line ", " do not hang up ", " don't hang up ", " call waiting "}}},
	{class: "congestion", all: [][]string{{"网络忙", "网络繁忙", "线路忙", "线路繁忙", "系统忙", "系统繁忙", "网络故障", "线路故障", "通信繁忙"}}},
	{class: "congestion", all: [][]string{{" circuits ", " network ", " lines ", " routes "}, {" busy ", " congested ", " congestion ", " trouble ", " fault "}}},
	{class: "busy", all: [][]string{{"通话中", "正在通话", "正忙", "占线", "忙线", "话中"}}},
	{class: "busy", all: [][]string{{" busy ", " engaged ", " on another call ", " on the phone ", " another line "}}},

	{class: "no_answer", all: [][]string{{"无人接听", "没有人接", "没人接", "无人应答", "无应答", "未接听", "没有应答", "不方便接听", "不便接听", "不能接听", "没有接听"}}},
	{class: "no_answer", all: [][]string{{" no answer ", " not answering ", " not answer ", " no one is answering ", " nobody answers ", " does not answer ", " no reply ", " did not answer ", " didn't answer ", " isn't answering ", " not responding "}}},

	{class: "reminder", all: [][]string{{"来电提醒", "来电通知", "来电信息", "漏话", "未接来电", "来电助手", "秘书服务", "小秘书"}}},
	{class: "reminder", all: [][]string{{"短信", "短消息", "微信"}, {"通知", "告知", "提醒", "转告", "发送", "告诉"}}},
	{class: "reminder", all: [][]string{{" sms ", " text message ", " short message ", " missed call "}, {" notify ", " notified ", " inform ", " informed ", " sent ", " send ", " reminder ", " alert "}}},

	{class: "unreachable", all: [][]string{{"无法接通", "不在服务区", "无法联系", "联系不上", "未能接通", "不能接通", "无法连接", "无法接听", "无法接入", "接不通", "打不通", "信号不好", "暂时无法"}}},
	{class: "unreachable", all: [][]string{{" not be connected ", " cannot be reached ", " can't be reached ", " not be reached ", " unreachable ", " not reachable ", " out of reach ", " out of the service area ", " out of coverage ", " not in the service area ", " unavailable ", " not available ", " cannot be connected ", " can't be connected ", " unable to connect ", " not be completed ", " cannot be completed ", " can't be completed ", " unable to complete ", " outside the coverage ", " outside of the coverage "}}},

	{class: "forwarding", all: [][]string{{"转接", "转移", "呼叫前转", "转到", "转至"}}},
	{class: "forwarding", all: [][]string{{" forwarded ", " forwarding ", " transferred ", " transferring ", " being transferred ", " diverted "}}},
	{class: "connecting", all: [][]string{{"接通中", "正在接通", "正在为您接通", "不要挂机", "请勿挂机", "别挂机", "不要挂断", "请勿挂断", "请稍候", "请稍等", "请等待", "正在呼叫", "正在为您呼叫"}}},
	{class: "connecting", all: [][]string{{" being connected ", " connecting ", " please hold ", " please wait ", " stay on the line ", " hold the line ", " hold while ", " trying to connect ", " one moment please "}}},
}

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
	"ivr_extension":    {AnsweredBy: outcome.IVR},
	"forwarding":       {},
	"connecting":       {},
}

// networkWords are what makes a sentence an announcement of the network rather
// than something a person may say about themselves.
var networkWords = []string{
	"拨打", "拨叫", "您呼叫", "所拨", "再拨", "的用户", "来电信息", "机主", "核对", "查证", "请留言", "信箱", "提示音", "助理", "语音助手", "请按", "分机",
	" dialed ", " dialled ", " subscriber ", " you called ", " trying to reach ", " the tone ", " the beep ", " the number you ", " your call ", " leave ", " mailbox ", " redial ", " the person ", " your name ", " screening ", " press ", " extension ",
}

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
		v.Class, v.Confidence = r.class, 0.8
		if w.any(networkWords) {
			v.Confidence = 0.95
		}
		return v, true
	}
	return Verdict{}, false
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
	return words{chinese: c.String(), latin: l.String()}
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
