package spoken

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return time.FixedZone("EST", -5*3600)
	}
	return zone
}()

// thursday is the present of the tests: 3 December 2026, ten in the morning.
var thursday = time.Date(2026, 12, 3, 10, 0, 0, 0, newYork)

// brief writes values the way the tables below do.
func brief(vs []Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, briefOne(v))
	}
	return strings.Join(out, " ")
}

func briefOne(v Value) string {
	mark := ""
	if v.Ambiguous {
		mark = "?"
	}
	if v.Precision == "about" {
		mark += "~"
	}
	switch v.Kind {
	case KindDate:
		if v.Precision == "week" || v.Precision == "month" || v.Precision == "year" {
			return mark + v.At.Format("2006-01-02") + "/" + v.Precision
		}
		return mark + v.At.Format("2006-01-02")
	case KindTime:
		return mark + v.At.Format("15:04")
	case KindDateTime:
		return mark + v.At.Format("2006-01-02T15:04")
	case KindDuration:
		return mark + v.Duration.String()
	case KindAmount:
		return fmt.Sprintf("%s%d.%02d%s", mark, v.Money.Minor/100, v.Money.Minor%100, v.Money.Currency)
	case KindNumber:
		return fmt.Sprintf("%s#%v", mark, v.Number)
	case KindDigits:
		return mark + "d" + v.Digits
	}
	return mark + map[bool]string{true: "yes", false: "no"}[v.Yes]
}

// TestPhrases reads the tables of testdata: what was asked, the phrase, the
// readings.
func TestPhrases(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		table, err := os.ReadFile("testdata/phrases." + language + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(table)) {
			cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if strings.HasPrefix(line, "#") || len(cells) != 3 {
				continue
			}
			rows++
			var kinds []Kind
			if cells[0] != "-" {
				kinds = []Kind{Kind(cells[0])}
			}
			if got := brief(Parse(language, cells[1], kinds, thursday)); got != cells[2] {
				t.Errorf("%s %q (asked %s): %s, want %s", language, cells[1], cells[0], got, cells[2])
			}
		}
		if rows < 150 {
			t.Errorf("%s: only %d phrases were tried", language, rows)
		}
	}
}

func TestParseOffsets(t *testing.T) {
	for language, text := range map[string]string{"en": "Well, I can pay $50 on Friday.", "zh": "嗯，我可以周五还５０块。"} {
		vs := Parse(language, text, nil, thursday)
		if len(vs) != 2 {
			t.Fatalf("%q: %s", text, brief(vs))
		}
		for _, v := range vs {
			if text[v.Start:v.End] != v.Text || v.Text == "" {
				t.Errorf("%q: text %q is not at %d to %d", text, v.Text, v.Start, v.End)
			}
		}
	}
}

func TestParseInTheCustomersZone(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	now := thursday.In(tokyo) // already Friday there
	vs := Parse("en", "tomorrow", []Kind{KindDate}, now)
	if want := time.Date(2026, 12, 5, 0, 0, 0, 0, tokyo); len(vs) != 1 || !vs[0].At.Equal(want) || vs[0].At.Location() != tokyo {
		t.Errorf("tomorrow is %v, want %v", vs, want)
	}
}

func TestOtherLanguagesHaveNoValues(t *testing.T) {
	if vs := Parse("fr", "demain 12", nil, thursday); vs != nil {
		t.Errorf("got %s", brief(vs))
	}
	if a, b := brief(Parse("zh-CN", "明天", nil, thursday)), brief(Parse("zh", "明天", nil, thursday)); a != b || a == "" {
		t.Errorf("a region changes the reading: %q, %q", a, b)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"next friday at half past four", "one twenty eight fifty", "三百二十块五", "下下周五晚上八点", "12/5/2026", "$1,250.50", "0472", "二零二六年",
		"p.m.", "\xff\xfe", "一万亿亿亿", "the end of", "过过过", "double double", "1-2-3-4", "差差点点", "负", "99999999999999999999",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range []string{"en", "zh"} {
			for _, kinds := range [][]Kind{nil, {KindAmount, KindDate, KindDigits}, {KindDateTime, KindTime, KindDuration}} {
				checkReadings(t, text, Parse(language, text, kinds, thursday))
			}
		}
	})
}

func checkReadings(t *testing.T, text string, vs []Value) {
	t.Helper()
	end, same := 0, 1
	for i, v := range vs {
		if v.Start < 0 || v.End > len(text) || v.Start >= v.End || text[v.Start:v.End] != v.Text {
			t.Fatalf("%q: bad place %+v", text, v)
		}
		if i > 0 && vs[i-1].Start == v.Start {
			same++
		} else if same = 1; v.Start < end {
			t.Fatalf("%q: %q overlaps what was before", text, v.Text)
		}
		if same > maxReadings || (same > 1 && !v.Ambiguous) {
			t.Fatalf("%q: %d readings of %q", text, same, v.Text)
		}
		if v.Money.Minor < 0 || v.Duration < 0 {
			t.Fatalf("%q: overflow in %+v", text, v)
		}
		end = v.End
	}
}

func BenchmarkParse(b *testing.B) {
	for language, text := range map[string]string{
		"en": "well i think i can pay one hundred twenty eight dollars and fifty cents on friday the eleventh",
		"zh": "我想想啊下个月五号应该可以先还三百二十块五",
	} {
		b.Run(language, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(language, text, nil, thursday)
			}
		})
	}
}

// BenchmarkParseWorst keeps the cost of hostile text in view.
func BenchmarkParseWorst(b *testing.B) {
	for _, unit := range []string{"um ", "a ", "one hundred and ", "一小时", "两点差", "星期", "in the end of ", "double "} {
		text := strings.Repeat(unit, maxText/len(unit))
		for _, language := range []string{"en", "zh"} {
			b.Run(language+" "+strings.TrimSpace(unit), func(b *testing.B) {
				for b.Loop() {
					Parse(language, text, nil, thursday)
				}
			})
		}
	}
}
