package spoken

var enCurrencies = map[string]string{
	"dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "usd": "USD",
	"yuan": "CNY", "rmb": "CNY", "renminbi": "CNY", "cny": "CNY", "kuai": "CNY",
	"euro": "EUR", "euros": "EUR", "eur": "EUR",
	"pound": "GBP", "pounds": "GBP", "quid": "GBP", "gbp": "GBP", "hkd": "HKD", "sgd": "SGD",
}

var symbolCurrencies = map[string]string{"$": "USD", "¥": "CNY", "€": "EUR", "£": "GBP"}

// enMinor are the words for hundredths.
var enMinor = map[string]bool{"cent": true, "cents": true, "pence": true, "penny": true, "pennies": true}

// enUnitWords are words that make the number before them something other than
// money or a time.
var enUnitWords = map[string]bool{
	"second": true, "seconds": true, "minute": true, "minutes": true, "hour": true, "hours": true, "day": true, "days": true, "week": true, "weeks": true,
	"month": true, "months": true, "year": true, "years": true, "percent": true, "times": true, "payments": true, "installments": true,
	"instalments": true, "hundred": true, "thousand": true, "million": true, "dollars": true, "dollar": true, "bucks": true,
	"st": true, "nd": true, "rd": true, "th": true,
}

// enAmount reads money: with a currency always, a bare number when an amount
// was asked, and "three twenty" with both its readings.
func enAmount(r *reader, i int) (reading, bool) {
	j, about := r.anyWords(i, "about", "around", "roughly", "almost", "nearly", "approximately")
	if got, ok := enSymbol(r, j); ok {
		return got, true
	}
	if got, ok := enPair(r, j); ok {
		return got, true
	}
	v, k, ok := enCardinal(r, j)
	if !ok || v > maxNumber {
		return reading{}, false
	}
	if enMinor[r.at(k)] {
		return reading{[]Value{moneyValue(v/100, enMinorCurrency(r.at(k)), exactness(about))}, k + 1}, true
	}
	currency, named := enCurrencies[r.at(k)]
	if !named {
		if !r.wanted(KindAmount) || enUnitWords[r.at(k)] || leadingZero(r, j) || r.at(k) == "/" || r.at(k) == ":" || v < 10 && !enStandsAlone(r, k) {
			return reading{}, false
		}
		return reading{[]Value{moneyValue(v, "", exactness(about))}, k}, true
	}
	k++
	if cents, end, more := enCents(r, k); more {
		v, k = v+float64(cents)/100, end
	}
	return reading{[]Value{moneyValue(v, currency, exactness(about))}, k}, true
}

// enStandsAlone reports whether nothing follows that a small number before i
// could count: "five", "five on friday", but not "one question".
func enStandsAlone(r *reader, i int) bool {
	if r.clause(i) {
		return true
	}
	switch r.at(i) {
	case "on", "by", "at", "in", "before", "now", "then", "right", "today", "tomorrow", "tonight", "this", "next", "and", "every", "each",
		"per", "a", "is", "please", "only", "maybe", "for", "the", "if", "or", "to", "would", "will", "works":
		return true
	}
	_, weekday := enWeekdays[r.at(i)]
	return weekday
}

func enMinorCurrency(word string) string {
	if word == "cent" || word == "cents" {
		return "USD"
	}
	return "GBP"
}

// enSymbol reads "$128.50" and "USD 128.50".
func enSymbol(r *reader, i int) (reading, bool) {
	currency, ok := symbolCurrencies[r.at(i)]
	if !ok {
		if currency, ok = enCurrencies[r.at(i)]; !ok {
			return reading{}, false
		}
	}
	if !r.written(i + 1) {
		return reading{}, false
	}
	v, k, ok := enCardinal(r, i+1)
	if !ok {
		return reading{}, false
	}
	if enCurrencies[r.at(k)] == currency {
		k++
	}
	return reading{[]Value{moneyValue(v, currency, "exact")}, k}, true
}

// enCents reads what follows the currency: "and fifty cents", "fifty".
func enCents(r *reader, i int) (int, int, bool) {
	j := i
	if r.at(j) == "and" {
		j++
	}
	if r.at(j) == "a" && r.at(j+1) == "half" {
		return 50, j + 2, j > i
	}
	n, k, ok := below100(r, j)
	if !ok && r.written(j) {
		v, after, fine := enCardinal(r, j)
		n, k, ok = int(v), after, fine && v < 100 && v == float64(int(v))
	}
	if !ok {
		return 0, 0, false
	}
	if enMinor[r.at(k)] {
		return n, k + 1, true
	}
	// "three dollars fifty", but not "three dollars five days later".
	bare := n >= 10 && (k >= len(r.toks) || r.clause(k) || !enUnitWords[r.at(k)])
	return n, k, bare
}

// enPair reads numbers whose unit is swallowed: "three twenty" is 320 or 3.20,
// "one twenty eight fifty" is 128.50.
func enPair(r *reader, i int) (reading, bool) {
	if !r.wanted(KindAmount) && (r.asks != nil || enTimely(r.at(i-1))) {
		return reading{}, false
	}
	// Years of these days are years.
	if year, _, ok := enYear(r, i); ok && year >= 2000 && year < 2050 && !r.wanted(KindAmount) {
		return reading{}, false
	}
	a, j, ok := enHead(r, i)
	if !ok || r.clause(j) {
		return reading{}, false
	}
	b, k, ok := enTwoDigits(r, j)
	if !ok {
		return reading{}, false
	}
	whole, point := float64(a*100+b), float64(a)+float64(b)/100
	c, l, more := enTwoDigits(r, k)
	switch {
	case more && a < 100 && !r.clause(k):
		return enPairEnd(r, l, whole+float64(c)/100, whole+float64(c)/100)
	case a >= 100:
		return enPairEnd(r, k, point, point)
	case a < 10:
		return enPairEnd(r, k, whole, whole, point)
	}
	return enPairEnd(r, k, whole, point, whole)
}

// enPairEnd closes a pair. A currency settles it as the first value: "three
// twenty dollars".
func enPairEnd(r *reader, k int, settled float64, majors ...float64) (reading, bool) {
	if c, ok := enCurrencies[r.at(k)]; ok {
		return reading{[]Value{moneyValue(settled, c, "exact")}, k + 1}, true
	}
	if enUnitWords[r.at(k)] || enMeridiem(r, k) {
		return reading{}, false
	}
	var vs []Value
	for _, v := range majors {
		vs = append(vs, moneyValue(v, "", "exact"))
	}
	if r.asks != nil || len(vs) < 2 {
		return reading{vs, k}, true
	}
	h, m := int(min(majors[0], majors[1])), int(max(majors[0], majors[1]))%100
	if h < 1 || h > 12 || m > 59 {
		return reading{vs, k}, true
	}
	clocks := timeValues(r.now, halves(h, m)[:1], "minute")
	if m%15 == 0 {
		return reading{append(clocks, vs...), k}, true
	}
	return reading{append(vs, clocks...), k}, true
}

// enHead is the first part of a pair: below 100, or hundreds.
func enHead(r *reader, i int) (int, int, bool) {
	if n, j, ok := below100(r, i); ok && r.at(j) != "hundred" && enScales[r.at(j)] == 0 {
		return n, j, true
	}
	v, j, ok := enWhole(r, i)
	if !ok || v < 100 || v > 1e6 {
		return 0, 0, false
	}
	return int(v), j, true
}

// enTwoDigits reads "twenty", "twelve", "oh five".
func enTwoDigits(r *reader, i int) (int, int, bool) {
	if w := r.at(i); w == "oh" || w == "o" {
		n, ok := enUnits[r.at(i+1)]
		return n, i + 2, ok
	}
	n, j, ok := below100(r, i)
	return n, j, ok && n >= 10 && r.at(j) != "hundred"
}

// enTimely are words after which bare numbers are a time.
func enTimely(w string) bool {
	switch w {
	case "at", "by", "before", "after", "until", "till", "past", "since":
		return true
	}
	return false
}

func enMeridiem(r *reader, i int) bool {
	_, ok := r.anyWords(i, "am", "pm", "a m", "p m", "o'clock", "in the morning", "in the afternoon", "in the evening")
	return ok
}
