package spoken

import "time"

// zhPart is a part of the day: how it reads an hour of twelve, and the hour
// that stands for it when none is said.
type zhPart struct {
	from, to int // hours of 24 it may mean; to is past midnight above 24
	hour     int
}

var zhParts = tableOf(map[string]zhPart{
	"凌晨": {0, 6, 2}, "清晨": {4, 9, 6}, "早上": {4, 12, 8}, "早晨": {4, 12, 8}, "一早": {4, 12, 8}, "上午": {6, 13, 10}, "中午": {11, 15, 12},
	"正午": {12, 13, 12}, "下午": {12, 20, 15}, "午后": {12, 18, 14}, "傍晚": {16, 21, 18}, "晚上": {17, 29, 20}, "晚间": {17, 29, 20},
	"夜里": {19, 30, 22}, "半夜": {21, 30, 24}, "深夜": {21, 29, 23}, "早": {4, 12, 8}, "晚": {17, 29, 20}, "午夜": {23, 26, 24},
})

// on is the hour of 24 that h means in this part.
func (p zhPart) on(h int) (int, bool) {
	for _, hour := range [...]int{h, h + 12, h + 24} {
		if hour >= p.from && hour < p.to && (h <= 12 || hour == h) {
			return hour, true
		}
	}
	return 0, false
}

// zhClock reads a time of day, without the day: 下午六点半, 三点一刻, 差五分六
// 点, 18点, 18:30.
func zhClock(r *reader, i int) (said, bool) {
	part, j, parted := longest(r, i, zhParts)
	if !parted || (j == i+1 && !zhShortPart(r, i)) {
		parted, j = false, i
	}
	if parted && r.at(j) == "的" {
		j++
	}
	h, m, next, ok := zhHourMinute(r, j)
	if !ok {
		if parted && (r.at(i) == "中" || r.at(i) == "正" || r.at(i) == "半") && j > i+1 {
			return said{[]clock{{part.hour, 0}}, j, false, "about"}, true
		}
		return said{}, false
	}
	s := said{next: next, marked: true, precision: "minute"}
	if m == 0 {
		s.precision = "hour"
	}
	if k, about := r.anyRun(next, "左右", "前后"); about {
		s.next, s.precision = k, "about"
	}
	if !parted {
		s.clocks = halves(h, m)
		return s, true
	}
	s.clocks = halves(h, m)
	if hour, fits := part.on(h); fits {
		s.clocks = []clock{{hour, m}}
	}
	return s, true
}

// zhShortPart reports whether 早 or 晚 at i follows a day: 周五晚八点.
func zhShortPart(r *reader, i int) bool {
	_, weekday := zhWeekdayNames[r.at(i-1)]
	switch r.at(i - 1) {
	case "今", "明", "昨", "天", "号":
		weekday = true
	}
	return weekday && !r.clause(i)
}

func zhHourMinute(r *reader, i int) (h, m, next int, ok bool) {
	if h, m, next, ok = r.writtenClock(i); ok {
		return h, m, next, true
	}
	if r.at(i) == "差" {
		m, j, ok := zhMinutes(r, i+1)
		if r.at(j) == "到" {
			j++
		}
		h, next, hour := zhHour(r, j)
		if !ok || !hour || h < 1 || h > 12 || m < 1 {
			return 0, 0, 0, false
		}
		return (h+10)%12 + 1, 60 - m, next, true
	}
	h, j, ok := zhHour(r, i)
	if !ok {
		return 0, 0, 0, false
	}
	if r.clause(j) {
		return h, 0, j, true
	}
	switch r.at(j) {
	case "半":
		return h, 30, j + 1, true
	case "整", "钟":
		return h, 0, j + 1, true
	case "差":
		if m, k, ok := zhMinutes(r, j+1); ok && h >= 1 && h <= 12 && m > 0 {
			return (h+10)%12 + 1, 60 - m, k, true
		}
	case "过":
		j++
	}
	if m, k, ok := zhMinutes(r, j); ok {
		return h, m, k, true
	}
	return h, 0, j - btoi(r.at(j-1) == "过"), true
}

// zhHour reads 六点, 18时.
func zhHour(r *reader, i int) (int, int, bool) {
	h, j, ok := zhSmall(r, i)
	if !ok && r.at(i) == "零" {
		h, j, ok = 0, i+1, true
	}
	if !ok || h > 24 || r.clause(j) || (r.at(j) != "点" && (r.at(j) != "时" || r.at(j+1) == "候" || r.at(j+1) == "间")) {
		return 0, 0, false
	}
	return h % 24, j + 1, true
}

// zhMinutes reads 一刻, 三刻, 二十, 零五, 五分.
func zhMinutes(r *reader, i int) (int, int, bool) {
	j := i
	if r.at(j) == "零" {
		j++
	}
	m, k, ok := zhSmall(r, j)
	if !ok {
		return 0, 0, false
	}
	switch {
	case r.at(k) == "刻" && (m == 1 || m == 3) && r.at(k+1) != "钟":
		return 15 * m, k + 1, true
	case r.at(k) == "刻":
		return 15 * m, k + 2, m == 1
	case m > 59:
		return 0, 0, false
	case r.at(k) == "分":
		return m, k + 1 + btoi(r.at(k+1) == "钟"), true
	case j > i || m >= 10:
		return m, k, !zhMeasure(r, k) || r.at(k) == "号"
	}
	return 0, 0, false
}

func zhTime(r *reader, i int) (reading, bool) {
	s, ok := zhClock(r, i)
	if !ok {
		return reading{}, false
	}
	if s.next == i+2 && r.at(i) == "一" && !zhOneOClock(r, i) {
		return reading{}, false
	}
	if !s.marked && !r.wanted(KindTime) && !r.wanted(KindDateTime) && r.asks != nil {
		return reading{}, false
	}
	return reading{timeValues(r.now, s.clocks, s.precision), s.next}, true
}

// zhOneOClock tells 一点 the hour from 一点 "a little".
func zhOneOClock(r *reader, i int) bool {
	if r.wanted(KindTime) || r.wanted(KindDateTime) {
		return r.clause(i+2) && (i == 0 || r.clause(i) || r.at(i-1) == "在" || r.at(i-1) == "到" || r.at(i-1) == "就")
	}
	return false
}

// zhDateTime reads a day with a time or a part of it, or 十分钟后.
func zhDateTime(r *reader, i int) (reading, bool) {
	if got, ok := zhInTime(r, i); ok {
		return got, true
	}
	day, ok := zhDate(r, i)
	if !ok || (day.values[0].Precision != "day" && day.values[0].Precision != "about") {
		return reading{}, false
	}
	var days []time.Time
	for _, v := range day.values {
		days = append(days, v.At)
	}
	next := day.next
	if r.at(next) == "的" {
		next++
	}
	// 今晚, 明早 carry their part of the day in their last character.
	if last := r.at(day.next - 1); last == "晚" || last == "早" {
		if s, timed := zhClock(r, day.next-1); timed && s.next > day.next {
			return reading{combine(r.now, days, s.clocks, s.precision), s.next}, true
		}
		if _, more := r.anyRun(day.next, "上"); !more {
			return reading{combine(r.now, days, []clock{{zhNightOrMorning(last), 0}}, "about"), day.next}, true
		}
	}
	if s, timed := zhClock(r, next); timed && s.next > next {
		return reading{combine(r.now, days, s.clocks, s.precision), s.next}, true
	}
	if part, end, parted := longest(r, next, zhParts); parted && (end > next+1) {
		return reading{combine(r.now, days, []clock{{part.hour, 0}}, "about"), end}, true
	}
	return reading{}, false
}

// zhNightOrMorning is the hour that stands for 今晚 and 明早.
func zhNightOrMorning(last string) int {
	if last == "早" {
		return 8
	}
	return 20
}

// zhInTime reads 十分钟后, 半小时以后, 过一个小时.
func zhInTime(r *reader, i int) (reading, bool) {
	j, led := r.anyRun(i, "再过", "过", "等")
	ss, k, ok := zhSpans(r, j)
	if !ok || ss[0].exact == 0 {
		return reading{}, false
	}
	end, trailed := r.anyRun(k, "后", "之后", "以后", "过后")
	if !trailed {
		end, trailed = r.anyRun(k, "内", "之内", "以内")
		for n := range ss {
			ss[n].about = ss[n].about || trailed
		}
	}
	if trailed {
		k = end
	} else if !led {
		return reading{}, false
	}
	return zhSpanDates(r, ss, 1, false, k), true
}

type zhSpanUnit struct {
	span
	name string
}

var zhSpanUnits = tableOf(map[string]zhSpanUnit{
	"秒": {span{exact: time.Second}, "second"}, "秒钟": {span{exact: time.Second}, "second"},
	"分钟": {span{exact: time.Minute}, "minute"}, "刻钟": {span{exact: 15 * time.Minute}, "minute"},
	"小时": {span{exact: time.Hour}, "hour"}, "个小时": {span{exact: time.Hour}, "hour"}, "钟头": {span{exact: time.Hour}, "hour"}, "个钟头": {span{exact: time.Hour}, "hour"},
	"天": {span{days: 1}, "day"}, "周": {span{days: 7}, "week"}, "星期": {span{days: 7}, "week"}, "个星期": {span{days: 7}, "week"},
	"礼拜": {span{days: 7}, "week"}, "个礼拜": {span{days: 7}, "week"}, "个月": {span{months: 1}, "month"}, "年": {span{months: 12}, "year"},
})

// zhSpans reads a length of time, with both readings of 两三天.
func zhSpans(r *reader, i int) ([]span, int, bool) {
	ss, next, ok := zhSpansOf(r, i, true)
	if !ok || !ss[0].sane() {
		return nil, 0, false
	}
	return ss, next, true
}

// zhSpansOf also reads the minutes after the hours.
func zhSpansOf(r *reader, i int, minutes bool) ([]span, int, bool) {
	if unit, next, ok := zhHalfSpan(r, i); ok {
		return []span{unit}, next, true
	}
	c, ok := zhManyOf(r, i)
	if !ok {
		return nil, 0, false
	}
	// 一个半小时, 两个半月
	half := 0.0
	if k, ok := r.runs(c.next, "个半"); ok {
		half = 0.5
		for _, w := range [...]string{"小时", "钟头", "月", "星期", "礼拜"} {
			if end, match := r.runs(k, w); match {
				name := w
				if w == "月" {
					name = "个月"
				}
				unit := zhSpanUnits.get(name)
				return spansOf(unit.span, unit.name, c, half), end, true
			}
		}
		return nil, 0, false
	}
	unit, next, ok := longest(r, c.next, zhSpanUnits)
	if !ok || r.clause(c.next) {
		return nil, 0, false
	}
	if r.at(next) == "半" && (unit.name == "day" || unit.name == "year" || unit.name == "hour") {
		half = 0.5
		next++
	}
	ss := spansOf(unit.span, unit.name, c, half)
	if minutes && unit.name == "hour" && half == 0 {
		if more, end, ok := zhSpansOf(r, next+btoi(r.at(next) == "零"), false); ok && more[0].precision == "minute" {
			ss[0].exact += more[0].exact
			ss[0].precision = "minute"
			return ss[:1], end, true
		}
	}
	return ss, next, true
}

func zhManyOf(r *reader, i int) (zhCount, bool) {
	if r.at(i) == "几" {
		return zhCount{v: 3, next: i + 1, about: true}, true
	}
	c, ok := zhCardinal(r, i)
	return c, ok && c.v > 0
}

func spansOf(unit span, name string, c zhCount, half float64) []span {
	var ss []span
	for _, v := range c.readings() {
		s := unit.times(v + half)
		s.precision, s.about = name, c.about
		ss = append(ss, s)
	}
	return ss
}

// zhHalfSpan reads 半小时, 半个月, 半天.
func zhHalfSpan(r *reader, i int) (span, int, bool) {
	if r.at(i) != "半" {
		return span{}, 0, false
	}
	if k, ok := r.anyRun(i, "半个小时", "半小时", "半个钟头", "半个钟"); ok {
		return span{exact: 30 * time.Minute, precision: "minute"}, k, true
	}
	if k, ok := r.runs(i, "半天"); ok {
		return span{exact: 12 * time.Hour, precision: "hour", about: true}, k, true
	}
	if k, ok := r.runs(i, "半个月"); ok {
		return span{days: 15, precision: "day"}, k, true
	}
	if k, ok := r.runs(i, "半年"); ok {
		return span{months: 6, precision: "month"}, k, true
	}
	return span{}, 0, false
}

func zhDuration(r *reader, i int) (reading, bool) {
	ss, next, ok := zhSpans(r, i)
	if !ok {
		return reading{}, false
	}
	var vs []Value
	for _, s := range ss {
		vs = append(vs, s.value())
	}
	return reading{vs, next}, true
}
