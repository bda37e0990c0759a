package barge

import (
	"strings"
	"testing"
)

func TestTheFloor(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"a real interruption is ducked, then cut, then ends", `
			prompt always : your payment was due on monday
			hush 1000
			talk 900
			hush 1000`, "duck@120-200 cut@300-800 turn_end@1400-1800"},
		{"words that claim the floor cut early", `
			prompt always : your payment was due on monday
			hush 1000
			talk 300
			hears wait
			talk 300
			hush 800`, "duck@120-200 cut@300-460 turn_end"},
		{"as in Chinese", `
			prompt always : 您有一笔款项已经到期
			hush 1000
			talk 300
			hears 等一下
			talk 300
			hush 800`, "duck@120-200 cut@300-460 turn_end"},
		{"a listening noise is let go", `
			prompt always : your payment was due on monday
			hush 1000
			talk 460
			hush 600`, "duck@120-200 resume@500-700 discard"},
		{"a long listening noise is known by its words", `
			prompt always : 您有一笔款项已经到期
			hush 1000
			talk 400
			hears 好的好的
			talk 500
			hush 600`, "duck@120-200 resume@900-1100 discard"},
		{"a murmur that turns into a sentence cuts", `
			prompt always
			hush 1000
			talk 340
			hears yeah
			talk 200
			hears yeah but i paid that already
			talk 300
			hush 900`, "duck@120-200 cut@540-640 turn_end"},
		{"a click is nothing", `
			prompt always
			hush 1000
			talk 40
			hush 1000`, ""},
		{"a cough is not even ducked twice", `
			prompt always
			hush 1000
			talk 120
			hush 1000`, "discard@300-400"},
		{"the guard asks for more at the start", `
			prompt always
			hush 20
			talk 220
			hush 600`, "discard"},
		{"our own words heard back do not cut", `
			prompt always : a payment of one hundred dollars was due on monday
			hush 1000
			talk 300
			hears of one hundred dollars
			talk 600
			hush 600`, "duck resume@900-1100 discard"},
		{"sound that is explained by our own is nothing", `
			prompt always
			hush 500
			echo 2000
			hush 500`, ""},
		{"a short word is believed when the recogniser is sure of it", `
			prompt always
			hush 1000
			talk 300
			hush 240
			final stop
			hush 200`, "duck resume@440-700 discard cut known_turn_end@540-660"},
		{"yes over the last words of the question answers it", `
			expect yes_no
			prompt always : is that right
			hush 1000
			talk 260
			hush 240
			final yes
			hush 100
			ends
			hush 500`, "duck resume discard known_turn_end@680-760"},
		{"as when its words come after the end", `
			expect yes_no
			prompt always : is that right
			hush 1000
			talk 260
			hush 220
			ends
			hush 40
			final yes
			hush 500`, "duck resume discard known_turn_end@520-600"},
		{"yes long before the end is a listening noise", `
			expect yes_no
			prompt always : a payment was due on monday, is that right
			hush 1000
			talk 260
			hush 240
			final yes
			hush 1500
			ends
			hush 500`, "duck resume discard"},
		{"and a next prompt of the step takes it back", `
			expect yes_no
			prompt always : is that right
			hush 1000
			talk 260
			hush 240
			final yes
			hush 100
			ends
			prompt always : please say yes or no
			hush 500`, "duck resume discard"},
		{"and not when it was rejected", `
			prompt always
			hush 1000
			talk 300
			hush 240
			rejected stop
			hush 200`, "duck resume discard"},
		{"a key stops a prompt at once", `
			prompt always
			hush 1000
			key
			hush 200`, "cut"},
		{"a key overtakes a disclosure", `
			prompt never
			hush 1000
			key
			hush 200`, "cut"},
		{"speech during a disclosure is kept and answered after it", `
			prompt never
			hush 500
			talk 800
			hush 2000
			ends
			hush 400`, "turn_end@2880-3000"},
		{"speech that outlasts the disclosure ends by itself", `
			prompt never
			hush 500
			talk 800
			ends
			talk 400
			hush 900`, "turn_end@1840-2000"},
		{"kept speech waits through the next prompt of the step", `
			prompt never
			hush 500
			talk 800
			hush 1000
			ends
			prompt always
			hush 1500
			ends
			hush 400`, "turn_end@3380-3460"},
		{"a hotword prompt is cut by its word only", `
			prompt hotword agent
			hush 1000
			talk 400
			hears i would like
			talk 800
			hears i would like an agent
			talk 200
			hush 1200`, "duck cut@1200-1240 turn_end"},
		{"another word is let go", `
			prompt hotword 人工
			hush 1000
			talk 400
			hears 我想知道
			talk 800
			hush 600`, "duck resume discard"},
		{"a greeting that answers the bot's own is no interruption", `
			prompt always : hello
			hush 400
			talk 300
			hears hello
			talk 100
			hush 600`, "duck resume discard"},
	} {
		t.Run(c.name, func(t *testing.T) { follows(t, play(t, Config{}, c.script), c.want) })
	}
}

func TestEndOfTurn(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"yes", `
			expect yes_no
			talk 300
			hush 600`, "turn_end@660-800"},
		{"yes, when it has stood for a while", `
			expect yes_no
			talk 200
			hears yes
			talk 200
			hush 600`, "turn_end@600-760"},
		{"mm answers a yes/no question", `
			expect yes_no
			talk 300
			hears 嗯
			hush 600`, "turn_end@560-800"},
		{"a date is spoken with pauses", `
			expect date
			talk 400
			hush 1000
			talk 400
			hush 1700`, "turn_end@3000-3400"},
		{"free talk", `
			expect free
			talk 1000
			hush 800`, "turn_end@1620-1780"},
		{"free talk, words stable", `
			expect free
			talk 600
			hears i paid it
			talk 400
			hush 800`, "turn_end@1540-1700"},
		{"an open conjunction waits", `
			expect free
			talk 600
			hears i paid it and
			talk 400
			hush 1200
			talk 400
			hears i paid it and it is done
			hush 1200`, "turn_end@3140-3620"},
		{"as does 然后", `
			expect free
			talk 600
			hears 我上周还了然后
			talk 400
			hush 1400`, "turn_end@2280-2320"},
		{"a cough while listening is no turn", `
			expect free 4s
			hush 500
			talk 80
			hush 1200`, "discard"},
		{"nothing said", `
			prompt always
			hush 1000
			ends
			expect free 4s
			hush 4100`, "timeout"},
		{"silence counts from the prompt's end, the expectation told before", `
			expect free 4s
			prompt always
			hush 6000
			ends
			hush 3900`, ""},
		{"no timeout while somebody speaks", `
			expect free 2s
			hush 1900
			talk 600
			hush 1100`, "turn_end@1380-1600"},
		{"once a turn has ended nothing times out", `
			expect free 2s
			talk 600
			hush 5000`, "turn_end"},
		{"a turn without pause is bounded", `
			expect free
			talk 21000`, "turn_end@20000-20100"},
		{"before the conversation begins nothing is a turn", `
			talk 600
			hush 1000`, "discard@1220-1400"},
	} {
		t.Run(c.name, func(t *testing.T) { follows(t, play(t, Config{}, c.script), c.want) })
	}
}

func TestLikely(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"words that stand make an end likely before it comes", `
			expect free
			talk 600
			hears i paid it
			talk 400
			hush 800`, "likely@1160-1220 turn_end@1540-1700"},
		{"who speaks on takes it back", `
			expect free
			talk 600
			hears 我上周去
			talk 400
			hush 400
			talk 400
			hears 我已经还了上周五
			talk 300
			hush 1000`, "likely@1160-1220 unlikely@1400-1440 likely turn_end"},
		{"not while the words want to go on", `
			expect free
			talk 600
			hears i paid it and
			talk 400
			hush 1000`, ""},
		{"nor without words", `
			expect free
			talk 600
			hush 1000`, "turn_end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := play(t, Config{}, c.script)
			if c.want == "" && strings.Contains(strings.Join(told, " "), "likely") {
				t.Errorf("decided %v", told)
				return
			}
			if c.want != "" {
				follows(t, told, c.want)
			}
		})
	}
}
