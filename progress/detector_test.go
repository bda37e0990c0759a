package progress

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/outcome"
)

// play runs a script and writes down each verdict as "class@ms":
//
//	hush MS, talk MS, tone NAME MS, words TEXT, final TEXT, unsure TEXT (a final), answered, bot
func play(t *testing.T, script string) []string {
	t.Helper()
	tones := map[string]Tone{"ringback": Ringback, "busy": Busy, "congestion": Congestion, "sit": SIT, "beep": Beep, "fax": Fax,
		"sit_vacant": SITVacant, "sit_reorder": SITReorder, "unobtainable": Unobtainable}
	d := New(Config{})
	var now, answered time.Duration
	var told []string
	observe := func(s Signal) {
		s.At = now
		if v, ok := d.Observe(s); ok {
			who := v.Class
			if v.Network != "" {
				who += "=" + string(v.Network)
			}
			if v.AnsweredBy != "" {
				who += "=" + string(v.AnsweredBy)
			}
			told = append(told, fmt.Sprintf("%s@%d", who, (v.At-answered)/time.Millisecond))
		}
	}
	for line := range strings.Lines(script) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "":
		case "hush", "talk":
			ms, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			for range ms / 20 {
				observe(Signal{Speech: verb == "talk"})
				now += tick
			}
		case "tone":
			observe(Signal{Tone: tones[rest]})
			now += tick
		case "words", "final":
			observe(Signal{Kind: Words, Text: rest, Final: verb == "final", Confidence: 0.8})
		case "unsure":
			observe(Signal{Kind: Words, Text: rest, Final: true, Confidence: 0.59})
		case "answered":
			answered = now
			observe(Signal{Kind: Answered})
		case "bot":
			observe(Signal{Kind: Talk})
		default:
			t.Fatalf("the script says %q", line)
		}
	}
	return told
}

func TestWhatAnswered(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"a person says hello and waits", `
			hush 1000
			answered
			hush 500
			talk 400
			hush 800`, "greeting=human@1280-1400"},
		{"a person takes a breath first", `
			answered
			hush 300
			talk 40
			hush 600
			talk 500
			hush 800`, "greeting=human@1820-1900"},
		{"a receptionist says the firm's name", `
			answered
			hush 400
			talk 1900
			hush 900`, "greeting=human@2900-3000"},
		{"a machine recites", `
			answered
			hush 600
			talk 5000
			hush 600
			tone beep
			hush 500`, "recital=voicemail@3700-3900 beep=voicemail@6200-6240"},
		{"a machine is known by its words before it is by its length", `
			answered
			hush 600
			talk 2000
			words hi you've reached anna leave a message after the tone
			talk 1000`, "voicemail=voicemail@3000-3040"},
		{"a short machine greeting is corrected", `
			answered
			hush 400
			talk 1000
			hush 600
			talk 2000
			final please leave a message after the tone
			hush 400
			tone beep`, "greeting=human@1800-1900 voicemail=voicemail@3980-4040 beep=voicemail"},
		{"nobody speaks", `
			answered
			hush 6000`, "silence=silence@4980-5040"},
		{"somebody speaks late", `
			answered
			hush 5500
			talk 400
			hush 600`, "silence=silence greeting=human@6280-6400"},
		{"a fax", `
			answered
			hush 1000
			tone fax`, "fax=fax@1000-1020"},
		{"a menu", `
			answered
			hush 300
			talk 3000
			final 业务咨询请按一`, "ivr_menu=ivr"},
		{"a call screener", `
			answered
			hush 300
			talk 2000
			words please state your name and why you're calling
			hush 500`, "call_screening=screening"},
		{"an assistant", `
			answered
			hush 300
			talk 1000
			words 您好我是机主的语音助手
			hush 500`, "assistant=assistant"},
		{"the network answers and says that the phone is off", `
			answered
			hush 300
			talk 1500
			words 您拨打的电话已关机
			talk 500`, "power_off=power_off"},
		{"a person speaks of a phone that was off", `
			answered
			hush 300
			talk 500
			hush 700
			bot
			talk 900
			final 我的手机昨天关机了`, "greeting=human"},
		{"a message left once the conversation runs is no greeting", `
			answered
			hush 300
			talk 500
			hush 700
			bot
			hush 20000
			final please leave a message after the tone`, "greeting=human"},
	} {
		t.Run(c.name, func(t *testing.T) { follows(t, play(t, c.script), c.want) })
	}
}

// TestPersonStaysPerson: what somebody says who was known for a person, before
// and after the bot began to talk, makes no machine of them; a recording's own
// wording does.
func TestPersonStaysPerson(t *testing.T) {
	for _, c := range []struct {
		text    string
		machine string // "" for none
	}{
		{"leave your number, I will call you back", ""},
		{"I can't take your call right now", ""},
		{"I cannot answer your call, I am driving", ""},
		{"can I leave a message for him", ""},
		{"you can leave a message with his secretary", ""},
		{"tell me your name", ""},
		{"may I ask who is calling", ""},
		{"this is his assistant, how can I help you", ""},
		{"I'm not the person you are looking for, I'm busy", ""},
		{"he can't come to the phone", ""},
		{"我是他助理", ""},
		{"我现在不方便接听你晚点再拨", ""},
		{"请说一下你的名字", ""},
		{"要不要给他留言", ""},
		{"I can't come to the phone right now, leave a message after the beep", "voicemail=voicemail"},
		{"please leave a message", "voicemail=voicemail"},
		{"我现在不能接听请在提示音后留言", "voicemail=voicemail"},
		{"这里是语音信箱请留言", "voicemail=voicemail"},
		{"您拨打的电话已关机", "power_off=power_off"},
	} {
		for _, bot := range []string{"", "bot"} {
			want := "greeting=human"
			if c.machine != "" {
				want += " " + c.machine
			}
			for _, heard := range []string{"final " + c.text, "words " + c.text + "\ntalk 800"} {
				t.Run(bot+" "+heard, func(t *testing.T) {
					follows(t, play(t, "answered\nhush 300\ntalk 500\nhush 700\n"+bot+"\ntalk 900\n"+heard), want)
				})
			}
		}
	}
}

// TestReceptionist: a firm's greeting said by a person, as a first burst whose
// final comes before the pause says who it was, is a person; a recording has a
// second word to know it by.
func TestReceptionist(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"good morning thank you for calling smith and sons this is anna", "greeting=human"},
		{"thank you for calling smith and sons how may i help you", "greeting=human"},
		{"congratulations", "greeting=human"},
		{"may i ask who is calling", "greeting=human"},
		{"who may i say is calling", "greeting=human"},
		{"smith and sons can i ask who is calling please", "greeting=human"},
		{"你好客服中心欢迎您", "greeting=human"},
		{"您好感谢致电安心商城", "greeting=human"},
		{"thank you for calling your call may be recorded for quality", "announcement=ivr"},
		{"thank you for calling please listen to the following options", "announcement=ivr"},
		{"thank you for calling our office hours are nine to five", "announcement=ivr"},
		{"congratulations you have successfully installed", "announcement=ivr"},
		{"may i ask who is calling before i connect you", "call_screening=screening"},
		{"您好欢迎致电客户服务中心人工服务请按零", "ivr_menu=ivr"},
		{"感谢致电请稍候", "ivr_queue=ivr"},
		{"您的来电对我们很重要", "ivr_queue=ivr"},
	} {
		for _, ms := range []string{"2400", "2800", "3100"} {
			t.Run(c.text+" "+ms, func(t *testing.T) {
				follows(t, play(t, "answered\nhush 300\ntalk "+ms+"\nhush 620\nfinal "+c.text+"\nhush 800"), c.want)
			})
		}
	}
}

func TestEarlyMedia(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"it rings", "hush 1000\ntone ringback\nhush 3000\ntone ringback", "ringback"},
		{"a busy tone", "hush 1000\ntone busy", "busy_tone=busy"},
		{"a vacant number's three tones", "tone sit_vacant", "sit_vacant=invalid_number"},
		{"no circuit is free", "tone sit_reorder", "sit_reorder=congestion"},
		{"a steady tone", "tone unobtainable", "unobtainable_tone=invalid_number"},
		{"the network has no way", "tone congestion", "congestion_tone=congestion"},
		{"three tones and an announcement", `
			tone sit
			talk 1500
			words the number you have dialed is not in service
			hush 500`, "sit=unreachable empty=invalid_number"},
		{"a dead number says so before its repeat", `
			talk 2500
			words 您好您拨打的号码是空号
			talk 1000
			final 您好您拨打的号码是空号请核对后再拨
			talk 2000`, "empty=invalid_number@2900-2940"},
		{"a partial that flips is believed once it stands", `
			talk 1500
			words the person you are calling is not answering
			talk 200
			words the number you have dialed is not in service
			talk 200
			words the number you have dialed is not in service please check
			talk 300`, "empty=invalid_number@2100-2140"},
		{"an uncertain partial waits for the final", `
			talk 2000
			words 关机
			talk 500
			final 关机`, "power_off=power_off@2500-2520"},
		{"an unsure final gives no reason of the network", "talk 1000\nunsure the number is busy\nhush 500\nunsure 空号\nhush 500\nunsure 关机了\nhush 500", ""},
		{"a whole sentence of the network's needs a little less", "talk 3000\nunsure 对不起您拨打的电话已关机请稍后再拨\nhush 500", "power_off=power_off"},
		{"nor takes one back", "talk 1000\nfinal 您拨打的电话已关机\ntalk 1000\nunsure 空号", "power_off=power_off"},
		{"nor does a partial before it", "talk 500\nwords the number is busy\ntalk 200\nunsure the number is busy\nhush 1000", ""},
		{"an unsure voicemail is one", "answered\nhush 300\ntalk 1000\nunsure please leave a message after the tone\nhush 600", "voicemail=voicemail"},
		{"connecting is no result", "talk 1000\nfinal 正在为您接通请稍候", "connecting"},
		{"and takes none back", "talk 1000\nfinal 您拨打的电话已关机\nfinal 请不要挂机", "power_off=power_off"},
		{"music instead of a ringback", "talk 8000", "ringback_music@5900-6100"},
		{"then the call is answered after all", `
			tone ringback
			hush 3000
			answered
			hush 500
			talk 400
			hush 600`, "ringback greeting=human@1280-1400"},
	} {
		t.Run(c.name, func(t *testing.T) { follows(t, play(t, c.script), c.want) })
	}
}

func follows(t *testing.T, told []string, want string) {
	t.Helper()
	wants := strings.Fields(want)
	if len(told) != len(wants) {
		t.Fatalf("told %v, want %v", told, wants)
	}
	for i, w := range wants {
		name, span, _ := strings.Cut(w, "@")
		got, at, _ := strings.Cut(told[i], "@")
		ms, _ := strconv.Atoi(at)
		from, to, _ := strings.Cut(span, "-")
		lo, _ := strconv.Atoi(from)
		hi, _ := strconv.Atoi(to)
		if got != name || span != "" && (ms < lo || ms > hi) {
			t.Fatalf("told %v, want %v", told, wants)
		}
	}
}

func TestVerdictFinal(t *testing.T) {
	for _, c := range []struct {
		v    Verdict
		want bool
	}{
		{Verdict{Class: "ringback"}, false},
		{Verdict{Network: outcome.PowerOff}, true},
		{Verdict{Network: outcome.Answered}, false},
		{Verdict{AnsweredBy: outcome.Voicemail}, false},
	} {
		if c.v.Final() != c.want {
			t.Errorf("%+v: Final is %v", c.v, !c.want)
		}
	}
}
