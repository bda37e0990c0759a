package phrase

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		pattern string
		column  int
		says    string
	}{
		{"", 1, "no words"},
		{"...", 4, "no words"},
		{"pay (now", 5, "not closed"},
		{"pay now)", 8, "closes nothing"},
		{"pay [now)", 5, "not closed"},
		{"pay []", 6, "no words"},
		{"a | | b", 8, "empty"},
		{"<date", 1, "not closed"},
		{"<pay date>", 1, "single name"},
		{"date>", 5, "closes nothing"},
		{strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40), 34, "too deeply"},
	} {
		_, err := Parse(c.pattern)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q) = %v, want a syntax error", c.pattern, err)
			continue
		}
		if !strings.Contains(syntax.Problem, c.says) || syntax.Column != c.column {
			t.Errorf("Parse(%q): column %d: %s; want column %d and %q", c.pattern, syntax.Column, syntax.Problem, c.column, c.says)
		}
	}
}

func TestParseFoldsWords(t *testing.T) {
	p, err := Parse("That's ME, [Mr.] O’Neil (uh-huh|对！)")
	if err != nil {
		t.Fatal(err)
	}
	want := Node{Kind: Sequence, Children: []Node{
		{Kind: Word, Text: "that's"}, {Kind: Word, Text: "me"}, {Kind: Optional, Children: []Node{{Kind: Word, Text: "mr"}}},
		{Kind: Word, Text: "o'neil"},
		{Kind: Choices, Children: []Node{{Kind: Word, Text: "uh-huh"}, {Kind: Word, Text: "对"}}},
	}}
	if diff := cmp.Diff(want, p.Root); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"[i can] pay on <date>", "(a|b) c", "我[下周]还", "((", "a|", "<", "]", "\xff(", "a-b'c"} {
		f.Add(seed, "i can pay 我还")
	}
	f.Fuzz(func(t *testing.T, pattern, said string) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		everything := func(_ string, t Text, from int) []int { return []int{from + 1, len(t.Units)} }
		text := Read(said)
		whole := p.Whole(text, everything)
		found, ok := p.Find(text, everything)
		if whole && (!ok || found.Coverage != 1) {
			t.Errorf("%q is all of %q, but Find gives %+v", pattern, said, found)
		}
		for _, s := range p.Strings(20) {
			if again := Read(s); !strings.Contains(s, "<") && len(again.Units) > 0 && len(again.Units) < maxUnits && !p.Whole(again, nil) {
				t.Errorf("%q does not match its own %q", pattern, s)
			}
		}
	})
}
