package pocketsphinx

import (
	"testing"

	"parley/asr"
)

// chineseValues is what a customer may say for a class.
var chineseValues = []struct {
	class string
	said  []string
}{
	{"date", lines(`
今天
明天
后天
大后天
星期五
下周一
下周五
下个星期三
周六
礼拜天
月底
十五号
二十号
十二月四号
十一月二十八号
三天以后`)},
	{"amount", lines(`
一百块
五十元
三百二十八元五角
两百块钱
一百二十块
八十块
五百
一千元`)},
	{"digits4", lines(`
零四七二
三八幺五
九零二六
一七四八
六三五零
二五九四
八一六七
四四零一`)},
	{"datetime", lines(`
明天下午三点
今天晚上六点
下午六点
明天上午十点半
半个小时以后
后天晚上八点`)},
}

// TestChineseValues hears values through their classes, one class at a time.
// What is wanted is a little under what was measured; of four
// digits two in three are heard wrong, so a flow must take keys for them.
func TestChineseValues(t *testing.T) {
	r := recognizer(t)
	want := map[string]float64{"date": 0.75, "amount": 0.55, "digits4": 0.2, "datetime": 0.2}
	for _, c := range chineseValues {
		var right, wrong, said int
		for _, voice := range []string{"f2", "f4"} {
			s := openStream(t, r, "zh")
			s.Expect(asr.Expectation{ID: "zh." + c.class, Phrases: []string{"<" + c.class + ">"}})
			for _, text := range c.said {
				_, got := hear(t, s, speak(t, "espeak-ng cmn-latn-pinyin+"+voice+" -s 130 -p 60", text))
				said++
				switch got.Text {
				case text:
					right++
				case "":
					t.Logf("%s: %s was refused, confidence %.2f", voice, text, got.Confidence)
				default:
					wrong++
					t.Logf("%s: %s was heard as %s, confidence %.2f", voice, text, got.Text, got.Confidence)
				}
			}
		}
		t.Logf("%s: right %d, wrong %d of %d", c.class, right, wrong, said)
		if share := float64(right) / float64(said); share < want[c.class] {
			t.Errorf("%s: right %.2f, want at least %.2f", c.class, share, want[c.class])
		}
	}
}
