package spoken

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var enVoice = voice{
	number: enSayNumber, money: enSayMoney, date: enSayDate, clock: enSayClock, duration: enSayDuration,
	digit:   enDigitNames,
	between: " ", at: " at ", one: "one", yes: "yes", no: "no",
}

var enDigitNames = [10]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

var enSmall = [20]string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
	"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
}

var enTenNames = [10]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

// formatFloat writes n with six decimals at most and no trailing zeros.
func formatFloat(n float64) string {
	s := strconv.FormatFloat(n, 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// enInt says a whole number below a trillion; beyond it digits are left to the
// synthesiser.
func enInt(n int64) string {
	switch {
	case n < 20:
		return enSmall[n]
	case n < 100:
		return strings.TrimSpace(enTenNames[n/10] + enRest(n%10))
	case n < 1000:
		return enSmall[n/100] + " hundred" + enRest(n%100)
	case n < 1e6:
		return enInt(n/1000) + " thousand" + enRest(n%1000)
	case n < 1e9:
		return enInt(n/1e6) + " million" + enRest(n%1e6)
	case n < 1e12:
		return enInt(n/1e9) + " billion" + enRest(n%1e9)
	}
	return strconv.FormatInt(n, 10)
}

func enRest(n int64) string {
	if n == 0 {
		return ""
	}
	return " " + enInt(n)
}

func enSayNumber(n float64) string {
	if math.IsNaN(n) || math.Abs(n) > maxNumber {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	if n < 0 {
		return "minus " + enSayNumber(-n)
	}
	rounded, _ := strconv.ParseFloat(formatFloat(n), 64)
	said := enInt(int64(rounded))
	if frac := decimals(n); frac != "" {
		said += " point " + spell(enDigitNames, frac, " ")
	}
	return said
}

// enMoneyNames are a currency's units in the singular and the plural.
var enMoneyNames = map[string][4]string{
	"USD": {"dollar", "dollars", "cent", "cents"},
	"EUR": {"euro", "euros", "cent", "cents"},
	"GBP": {"pound", "pounds", "penny", "pence"},
}

func enSayMoney(m Money) string {
	if m.Minor < 0 {
		return "minus " + enSayMoney(Money{Minor: -m.Minor, Currency: m.Currency})
	}
	names, ok := enMoneyNames[m.Currency]
	if !ok {
		said := enSayNumber(float64(m.Minor) / 100)
		switch m.Currency {
		case "":
			return said
		case "CNY":
			return said + " yuan"
		}
		return said + " " + m.Currency
	}
	major, minor := m.Minor/100, m.Minor%100
	var parts []string
	if major > 0 || minor == 0 {
		parts = append(parts, enInt(major)+" "+names[btoi(major != 1)])
	}
	if minor > 0 {
		parts = append(parts, enInt(minor)+" "+names[2+btoi(minor != 1)])
	}
	return strings.Join(parts, " and ")
}

var enOrdinalNames = func() [32]string {
	var names [32]string
	for word, n := range enOrdinals {
		names[n] = word
	}
	for n := 21; n < 32; n++ {
		if n%10 != 0 {
			names[n] = enTenNames[n/10] + " " + names[n%10]
		}
	}
	return names
}()

func enSayDate(t time.Time, year bool) string {
	said := t.Weekday().String() + ", " + t.Month().String() + " " + enOrdinalNames[t.Day()]
	if year {
		said += ", " + enSayYear(t.Year())
	}
	return said
}

func enSayYear(y int) string {
	switch {
	case y > 2000 && y < 2010:
		return enInt(int64(y))
	case y >= 1910 && y < 2100 && y%100 >= 10:
		return enInt(int64(y/100)) + " " + enInt(int64(y%100))
	}
	return strconv.Itoa(y)
}

func enSayClock(h, m int) string {
	if h == 12 && m == 0 {
		return "noon"
	}
	said := enInt(int64((h+11)%12 + 1))
	switch {
	case m == 0:
	case m < 10:
		said += " oh " + enInt(int64(m))
	default:
		said += " " + enInt(int64(m))
	}
	if h < 12 {
		return said + " AM"
	}
	return said + " PM"
}

// enSayDuration says whole days, else hours and minutes; seconds only below a
// minute.
func enSayDuration(d time.Duration) string {
	count := func(n int64, unit string) string {
		if n != 1 {
			unit += "s"
		}
		return enInt(n) + " " + unit
	}
	day := 24 * time.Hour
	switch {
	case d < 0:
		return "minus " + enSayDuration(-d)
	case d < time.Minute:
		return count(int64(d/time.Second), "second")
	case d%day == 0:
		return count(int64(d/day), "day")
	case d < time.Hour:
		return count(int64(d/time.Minute), "minute")
	case d%time.Hour < time.Minute:
		return count(int64(d/time.Hour), "hour")
	}
	return count(int64(d/time.Hour), "hour") + " and " + count(int64(d%time.Hour/time.Minute), "minute")
}
