package progress

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/outcome"
	"parley/phrase"
	"parley/sharedtest"
)

// announcements reads the shared table: text, class, verdict, source.
func announcements(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open(sharedtest.Path(t, "data", "announcements.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows [][]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		rows = append(rows, strings.Split(lines.Text(), "\t"))
	}
	return rows[1:]
}

func verdict(v Verdict) string {
	switch {
	case v.Network != "":
		return "network=" + string(v.Network)
	case v.AnsweredBy != "":
		return "answered_by=" + string(v.AnsweredBy)
	}
	return "none"
}

func TestCarrierAnnouncements(t *testing.T) {
	rows := announcements(t)
	if len(rows) < 30 {
		t.Fatalf("only %d rows", len(rows))
	}
	for _, r := range rows {
		v, ok := Classify(r[0])
		if !ok || v.Class != r[1] || verdict(v) != r[2] {
			t.Errorf("%s: %q %s, want %q %s", r[0], v.Class, verdict(v), r[1], r[2])
		}
	}
}

// paraphrases are announcements as carriers, switches and telephones say them,
// with spaces and slips as a recogniser writes them.
var paraphrases = []struct{ text, class string }{
	{"您 拨打 的 号码 是 空号", "empty"},
	{"你拨的号码是空号请查证", "empty"},
	{"对不起您呼叫的号码不存在", "empty"},
	{"您所拨的号码未被使用", "empty"},
	{"对不起，您拨打的号码已过期，号码已注销", "empty"},
	{"the number you have called does not exist please check and try again", "empty"},
	{"the number you dialed is incorrect", "empty"},
	{"we're sorry you have reached a number that has been disconnected or is no longer in service", "empty"},
	{"your call cannot be completed as dialed please check the number and dial again", "empty"},
	{"the number you have dialled has not been recognised", "empty"},
	{"您拨打的用户已关机", "power_off"},
	{"用户已 关机 请稍后 再拨", "power_off"},
	{"您好，机主手机已关机，您的来电信息将以短信的形式通知机主", "power_off"},
	{"the mobile phone you have dialed is switched off", "power_off"},
	{"sorry the number you dialed is power off", "power_off"},
	{"您拨打的电话因欠费停机", "suspended"},
	{"对不起，您拨打的用户已停止服务", "suspended"},
	{"该号码已暂停使用", "suspended"},
	{"sorry the service of the number you dialed has been suspended", "suspended"},
	{"the subscriber you dialed is temporarily out of service", "suspended"},
	{"您拨打的用户正在通话", "busy"},
	{"对不起 您拨打的电话 正在通话中", "busy"},
	{"您拨打的号码正占线", "busy"},
	{"sorry the subscriber you dialed is busy now please redial later", "busy"},
	{"the person you are calling is on another call", "busy"},
	{"the number is engaged", "busy"},
	{"您拨打的用户正忙，请不要挂机，请稍等", "busy_callwaiting"},
	{"the person you are calling is on another line please hold", "busy_callwaiting"},
	{"网络忙，请稍后再拨", "congestion"},
	{"您拨打的线路繁忙请稍后再拨", "congestion"},
	{"all circuits are busy now please try your call again later", "congestion"},
	{"the network is busy please try later", "congestion"},
	{"您拨打的用户不在服务区", "unreachable"},
	{"您拨打的用户暂时无法联系上", "unreachable"},
	{"您拨叫的用户暂时不能接通", "unreachable"},
	{"the customer you are calling is not reachable at the moment", "unreachable"},
	{"the subscriber you have called is out of the service area", "unreachable"},
	{"the mobile customer you are calling is not available at present", "unreachable"},
	{"您拨打的电话暂时无人应答", "no_answer"},
	{"电话无人接听，请稍后再拨", "no_answer"},
	{"机主暂时不方便接听您的电话", "no_answer"},
	{"the number you have dialed is not answering please try again later", "no_answer"},
	{"there is no answer", "no_answer"},
	{"我们会以短信通知机主您的来电", "reminder"},
	{"对方已开通来电提醒业务", "reminder"},
	{"已为机主启用通信助理", "reminder"},
	{"we will notify the subscriber of your call by text message", "reminder"},
	{"您已进入语音邮箱，请在嘀声后留言", "voicemail"},
	{"请在提示音后开始录音，录音结束请挂机", "voicemail"},
	{"您好，我现在不方便接电话，请留言", "voicemail"},
	{"hi this is anna i can't take your call right now please leave me a message", "voicemail"},
	{"your call has been forwarded to an automatic voice message system", "voicemail"},
	{"please record your message when you have finished recording you may hang up or press one for more options", "voicemail"},
	{"you have reached the smith family we are not available", "voicemail"},
	{"at the tone please record your message", "voicemail"},
	{"the person you are trying to reach is not available please leave a message after the beep", "voicemail"},
	{"leave your name and number and i'll get back to you", "voicemail"},
	{"the mailbox is full and cannot accept any messages at this time goodbye", "voicemail_full"},
	{"机主的留言箱空间不足", "voicemail_full"},
	{"您好，我是机主的智能助理，请问您找他有什么事", "assistant"},
	{"你好我是他的AI电话秘书，机主正在忙，我可以帮您转达", "assistant"},
	{"hi i'm an assistant taking calls for mr lee how can i help", "assistant"},
	{"hello this is the automated assistant of john", "assistant"},
	{"请说出您的姓名和来电目的", "call_screening"},
	{"hi the person you're calling is using a screening service and will get a copy of this conversation", "call_screening"},
	{"please say your name and i'll see if they are available", "call_screening"},
	{"before i try to connect you can i ask who is calling please state your name", "call_screening"},
	{"您拨打的号码已设置呼叫转移，正在转接", "forwarding"},
	{"your call is being transferred please wait", "forwarding"},
	{"正在为您接通，请勿挂断", "connecting"},
	{"please hold while we connect your call", "connecting"},
	{"对方设置了来电限制", "incoming_barred"},
	{"您拨打的用户已限制呼入", "incoming_barred"},
	{"the person you are calling is not accepting calls at this time", "incoming_barred"},
	{"您的话费余额不足请充值", "caller_arrears"},
	{"your account balance is insufficient please recharge", "caller_arrears"},
	{"您好欢迎致电客户服务中心，业务咨询请按1，人工服务请按0", "ivr_menu"},
	{"thank you for calling for english press one", "ivr_menu"},
	{"please listen to the following options", "ivr_menu"},
	{"请拨分机号，查号请拨零", "ivr_extension"},
	{"if you know your party's extension please dial it now", "ivr_extension"},
}

// TestParaphrases asks for the same 98 % that is asked of the whole.
func TestParaphrases(t *testing.T) {
	var right int
	for _, p := range paraphrases {
		if v, _ := Classify(p.text); v.Class == p.class {
			right++
		} else {
			t.Logf("%s: %q, want %q", p.text, v.Class, p.class)
		}
	}
	if share := float64(right) / float64(len(paraphrases)); share < 0.98 {
		t.Errorf("%.3f of %d paraphrases right", share, len(paraphrases))
	}
}

// TestPartial: a class must be known from the words that decide, before the
// sentence ends.
func TestPartial(t *testing.T) {
	for text, class := range map[string]string{
		"您拨打的电话已关机":                                    "power_off",
		"对不起您拨打的用户暂时无法接通":                              "unreachable",
		"the number you have dialed is not in service": "empty",
		"您拨打的电话正在通话中":                                  "busy",
	} {
		if v, _ := Classify(text); v.Class != class {
			t.Errorf("%s: %q, want %q", text, v.Class, class)
		}
	}
}

// TestPeople say such things about themselves, or nothing of the kind.
func TestPeople(t *testing.T) {
	for _, text := range []string{
		"", "喂", "喂你好", "hello", "hello who is this", "yes speaking", "你好，请问哪位", "我就是", "好的，我知道了",
		"i will pay on friday", "下周五还", "what is this about", "我是他妈妈，他不在家", "no you have the wrong person",
		"I'm not the person you are looking for, I'm busy", "我现在不方便接听你晚点再拨", "I was on the phone when I missed your call",
	} {
		if v, ok := Classify(text); ok {
			t.Errorf("%q is taken for %q", text, v.Class)
		}
	}
}

func TestEveryClassHasAMeaning(t *testing.T) {
	for _, r := range rules {
		if _, ok := meaning[r.class]; !ok {
			t.Errorf("class %q means nothing", r.class)
		}
	}
	for class, v := range meaning {
		if v.Final() && (v.Network == outcome.Answered || v.AnsweredBy != "") {
			t.Errorf("class %q contradicts itself", class)
		}
	}
}

// TestPhrases: every pattern parses, and a sentence spoken from it is
// understood as some class; what people answer is in none.
func TestPhrases(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		all := Phrases(language)
		if len(all) < 15 {
			t.Errorf("%s has %d phrases", language, len(all))
		}
		for _, source := range all {
			p, err := phrase.Parse(source)
			if err != nil {
				t.Errorf("%s: %v", language, err)
				continue
			}
			people := slices.Contains(answers[language], source)
			for _, text := range []string{sentence(p.Root, 0, true), sentence(p.Root, 1, false)} {
				if _, ok := Classify(text); !ok && !people {
					t.Errorf("%q, spoken from %q, is in no class", text, source)
				}
			}
		}
	}
	if Phrases("xx") != nil {
		t.Error("an unknown language has phrases")
	}
}

// sentence speaks a pattern, taking the n-th choice and the optional parts or not.
func sentence(n phrase.Node, choice int, optional bool) string {
	switch n.Kind {
	case phrase.Word:
		return n.Text
	case phrase.Choices:
		return sentence(n.Children[min(choice, len(n.Children)-1)], choice, optional)
	case phrase.Optional:
		if !optional {
			return ""
		}
		return sentence(n.Children[0], choice, optional)
	}
	var parts []string
	for _, c := range n.Children {
		if s := sentence(c, choice, optional); s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) > 0 && parts[0][0] >= 0x80 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

func FuzzClassify(f *testing.F) {
	for _, p := range paraphrases {
		f.Add(p.text)
	}
	f.Add("\xff\xfe'’ ")
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := Classify(text)
		if ok == (v.Class == "") {
			t.Errorf("%q: %+v, %v", text, v, ok)
		}
	})
}
