package barge

import "testing"

// TestGuesses: what a grammar makes of half a second is no reason to stop.
func TestGuesses(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"a short guess at a listening noise", `
			prompt always : your payment was due on monday
			hush 1000
			talk 380
			hears who
			hush 800`, "duck resume@500-640 discard"},
		{"as in Chinese", `
			prompt always : 您有一笔款项已经到期
			hush 1000
			talk 400
			hears 金额
			hush 800`, "duck resume@520-660 discard"},
		{"and at its end", `
			prompt always : your payment was due on monday
			hush 1000
			talk 380
			hush 260
			final are you real
			hush 800`, "duck resume discard"},
		{"a question goes on and is believed", `
			prompt always : your payment was due on monday
			hush 1000
			talk 300
			hears who
			talk 600
			hush 900`, "duck cut@540-660 turn_end"},
		{"an agreement goes on after a breath", `
			prompt always : 您有一笔款项已经到期
			hush 1000
			talk 400
			hears 好的
			hush 300
			talk 480
			hush 900`, "duck resume discard duck cut@1020-1180 turn_end"},
		{"a claim of the floor is believed sooner", `
			prompt always : 您有一笔款项已经到期
			hush 1000
			talk 300
			hears 不是
			talk 500
			hush 900`, "duck cut@400-480 turn_end"},
	} {
		t.Run(c.name, func(t *testing.T) { follows(t, play(t, Config{}, c.script), c.want) })
	}
}

func TestSure(t *testing.T) {
	for _, c := range []struct {
		text       string
		confidence float64
		want       bool
	}{
		{"stop", 0, true}, {"stop", 0.9, true}, {"等一下", 0.85, true}, {"stop", 0.5, false},
		{"are you real", 0.95, false}, {"立刻", 0.95, false},
	} {
		if got := sure(judge(c.text, Prompt{}, true), c.confidence); got != c.want {
			t.Errorf("%q of %v: %v", c.text, c.confidence, got)
		}
	}
}

func TestLetters(t *testing.T) {
	for text, want := range map[string]int{"": 0, "uh huh": 5, "i paid that already": 16, "我已经还了": 15, "4 2": 2} {
		if got := letters(text); got != want {
			t.Errorf("%q is %d letters, not %d", text, got, want)
		}
	}
}
