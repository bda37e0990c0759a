package spoken

import "time"

// midnight is the beginning of t's day in t's zone.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// civil is the date y-m-d when there is one.
func civil(y int, m time.Month, d int, loc *time.Location) (time.Time, bool) {
	if y < 1900 || y > 2200 || m < 1 || m > 12 || d < 1 || d > lastDay(y, m) {
		return time.Time{}, false
	}
	return time.Date(y, m, d, 0, 0, 0, 0, loc), true
}

func lastDay(y int, m time.Month) int {
	return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func plusDays(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }

// plusMonths keeps the day of the month, or takes the last one there is.
func plusMonths(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, t.Location())
	return time.Date(first.Year(), first.Month(), min(d, lastDay(first.Year(), first.Month())), 0, 0, 0, 0, t.Location())
}

// weekStart is the Monday of t's week plus n weeks.
func weekStart(t time.Time, n int) time.Time {
	return plusDays(midnight(t), -(int(t.Weekday())+6)%7+7*n)
}

// weekdayIn is the weekday in t's week (Monday first) plus n weeks.
func weekdayIn(t time.Time, w time.Weekday, n int) time.Time {
	return plusDays(weekStart(t, n), (int(w)+6)%7)
}

// upcoming is the next such weekday; today counts.
func upcoming(t time.Time, w time.Weekday) time.Time {
	return plusDays(midnight(t), (int(w)-int(t.Weekday())+7)%7)
}

// bareWeekday reads "friday": the coming one, and said on a Friday either
// today or a week later.
func bareWeekday(now time.Time, w time.Weekday) []time.Time {
	day := upcoming(now, w)
	if w == now.Weekday() {
		return []time.Time{day, plusDays(day, 7)}
	}
	return []time.Time{day}
}

// dayOfMonth reads "the fifth": the coming one, today included.
func dayOfMonth(now time.Time, d int) (time.Time, bool) {
	today := midnight(now)
	for n := range 3 { // at most one month in a row lacks a day
		first := time.Date(now.Year(), now.Month()+time.Month(n), 1, 0, 0, 0, 0, now.Location())
		day, ok := civil(first.Year(), first.Month(), d, now.Location())
		if ok && !day.Before(today) {
			return day, true
		}
	}
	return time.Time{}, false
}

// monthDay reads "december first" without a year: the coming one. When it
// passed within the last two months the past one is a reading too.
func monthDay(now time.Time, m time.Month, d int) []time.Time {
	today := midnight(now)
	var days []time.Time
	for y := now.Year(); y <= now.Year()+8 && len(days) == 0; y++ { // 29 February
		if day, ok := civil(y, m, d, now.Location()); ok && !day.Before(today) {
			days = append(days, day)
		}
	}
	for _, y := range []int{now.Year(), now.Year() - 1} {
		day, ok := civil(y, m, d, now.Location())
		if ok && day.Before(today) && day.After(plusDays(today, -62)) {
			days = append(days, day)
		}
	}
	return days
}

// nearby is how far from now a date without a year is still recognised by its
// weekday.
const nearby = 200

// agreeing is the m-d near now that falls on w; without one the words
// contradict themselves and both readings are returned.
func agreeing(now time.Time, w time.Weekday, m time.Month, d int) []time.Time {
	today := midnight(now)
	for _, y := range []int{now.Year(), now.Year() + 1, now.Year() - 1} {
		day, ok := civil(y, m, d, now.Location())
		if ok && day.Weekday() == w && day.After(plusDays(today, -nearby)) && day.Before(plusDays(today, nearby)) {
			return []time.Time{day}
		}
	}
	return append(monthDay(now, m, d), upcoming(now, w))
}

// clock is a time of day.
type clock struct{ h, m int }

// on is the clock's time on a day; h may be 24.
func (c clock) on(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, c.h, c.m, 0, 0, day.Location())
}

// halves are the two readings of an hour said without a part of the day, the
// one in waking hours first.
func halves(h, m int) []clock {
	switch {
	case h > 12 || h == 0:
		return []clock{{h, m}}
	case h == 12:
		return []clock{{12, m}, {0, m}}
	case h >= 8:
		return []clock{{h, m}, {h + 12, m}}
	}
	return []clock{{h + 12, m}, {h, m}}
}

// combine puts clocks on days. Said of today, a time that has passed gives way
// to one that has not.
func combine(now time.Time, days []time.Time, clocks []clock, precision string) []Value {
	var vs, past []Value
	for _, day := range days {
		for _, c := range clocks {
			v := Value{Kind: KindDateTime, At: c.on(day), Precision: precision}
			if day.Equal(midnight(now)) && v.At.Before(now) {
				past = append(past, v)
				continue
			}
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return past
	}
	return vs
}

// timeValues puts clocks on now's day.
func timeValues(now time.Time, clocks []clock, precision string) []Value {
	var vs []Value
	for _, c := range clocks {
		vs = append(vs, Value{Kind: KindTime, At: c.on(midnight(now)), Precision: precision})
	}
	return vs
}

// span is a length of time as it was said; months and years have no fixed
// length, so dates are counted with them and not with hours.
type span struct {
	days, months int
	exact        time.Duration // hours and less
	precision    string
	about        bool
}

// sane reports whether the span is short enough to reckon with: a century.
func (s span) sane() bool {
	return s.days+30*s.months <= 36600 && s.exact <= 366*24*time.Hour
}

// from is the day or the moment the span leads to.
func (s span) from(day time.Time) time.Time {
	return plusDays(plusMonths(midnight(day), s.months), s.days)
}

// value is the span as a duration of 24-hour days and 30-day months.
func (s span) value() Value {
	d := s.exact + time.Duration(s.days+30*s.months)*24*time.Hour
	precision := s.precision
	if s.about {
		precision = "about"
	}
	return Value{Kind: KindDuration, Duration: d, Precision: precision}
}

// after is the date or the moment that lies the span after now.
func (s span) after(now time.Time) Value {
	if s.exact != 0 {
		at := now.AddDate(0, s.months, s.days).Add(s.exact).Truncate(time.Second)
		return Value{Kind: KindDateTime, At: at, Precision: s.value().Precision}
	}
	precision := "day"
	if s.about {
		precision = "about"
	}
	return dateValue(s.from(now), precision)
}
