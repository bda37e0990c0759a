package spoken

import "time"

// said is a time of day as it was said: its readings and how sure it is that
// a time was meant at all.
type said struct {
	clocks []clock
	next   int
	// marked: "o'clock", "pm", "half past" or a colon leave no doubt that it
	// is a time; a bare "six" or "three twenty" may be anything.
	marked    bool
	precision string
}

// enHalves are the parts of the day said after a time.
var enHalves = []struct {
	words string
	fits  func(h int) (int, bool) // the hour of 24 for an hour of 12
}{
	{"am", morning}, {"a m", morning}, {"in the morning", morning}, {"this morning", morning}, {"tomorrow morning", nil},
	{"pm", afternoon}, {"p m", afternoon}, {"in the afternoon", afternoon}, {"in the evening", afternoon},
	{"this afternoon", afternoon}, {"this evening", afternoon}, {"at night", night}, {"in the night", night}, {"tonight", nil},
	{"morning", morning}, {"afternoon", afternoon}, {"evening", afternoon}, {"night", night}, {"noon", noon}, {"midnight", morning},
}

func morning(h int) (int, bool) { return h % 12, h <= 12 }

func afternoon(h int) (int, bool) {
	if h > 12 { // "18 55 in the evening"
		return h, true
	}
	return h%12 + 12, true
}

func noon(h int) (int, bool) { return h, h == 12 }

func night(h int) (int, bool) {
	if h == 12 || h < 5 {
		return h % 12, true
	}
	return afternoon(h)
}

// enClock reads a time of day, without the day.
func enClock(r *reader, i int) (said, bool) {
	switch r.at(i) {
	case "noon", "midday":
		return said{[]clock{{12, 0}}, i + 1, true, "hour"}, true
	case "midnight":
		return said{[]clock{{24, 0}}, i + 1, true, "hour"}, true
	}
	h, m, next, marked, ok := enPast(r, i)
	if !ok {
		h, m, next, marked, ok = enHourMinute(r, i)
	}
	if !ok {
		return said{}, false
	}
	if r.at(next) == "o'clock" {
		next++
		marked = true
	}
	s := said{next: next, marked: marked, precision: "minute"}
	if m == 0 {
		s.precision = "hour"
	}
	for _, half := range enHalves {
		if half.fits == nil {
			continue
		}
		end, ok := r.words(next, half.words)
		if !ok {
			continue
		}
		if hour, fits := half.fits(h); fits {
			s.clocks, s.next, s.marked = []clock{{hour, m}}, end, true
			return s, true
		}
	}
	s.clocks = halves(h, m)
	return s, true
}

// enPast reads "half past four", "quarter to five", "ten after six".
func enPast(r *reader, i int) (h, m, next int, marked, ok bool) {
	j := i
	switch {
	case r.at(j) == "half":
		m, j = 30, j+1
	case r.at(j) == "quarter":
		m, j = 15, j+1
	case r.at(j) == "a" && r.at(j+1) == "quarter":
		m, j = 15, j+2
	default:
		var counted bool
		if m, j, counted = enCount(r, i); !counted || m > 59 {
			return 0, 0, 0, false, false
		}
		if w := r.at(j); w == "minutes" || w == "minute" || w == "mins" {
			j++
		} else if m%5 != 0 || r.at(i-1) == "from" || r.at(i-1) == "between" {
			return 0, 0, 0, false, false // "from four to ten"
		}
	}
	back := false
	switch r.at(j) {
	case "past", "after":
	case "to", "of", "before", "till":
		back = true
	default:
		return 0, 0, 0, false, false
	}
	h, next, ok = enCount(r, j+1)
	if !ok || h < 1 || h > 23 || (back && m == 30) || (r.at(j) == "of" && m != 15) {
		return 0, 0, 0, false, false
	}
	if back {
		h, m = hourBefore(h), 60-m
	}
	return h, m, next, true, true
}

// hourBefore counts back on a dial of twelve, or of twenty four where that was
// said.
func hourBefore(h int) int {
	if h > 12 {
		return h - 1
	}
	return (h+10)%12 + 1
}

// enCount reads a small whole number in words or digits.
func enCount(r *reader, i int) (int, int, bool) {
	if n, ok := r.writtenInt(i, 0, 99); ok {
		return n, i + 1, true
	}
	return below100(r, i)
}

// enHourMinute reads "six", "six thirty", "six oh five", "18:30", "eighteen
// hundred".
func enHourMinute(r *reader, i int) (h, m, next int, marked, ok bool) {
	if h, m, next, ok = r.writtenClock(i); ok {
		return h, m, next, true, true
	}
	h, next, ok = enCount(r, i)
	if r.written(i) && r.written(next) && len(r.at(next)) == 2 && !r.clause(next) { // "9 05"
		if m, fine := r.writtenInt(next, 0, 59); fine && h < 24 && !enNotClock(r, next+1) {
			return h, m, next + 1, h > 12, true
		}
	}
	if !ok || h > 23 || h < 1 || enUnitWords[r.at(next)] && r.at(next) != "hundred" {
		return 0, 0, 0, false, false
	}
	if r.at(next) == "hundred" {
		after := r.at(next + 1)
		military := h >= 10 && (after == "" || after == "hours")
		return h, 0, min(next+1+btoi(after == "hours"), len(r.toks)), after == "hours", military
	}
	if r.written(i) {
		return h, 0, next, false, !enNotClock(r, next)
	}
	if minutes, end, more := enTwoDigits(r, next); more && minutes < 60 && !r.clause(next) && !enNotClock(r, end) {
		return h, minutes, end, h > 12, true
	}
	return h, 0, next, false, !enNotClock(r, next)
}

// enNotClock reports words that make the number before them a count.
func enNotClock(r *reader, i int) bool {
	w := r.at(i)
	if i < len(r.toks) && r.clause(i) {
		return false
	}
	_, digit := enUnits[w]
	_, tens := enTens[w]
	_, ordinal := enOrdinals[w]
	return enUnitWords[w] || enScales[w] > 0 || enMinor[w] || enCurrencies[w] != "" || digit || tens || ordinal || enZeros[w] ||
		w == "/" || w == "-" || w == "percent" || w == "point"
}

// enTime reads a time of day. A bare number is one only after "at" and the
// like, or when a time was asked.
func enTime(r *reader, i int) (reading, bool) {
	s, ok := enClock(r, i)
	if !ok {
		return reading{}, false
	}
	prev := r.at(i - 1)
	led := prev == "at" || (prev == "around" && r.at(i-2) != "for") || (prev == "about" && r.at(i-2) == "at") ||
		(enTimely(prev) && s.precision == "hour" && prev != "since")
	if !s.marked && !led && !r.wanted(KindTime) && !r.wanted(KindDateTime) {
		return reading{}, false
	}
	return reading{timeValues(r.now, s.clocks, s.precision), s.next}, true
}

// enParts are the parts of a day said instead of a time, with the hour that
// stands for them.
var enParts = []struct {
	words string
	hour  int
}{
	{"morning", 9}, {"in the morning", 9}, {"afternoon", 15}, {"in the afternoon", 15}, {"evening", 19},
	{"in the evening", 19}, {"night", 20}, {"at lunch", 12}, {"lunchtime", 12},
}

// enDateTime reads a moment: a day with a time or a part of it, "in ten
// minutes", "an hour from now".
func enDateTime(r *reader, i int) (reading, bool) {
	if got, ok := enInTime(r, i); ok {
		return got, true
	}
	day, ok := enDate(r, i)
	if got, timed := enTimeDay(r, i); timed && got.next > day.next {
		return got, true
	}
	if !ok || (day.values[0].Precision != "day" && day.values[0].Precision != "about") {
		return reading{}, false
	}
	var days []time.Time
	for _, v := range day.values {
		days = append(days, v.At)
	}
	part, hour := enPartOf(r, i, &day)
	at, led := r.anyWords(day.next, "at", "around", "about", "at about", "at around", "by", "before", "after", "at like")
	s, timed := enClock(r, at)
	if timed && !s.marked && !led && r.wanted(KindAmount) {
		timed = false
	}
	if timed && hour > 0 && !led && !s.marked && r.clause(day.next) && !r.wanted(KindDateTime) {
		timed = false
	}
	switch {
	case timed && hour > 0:
		return reading{combine(r.now, days, inPart(s.clocks, hour), s.precision), s.next}, true
	case timed:
		if r.at(s.next) == "tonight" {
			s.next++
		}
		return reading{combine(r.now, days, s.clocks, s.precision), s.next}, true
	case hour > 0 && part:
		return reading{combine(r.now, days, []clock{{hour, 0}}, "about"), day.next}, true
	}
	return reading{}, false
}

// enPartOf finds the part of the day that belongs to a day just read, and
// moves the day's end past it.
func enPartOf(r *reader, i int, day *reading) (bool, int) {
	switch r.at(day.next - 1) {
	case "tonight", "evening":
		return true, 20 - btoi(r.at(day.next-1) == "evening")
	case "morning":
		return true, 9
	case "afternoon":
		return true, 15
	case "night":
		return true, 20
	}
	for _, p := range enParts {
		if next, ok := r.words(day.next, p.words); ok {
			day.next = next
			return true, p.hour
		}
	}
	return false, 0
}

// inPart keeps the readings that fall into the part of the day that begins
// about hour.
func inPart(clocks []clock, hour int) []clock {
	var fit []clock
	for _, c := range clocks {
		if (hour < 12) == (c.h < 12) {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return clocks
	}
	return fit
}

// enTimeDay reads a time followed by its day: "six pm tomorrow", "nine on
// friday morning".
func enTimeDay(r *reader, i int) (reading, bool) {
	s, ok := enClock(r, i)
	if !ok {
		return reading{}, false
	}
	j := s.next
	if r.at(j) == "on" {
		j++
	}
	if r.clause(j) {
		return reading{}, false
	}
	prev := r.at(i - 1)
	if !s.marked && prev != "at" && prev != "around" && prev != "by" && !r.wanted(KindTime) && !r.wanted(KindDateTime) {
		return reading{}, false
	}
	day, ok := enDate(r, j)
	if !ok || day.values[0].Precision != "day" {
		return reading{}, false
	}
	if part, hour := enPartOf(r, j, &day); part {
		s.clocks = inPart(s.clocks, hour)
	}
	var days []time.Time
	for _, v := range day.values {
		days = append(days, v.At)
	}
	return reading{combine(r.now, days, s.clocks, s.precision), day.next}, true
}

// enInTime reads "in ten minutes", "half an hour from now".
func enInTime(r *reader, i int) (reading, bool) {
	j, led := r.anyWords(i, "in", "in about", "within", "after", "in another")
	s, k, ok := enSpan(r, j)
	if !ok || s.exact == 0 {
		return reading{}, false
	}
	if led && (r.at(j-1) == "about" || r.at(j-1) == "within") {
		s.about = true
	}
	if end, trailed := r.anyWords(k, "from now", "later", "time"); trailed {
		k = end
	} else if !led {
		return reading{}, false
	}
	return reading{[]Value{s.after(r.now)}, k}, true
}

// units of time, singular and plural alike.
var enSpanUnits = map[string]span{
	"second": {exact: time.Second}, "minute": {exact: time.Minute}, "min": {exact: time.Minute}, "hour": {exact: time.Hour},
	"day": {days: 1}, "week": {days: 7}, "fortnight": {days: 14}, "month": {months: 1}, "year": {months: 12},
}

// enSpan reads a length of time: "three days", "half an hour", "an hour and a
// half", "two and a half weeks", "a couple of months".
func enSpan(r *reader, i int) (span, int, bool) {
	s, j, ok := enSpanPart(r, i)
	if !ok {
		return span{}, 0, false
	}
	k := j
	if r.at(k) == "and" {
		k++
	}
	if more, end, ok := enSpanPart(r, k); ok && (s.exact != 0 || s.days > 0) && more.exact != 0 && more.exact < time.Hour {
		s.exact += more.exact
		s.precision = more.precision
		return s, end, true
	}
	return s, j, true
}

func enSpanPart(r *reader, i int) (span, int, bool) {
	if j, ok := r.anyWords(i, "half an hour", "half hour", "a half hour"); ok {
		return span{exact: 30 * time.Minute, precision: "minute"}, j, true
	}
	if j, ok := r.words(i, "half a day"); ok {
		return span{exact: 12 * time.Hour, precision: "hour", about: true}, j, true
	}
	if j, ok := r.anyWords(i, "a quarter of an hour", "quarter of an hour"); ok {
		return span{exact: 15 * time.Minute, precision: "minute"}, j, true
	}
	n, about, j, ok := enHowMany(r, i)
	if !ok {
		return span{}, 0, false
	}
	word := r.at(j)
	unit, ok := enSpanUnits[word]
	if !ok && len(word) > 1 && word[len(word)-1] == 's' {
		word = word[:len(word)-1]
		unit, ok = enSpanUnits[word]
	}
	if !ok || n < 0 {
		return span{}, 0, false
	}
	j++
	if k, half := r.words(j, "and a half"); half {
		n += 0.5
		j = k
	}
	s := unit.times(n)
	s.precision, s.about = word, about
	if word == "fortnight" {
		s.precision = "week"
	}
	return s, j, s.sane()
}

// times multiplies a unit; half a month is counted as fifteen days and half a
// day as twelve hours.
func (s span) times(n float64) span {
	whole := float64(int(n))
	if n > 40000 {
		return span{days: 40000} // not sane, and cannot overflow
	}
	out := span{days: s.days * int(n), months: s.months * int(n), exact: time.Duration(float64(s.exact) * n)}
	if rest := n - whole; rest > 0 {
		days := (float64(s.days) + 30*float64(s.months)) * rest
		out.days += int(days)
		out.exact += time.Duration((days - float64(int(days))) * 24 * float64(time.Hour)).Round(time.Second)
	}
	return out
}

func enHowMany(r *reader, i int) (n float64, about bool, next int, ok bool) {
	switch r.at(i) {
	case "a", "an":
		if j, few := r.anyWords(i, "a couple of", "a couple"); few {
			return 2, true, j, true
		}
		if j, few := r.words(i, "a few"); few {
			return 3, true, j, true
		}
		if _, unit := enSpanUnits[r.at(i+1)]; unit {
			return 1, false, i + 1, true
		}
	case "one":
		if j, half := r.words(i, "one and a half"); half {
			return 1.5, false, j, true
		}
	}
	n, next, ok = enCardinal(r, i)
	return n, false, next, ok
}

func enDuration(r *reader, i int) (reading, bool) {
	s, j, ok := enSpan(r, i)
	if !ok {
		return reading{}, false
	}
	return reading{[]Value{s.value()}, j}, true
}
