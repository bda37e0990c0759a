package espeak

import "strings"

// readings are words whose characters have several sounds and where espeak-ng
// takes the wrong one, with the right sounds in numbered pinyin, which it
// accepts between characters. A longer word is found before a shorter one that
// it begins with, because the replacer compares in this order.
var readings = strings.NewReplacer(
	"分期还款", " fen1 qi1 huan2 kuan3 ",
	"应还", " ying1 huan2 ",
	"偿还", " chang2 huan2 ",
	"归还", " gui1 huan2 ",
	"还款", " huan2 kuan3 ",
	"还钱", " huan2 qian2 ",
	"还清", " huan2 qing1 ",
	"还上", " huan2 shang4 ",
	"还掉", " huan2 diao4 ",
	"还不起", " huan2 bu4 qi3 ",
	"我还了", " wo3 huan2 le5 ",
	"已还", " yi3 huan2 ",
	"未还", " wei4 huan2 ",
	"能还", " neng2 huan2 ",
	"银行", " yin2 hang2 ",
	"行业", " hang2 ye4 ",
	"重复", " chong2 fu4 ",
	"重新", " chong2 xin1 ",
	"重拨", " chong2 bo1 ",
	"调解", " tiao2 jie3 ",
	"便宜", " pian2 yi5 ",
)

// pinyin writes the words that espeak-ng would misread by their sound.
func pinyin(text string) string { return readings.Replace(text) }
