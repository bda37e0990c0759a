package pocketsphinx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parley/asr"
	"parley/phrase"
	"parley/spoken"
)

// small dictionaries that need no files.
func smallEnglish() *dictionary {
	d := &dictionary{language: "en", entries: map[string][]string{}}
	for _, w := range strings.Fields("i can will pay on by friday monday please yes no zero one two three four five six seven eight nine up credit") {
		d.entries[w] = []string{"AH"}
	}
	return d
}

func smallChinese() *dictionary {
	d := &dictionary{language: "zh", entries: map[string][]string{}, longest: 4}
	for _, w := range strings.Fields("我 明天 明 天 还 款 星期五 五 期五 星 零 一 二 我明") {
		d.entries[w] = []string{"x"}
	}
	return d
}

// language is every phrase of an automaton, sorted.
func language(a *automaton) []string {
	var all []string
	var walk func(s int32, said []string)
	walk = func(s int32, said []string) {
		if a.final[s] {
			all = append(all, strings.Join(said, " "))
		}
		for _, e := range a.edges[s] {
			walk(e.to, append(said[:len(said):len(said)], a.words[e.word]))
		}
	}
	walk(a.first, nil)
	slices.Sort(all)
	return all
}

func TestPatternsBecomeTheirPhrases(t *testing.T) {
	rules := func(_, class string) ([]spoken.Rule, bool) {
		switch class {
		case "day":
			return []spoken.Rule{{Name: "day", Body: "<workday>|one"}, {Name: "workday", Body: "friday|monday"}}, true
		case "loop":
			return []spoken.Rule{{Name: "loop", Body: "one <again>"}, {Name: "again", Body: "two [<loop>]"}}, true
		}
		return nil, false
	}
	for _, c := range []struct {
		patterns []string
		want     []string
	}{
		{[]string{"pay"}, []string{"pay"}},
		{[]string{"[i can] pay [on <day>]", "pay"}, []string{
			"i can pay", "i can pay on friday", "i can pay on monday", "i can pay on one",
			"pay", "pay on friday", "pay on monday", "pay on one"}},
		{[]string{"(yes|no) please", "yes"}, []string{"no please", "yes", "yes please"}},
		{[]string{"pay up-friday"}, []string{"pay up friday"}},
		{[]string{"pay 12"}, []string{"pay 12"}},
	} {
		net := newNetwork()
		comp := &compiler{dict: smallEnglish(), classes: rules, rules: map[string]*phrase.Pattern{}}
		for _, p := range c.patterns {
			if err := comp.add(net, p); err != nil {
				t.Fatalf("%q: %v", p, err)
			}
		}
		a, err := net.determine()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, language(a.minimize())); d != "" {
			t.Errorf("%q: %s", c.patterns, d)
		}
	}
	for pattern, want := range map[string]error{"pay <day> <nothing>": errNoClass, "<loop>": errLoop, "pay 我": errNoSound} {
		net := newNetwork()
		comp := &compiler{dict: smallEnglish(), classes: rules, rules: map[string]*phrase.Pattern{}}
		if err := comp.add(net, pattern); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", pattern, err, want)
		}
		if len(net.edges) != 2 || len(net.edges[start]) != 0 {
			t.Errorf("%q left traces in the network", pattern)
		}
	}
}

// Whatever the pattern, merging beginnings and ends changes nothing of what
// can be said.
func TestMinimalAutomatonSaysTheSame(t *testing.T) {
	words := rapid.SampledFrom([]string{"pay", "i", "can", "yes"})
	var pattern func(depth int) *rapid.Generator[string]
	pattern = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 {
				return words.Draw(t, "word")
			}
			inner := pattern(depth - 1)
			a, b := inner.Draw(t, "a"), inner.Draw(t, "b")
			return fmt.Sprintf(rapid.SampledFrom([]string{"%s %s", "(%s|%s)", "[%s] %s", "%s [%s]"}).Draw(t, "shape"), a, b)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		source := pattern(rapid.IntRange(0, 3).Draw(t, "depth")).Draw(t, "pattern")
		net := newNetwork()
		comp := &compiler{dict: smallEnglish(), rules: map[string]*phrase.Pattern{}}
		if err := comp.add(net, source); err != nil {
			t.Fatal(err)
		}
		a, err := net.determine()
		if err != nil {
			t.Fatal(err)
		}
		p, _ := phrase.Parse(source)
		want := phrases(p.Root)
		slices.Sort(want)
		if d := cmp.Diff(slices.Compact(want), language(a.minimize())); d != "" {
			t.Fatalf("%q: %s", source, d)
		}
	})
}

// phrases enumerates a pattern by itself.
func phrases(n phrase.Node) []string {
	switch n.Kind {
	case phrase.Word:
		return []string{n.Text}
	case phrase.Optional:
		return append([]string{""}, phrases(n.Children[0])...)
	case phrase.Choices:
		var all []string
		for _, c := range n.Children {
			all = append(all, phrases(c)...)
		}
		return all
	}
	all := []string{""}
	for _, c := range n.Children {
		var next []string
		for _, a := range all {
			for _, b := range phrases(c) {
				next = append(next, strings.TrimSpace(a+" "+b))
			}
		}
		all = next
	}
	return all
}

func TestCompile(t *testing.T) {
	g, err := compile(asr.Expectation{ID: "x", Phrases: []string{"pay 我", "pay", "(("}, Answer: phrase.YesNo}, smallEnglish(), spoken.Grammar)
	if err != nil {
		t.Fatal(err)
	}
	if g.unheard < 2 || g.why == nil || strings.Contains(g.why.Error(), "我") {
		t.Errorf("unheard %d: %v", g.unheard, g.why)
	}
	if !strings.Contains(g.fsg, " pay\n") || !strings.HasPrefix(g.fsg, "FSG_BEGIN") {
		t.Errorf("fsg:\n%s", g.fsg)
	}
	for _, e := range []asr.Expectation{{}, {Phrases: []string{"<nothing>"}}} {
		if _, err := compile(e, smallEnglish(), spoken.Grammar); err == nil {
			t.Errorf("%+v compiles", e)
		}
	}
	a, b := asr.Expectation{Phrases: []string{"a", "b"}}, asr.Expectation{Phrases: []string{"ab"}}
	if nameOf(a) == nameOf(b) {
		t.Error("different phrases share a name")
	}
}

func TestGrammarIsBounded(t *testing.T) {
	huge := strings.Repeat("(yes|no|pay|please) ", maxStates/4)
	if _, err := compile(asr.Expectation{Phrases: []string{huge}}, smallEnglish(), spoken.Grammar); !errors.Is(err, errTooLarge) {
		t.Errorf("a huge pattern: %v", err)
	}
}

func TestSegmentation(t *testing.T) {
	d := smallChinese()
	for text, want := range map[string]string{
		"我明天还款":  "我 明天 还 款",
		"星期五还":   "星期五 还",
		"我":      "我",
		"12":     "12",
		"我12还":   "我 12 还",
		"我pay":   "",
		"不":      "",
		"我不还":    "",
		"明天明天明天": "明天 明天 明天",
	} {
		words, ok := d.split(text)
		if got := strings.Join(words, " "); got != want || ok != (want != "") {
			t.Errorf("split(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestSpelledSounds(t *testing.T) {
	for word, want := range map[string]string{
		"smith":      "S M IH TH",
		"kowalski":   "K AA W AE L S K IY",
		"phong":      "F AA NG",
		"knox":       "N AA K S",
		"o'neill":    "AA N EY L L",
		"x":          "",
		"żubr":       "",
		"quicksands": "K W IH K S AE N D S",
	} {
		got := spell(word)
		if word == "kowalski" || word == "o'neill" { // rough is enough, silence is not
			if got == "" {
				t.Errorf("spell(%q) is empty", word)
			}
			continue
		}
		if got != want {
			t.Errorf("spell(%q) = %q, want %q", word, got, want)
		}
	}
}

// Every guess must consist of sounds that the model knows.
func FuzzSpell(f *testing.F) {
	known := map[string]bool{}
	for _, p := range strings.Fields("AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH") {
		known[p] = true
	}
	for _, w := range []string{"smith", "aa", "eee", "xx", "o'x", "tchaikovsky", "'", "日本", "gne", "e"} {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, word string) {
		for _, p := range strings.Fields(spell(word)) {
			if !known[p] {
				t.Errorf("spell(%q) has the sound %q", word, p)
			}
		}
	})
}

func TestAnAnswersClassIsAddedOnlyWhereNoPhraseKnowsBetter(t *testing.T) {
	for _, c := range []struct {
		answer  phrase.Answer
		phrases []string
		want    []string
	}{
		{phrase.Date, []string{"hello"}, []string{"<date>"}},
		{phrase.Date, []string{"by <date>"}, nil},
		{phrase.Digits, []string{"[it is] <digits4>"}, nil},
		{phrase.YesNo, []string{"<yes> please"}, []string{"<no>"}},
		{phrase.Free, []string{"hello"}, nil},
	} {
		if got := implied(asr.Expectation{Answer: c.answer, Phrases: c.phrases}); !slices.Equal(got, c.want) {
			t.Errorf("%s with %q implies %q, want %q", c.answer, c.phrases, got, c.want)
		}
	}
}
