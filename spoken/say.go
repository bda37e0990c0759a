package spoken

import (
	"strings"
	"time"
)

// voice is how one language says values.
type voice struct {
	number   func(float64) string
	money    func(Money) string
	date     func(t time.Time, year bool) string
	clock    func(h, m int) string
	duration func(time.Duration) string
	digit    [10]string
	// between separates digits, at joins a date and a time.
	between, at string
	// one is the digit one in telephone numbers.
	one     string
	yes, no string
}

func voiceOf(language string) voice {
	if primary, _, _ := strings.Cut(language, "-"); primary == "zh" {
		return zhVoice
	}
	return enVoice
}

// Say speaks a value in full: a date with its year. Any language but Chinese
// is spoken as English. Parse reads back what Say says.
func Say(language string, v Value) string {
	s := voiceOf(language)
	switch v.Kind {
	case KindDate:
		return s.date(v.At, true)
	case KindTime:
		return SayTime(language, v.At)
	case KindDateTime:
		return s.date(v.At, true) + s.at + SayTime(language, v.At)
	case KindDuration:
		return s.duration(v.Duration)
	case KindAmount:
		return s.money(v.Money)
	case KindNumber:
		return s.number(v.Number)
	case KindDigits:
		return SayDigits(language, v.Digits)
	case KindYesNo:
		if v.Yes {
			return s.yes
		}
		return s.no
	}
	return ""
}

// SayMoney speaks an amount: "one hundred twenty eight dollars and fifty
// cents", 一百二十八元五角.
func SayMoney(language string, m Money) string { return voiceOf(language).money(m) }

// SayDate speaks t's day: "Friday, December fourth", 十二月四号星期五. The year
// is said when the day is more than half a year from now.
func SayDate(language string, t, now time.Time) string {
	t = t.In(now.Location())
	far := t.Sub(now).Abs() > 180*24*time.Hour
	return voiceOf(language).date(t, far)
}

// SayTime speaks t's time of day to the minute: "four thirty PM", 下午四点半.
func SayTime(language string, t time.Time) string {
	return voiceOf(language).clock(t.Hour(), t.Minute())
}

// SayNumber speaks a number with at most six decimals.
func SayNumber(language string, n float64) string { return voiceOf(language).number(n) }

// SayDigits speaks digits one by one and skips everything else.
func SayDigits(language, digits string) string {
	s := voiceOf(language)
	return spell(s.digit, digits, s.between)
}

func spell(names [10]string, digits, between string) string {
	var out []string
	for _, d := range digits {
		if d >= '0' && d <= '9' {
			out = append(out, names[d-'0'])
		}
	}
	return strings.Join(out, between)
}

// SayPhone speaks a telephone number digit by digit in the groups it is
// written in at home, with a comma, a short pause, between them.
func SayPhone(language, number string) string {
	s := voiceOf(language)
	s.digit[1] = s.one
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	var groups []string
	for _, size := range phoneGroups(number, len(digits)) {
		groups = append(groups, spell(s.digit, digits[:size], s.between))
		digits = digits[size:]
	}
	return strings.Join(groups, ", ")
}

// phoneGroups are the sizes of the groups of n digits.
func phoneGroups(number string, n int) []int {
	switch {
	case strings.HasPrefix(number, "+86") && n == 13:
		return []int{2, 3, 4, 4}
	case strings.HasPrefix(number, "+1") && n == 11:
		return []int{1, 3, 3, 4}
	case strings.HasPrefix(number, "1") && n == 11:
		return []int{3, 4, 4}
	case n == 10:
		return []int{3, 3, 4}
	}
	var sizes []int
	for n > 4 {
		sizes = append(sizes, 3)
		n -= 3
	}
	if n > 0 {
		sizes = append(sizes, n)
	}
	return sizes
}

// decimals are the digits behind the point, six at most, "" for a whole number.
func decimals(n float64) string {
	_, frac, _ := strings.Cut(formatFloat(n), ".")
	return frac
}
