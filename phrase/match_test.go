package phrase

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t testing.TB, pattern string) *Pattern {
	t.Helper()
	p, err := Parse(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// days is a class of single words.
func days(class string, t Text, from int) []int {
	if class == "date" && slices.Contains([]string{"friday", "monday", "明"}, t.Units[from]) {
		return []int{from + 1}
	}
	return nil
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, said string
		whole         bool
		from, to      int // 0, 0: not found
	}{
		{"[i can] pay on <date>", "I can pay on Friday.", true, 0, 5},
		{"[i can] pay on <date>", "well I can pay on friday if that works", false, 1, 6},
		{"[i can] pay on <date>", "pay on sunday", false, 0, 0},
		{"yes|yeah", "Yeah!", true, 0, 1},
		{"not me", "that is not meant", false, 0, 0},
		{"a a", "a a a", false, 0, 2},
		{"[a] [b] c", "b c", true, 0, 2},
		{"(a|a b) c", "a b c", true, 0, 3},
		{"[a]", "b", false, 0, 0},
		{"uh-huh", "uh huh", true, 0, 2},
		{"已经还了", "我昨天已经还了啊", false, 3, 7},
		{"(我|本人) [已经] 还 了", "我还了", true, 0, 3},
		{"<date> 还", "明还", true, 0, 2},
		{"打 wechat 付", "打 WeChat付", true, 0, 3},
	} {
		p, text := mustParse(t, c.pattern), Read(c.said)
		if got := p.Whole(text, days); got != c.whole {
			t.Errorf("%q is all of %q: %v, want %v", c.pattern, c.said, got, c.whole)
		}
		got, ok := p.Find(text, days)
		if ok != (c.to > 0) || got.From != c.from || got.To != c.to {
			t.Errorf("%q in %q: %+v, want %d to %d", c.pattern, c.said, got, c.from, c.to)
		}
	}
}

func TestReadKeepsOffsets(t *testing.T) {
	said := "Hi, 我要pay 12/5 吧!"
	text := Read(said)
	var back []string
	for i := range text.Units {
		back = append(back, said[text.Starts[i]:text.Ends[i]])
	}
	if diff := cmp.Diff([]string{"Hi,", "我", "要", "pay", "12/5", "吧"}, back); diff != "" {
		t.Error(diff)
	}
}

func TestLongTextIsCut(t *testing.T) {
	long := make([]rune, 5000)
	for i := range long {
		long[i] = '好'
	}
	text := Read(string(long))
	if len(text.Units) != maxUnits {
		t.Fatalf("%d units, want %d", len(text.Units), maxUnits)
	}
	if m, ok := mustParse(t, "好").Find(text, nil); !ok || m.To != 1 {
		t.Errorf("found %+v, %v", m, ok)
	}
}

func TestStrings(t *testing.T) {
	for _, c := range []struct {
		pattern string
		limit   int
		want    []string
	}{
		{"[i can] pay (now|on <date>)", 10, []string{"i can pay now", "i can pay on <date>", "pay now", "pay on <date>"}},
		{"(a|b) (c|d)", 3, []string{"a c", "a d", "b c"}},
		{"(我|本人) 还了", 10, []string{"我还了", "本人还了"}},
		{"a [b]", 1, []string{"a"}},
	} {
		if diff := cmp.Diff(c.want, mustParse(t, c.pattern).Strings(c.limit)); diff != "" {
			t.Errorf("%q: %s", c.pattern, diff)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	p := mustParse(b, "[yes] (i can|i will|i'll|i could|can i|let me) (pay|do it|send it) [it|that] [on] <date>")
	text := Read("well listen i think i can probably say that i will pay it on friday")
	b.ReportAllocs()
	for b.Loop() {
		p.Find(text, days)
	}
}
