package barge

import "testing"

func TestBackchannel(t *testing.T) {
	for _, text := range []string{
		"[noise] yeah", "<unk> 嗯嗯", "是这样啊", "原来如此 知道了", "嗯嗯收到", "您说", "um-hum", "mm-hmm, sounds good", "that's right", "go on", "thank you",
		"嗯", "嗯嗯", "哦", "好的好的", "对对对", "嗯 好的", "是的是的", "知道了", "哦我知道了", "行行行", "嗯哼",
		"uh-huh", "yeah", "yeah yeah", "right", "Mm.", "mm hmm", "okay sure", "oh I see", "got it", "yes yes okay", "ah right",
	} {
		if !Backchannel(text) {
			t.Errorf("%q only shows that somebody listens", text)
		}
	}
	for _, text := range []string{
		"", " ", "我已经还了", "好的我下周还", "不是", "嗯不对", "等一下", "对方是谁", "yes but i paid", "no", "right now i can't",
		"yeah no", "wait", "[noise]", "够了", "行了行了行了", "rightly", "okay who is this", "so what",
	} {
		if Backchannel(text) {
			t.Errorf("%q says something", text)
		}
	}
}

func TestStops(t *testing.T) {
	for _, text := range []string{"等一下", "嗯等一下", "你打错了", "不是我", "wait a minute", "No.", "hold on", "but I paid", "好了好了好了", "don't call me"} {
		if !Stops(text) {
			t.Errorf("%q claims the floor", text)
		}
	}
	for _, text := range []string{"", "i know that", "nothing", "好的", "我下周还", "buttercup", "whatever you say", "stopwatch"} {
		if Stops(text) {
			t.Errorf("%q claims nothing", text)
		}
	}
}

func TestUnfinished(t *testing.T) {
	for _, text := range []string{"i will pay on", "because", "yes and", "我想", "下周五然后", "那个", "it is um"} {
		if !Unfinished(text) {
			t.Errorf("%q goes on", text)
		}
	}
	for _, text := range []string{"", "i will pay on friday", "yes", "下周五", "a hand", "好的"} {
		if Unfinished(text) {
			t.Errorf("%q is complete", text)
		}
	}
}

func TestOwnWords(t *testing.T) {
	const en = "A payment of one hundred dollars to Acme Store was due on Monday. When can you pay it?"
	const zh = "您在示范商店有一笔三百二十元的款项已经到期，请问什么时候可以还款？"
	for _, c := range []struct {
		text, own string
		want      bool
	}{
		{"one hundred dollars to acme", en, true},
		{"hundred dollars two acme store was due", en, true},
		{"当天有一笔三百二十元的款项", zh, true},
		{"i paid one hundred dollars already", en, false},
		{"on monday", en, false},                      // too short to tell
		{"no one hundred dollars to acme", en, false}, // a word that claims the floor
		{"我已经还了", zh, false},
		{"one hundred dollars", "", false},
	} {
		if got := ownWords(c.text, c.own); got != c.want {
			t.Errorf("%q is our own %q: %v, want %v", c.text, c.own, got, c.want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("yeah but 我想", "uh-huh")
	f.Add("\xff\xfe’'", "等")
	f.Fuzz(func(t *testing.T, text, own string) {
		if Backchannel(text) && squeeze(text) == "" {
			t.Errorf("%q is empty and backchannel", text)
		}
		Stops(text)
		Unfinished(text)
		ownWords(text, own)
		contains(text, []string{own})
	})
}

func TestClaims(t *testing.T) {
	for _, text := range []string{"who is this", "what?", "嗯你是哪家", "how much is it", "转人工", "can you call me later", "我上周还了"} {
		if got := judge(text, Prompt{}, true); got < claim {
			t.Errorf("%q is evidence %d", text, got)
		}
	}
	echo := Prompt{Text: "When can you pay it?"}
	if got := judge("when can you pay", echo, true); got != echoed {
		t.Errorf("the bot's own question is evidence %d", got)
	}
}

func TestOpensMurmur(t *testing.T) {
	for _, text := range []string{"got", "oh i", "我", "我知", "嗯我知", "all", "that's"} {
		if !opensMurmur(text) {
			t.Errorf("%q may become a backchannel", text)
		}
	}
	for _, text := range []string{"", "我已", "嗯我上", "i paid"} {
		if opensMurmur(text) {
			t.Errorf("%q is more than a backchannel", text)
		}
	}
}

func TestForm(t *testing.T) {
	for text, want := range map[string]form{
		"":                        neutral,
		"i paid it and":           open,
		"that was um":             open,
		"what is this about":      closed,
		"tell me about":           open,
		"我上周还了":                   closed,
		"我上周还了然后":                 open,
		"尾号是":                     open,
		"你们是谁":                    closed,
		"我可能":                     open,
		"yes i can":               neutral,
		"no i don't":              closed,
		"i will pay it next":      open,
		"i will pay it next week": closed,
		"他不在":                     neutral,
		"三千和":                     open,
	} {
		if got := formOf(text); got != want {
			t.Errorf("%q ends in form %d, want %d", text, got, want)
		}
	}
}
