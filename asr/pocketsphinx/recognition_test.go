package pocketsphinx

import (
	"testing"

	"parley/asr"
)

var englishPhrases = lines(`
yes
no
yes please
no thank you
i already paid it
i will pay tomorrow
i want to speak to a person
who is calling
wrong number
stop calling me
i can not pay right now
i lost my job
call me back later
how much do i owe
i can pay half of it
send me a link
what is this about
i do not owe you anything
i will pay on friday
repeat that please
can you say that again
i am driving right now
are you a robot
he is not here
i paid last week
by credit card
by bank transfer
i need more time
can i pay in installments
that is not correct
i am his wife
he passed away`)

var englishOther = lines(`
the weather is lovely in the mountains today
my cat likes to sleep on the sofa
did you watch the game yesterday evening
the train to london leaves at noon
bananas
nine hundred and twenty two
can we talk about football instead
hello hello
apple orange pear
she sells sea shells`)

var chinesePhrases = lines(`
是的
不是
我知道了
我明天还款
我已经还了
你打错了
我要人工客服
你是谁
不要再打了
我现在没钱
我失业了
晚点再打给我
我欠多少钱
发个链接给我
什么事情
我不欠你钱
我星期五还
请再说一遍
我在开车
你是机器人吗
他不在
我上周还了
用微信支付
用支付宝
银行转账
我需要时间
可以分期吗
金额不对
我是他妻子
他去世了
能不能少一点
下个月发工资再还`)

var chineseOther = lines(`
今天天气非常好
我家的猫喜欢睡觉
昨天晚上的足球比赛
火车中午出发去上海
苹果香蕉葡萄
三百二十五
我们去公园散步吧
这首歌很好听`)

func TestRecognition(t *testing.T) {
	r := recognizer(t)
	for _, c := range []struct {
		language       string
		voices         []string
		inside, others []string
		right, rejects float64
	}{
		{"en", []string{"flite kal16", "flite rms"}, englishPhrases, englishOther, 0.90, 0.9},
		{"zh", []string{"espeak-ng cmn-latn-pinyin+f2 -s 130 -p 60"}, chinesePhrases, chineseOther, 0.85, 0.7},
	} {
		t.Run(c.language, func(t *testing.T) {
			s := openStream(t, r, c.language)
			s.Expect(asr.Expectation{ID: "all", Phrases: c.inside})
			var right, said, falseRejects, falseAccepts, others int
			for _, voice := range c.voices {
				for _, text := range c.inside {
					_, got := hear(t, s, speak(t, voice, text))
					said++
					switch got.Text {
					case text:
						right++
					case "":
						falseRejects++
						t.Logf("%s: %q was rejected, confidence %.2f", voice, text, got.Confidence)
					default:
						t.Logf("%s: %q was heard as %q, confidence %.2f", voice, text, got.Text, got.Confidence)
					}
				}
				for _, text := range c.others {
					_, got := hear(t, s, speak(t, voice, text))
					others++
					if got.Text != "" {
						falseAccepts++
						t.Logf("%s: %q was taken for %q, confidence %.2f", voice, text, got.Text, got.Confidence)
					}
				}
			}
			t.Logf("%s: right %d of %d, false rejects %d; other phrases accepted %d of %d",
				c.language, right, said, falseRejects, falseAccepts, others)
			if share := float64(right) / float64(said); share < c.right {
				t.Errorf("right %.3f, want at least %.2f", share, c.right)
			}
			if share := 1 - float64(falseAccepts)/float64(others); share < c.rejects {
				t.Errorf("rejected %.3f of what was not expected, want at least %.2f", share, c.rejects)
			}
		})
	}
}
