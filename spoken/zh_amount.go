package spoken

var zhCurrencies = map[string]string{
	"元": "CNY", "块": "CNY", "块钱": "CNY", "元钱": "CNY", "人民币": "CNY", "元人民币": "CNY", "块人民币": "CNY",
	"美元": "USD", "美金": "USD", "刀": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "港元": "HKD",
	"cny": "CNY", "rmb": "CNY", "usd": "USD", "eur": "EUR", "hkd": "HKD",
}

var zhCurrencyRuns = tableOf(zhCurrencies)

// zhAmount reads money: 三百二十块五, 一百二十八元五角, 两万三, ¥128.5. A bare
// number is one only when an amount was asked.
func zhAmount(r *reader, i int) (reading, bool) {
	j, about := r.anyRun(i, "大概", "大约", "差不多", "约")
	if k, ok := r.runs(j, "人民币"); ok {
		j = k
	}
	currency := symbolCurrencies[r.at(j)]
	if currency == "" {
		currency = zhCurrencies[r.at(j)]
	}
	if currency != "" {
		if !r.written(j + 1) {
			return reading{}, false
		}
		j++
	}
	if half, ok := r.runs(j, "半块"); ok {
		return reading{[]Value{moneyValue(0.5, "CNY", "exact")}, half}, true
	}
	c, ok := zhCardinal(r, j)
	if !ok {
		return reading{}, false
	}
	c.about = c.about || about
	if minor, next, ok := zhMinor(r, c.next); ok { // 五毛, 五十分
		cents := 0.0
		if d, k, more := zhSmall(r, next); more && minor == 10 && d <= 9 && !r.clause(next) {
			if end, fen := r.anyRun(k, "分", "分钱"); fen && r.at(end) != "钟" || !zhGoesOn(r, k) { // 五毛二分, 九毛九
				cents, next = float64(d), max(end, k)
			}
		}
		return zhMoney(c, float64(minor)/100, cents, zhTrailing(r, next, &c), "CNY")
	}
	named, next, ok := longest(r, c.next, zhCurrencyRuns)
	if !ok && c.next < len(r.toks) {
		if code, short := zhCurrencies[r.at(c.next)]; short {
			named, next, ok = code, c.next+1, true
		}
	}
	if !ok && currency == "" {
		if !r.wanted(KindAmount) || leadingZero(r, j) || zhOtherUnit(r, c.next) || c.v < 10 && !zhStandsAlone(r, c.next) {
			return reading{}, false
		}
		return zhMoney(c, 1, 0, zhTrailing(r, c.next, &c), "")
	}
	if !ok {
		named, next = currency, c.next
	}
	cents := 0.0
	if named == "CNY" || named == "USD" || named == "HKD" || named == "EUR" {
		cents, next = zhCents(r, next)
	}
	// 三百块钱: the word for money may follow the small change too.
	if r.at(next) == "钱" {
		next++
	}
	return zhMoney(c, 1, cents, zhTrailing(r, next, &c), named)
}

func zhMoney(c zhCount, unit, cents float64, next int, currency string) (reading, bool) {
	var vs []Value
	for _, v := range c.readings() {
		vs = append(vs, moneyValue(v*unit+cents/100, currency, exactness(c.about)))
	}
	return reading{vs, next}, true
}

// zhTrailing reads 左右, 上下 behind an amount.
func zhTrailing(r *reader, next int, c *zhCount) int {
	if k, ok := r.anyRun(next, "左右", "上下"); ok {
		c.about = true
		return k
	}
	return next
}

// zhMinor is the worth in cents of the small unit at i.
func zhMinor(r *reader, i int) (int, int, bool) {
	if k, ok := r.anyRun(i, "毛钱", "毛", "角", "角钱"); ok {
		return 10, k, true
	}
	if k, ok := r.anyRun(i, "分钱", "美分"); ok {
		return 1, k, true
	}
	if r.at(i) == "分" && r.wanted(KindAmount) && r.at(i+1) != "钟" {
		return 1, i + 1, true
	}
	return 0, 0, false
}

// zhCents reads the small change after the currency: 五, 五毛, 五毛二, 零五分,
// 二五, 半.
func zhCents(r *reader, i int) (float64, int) {
	if r.at(i) == "半" && r.at(i+1) != "个" {
		return 50, i + 1
	}
	cents, next := 0.0, i
	if r.at(i) == "零" {
		next++
	}
	n, k, ok := zhSmall(r, next)
	if !ok || n >= 100 {
		return 0, i
	}
	worth, after, unit := zhCentUnit(r, k)
	switch {
	case unit:
		cents, next = float64(n)*worth, after
	case n >= 10 || r.clause(next):
		return 0, i
	case zhDigitTail(r, k): // 三块二五
		d, _ := zhUnits[r.at(k)]
		return float64(n*10 + d), k + 1
	case next > i:
		return float64(n), k // 三块零五
	case zhGoesOn(r, k):
		return 0, i
	default:
		return float64(n) * 10, k
	}
	if worth != 10 {
		return cents, next
	}
	if r.at(next) == "零" {
		next++
	}
	m, k, ok := zhSmall(r, next)
	if !ok || m > 9 {
		return cents, next
	}
	if _, after, unit := zhCentUnit(r, k); unit {
		return cents + float64(m), after
	}
	if zhGoesOn(r, k) {
		return cents, next
	}
	return cents + float64(m), k
}

func zhDigitTail(r *reader, i int) bool {
	_, ok := zhUnits[r.at(i)]
	return ok && !r.clause(i) && !zhGoesOn(r, i+1)
}

// zhSmall reads a small whole number without swallowed units.
func zhSmall(r *reader, i int) (int, int, bool) {
	if n, ok := r.writtenInt(i, 0, 99); ok {
		return n, i + 1, true
	}
	if d, ok := zhUnits[r.at(i)]; ok && r.at(i+1) != "十" {
		return d, i + 1, true
	}
	c, ok := zhSection(r, i, false)
	if !ok || c.cut {
		return 0, 0, false
	}
	return int(c.v), c.next, true
}

func zhCentUnit(r *reader, i int) (float64, int, bool) {
	if k, ok := r.anyRun(i, "毛", "角", "毛钱", "角钱"); ok {
		return 10, k, true
	}
	if k, ok := r.anyRun(i, "分", "分钱", "美分"); ok && r.at(k) != "钟" {
		return 1, k, true
	}
	return 0, 0, false
}

// zhStandsAlone reports whether nothing follows that a small number before i
// could count.
func zhStandsAlone(r *reader, i int) bool {
	return r.clause(i) || zhParticles[r.at(i)]
}

// zhOtherUnit reports that a number counts something other than money.
func zhOtherUnit(r *reader, i int) bool {
	if i >= len(r.toks) || r.clause(i) {
		return false
	}
	switch r.at(i) {
	case "点", "号", "日", "月", "天", "年", "周", "星", "礼", "个", "分", "小", "刻", "期", "次", "/", ":", "-", "%", "下", "定", "样", "起", "直", "会":
		return true
	}
	return false
}
