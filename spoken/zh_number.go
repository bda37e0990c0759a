package spoken

import (
	"strconv"
	"strings"
)

var chinese = grammar{
	KindDateTime: zhDateTime,
	KindDate:     zhDate,
	KindTime:     zhTime,
	KindDuration: zhDuration,
	KindAmount:   zhAmount,
	KindDigits:   zhDigits,
	KindNumber:   zhNumber,
	KindYesNo:    zhYesNo,
}

var zhUnits = map[string]int{
	"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}

var zhPowers = map[string]int{"十": 10, "百": 100, "千": 1000}

// zhCount is a number said in Chinese, with a second reading when it was said
// as a pair of neighbours: 三四百 is three or four hundred.
type zhCount struct {
	v, or float64
	next  int
	about bool // 多, 几, 来 or a pair
	// cut: the last unit was swallowed (两万三, 三百二), so no more digits and
	// no smaller unit can follow.
	cut bool
}

func (c zhCount) readings() []float64 {
	if c.or != 0 {
		return []float64{c.v, c.or}
	}
	return []float64{c.v}
}

// zhCardinal reads a whole number or a decimal: 一百二十八, 两万三, 三点五, 1.5万.
func zhCardinal(r *reader, i int) (zhCount, bool) {
	c, ok := zhWhole(r, i)
	if r.written(i) {
		v, err := strconv.ParseFloat(r.at(i), 64)
		c, ok = zhScaled(r, zhCount{v: v, next: i + 1}), err == nil
	}
	if !ok {
		return zhCount{}, false
	}
	if !c.cut {
		c = zhDecimals(r, c)
	}
	if k, more := r.anyRun(c.next, "多", "来", "几"); more && c.v >= 10 && c.or == 0 {
		c.next, c.about = k, true
	}
	return c, c.v <= maxNumber
}

// zhScaled reads the units after written digits: 2万3, 3千, 1.5万.
func zhScaled(r *reader, c zhCount) zhCount {
	for _, unit := range [...]struct {
		text string
		v    float64
	}{{"亿", 1e8}, {"万", 1e4}, {"千", 1e3}, {"百", 100}} {
		if r.at(c.next) != unit.text {
			continue
		}
		c.v *= unit.v
		c.next++
		if tail, ok := r.writtenInt(c.next, 1, 9); ok && len(r.at(c.next)) == 1 {
			c.v += float64(tail) * unit.v / 10
			c.next++
			c.cut = true
		} else if rest, ok := r.writtenInt(c.next, 10, int(unit.v)-1); ok {
			c.v += float64(rest)
			c.next++
		}
		return c
	}
	return c
}

// zhDecimals reads 点 and digits after a whole number.
func zhDecimals(r *reader, c zhCount) zhCount {
	if r.at(c.next) != "点" {
		return c
	}
	var b strings.Builder
	j := c.next + 1
	for b.Len() < 6 {
		d, ok := zhDigit(r, j)
		if !ok || r.clause(j) {
			break
		}
		b.WriteString(d)
		j++
	}
	// 六点十分 and 三点五分 are times.
	if b.Len() == 0 || zhPowers[r.at(j)] > 0 && r.at(j) == "十" || r.at(j) == "分" {
		return c
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(c.v, 'f', 0, 64)+"."+b.String(), 64)
	if err != nil {
		return c
	}
	c.v, c.next = v, j
	switch r.at(j) {
	case "万":
		c.v, c.next = v*1e4, j+1
	case "亿":
		c.v, c.next = v*1e8, j+1
	}
	return c
}

// zhWhole reads a whole number in characters.
func zhWhole(r *reader, i int) (zhCount, bool) {
	if r.at(i) == "零" {
		return zhCount{next: i + 1}, true
	}
	total, cut := 0.0, false
	next := i
	for _, scale := range [...]struct {
		text string
		v    float64
	}{{"亿", 1e8}, {"万", 1e4}, {"", 1}} {
		s, ok := zhSection(r, next, next > i)
		if !ok {
			break
		}
		if scale.text == "" {
			return zhCount{v: total + s.v, or: pairOf(total, s), next: s.next, about: s.about, cut: s.cut}, true
		}
		if r.at(s.next) != scale.text {
			continue
		}
		next = s.next + 1
		total += s.v * scale.v
		if s.or != 0 { // 三四万
			return zhCount{v: total, or: s.or * scale.v, next: next, about: true, cut: true}, true
		}
		// 两万三 is 23,000: a lone digit stands for the next unit below.
		if d, ok := zhUnits[r.at(next)]; ok && (!zhGoesOn(r, next+1) || zhTailUnit(r, next+1)) {
			total += float64(d) * scale.v / 10
			return zhCount{v: total, next: next + 1, cut: true}, true
		}
		cut = false
	}
	return zhCount{v: total, next: next, cut: cut}, next > i
}

func pairOf(total float64, s zhCount) float64 {
	if s.or == 0 {
		return 0
	}
	return total + s.or
}

// zhGoesOn reports whether the digit before i has a unit of its own or counts
// something else, so that it is no tail of the number before it.
func zhGoesOn(r *reader, i int) bool {
	if i >= len(r.toks) || r.clause(i) {
		return false
	}
	switch r.at(i) {
	case "十", "百", "千", "万", "亿", "点", "号", "日", "月", "天", "年", "周", "星", "礼", "个", "分", "毛", "角", "小", "刻", "期", "次", "零", "块", "元":
		return true
	}
	_, digit := zhUnits[r.at(i)]
	return digit
}

// zhSection reads up to 9,999. Inside a larger number it may begin with 零.
func zhSection(r *reader, i int, inside bool) (zhCount, bool) {
	c := zhCount{next: i}
	last, zero := 10000, false
	if inside && r.at(i) == "零" {
		zero = true
		c.next++
	}
	for {
		j := c.next
		if j > i && r.clause(j) {
			break
		}
		if r.at(j) == "零" && c.v > 0 && !zero {
			zero = true
			c.next++
			continue
		}
		if r.at(j) == "十" && last > 10 {
			c.v += 10
			last, zero = 10, false
			c.next = j + 1
			continue
		}
		d, ok := zhUnits[r.at(j)]
		if !ok {
			break
		}
		if e, pair := zhUnits[r.at(j+1)]; pair && e == d+1 && !r.clause(j+1) {
			return zhPair(r, c, d, e, j+2, last)
		}
		power := zhPowers[r.at(j+1)]
		if power > 0 && power < last {
			c.v += float64(d * power)
			last, zero = power, false
			c.next = j + 2
			continue
		}
		// A unit larger than the last one, or 万, begins no digit of ours.
		switch {
		case last == 10 || zero || c.v == 0:
			c.v += float64(d)
		case zhGoesOn(r, j+1) && !zhTailUnit(r, j+1):
			return c, true
		default: // 三百二
			c.v += float64(d * last / 10)
			c.cut = true
		}
		c.next = j + 1
		return zhSingle(r, c, i)
	}
	if zero && c.next > i && r.at(c.next-1) == "零" {
		c.next--
	}
	return c, c.v > 0
}

// zhTailUnit: 三百二的, 两千五个 keep their swallowed unit even before a
// measure word.
func zhTailUnit(r *reader, i int) bool {
	return r.at(i) == "个" || r.at(i) == "块" || r.at(i) == "元"
}

// zhSingle refuses a digit that begins a string of digits: 三二一 counts
// nothing.
func zhSingle(r *reader, c zhCount, i int) (zhCount, bool) {
	if c.next == i+1 {
		if _, more := zhDigit(r, c.next); more && !r.clause(c.next) {
			return zhCount{}, false
		}
	}
	return c, true
}

// zhPair reads 三四百, 两三天, 十七八.
func zhPair(r *reader, c zhCount, d, e, next, last int) (zhCount, bool) {
	if _, more := zhDigit(r, next); more && !r.clause(next) {
		return zhCount{}, false
	}
	power := zhPowers[r.at(next)]
	switch {
	case power > 0 && power < last:
		next++
	case last == 10 || c.v == 0:
		power = 1
		// 一二 alone is the beginning of a count; a pair needs a measure word.
		if c.v == 0 && !zhMeasure(r, next) {
			return zhCount{}, false
		}
	default:
		return zhCount{}, false
	}
	base := c.v
	return zhCount{v: base + float64(d*power), or: base + float64(e*power), next: next, about: true, cut: true}, true
}

func zhMeasure(r *reader, i int) bool {
	switch r.at(i) {
	case "天", "块", "个", "周", "星", "礼", "小", "分", "年", "月", "号", "万", "亿", "元", "毛", "次", "期", "点":
		return !r.clause(i)
	}
	return false
}

func zhNumber(r *reader, i int) (reading, bool) {
	j, sign := i, 1.0
	if r.at(i) == "负" || r.at(i) == "-" {
		j, sign = i+1, -1
	}
	if leadingZero(r, j) {
		return reading{}, false
	}
	c, ok := zhCardinal(r, j)
	if !ok || r.at(i-1) == "第" || !r.wanted(KindNumber) && zhIdle(r, i, c) {
		return reading{}, false
	}
	if k, half := r.runs(c.next, "个半"); half {
		c.v, c.next = c.v+0.5, k
	}
	var vs []Value
	for _, v := range c.readings() {
		vs = append(vs, Value{Kind: KindNumber, Number: sign * v, Precision: exactness(c.about)})
	}
	return reading{vs, c.next}, true
}

// zhIdle reports characters that are digits and mean nothing: 一下, 一点, 万一.
func zhIdle(r *reader, i int, c zhCount) bool {
	if c.next != i+1 || r.written(i) {
		return false
	}
	switch r.at(c.next) {
	case "下", "点", "定", "样", "起", "直", "般", "些", "会", "边", "共", "切", "再", "旦", "声", "遍", "次", "者", "位", "半":
		return true
	}
	switch r.at(i - 1) {
	case "万", "统", "唯", "第", "周", "期", "拜", "每", "另", "哪", "同", "这", "那", "有":
		return true
	}
	return r.at(i) == "两" && !zhMeasure(r, c.next)
}

var zhDigitNames = map[string]string{
	"零": "0", "一": "1", "幺": "1", "二": "2", "两": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
	"洞": "0", "拐": "7", "勾": "9",
}

// zhDigit is a single digit. 两, 洞, 拐 and 勾 count only inside a string.
func zhDigit(r *reader, i int) (string, bool) {
	d, ok := zhDigitNames[r.at(i)]
	return d, ok
}

// zhDigits reads digits one by one: 零四七二, 幺三八. Two in a row are enough;
// one is when digits were asked.
func zhDigits(r *reader, i int) (reading, bool) {
	var b strings.Builder
	next := i
	for b.Len() < maxDigits {
		if r.written(next) && !strings.Contains(r.at(next), ".") && (r.wanted(KindDigits) || leadingZero(r, i)) {
			b.WriteString(r.at(next))
			next++
			if r.at(next) == "-" && r.written(next+1) {
				next++
			}
			continue
		}
		d, ok := zhDigit(r, next)
		if !ok || (next > i && r.clause(next) && !r.wanted(KindDigits)) {
			break
		}
		b.WriteString(d)
		next++
		// 个 repeats: 三个零 is 000. Only inside an asked string.
		if r.wanted(KindDigits) && r.at(next) == "个" {
			if again, ok := zhDigit(r, next+1); ok {
				n, _ := strconv.Atoi(d)
				said := b.String()
				b.Reset()
				b.WriteString(said[:len(said)-1] + strings.Repeat(again, n))
				next += 2
			}
		}
	}
	if b.Len() == 0 || b.Len() > maxDigits {
		return reading{}, false
	}
	if b.Len() == 1 && !r.wanted(KindDigits) {
		return reading{}, false
	}
	// A unit behind the last digit makes it a number, not a string.
	if b.Len() <= 2 && !r.wanted(KindDigits) && (zhPowers[r.at(next)] > 0 || zhMeasure(r, next)) {
		return reading{}, false
	}
	return reading{[]Value{{Kind: KindDigits, Digits: b.String(), Precision: "exact"}}, next}, true
}
