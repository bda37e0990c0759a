package spoken

import (
	"math"
	"strconv"
	"time"
)

var zhVoice = voice{
	number: zhSayNumber, money: zhSayMoney, date: zhSayDate, clock: zhSayClock, duration: zhSayDuration,
	digit: zhDigitSigns,
	one:   "幺", yes: "是", no: "不是",
}

var zhDigitSigns = [10]string{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"}

// zhInt says a whole number below 10^12: 一千零五十, 两万三千, 十二.
func zhInt(n int64) string {
	switch {
	case n >= 1e12:
		return strconv.FormatInt(n, 10)
	case n == 0:
		return "零"
	case n >= 10 && n < 20:
		return "十" + zhUnit(n-10)
	}
	return zhGroups(n)
}

func zhUnit(n int64) string {
	if n == 0 {
		return ""
	}
	return zhDigitSigns[n]
}

// zhGroups says n by its powers; a gap between two of them is one 零.
func zhGroups(n int64) string {
	for _, power := range [...]struct {
		v    int64
		name string
	}{{1e8, "亿"}, {1e4, "万"}, {1000, "千"}, {100, "百"}, {10, "十"}} {
		if n < power.v {
			continue
		}
		head, rest := n/power.v, n%power.v
		said := zhGroups(head) + power.name
		if head == 2 && power.v > 10 {
			said = "两" + power.name
		}
		switch {
		case rest == 0:
			return said
		case rest < power.v/10:
			return said + "零" + zhGroups(rest)
		}
		return said + zhGroups(rest)
	}
	return zhUnit(n)
}

// zhCountOf says a number before a measure word: 两天, not 二天.
func zhCountOf(n int64) string {
	if n == 2 {
		return "两"
	}
	return zhInt(n)
}

func zhSayNumber(n float64) string {
	if math.IsNaN(n) || math.Abs(n) > maxNumber {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	if n < 0 {
		return "负" + zhSayNumber(-n)
	}
	rounded, _ := strconv.ParseFloat(formatFloat(n), 64)
	said := zhInt(int64(rounded))
	if frac := decimals(n); frac != "" {
		said += "点" + spell(zhDigitSigns, frac, "")
	}
	return said
}

var zhMoneyNames = map[string]string{"USD": "美元", "EUR": "欧元", "GBP": "英镑", "HKD": "港元"}

func zhSayMoney(m Money) string {
	if m.Minor < 0 {
		return "负" + zhSayMoney(Money{Minor: -m.Minor, Currency: m.Currency})
	}
	if m.Currency != "CNY" {
		said := zhSayNumber(float64(m.Minor) / 100)
		if name, ok := zhMoneyNames[m.Currency]; ok {
			return said + name
		}
		return said + m.Currency
	}
	yuan, jiao, fen := m.Minor/100, m.Minor/10%10, m.Minor%10
	said := ""
	if yuan > 0 || m.Minor == 0 {
		said = zhCountOf(yuan) + "元"
	}
	switch {
	case jiao > 0:
		said += zhCountOf(jiao) + "角"
	case fen > 0 && yuan > 0:
		said += "零"
	}
	if fen > 0 {
		said += zhDigitSigns[fen] + "分"
	}
	return said
}

func zhSayDate(t time.Time, year bool) string {
	said := zhInt(int64(t.Month())) + "月" + zhInt(int64(t.Day())) + "号星期" + [7]string{"天", "一", "二", "三", "四", "五", "六"}[t.Weekday()]
	if year {
		return spell(zhDigitSigns, strconv.Itoa(t.Year()), "") + "年" + said
	}
	return said
}

func zhSayClock(h, m int) string {
	part := "晚上"
	switch {
	case h < 6:
		part = "凌晨"
	case h < 9:
		part = "早上"
	case h < 12:
		part = "上午"
	case h == 12:
		part = "中午"
	case h < 18:
		part = "下午"
	}
	hour := int64(h)
	if h > 12 {
		hour -= 12
	}
	said := part + zhCountOf(hour) + "点"
	switch {
	case m == 0:
		return said
	case m == 30:
		return said + "半"
	case m < 10:
		return said + "零" + zhInt(int64(m)) + "分"
	}
	return said + zhInt(int64(m)) + "分"
}

func zhSayDuration(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d < 0:
		return "负" + zhSayDuration(-d)
	case d < time.Minute:
		return zhCountOf(int64(d/time.Second)) + "秒"
	case d%day == 0:
		return zhCountOf(int64(d/day)) + "天"
	case d < time.Hour:
		return zhCountOf(int64(d/time.Minute)) + "分钟"
	case d%time.Hour < time.Minute:
		return zhCountOf(int64(d/time.Hour)) + "个小时"
	}
	return zhCountOf(int64(d/time.Hour)) + "个小时" + zhInt(int64(d%time.Hour/time.Minute)) + "分钟"
}
