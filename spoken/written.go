package spoken

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// writtenInt reads token i as a whole number from lo to hi.
func (r *reader) writtenInt(i, lo, hi int) (int, bool) {
	if !r.written(i) {
		return 0, false
	}
	n, err := strconv.Atoi(r.at(i))
	return n, err == nil && n >= lo && n <= hi
}

// iso reads "2026-12-01" and "2026/12/1".
func (r *reader) iso(i int) (reading, bool) {
	y, ok := r.writtenInt(i, 1900, 2200)
	sep := r.at(i + 1)
	m, okM := r.writtenInt(i+2, 1, 12)
	d, okD := r.writtenInt(i+4, 1, 31)
	if !ok || !okM || !okD || (sep != "-" && sep != "/") || r.at(i+3) != sep {
		return reading{}, false
	}
	day, valid := civil(y, time.Month(m), d, r.now.Location())
	return reading{dateValues("day", day), i + 5}, valid
}

// enWritten reads "2026-12-01", "12/5" and "12/5/2026". Which of the two is
// the month nobody can tell when both may be.
func enWritten(r *reader, i int) (reading, bool) {
	if got, ok := r.iso(i); ok {
		return got, true
	}
	a, okA := r.writtenInt(i, 1, 31)
	b, okB := r.writtenInt(i+2, 1, 31)
	if !okA || !okB || r.at(i+1) != "/" || r.at(i-1) == "/" {
		return reading{}, false
	}
	next := i + 3
	year := 0
	if r.at(next) == "/" {
		y, ok := r.writtenInt(next+1, 0, 2200)
		if !ok {
			return reading{}, false
		}
		if y < 100 {
			y += 2000
		}
		year, next = y, next+2
	}
	var days []time.Time
	for _, md := range [...][2]int{{a, b}, {b, a}} {
		for _, day := range r.writtenDay(year, md[0], md[1]) {
			if !slices.ContainsFunc(days, day.Equal) {
				days = append(days, day)
			}
		}
	}
	return reading{dateValues("day", days...), next}, len(days) > 0
}

func (r *reader) writtenDay(year, m, d int) []time.Time {
	if m > 12 || d > lastDay(2000, time.Month(m)) {
		return nil
	}
	if year == 0 {
		return monthDay(r.now, time.Month(m), d)
	}
	day, ok := civil(year, time.Month(m), d, r.now.Location())
	if !ok {
		return nil
	}
	return []time.Time{day}
}

// writtenClock reads "18:30" and "6:30".
func (r *reader) writtenClock(i int) (h, m, next int, ok bool) {
	h, okH := r.writtenInt(i, 0, 23)
	m, okM := r.writtenInt(i+2, 0, 59)
	if !okH || !okM || r.at(i+1) != ":" || len(r.at(i+2)) != 2 {
		return 0, 0, 0, false
	}
	next = i + 3
	if s, okS := r.writtenInt(next+1, 0, 59); okS && r.at(next) == ":" && s >= 0 {
		next += 2
	}
	return h, m, next, true
}

// ParseMoney reads an amount as a list or a flow writes it: "128.50 USD",
// "USD 128.50", "$1,250", "¥128.5", "128.5元", "128.50" (no currency). Words in
// English or Chinese are read too. The error says what was expected.
func ParseMoney(s string) (Money, error) {
	for _, language := range []string{"en", "zh"} {
		vs := Parse(language, s, []Kind{KindAmount}, time.Time{})
		if len(vs) == 1 && covers(vs[0], s) {
			return vs[0].Money, nil
		}
	}
	if code, rest, ok := isoAmount(s); ok {
		return Money{Minor: rest, Currency: code}, nil
	}
	return Money{}, fmt.Errorf("%q is not an amount; write it like 128.50 USD", s)
}

// isoAmount reads any three-letter currency code before or after the number.
func isoAmount(s string) (string, int64, bool) {
	toks := tokens(s)
	if len(toks) != 2 {
		return "", 0, false
	}
	if toks[1].written {
		toks[0], toks[1] = toks[1], toks[0]
	}
	v, err := strconv.ParseFloat(toks[0].text, 64)
	if err != nil || v > maxNumber || !toks[0].written || len(toks[1].text) != 3 {
		return "", 0, false
	}
	code := []byte(toks[1].text)
	for i, c := range code {
		if c < 'a' || c > 'z' {
			return "", 0, false
		}
		code[i] = c - 'a' + 'A'
	}
	return string(code), moneyValue(v, "", "").Money.Minor, true
}

// ParseDate reads a date as a list or a flow writes it: "2026-12-01",
// "2026/12/1", "20261201", "2026年12月1日", "1 December 2026". It is midnight in
// now's zone. A date that could be two is an error.
func ParseDate(s string, now time.Time) (time.Time, error) {
	if day, err := time.ParseInLocation("20060102", s, now.Location()); err == nil {
		return day, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return midnight(at.In(now.Location())), nil
	}
	for _, language := range []string{"en", "zh"} {
		vs := Parse(language, s, []Kind{KindDate}, now)
		if len(vs) == 1 && covers(vs[0], s) {
			return vs[0].At, nil
		}
		if len(vs) > 1 && covers(vs[0], s) {
			return time.Time{}, fmt.Errorf("%q could be more than one date; write it like 2026-12-01", s)
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date; write it like 2026-12-01", s)
}

// covers reports whether a value was read from all of s but blanks and marks.
func covers(v Value, s string) bool {
	return len(tokens(s[:v.Start])) == 0 && len(tokens(s[v.End:])) == 0
}
