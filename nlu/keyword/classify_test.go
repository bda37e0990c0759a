package keyword

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/nlu"
	"parley/phrase"
	"parley/spoken"
)

// thursday is 3 December 2026, ten in the morning.
var thursday = time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)

// every is all built-in intents as candidates of a step.
func every(language string) []nlu.Candidate {
	var all []nlu.Candidate
	for _, intent := range slices.Sorted(maps.Keys(Builtin(language))) {
		all = append(all, nlu.Candidate{Intent: intent})
	}
	return all
}

func classify(t testing.TB, u nlu.Utterance) nlu.Reading {
	t.Helper()
	if u.Now.IsZero() {
		u.Now = thursday
	}
	r, err := classifier.Classify(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var classifier = New(Options{})

func TestBuiltinIntents(t *testing.T) {
	for language, table := range map[string][]said{"en": saidEnglish, "zh": saidChinese} {
		candidates := every(language)
		for _, c := range table {
			r := classify(t, nlu.Utterance{Text: c.text, Language: language, Candidates: candidates})
			if r.Intent != c.intent {
				t.Errorf("%q is %q by %q, want %q; ranked %v", c.text, r.Intent, r.Matched, c.intent, r.Ranked[:min(3, len(r.Ranked))])
			}
		}
	}
}

// TestEveryPatternIsItsIntent: what a built-in pattern stands for is
// understood as that intent, or as one that says the very same.
func TestEveryPatternIsItsIntent(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		candidates := every(language)
		for intent, patterns := range Builtin(language) {
			for _, source := range patterns {
				p, err := phrase.Parse(source)
				if err != nil {
					t.Errorf("%s %s: %v", language, intent, err)
					continue
				}
				for _, text := range p.Strings(6) {
					if strings.Contains(text, "<") {
						continue
					}
					r := classify(t, nlu.Utterance{Text: text, Language: language, Candidates: candidates})
					i := slices.IndexFunc(r.Ranked, func(s nlu.Scored) bool { return s.Intent == intent })
					if i < 0 || r.Ranked[i].Score < r.Confidence {
						t.Errorf("%s: %q of %q scores %v; ranked %v", intent, text, source, i, r.Ranked[:min(3, len(r.Ranked))])
					}
				}
			}
		}
	}
}

func TestStateLimitsWhatIsUnderstood(t *testing.T) {
	own := []nlu.Candidate{{Intent: "ready", Patterns: []string{"i am ready [to go]"}}}
	if r := classify(t, nlu.Utterance{Text: "i already paid", Language: "en", Candidates: own}); r.Intent != "" {
		t.Errorf("understood %q, which is no candidate", r.Intent)
	}
	if r := classify(t, nlu.Utterance{Text: "yeah I'm, um, I am ready!", Language: "en", Candidates: own}); r.Intent != "ready" || r.Matched != "i am ready [to go]" {
		t.Errorf("got %+v", r)
	}
	if r := classify(t, nlu.Utterance{Text: "i already paid", Language: "en"}); r.Intent != "" || r.Confidence != 0 {
		t.Errorf("without candidates: %+v", r)
	}
}

func TestGlobalLosesTies(t *testing.T) {
	for _, order := range [][]nlu.Candidate{
		{{Intent: "step", Patterns: []string{"go on"}}, {Intent: "anywhere", Patterns: []string{"go on"}, Global: true}},
		{{Intent: "anywhere", Patterns: []string{"go on"}, Global: true}, {Intent: "step", Patterns: []string{"go on"}}},
	} {
		r := classify(t, nlu.Utterance{Text: "go on", Language: "en", Candidates: order})
		if r.Intent != "step" || r.Margin <= 0 || r.Margin > 0.1 {
			t.Errorf("got %q with margin %v", r.Intent, r.Margin)
		}
	}
}

func TestNegationIsNotTheThingDenied(t *testing.T) {
	for language, texts := range map[string][]string{
		"en": {"i have not already paid it", "i haven't paid it"},
		"zh": {"我没有还了", "我还没付过了"},
	} {
		only := []nlu.Candidate{{Intent: "already_paid"}}
		for _, text := range texts {
			if r := classify(t, nlu.Utterance{Text: text, Language: language, Candidates: only}); r.Intent != "" {
				t.Errorf("%q is taken for %q by %q at %v", text, r.Intent, r.Matched, r.Confidence)
			}
		}
	}
}

func TestSlots(t *testing.T) {
	promise := []nlu.Slot{{Name: "date", Kind: spoken.KindDate}, {Name: "amount", Kind: spoken.KindAmount}}
	digits := []nlu.Slot{{Name: "tail", Kind: spoken.KindDigits, Digits: 4}}
	two := []nlu.Slot{{Name: "first", Kind: spoken.KindDate}, {Name: "second", Kind: spoken.KindDate}}
	moment := []nlu.Slot{{Name: "at", Kind: spoken.KindDateTime}}
	for _, c := range []struct {
		language, text string
		slots          []nlu.Slot
		want           map[string]string
	}{
		{"en", "i can pay two hundred dollars on friday", promise, map[string]string{"date": "2026-12-04", "amount": "200.00"}},
		{"en", "no, the eleventh", promise, map[string]string{"date": "2026-12-11"}},
		{"en", "friday no monday", promise, map[string]string{"date": "2026-12-07"}},
		{"en", "one moment", promise, nil},
		{"en", "i have one question", promise, nil},
		{"en", "oh four seven two", digits, map[string]string{"tail": "0472"}},
		{"en", "oh four seven", digits, nil},
		{"en", "half on friday and the rest on the fifteenth", two, map[string]string{"first": "2026-12-04", "second": "2026-12-15"}},
		{"en", "tomorrow at six pm", moment, map[string]string{"at": "2026-12-04T18:00"}},
		{"en", "tomorrow", moment, map[string]string{"at": "2026-12-04"}},
		{"zh", "我周五还三百块", promise, map[string]string{"date": "2026-12-04", "amount": "300.00"}},
		{"zh", "不对是十一号", promise, map[string]string{"date": "2026-12-11"}},
		{"zh", "周五不对下周一", promise, map[string]string{"date": "2026-12-07"}},
		{"zh", "零四七二", digits, map[string]string{"tail": "0472"}},
		{"zh", "我有一个问题", promise, nil},
		{"zh", "明天下午三点", moment, map[string]string{"at": "2026-12-04T15:00"}},
	} {
		r := classify(t, nlu.Utterance{Text: c.text, Language: c.language, Slots: c.slots})
		var got map[string]string
		for _, f := range r.Slots {
			if got == nil {
				got = map[string]string{}
			}
			got[f.Slot] = written(f.Value)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

func written(v spoken.Value) string {
	switch v.Kind {
	case spoken.KindDate:
		return v.At.Format(time.DateOnly)
	case spoken.KindDateTime:
		return v.At.Format("2006-01-02T15:04")
	case spoken.KindAmount:
		return fmt.Sprintf("%d.%02d", v.Money.Minor/100, v.Money.Minor%100)
	}
	return v.Digits
}

func TestOtherReadingsFollow(t *testing.T) {
	r := classify(t, nlu.Utterance{Text: "next friday", Language: "en", Slots: []nlu.Slot{{Name: "date", Kind: spoken.KindDate}}})
	if len(r.Slots) != 1 || len(r.Slots[0].Others) != 1 || !r.Slots[0].Value.Ambiguous {
		t.Fatalf("got %+v", r.Slots)
	}
}

func TestYesNo(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		language, text string
		want           *bool
	}{
		{"en", "yes", &yes}, {"en", "no, the eleventh", &no}, {"en", "yes but on friday", &yes}, {"en", "i don't know", nil},
		{"en", "friday", nil}, {"zh", "不对是十一号", &no}, {"zh", "对", &yes}, {"zh", "对不起", nil}, {"zh", "好的周五", &yes},
	} {
		r := classify(t, nlu.Utterance{Text: c.text, Language: c.language})
		if diff := cmp.Diff(c.want, r.YesNo); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

func TestMood(t *testing.T) {
	for _, c := range []struct {
		language, text string
		labels         []string
		angry          bool
	}{
		{"en", "go to hell you idiot", []string{"insult"}, true},
		{"en", "you are harassing me i'm going to sue you", []string{"complaint", "threat"}, true},
		{"en", "i lost my job and i can't afford it", []string{"hardship"}, false},
		{"en", "thank you so much", []string{"thanks"}, false},
		{"en", "i will pay on friday", nil, false},
		{"en", "my car broke down", nil, false},
		{"zh", "你们这帮骗子我要投诉你们", []string{"complaint"}, true},
		{"zh", "滚开别烦我", []string{"insult"}, true},
		{"zh", "打幺二三七八投诉", []string{"complaint"}, true},
		{"zh", "我失业了实在还不起", []string{"hardship"}, false},
		{"zh", "好的谢谢", []string{"thanks"}, false},
		{"zh", "家里有病人要照顾礼拜五操作一下", nil, false},
		{"zh", "我没有投诉", nil, false},
		{"fr", "merde", nil, false},
	} {
		m := classify(t, nlu.Utterance{Text: c.text, Language: c.language}).Mood
		if diff := cmp.Diff(c.labels, m.Labels); diff != "" || (m.Anger >= 0.5) != c.angry {
			t.Errorf("%q: anger %.2f, want angry %v; labels %s", c.text, m.Anger, c.angry, diff)
		}
	}
}

func TestMoodPatternsParse(t *testing.T) {
	for language, labels := range moodSets {
		for label, sources := range labels {
			for _, source := range sources {
				if _, err := phrase.Parse(source); err != nil {
					t.Errorf("%s %s: %v", language, label, err)
				}
			}
		}
	}
}

func TestBadPatternIsAnError(t *testing.T) {
	_, err := New(Options{}).Classify(t.Context(), nlu.Utterance{Text: "hi", Language: "en", Candidates: []nlu.Candidate{{Intent: "x", Patterns: []string{"(a"}}}})
	var syntax *phrase.SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Options{}).Classify(ctx, nlu.Utterance{Text: "hi"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := New(Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, s := range saidEnglish[:20] {
				if _, err := c.Classify(context.Background(), nlu.Utterance{Text: s.text, Language: "en", Candidates: every("en"), Now: thursday}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzClassify(f *testing.F) {
	f.Add("no, the eleventh", "en")
	f.Add("不对是十一号 12/5 $3", "zh")
	f.Add("\xff\xfe", "xx")
	slots := []nlu.Slot{{Name: "d", Kind: spoken.KindDateTime}, {Name: "a", Kind: spoken.KindAmount}, {Name: "t", Kind: spoken.KindDigits, Digits: 4}}
	f.Fuzz(func(t *testing.T, text, language string) {
		r := classify(t, nlu.Utterance{Text: text, Language: language, Candidates: every(language), Slots: slots})
		if r.Confidence < 0 || r.Confidence > 1 || r.Mood.Anger < 0 || r.Mood.Anger > 1 {
			t.Errorf("out of range: %+v", r)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	for _, u := range []nlu.Utterance{
		{Text: "well i think i already paid that last week on my card", Language: "en"},
		{Text: "我记得我上个礼拜已经把这个钱还过了你们再查一下", Language: "zh"},
	} {
		b.Run(u.Language, func(b *testing.B) {
			u.Candidates, u.Now = every(u.Language), thursday
			u.Slots = []nlu.Slot{{Name: "date", Kind: spoken.KindDate}, {Name: "amount", Kind: spoken.KindAmount}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := classifier.Classify(context.Background(), u); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
