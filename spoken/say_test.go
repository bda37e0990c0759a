package spoken

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSayIsRead is the law of the room: what is said is read back as the same
// value, in both languages.
func TestSayIsRead(t *testing.T) {
	kinds := []Kind{KindDate, KindTime, KindDateTime, KindDuration, KindAmount, KindNumber, KindDigits, KindYesNo}
	for _, language := range []string{"en", "zh"} {
		for _, kind := range kinds {
			t.Run(language+" "+string(kind), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					v := anyValue(t, kind)
					said := Say(language, v)
					got := Parse(language, said, []Kind{kind}, thursday)
					if len(got) != 1 || briefOne(got[0]) != briefOne(v) {
						t.Fatalf("%s is said %q and read back as %s", briefOne(v), said, brief(got))
					}
				})
			})
		}
	}
}

func anyValue(t *rapid.T, kind Kind) Value {
	v := Value{Kind: kind, Precision: "exact"}
	minutes := rapid.IntRange(0, 24*60-1).Draw(t, "minute")
	days := rapid.IntRange(-3000, 12000).Draw(t, "days")
	switch kind {
	case KindDate:
		v.At = plusDays(midnight(thursday), days)
	case KindTime:
		v.At = clock{minutes / 60, minutes % 60}.on(thursday)
	case KindDateTime:
		v.At = clock{minutes / 60, minutes % 60}.on(plusDays(thursday, max(days, 1)))
	case KindDuration:
		v.Duration = rapid.OneOf(
			rapid.Map(rapid.IntRange(1, 59), func(n int) time.Duration { return time.Duration(n) * time.Second }),
			rapid.Map(rapid.IntRange(1, 1439), func(n int) time.Duration { return time.Duration(n) * time.Minute }),
			rapid.Map(rapid.IntRange(1, 400), func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }),
		).Draw(t, "duration")
	case KindAmount:
		v.Money = Money{
			Minor:    rapid.Int64Range(0, 99_999_999_99).Draw(t, "minor"),
			Currency: rapid.SampledFrom([]string{"USD", "CNY", "EUR", "GBP", ""}).Draw(t, "currency"),
		}
		if v.Money.Currency == "EUR" && v.Money.Minor < 100 { // cents alone are read as a dollar's
			v.Money.Minor += 100
		}
	case KindNumber:
		v.Number = rapid.OneOf(
			rapid.Map(rapid.IntRange(-9999, 9_999_999_999), func(n int) float64 { return float64(n) }),
			rapid.Map(rapid.IntRange(0, 9_999_999), func(n int) float64 { return float64(n) / 100 }),
		).Draw(t, "number")
	case KindDigits:
		v.Digits = rapid.StringMatching(`[0-9]{1,20}`).Draw(t, "digits")
	case KindYesNo:
		v.Yes = rapid.Bool().Draw(t, "yes")
	}
	return v
}

// TestSayDateIsRead: without the year the weekday still tells the day.
func TestSayDateIsRead(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		for n := -180; n <= 400; n++ {
			day := plusDays(midnight(thursday), n)
			said := SayDate(language, day, thursday)
			got := Parse(language, said, []Kind{KindDate}, thursday)
			if len(got) != 1 || !got[0].At.Equal(day) {
				t.Errorf("%s is said %q and read back as %s", day.Format(time.DateOnly), said, brief(got))
			}
		}
	}
}

func TestSayWords(t *testing.T) {
	day := time.Date(2026, 12, 4, 16, 30, 0, 0, newYork)
	for _, c := range []struct{ got, want string }{
		{SayMoney("en", Money{12850, "USD"}), "one hundred twenty eight dollars and fifty cents"},
		{SayMoney("en", Money{101, "USD"}), "one dollar and one cent"},
		{SayMoney("en", Money{50, "USD"}), "fifty cents"},
		{SayMoney("en", Money{32005, "CNY"}), "three hundred twenty point zero five yuan"},
		{SayMoney("zh", Money{12850, "CNY"}), "一百二十八元五角"},
		{SayMoney("zh", Money{32005, "CNY"}), "三百二十元零五分"},
		{SayMoney("zh", Money{2000000, "CNY"}), "两万元"},
		{SayMoney("zh", Money{12850, "USD"}), "一百二十八点五美元"},
		{SayDate("en", day, thursday), "Friday, December fourth"},
		{SayDate("zh", day, thursday), "十二月四号星期五"},
		{SayDate("en", day.AddDate(1, 0, 0), thursday), "Saturday, December fourth, twenty twenty seven"},
		{SayDate("zh", day.AddDate(1, 0, 0), thursday), "二零二七年十二月四号星期六"},
		{SayTime("en", day), "four thirty PM"},
		{SayTime("zh", day), "下午四点半"},
		{SayTime("en", day.Add(-4*time.Hour)), "twelve thirty PM"},
		{SayTime("zh", day.Add(35*time.Minute)), "下午五点零五分"},
		{SayDigits("en", "0472"), "zero four seven two"},
		{SayDigits("zh", "04-72"), "零四七二"},
		{SayPhone("zh", "13800138000"), "幺三八, 零零幺三, 八零零零"},
		{SayPhone("en", "+1 212 555 0123"), "one, two one two, five five five, zero one two three"},
		{SayNumber("en", 12005), "twelve thousand five"},
		{SayNumber("en", -2.5), "minus two point five"},
		{SayNumber("zh", 10010), "一万零一十"},
		{SayNumber("zh", 22200), "两万两千两百"},
		{SayNumber("zh", 0.5), "零点五"},
	} {
		if c.got != c.want {
			t.Errorf("said %q, want %q", c.got, c.want)
		}
	}
}

func TestParseWritten(t *testing.T) {
	for s, want := range map[string]Money{
		"128.50 USD": {12850, "USD"}, "USD 128.50": {12850, "USD"}, "$1,250": {125000, "USD"}, "¥128.50": {12850, "CNY"}, "￥128.5": {12850, "CNY"},
		"128.5元": {12850, "CNY"}, "128.50": {12850, ""}, "1000 JPY": {100000, "JPY"}, "三百二十块五": {32050, "CNY"}, "CNY 99": {9900, "CNY"}, " 12 ": {1200, ""},
	} {
		if got, err := ParseMoney(s); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "abc", "12 apples", "1.2.3", "about"} {
		if got, err := ParseMoney(s); err == nil {
			t.Errorf("ParseMoney(%q) = %v, want an error", s, got)
		}
	}
	for _, s := range []string{"2026-12-01", "2026/12/1", "20261201", "2026年12月1日", "1 December 2026", "December 1st, 2026", "2026-12-01T12:00:00-05:00"} {
		got, err := ParseDate(s, thursday)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(time.Date(2026, 12, 1, 0, 0, 0, 0, newYork)) {
			t.Errorf("ParseDate(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "12/5/2026", "soon", "2026-13-01", "2026-02-30"} {
		if got, err := ParseDate(s, thursday); err == nil {
			t.Errorf("ParseDate(%q) = %v, want an error", s, got)
		}
	}
}
