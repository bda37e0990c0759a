package spoken

import (
	"strconv"
	"time"
)

var zhDays = tableOf(map[string]int{
	"今天": 0, "今日": 0, "明天": 1, "明日": 1, "后天": 2, "大后天": 3, "昨天": -1, "前天": -2, "大前天": -3, "当天": 0,
	"今晚": 0, "今早": 0, "明早": 1, "明晚": 1, "昨晚": -1, "后天晚上": 2, "今儿": 0, "明儿": 1, "后儿": 2, "明儿个": 1, "今儿个": 0,
})

var zhNow = []string{"现在", "马上", "立刻", "立即", "这就", "这会儿"}

var zhWeekLeads = tableOf(map[string]int{
	"上上个": -2, "上上": -2, "上个": -1, "上": -1, "这个": 0, "这": 0, "本": 0, "下个": 1, "下": 1, "下下": 2, "下下个": 2,
})

var zhWeekNames = []string{"周", "星期", "礼拜"}

var zhWeekdayNames = map[string]time.Weekday{
	"一": time.Monday, "二": time.Tuesday, "三": time.Wednesday, "四": time.Thursday, "五": time.Friday, "六": time.Saturday,
	"日": time.Sunday, "天": time.Sunday, "1": time.Monday, "2": time.Tuesday, "3": time.Wednesday, "4": time.Thursday,
	"5": time.Friday, "6": time.Saturday,
}

// zhDate is the longest of the ways to say a day.
func zhDate(r *reader, i int) (reading, bool) {
	var best reading
	for _, way := range [...]func(*reader, int) (reading, bool){
		zhRelative, zhWeek, zhCalendar, zhLater, zhEdge, zhHoliday, enWritten,
	} {
		if got, ok := way(r, i); ok && len(got.values) > 0 && got.next > best.next {
			best = got
		}
	}
	return best, best.next > i
}

func zhRelative(r *reader, i int) (reading, bool) {
	if n, next, ok := longest(r, i, zhDays); ok {
		return one(plusDays(midnight(r.now), n), "day", next)
	}
	if next, ok := r.anyRun(i, zhNow...); ok && r.wanted(KindDate) {
		return one(midnight(r.now), "day", next)
	}
	if next, ok := r.anyRun(i, "这两天", "这几天", "过几天", "过两天", "近几天", "这一两天"); ok {
		return one(plusDays(midnight(r.now), 2), "about", next)
	}
	return reading{}, false
}

// zhWeek reads 周五, 下周五, 这个星期天, 下周, 周末.
func zhWeek(r *reader, i int) (reading, bool) {
	n, j, led := longest(r, i, zhWeekLeads)
	if !led {
		j = i
	}
	k, ok := r.anyRun(j, zhWeekNames...)
	if !ok {
		return reading{}, false
	}
	if r.at(k) == "末" {
		return reading{dateValues("day", weekdayIn(r.now, time.Saturday, n), weekdayIn(r.now, time.Sunday, n)), k + 1}, true
	}
	w, ok := zhWeekdayNames[r.at(k)]
	if !ok || r.clause(k) || r.at(k+1) == "年" || r.at(k) == "天" && r.at(k+1) == "后" {
		if led && (n != 0 || r.at(i) == "这" || r.at(i) == "本") {
			return reading{dateValues("week", weekStart(r.now, n)), k}, true
		}
		return reading{}, false
	}
	// 一周五天, 三周一次 count weeks and name no day.
	if _, counted := zhUnits[r.at(i-1)]; !led && counted && !r.clause(i) && (r.at(k+1) == "天" || r.at(k+1) == "次") {
		return reading{}, false
	}
	days := bareWeekday(r.now, w)
	if led {
		days = []time.Time{weekdayIn(r.now, w, n)}
	}
	next := k + 1
	// 下周五十二月四号
	if got, named := zhCalendar(r, next); named && !led && r.at(next) != "号" && len(got.values) > 0 {
		for _, v := range got.values {
			if v.At.Weekday() == w {
				return one(v.At, "day", got.next)
			}
		}
	}
	return reading{dateValues("day", days...), next}, true
}

var zhYears = tableOf(map[string]int{"今年": 0, "明年": 1, "后年": 2, "去年": -1})

// zhYearOf reads 二零二六年, 2026年, 明年, 今年, 去年, 后年.
func zhYearOf(r *reader, i int) (year, next int, ok bool) {
	if n, k, ok := longest(r, i, zhYears); ok {
		return r.now.Year() + n, k, true
	}
	if y, ok := r.writtenInt(i, 1900, 2200); ok && r.at(i+1) == "年" {
		return y, i + 2, true
	}
	digits, j := "", i
	for range 4 {
		d, ok := zhDigit(r, j)
		if !ok {
			return 0, 0, false
		}
		digits += d
		j++
	}
	year, err := strconv.Atoi(digits)
	return year, j + 1, err == nil && r.at(j) == "年" && year >= 1900 && year <= 2200
}

var zhMonthLeads = tableOf(map[string]int{
	"下下个月": 2, "下个月": 1, "下月": 1, "次月": 1, "这个月": 0, "本月": 0, "这月": 0, "当月": 0, "上个月": -1, "上月": -1, "下个月份": 1,
})

// zhMonthOf reads 十二月, 12月份; zhMonthLead reads 下个月, 这个月, 本月.
func zhMonthOf(r *reader, i int) (time.Month, int, bool) {
	m, j, ok := zhSmall(r, i)
	if !ok || m < 1 || m > 12 || r.at(j) != "月" {
		return 0, 0, false
	}
	j++
	if r.at(j) == "份" {
		j++
	}
	return time.Month(m), j, true
}

func zhMonthLead(r *reader, i int) (n, next int, ok bool) {
	return longest(r, i, zhMonthLeads)
}

// zhDayOf reads 五号, 十五日, 5号; the unit may be missing only after a month.
func zhDayOf(r *reader, i int, bare bool) (d, next int, ok bool) {
	if r.clause(i) && bare {
		return 0, 0, false
	}
	d, j, ok := zhSmall(r, i)
	if !ok || d < 1 || d > 31 {
		return 0, 0, false
	}
	if r.at(j) == "号" || r.at(j) == "日" {
		return d, j + 1, r.at(j+1) != "楼" && r.at(j+1) != "线"
	}
	return d, j, bare && !zhMeasure(r, j)
}

// zhCalendar reads a day by its number: 五号, 十二月一号, 下个月五号, 二零二六
// 年十二月一日, with a weekday after it or not.
func zhCalendar(r *reader, i int) (reading, bool) {
	loc := r.now.Location()
	if n, j, ok := zhMonthLead(r, i); ok {
		if r.at(j) == "的" {
			j++
		}
		first, _ := edgeOf(r.now, "start", "month", n)
		if d, k, ok := zhDayOf(r, j, false); ok {
			day, valid := civil(first[0].Year(), first[0].Month(), d, loc)
			return reading{dateValues("day", day), k}, valid
		}
		return reading{dateValues("month", first...), j - btoi(r.at(j-1) == "的")}, true
	}
	year, j, dated := zhYearOf(r, i)
	if !dated {
		j = i
	}
	m, k, ok := zhMonthOf(r, j)
	if !ok {
		if dated {
			return reading{}, false
		}
		d, k, ok := zhDayOf(r, i, false)
		if _, counted := zhUnits[r.at(i-1)]; (counted || r.at(i-1) == "月" || r.at(i-1) == "十") && !r.clause(i) {
			ok = false // 二月三十号 is no day, nor is its tail
		}
		day, found := dayOfMonth(r.now, d)
		return zhWithWeekday(r, []time.Time{day}, k, ok && found)
	}
	d, k, ok := zhDayOf(r, k, true)
	if !ok || d > lastDay(2000, m) {
		return reading{}, false
	}
	if dated {
		day, valid := civil(year, m, d, loc)
		return zhWithWeekday(r, []time.Time{day}, k, valid)
	}
	return zhWithWeekday(r, monthDay(r.now, m, d), k, true)
}

// zhWithWeekday reads the weekday behind a date: 十二月四号星期五. It settles
// the year; a weekday that contradicts the date makes a second reading.
func zhWithWeekday(r *reader, days []time.Time, next int, ok bool) (reading, bool) {
	if !ok || len(days) == 0 {
		return reading{}, false
	}
	k, named := r.anyRun(next, zhWeekNames...)
	w, isDay := zhWeekdayNames[r.at(k)]
	if !named || !isDay || r.clause(k) || r.clause(next) {
		return reading{dateValues("day", days...), next}, true
	}
	for _, day := range days {
		if day.Weekday() == w {
			return one(day, "day", k+1)
		}
	}
	return reading{dateValues("day", agreeing(r.now, w, days[0].Month(), days[0].Day())...), k + 1}, true
}

// zhLater reads 三天后, 过三天, 两周以后, 三天之内, 三天前.
func zhLater(r *reader, i int) (reading, bool) {
	j, led := r.anyRun(i, "再过", "过")
	ss, k, ok := zhSpans(r, j)
	if !ok || ss[0].exact != 0 {
		return reading{}, false
	}
	within := false
	end, trailed := r.anyRun(k, "后", "之后", "以后", "过后")
	if !trailed {
		end, within = r.anyRun(k, "内", "之内", "以内")
	}
	if back, ago := r.anyRun(k, "前", "之前", "以前"); ago && !led {
		return zhSpanDates(r, ss, -1, false, back), true
	}
	if trailed || within {
		k = end
	} else if !led {
		return reading{}, false
	}
	return zhSpanDates(r, ss, 1, within, k), true
}

func zhSpanDates(r *reader, ss []span, sign int, about bool, next int) reading {
	var vs []Value
	for _, s := range ss {
		s.days, s.months, s.about = s.days*sign, s.months*sign, s.about || about
		vs = append(vs, s.after(r.now))
	}
	return reading{vs, next}
}

var zhEdges = tableOf(map[string]string{
	"底": "end", "末": "end", "月底": "end", "最后一天": "end", "下旬": "end", "初": "start", "上旬": "start", "月初": "start",
	"中旬": "middle", "中": "middle", "尾": "end", "年底": "end", "年初": "start",
})

// zhEdge reads 月底, 下个月初, 本月中旬, 年底, 十二月底.
func zhEdge(r *reader, i int) (reading, bool) {
	n, j, unit := 0, 0, "month"
	if lead, k, ok := zhMonthLead(r, i); ok {
		n, j = lead, k
	} else if m, k, ok := zhMonthOf(r, i); ok {
		n, j = (int(m)-int(r.now.Month())+12)%12, k
	} else if y, k, ok := zhYearOf(r, i); ok {
		n, j, unit = y-r.now.Year(), k, "year"
	} else if k, ok := r.anyRun(i, "月"); ok {
		j = k
	} else if r.at(i) == "年" {
		j, unit = i+1, "year"
	} else if lead, k, ok := longest(r, i, zhWeekLeads); ok {
		end, week := r.anyRun(k, zhWeekNames...)
		if !week {
			return reading{}, false
		}
		n, j, unit = lead, end, "week"
	} else {
		return reading{}, false
	}
	if r.at(j) == "的" {
		j++
	}
	edge, k, ok := longest(r, j, zhEdges)
	if !ok || (r.at(k-1) == "旬" && unit != "month") || unit == "week" && edge == "end" && r.at(k-1) == "末" {
		return reading{}, false
	}
	days, precision := edgeOf(r.now, edge, unit, n)
	if r.at(k-1) == "旬" {
		precision = "about"
		if edge == "end" {
			days = []time.Time{plusDays(days[0], 21-days[0].Day())}
		}
	}
	return reading{dateValues(precision, days...), k}, len(days) > 0
}

type holiday struct {
	m time.Month
	d int
}

var zhHolidays = tableOf(map[string]holiday{
	"元旦": {1, 1}, "国庆": {10, 1}, "国庆节": {10, 1}, "圣诞": {12, 25}, "圣诞节": {12, 25}, "劳动节": {5, 1}, "儿童节": {6, 1}, "平安夜": {12, 24},
})

func zhHoliday(r *reader, i int) (reading, bool) {
	h, next, ok := longest(r, i, zhHolidays)
	if !ok {
		return reading{}, false
	}
	return reading{dateValues("day", monthDay(r.now, h.m, h.d)...), next}, true
}
