package spoken

import (
	"strconv"
	"time"
)

var enWeekdays = map[string]time.Weekday{
	"monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday, "thursday": time.Thursday,
	"friday": time.Friday, "saturday": time.Saturday, "sunday": time.Sunday,
	"mon": time.Monday, "tue": time.Tuesday, "tues": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday,
	"thur": time.Thursday, "thurs": time.Thursday, "fri": time.Friday, "monday's": time.Monday, "friday's": time.Friday,
}

var enMonths = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
	"september": 9, "october": 10, "november": 11, "december": 12,
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}

var enOrdinals = map[string]int{
	"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
	"tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
	"seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}

// enOrdinal reads "fifth", "twenty first", "5th".
func enOrdinal(r *reader, i int) (int, int, bool) {
	w := r.at(i)
	if n, ok := enOrdinals[w]; ok {
		return n, i + 1, true
	}
	if tens, ok := enTens[w]; ok && tens <= 30 {
		if n := enOrdinals[r.at(i+1)]; n >= 1 && n <= 9 && tens+n <= 31 {
			return tens + n, i + 2, true
		}
		return 0, 0, false
	}
	if r.written(i) && enOrdinalTail(r, i+1) {
		n, err := strconv.Atoi(w)
		return n, i + 2, err == nil && n >= 1 && n <= 31
	}
	return 0, 0, false
}

// enDay reads the day of a month said with its month: "first", "the first",
// "one", "1", "1st".
func enDay(r *reader, i int) (int, int, bool) {
	if r.at(i) == "the" {
		i++
	}
	if n, j, ok := enOrdinal(r, i); ok {
		return n, j, true
	}
	if r.written(i) {
		n, err := strconv.Atoi(r.at(i))
		return n, i + 1, err == nil && n >= 1 && n <= 31
	}
	n, j, ok := below100(r, i)
	return n, j, ok && n <= 31
}

// enYear reads "2026", "twenty twenty six", "two thousand [and] twenty six".
func enYear(r *reader, i int) (int, int, bool) {
	if r.written(i) {
		y, err := strconv.Atoi(r.at(i))
		return y, i + 1, err == nil && len(r.at(i)) == 4 && y >= 1900 && y <= 2200
	}
	if r.at(i) == "nineteen" || r.at(i) == "twenty" {
		if rest, j, ok := below100(r, i+1); ok && rest >= 10 && (rest != 20 || r.at(i) != "nineteen") {
			return (enTeens["nineteen"]+btoi(r.at(i) == "twenty"))*100 + rest, j, true
		}
	}
	if j, ok := r.words(i, "two thousand"); ok {
		if r.at(j) == "and" {
			j++
		}
		if rest, k, more := below100(r, j); more {
			return 2000 + rest, k, true
		}
	}
	return 0, 0, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// enDate is the longest of the ways to say a day.
func enDate(r *reader, i int) (reading, bool) {
	var best reading
	for _, way := range [...]func(*reader, int) (reading, bool){
		enRelative, enWeekday, enFromDay, enMonthDay, enTheDay, enIn, enEdge, enPeriod, enMonth, enWritten, enHoliday,
	} {
		if got, ok := way(r, i); ok && len(got.values) > 0 && got.next > best.next {
			best = got
		}
	}
	return best, best.next > i
}

// one closes a reading of a single day.
func one(day time.Time, precision string, next int) (reading, bool) {
	return reading{dateValues(precision, day), next}, true
}

func enRelative(r *reader, i int) (reading, bool) {
	today := midnight(r.now)
	for _, way := range [...]struct {
		words string
		days  int
	}{
		{"today", 0}, {"tonight", 0}, {"tomorrow", 1}, {"yesterday", -1}, {"last night", -1},
		{"the day after tomorrow", 2}, {"day after tomorrow", 2}, {"the day before yesterday", -2}, {"day before yesterday", -2},
		{"this morning", 0}, {"this afternoon", 0}, {"this evening", 0}, {"later today", 0},
		{"today's", 0}, {"todays", 0}, {"tomorrow's", 1}, {"tomorrows", 1},
	} {
		if j, ok := r.words(i, way.words); ok {
			return one(plusDays(today, way.days), "day", j)
		}
	}
	if j, ok := r.anyWords(i, "now", "right now", "right away", "immediately", "straight away"); ok && r.wanted(KindDate) {
		return one(today, "day", j)
	}
	return reading{}, false
}

// enWeekday reads a weekday with what may stand before and after it.
func enWeekday(r *reader, i int) (reading, bool) {
	for _, lead := range [...]struct {
		words string
		days  func(now time.Time, w time.Weekday) []time.Time
	}{
		{"", bareWeekday},
		{"on", nil},
		{"this", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{upcoming(now, w)} }},
		{"this coming", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{upcoming(plusDays(now, 1), w)} }},
		{"the coming", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{upcoming(plusDays(now, 1), w)} }},
		{"coming", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{upcoming(plusDays(now, 1), w)} }},
		{"next", nextWeekday},
		{"last", func(now time.Time, w time.Weekday) []time.Time {
			return []time.Time{plusDays(upcoming(now, w), -7)}
		}},
		{"next week", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{weekdayIn(now, w, 1)} }},
		{"next week on", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{weekdayIn(now, w, 1)} }},
		{"this week", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{weekdayIn(now, w, 0)} }},
		{"last week", func(now time.Time, w time.Weekday) []time.Time { return []time.Time{weekdayIn(now, w, -1)} }},
	} {
		j, ok := r.words(i, lead.words)
		if !ok || lead.days == nil {
			continue
		}
		w, ok := enWeekdays[r.at(j)]
		if !ok {
			continue
		}
		return enAfterWeekday(r, w, lead.days(r.now, w), j+1)
	}
	return reading{}, false
}

// nextWeekday reads "next friday", which many use for the coming one and as
// many for the one in next week; where the two differ both are reported.
func nextWeekday(now time.Time, w time.Weekday) []time.Time {
	later, soon := weekdayIn(now, w, 1), upcoming(plusDays(now, 1), w)
	if soon.Equal(later) {
		return []time.Time{later}
	}
	return []time.Time{later, soon}
}

// enAfterWeekday reads what narrows a weekday: "friday december fourth",
// "friday the fourth", "friday next week", "friday week".
func enAfterWeekday(r *reader, w time.Weekday, days []time.Time, next int) (reading, bool) {
	if j, ok := r.anyWords(next, "next week", "of next week"); ok {
		return one(weekdayIn(r.now, w, 1), "day", j)
	}
	if j, ok := r.anyWords(next, "this week", "of this week"); ok {
		return one(weekdayIn(r.now, w, 0), "day", j)
	}
	if j, ok := r.words(next, "after next"); ok {
		return one(weekdayIn(r.now, w, 2), "day", j)
	}
	if r.at(next) == "week" {
		return one(plusDays(upcoming(r.now, w), 7), "day", next+1)
	}
	if m, d, year, j, ok := enNamedDay(r, next); ok {
		if year > 0 {
			day, valid := civil(year, m, d, r.now.Location())
			return reading{dateValues("day", day), j}, valid
		}
		return reading{dateValues("day", agreeing(r.now, w, m, d)...), j}, true
	}
	j := next
	if r.at(j) == "the" {
		if d, k, ok := enOrdinal(r, j+1); ok && !enNotDay(r, k) {
			return reading{dateValues("day", agreeingDay(r.now, w, d)...), k}, true
		}
	}
	return reading{dateValues("day", days...), next}, true
}

// agreeingDay reads "friday the fourth": the month, from this one on, in which
// both are true; else both readings.
func agreeingDay(now time.Time, w time.Weekday, d int) []time.Time {
	for n := range 12 {
		m := now.Month() + time.Month(n)
		first := time.Date(now.Year(), m, 1, 0, 0, 0, 0, now.Location())
		day, ok := civil(first.Year(), first.Month(), d, now.Location())
		if ok && day.Weekday() == w && !day.Before(midnight(now)) && n < 3 {
			return []time.Time{day}
		}
	}
	if day, ok := dayOfMonth(now, d); ok {
		return []time.Time{day, upcoming(now, w)}
	}
	return []time.Time{upcoming(now, w)}
}

// enFromDay reads "a week from friday", "two days after tomorrow", "a week
// tomorrow".
func enFromDay(r *reader, i int) (reading, bool) {
	s, j, ok := enSpan(r, i)
	if !ok || s.exact != 0 {
		return reading{}, false
	}
	k, ok := r.anyWords(j, "from", "after", "from next", "from this")
	if !ok {
		if w := r.at(j); w != "today" && w != "tomorrow" || s.precision != "week" {
			return reading{}, false
		}
		k = j
	} else if prev := r.at(k - 1); prev == "next" || prev == "this" {
		k--
	}
	if end, now := r.anyWords(k, "now", "today"); now {
		return one(s.from(r.now), "day", end)
	}
	base, ok := enRelative(r, k)
	if !ok {
		base, ok = enWeekday(r, k)
	}
	if !ok {
		base, ok = enMonthDay(r, k)
	}
	if !ok {
		return reading{}, false
	}
	var days []time.Time
	for _, v := range base.values {
		days = append(days, s.from(v.At))
	}
	return reading{dateValues("day", days...), base.next}, true
}

// enNamedDay reads a month with its day and perhaps a year; year 0 when it was
// not said.
func enNamedDay(r *reader, i int) (m time.Month, d, year, next int, ok bool) {
	j := i
	if m, ok = enMonths[r.at(i)]; ok {
		d, j, ok = enDay(r, i+1)
	} else {
		if r.at(j) == "the" {
			j++
		}
		var plain bool
		if d, j, ok = enOrdinal(r, j); !ok {
			d, j, ok = enDay(r, i)
			plain = true
		}
		if r.at(j) == "of" {
			j++
		} else if plain && !r.written(i) {
			ok = false // "one may" is not a date
		}
		if ok {
			m, ok = enMonths[r.at(j)]
			j++
		}
	}
	if !ok || d > lastDay(2000, m) {
		return 0, 0, 0, 0, false
	}
	if y, k, said := enYear(r, j); said {
		return m, d, y, k, true
	}
	return m, d, 0, j, true
}

func enMonthDay(r *reader, i int) (reading, bool) {
	m, d, year, j, ok := enNamedDay(r, i)
	if !ok {
		return reading{}, false
	}
	if year > 0 {
		day, valid := civil(year, m, d, r.now.Location())
		return reading{dateValues("day", day), j}, valid
	}
	// "the first of december next year"
	if k, next := r.anyWords(j, "next year", "of next year"); next {
		day, valid := civil(r.now.Year()+1, m, d, r.now.Location())
		return reading{dateValues("day", day), k}, valid
	}
	return reading{dateValues("day", monthDay(r.now, m, d)...), j}, true
}

// enNotDay reports words that make an ordinal count something else: "the
// second time", "the first payment".
func enNotDay(r *reader, i int) bool {
	switch r.at(i) {
	case "one":
		return !r.clause(i) && r.clause(i+1)
	case "time", "payment", "thing", "part", "person", "bill", "call", "half", "installment", "instalment":
		return !r.clause(i)
	}
	return false
}

// enAfterDay are words that may follow a day of the month.
var enAfterDay = setOf("of next this is at or and would works then i please if maybe for can will should in no yes not but to until till through from")

// enTheDay reads "the fifth", "the fifth of next month" and, when a date was
// asked, "fifth".
func enTheDay(r *reader, i int) (reading, bool) {
	j := i
	if r.at(j) == "the" {
		j++
	}
	said := j > i || r.wanted(KindDate) || r.wanted(KindDateTime) || r.at(i-1) == "on" || r.at(i-1) == "by"
	d, j, ok := enOrdinal(r, j)
	whole := r.clause(i) && r.clause(j)
	if !ok || enNotDay(r, j) || (!said && !whole) || enMonths[r.at(i-1)] > 0 {
		return reading{}, false // a month before it: there is no february thirtieth
	}
	if d <= 3 && !r.written(j-2) && !r.clause(j) && !enTimely(r.at(i-1)) && r.at(i-1) != "on" && !enAfterDay[r.at(j)] {
		return reading{}, false // "the second house"
	}
	if k, next := r.anyWords(j, "of next month", "next month"); next {
		return enDayIn(r, 1, d, k)
	}
	if k, this := r.anyWords(j, "of this month", "this month"); this {
		return enDayIn(r, 0, d, k)
	}
	day, ok := dayOfMonth(r.now, d)
	if k, month := r.anyWords(j, "of the month", "of each month"); month {
		j = k
	}
	return reading{dateValues("day", day), j}, ok
}

// enDayIn is day d of the month n months on.
func enDayIn(r *reader, n, d, next int) (reading, bool) {
	first := time.Date(r.now.Year(), r.now.Month()+time.Month(n), 1, 0, 0, 0, 0, r.now.Location())
	day, ok := civil(first.Year(), first.Month(), d, r.now.Location())
	return reading{dateValues("day", day), next}, ok
}

// enIn reads "in three days", "three days from now", "within a week".
func enIn(r *reader, i int) (reading, bool) {
	j, led := r.anyWords(i, "in", "in about", "within", "in the next", "within the next", "after", "in another")
	s, k, ok := enSpan(r, j)
	if !ok || s.exact != 0 {
		return reading{}, false
	}
	if w := r.at(i); w == "within" || (led && r.at(j-1) == "next") || (led && r.at(j-1) == "about") {
		s.about = true
	}
	end, trailed := r.anyWords(k, "from now", "from today", "later", "time")
	if trailed {
		k = end
	}
	if end, ago := r.words(k, "ago"); ago && !led {
		back := span{days: -s.days, months: -s.months, about: s.about}
		return reading{[]Value{back.after(r.now)}, end}, true
	}
	if !led && !trailed {
		return reading{}, false
	}
	return reading{[]Value{s.after(r.now)}, k}, true
}

// enEdge reads the beginning, middle or end of a week, month or year.
func enEdge(r *reader, i int) (reading, bool) {
	j := i
	if r.at(j) == "the" {
		j++
	}
	edge := r.at(j)
	switch edge {
	case "end", "beginning", "start", "middle":
		j++
	case "mid":
		j++
	case "last":
		if r.at(j+1) != "day" {
			return reading{}, false
		}
		edge, j = "end", j+2
	case "month":
		if r.at(j+1) == "end" {
			return enEdgeOf(r, "end", "month", 0, j+2)
		}
		return reading{}, false
	default:
		return reading{}, false
	}
	if r.at(j) == "of" {
		j++
	} else if edge != "mid" {
		return reading{}, false
	}
	n := 0
	switch r.at(j) {
	case "the", "this":
		j++
	case "next":
		n = 1
		j++
	}
	if m, ok := enMonths[r.at(j)]; ok {
		away := (int(m) - int(r.now.Month()) + 12) % 12
		return enEdgeOf(r, edge, "month", away, j+1)
	}
	return enEdgeOf(r, edge, r.at(j), n, j+1)
}

func enEdgeOf(r *reader, edge, unit string, n, next int) (reading, bool) {
	days, precision := edgeOf(r.now, edge, unit, n)
	return reading{dateValues(precision, days...), next}, len(days) > 0
}

// edgeOf is an edge ("end", "middle", else the start) of the period n periods
// on. The end of a week is its Friday or its Sunday.
func edgeOf(now time.Time, edge, unit string, n int) ([]time.Time, string) {
	y, loc := now.Year(), now.Location()
	switch unit {
	case "week":
		switch edge {
		case "end":
			return []time.Time{weekdayIn(now, time.Friday, n), weekdayIn(now, time.Sunday, n)}, "day"
		case "middle", "mid":
			return []time.Time{weekdayIn(now, time.Wednesday, n)}, "about"
		}
		return []time.Time{weekStart(now, n)}, "about"
	case "month":
		first := time.Date(y, now.Month()+time.Month(n), 1, 0, 0, 0, 0, loc)
		switch edge {
		case "end":
			return []time.Time{plusDays(first, lastDay(first.Year(), first.Month())-1)}, "day"
		case "middle", "mid":
			return []time.Time{plusDays(first, 14)}, "about"
		}
		return []time.Time{first}, "about"
	case "year":
		switch edge {
		case "end":
			return []time.Time{time.Date(y+n, 12, 31, 0, 0, 0, 0, loc)}, "day"
		case "middle", "mid":
			return []time.Time{time.Date(y+n, 7, 1, 0, 0, 0, 0, loc)}, "about"
		}
		return []time.Time{time.Date(y+n, 1, 1, 0, 0, 0, 0, loc)}, "about"
	}
	return nil, ""
}

// enPeriod reads whole periods: "next week", "this weekend", "next month".
func enPeriod(r *reader, i int) (reading, bool) {
	n, j := 0, i+1
	switch r.at(i) {
	case "next":
		n = 1
	case "last":
		n = -1
	case "this", "the":
	default:
		return reading{}, false
	}
	switch r.at(j) {
	case "week":
		if k, ok := r.words(j+1, "after next"); ok {
			n, j = n+2, k-1
		}
		return reading{dateValues("week", weekStart(r.now, n)), j + 1}, r.at(i) != "the" || n == 2
	case "weekend":
		return reading{dateValues("day", weekdayIn(r.now, time.Saturday, n), weekdayIn(r.now, time.Sunday, n)), j + 1}, true
	case "month":
		if k, ok := r.words(j+1, "after next"); ok {
			n, j = n+2, k-1
		}
		days, _ := edgeOf(r.now, "start", "month", n)
		return reading{dateValues("month", days...), j + 1}, r.at(i) != "the" || n == 2
	case "year":
		days, _ := edgeOf(r.now, "start", "year", n)
		return reading{dateValues("year", days...), j + 1}, r.at(i) != "the"
	}
	return reading{}, false
}

// enMonth reads a month alone where nothing else can be meant: "in january".
func enMonth(r *reader, i int) (reading, bool) {
	switch r.at(i - 1) {
	case "in", "by", "until", "since", "before", "from", "during", "till":
	default:
		return reading{}, false
	}
	m, ok := enMonths[r.at(i)]
	if !ok {
		return reading{}, false
	}
	away := (int(m) - int(r.now.Month()) + 12) % 12
	days, _ := edgeOf(r.now, "start", "month", away)
	return one(days[0], "month", i+1)
}

func enHoliday(r *reader, i int) (reading, bool) {
	for _, h := range [...]struct {
		words string
		m     time.Month
		d     int
	}{
		{"christmas eve", 12, 24}, {"christmas day", 12, 25}, {"christmas", 12, 25},
		{"independence day", 7, 4}, {"new years eve", 12, 31}, {"new years day", 1, 1}, {"new year's eve", 12, 31}, {"new year's day", 1, 1}, {"new year's", 1, 1}, {"halloween", 10, 31}, {"valentine's day", 2, 14},
	} {
		if j, ok := r.words(i, h.words); ok {
			return reading{dateValues("day", monthDay(r.now, h.m, h.d)...), j}, true
		}
	}
	return reading{}, false
}
