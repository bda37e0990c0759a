package spoken

import (
	"strconv"
	"strings"
)

var english = grammar{
	KindDateTime: enDateTime,
	KindDate:     enDate,
	KindTime:     enTime,
	KindDuration: enDuration,
	KindAmount:   enAmount,
	KindDigits:   enDigits,
	KindNumber:   enNumber,
	KindYesNo:    enYesNo,
}

var enUnits = map[string]int{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}

var enTeens = map[string]int{
	"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
	"seventeen": 17, "eighteen": 18, "nineteen": 19,
}

var enTens = map[string]int{
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

var enScales = map[string]float64{
	"thousand": 1e3, "grand": 1e3, "million": 1e6, "billion": 1e9,
}

var enZeros = map[string]bool{"zero": true, "oh": true, "o": true, "nought": true}

// below100 reads 1 to 99 in words.
func below100(r *reader, i int) (int, int, bool) {
	w := r.at(i)
	if n, ok := enUnits[w]; ok {
		return n, i + 1, true
	}
	if n, ok := enTeens[w]; ok {
		return n, i + 1, true
	}
	n, ok := enTens[w]
	if !ok {
		return 0, 0, false
	}
	if unit, more := enUnits[r.at(i+1)]; more && !r.clause(i+1) {
		return n + unit, i + 2, true
	}
	return n, i + 1, true
}

// enWhole reads a cardinal in words: "three", "a hundred and five", "twenty
// five hundred", "two thousand five hundred".
func enWhole(r *reader, i int) (float64, int, bool) {
	if w := r.at(i); w == "zero" || w == "nought" {
		return 0, i + 1, true
	}
	total, last, next := 0.0, 1e18, i
	for {
		group, j, ok := enGroup(r, next)
		if !ok {
			break
		}
		scale, scaled := enScales[r.at(j)]
		if !scaled {
			if last < 1e18 && group >= 1000 { // "two thousand twenty five hundred"
				break
			}
			return total + group, j, true
		}
		if scale >= last {
			break
		}
		total, last, next = total+group*scale, scale, j+1
		j = next
		if r.at(j) == "and" {
			j++
		}
		// What follows belongs to the number only when it is not the first
		// part of something else, such as "fifty cents".
		if _, after, more := enGroup(r, j); !more || enMinor[r.at(after)] {
			break
		}
		next = j
	}
	if last == 1e18 {
		return 0, 0, false
	}
	return total, enTrimAnd(r, next), true
}

// enTrimAnd steps back over an "and" that joined nothing.
func enTrimAnd(r *reader, next int) int {
	if r.at(next-1) == "and" {
		return next - 1
	}
	return next
}

// enGroup reads up to 9,999: "five", "a hundred", "twelve hundred and six".
func enGroup(r *reader, i int) (float64, int, bool) {
	n, j, ok := below100(r, i)
	if !ok {
		switch next := r.at(i + 1); {
		case r.at(i) == "a" && (next == "hundred" || enScales[next] > 0):
			n, j = 1, i+1
		case r.at(i) == "hundred" || enScales[r.at(i)] > 0:
			n, j = 1, i
		default:
			return 0, 0, false
		}
	}
	if r.at(j) != "hundred" {
		return float64(n), j, true
	}
	total := float64(n) * 100
	j++
	k := j
	if r.at(k) == "and" {
		k++
	}
	if rest, end, more := below100(r, k); more && !enMinor[r.at(end)] {
		return total + float64(rest), end, true
	}
	return total, j, true
}

// enCardinal reads a number in words or digits, with decimals.
func enCardinal(r *reader, i int) (float64, int, bool) {
	if r.written(i) {
		v, err := strconv.ParseFloat(r.at(i), 64)
		if err != nil || v > maxNumber {
			return 0, 0, false
		}
		return enScaled(r, v, i+1)
	}
	if n, j, ok := enSimple(r, i); ok {
		return n, j, true
	}
	v, j, ok := enWhole(r, i)
	if !ok || v > maxNumber {
		return 0, 0, false
	}
	return enFraction(r, v, j)
}

// enSimple reads "a dozen", "a couple", "half a million".
func enSimple(r *reader, i int) (float64, int, bool) {
	if j, ok := r.anyWords(i, "a dozen", "dozen"); ok {
		return 12, j, true
	}
	if j, ok := r.words(i, "half a dozen"); ok {
		return 6, j, true
	}
	if j, ok := r.words(i, "half a million"); ok {
		return 5e5, j, true
	}
	if j, ok := r.words(i, "a couple hundred"); ok {
		return 200, j, true
	}
	return 0, 0, false
}

// enScaled reads "k", "thousand" after written digits.
func enScaled(r *reader, v float64, j int) (float64, int, bool) {
	scale := enScales[r.at(j)]
	if r.at(j) == "k" {
		scale = 1e3
	}
	if r.at(j) == "hundred" {
		scale = 100
	}
	if scale == 0 {
		return v, j, true
	}
	return v * scale, j + 1, v*scale <= maxNumber
}

// enFraction reads what may follow a whole number: "point five", "and a half".
func enFraction(r *reader, v float64, j int) (float64, int, bool) {
	if k, ok := r.words(j, "and a half"); ok {
		if scale := enScales[r.at(k)]; scale > 0 {
			return (v + 0.5) * scale, k + 1, true
		}
		return v + 0.5, k, true
	}
	if r.at(j) != "point" {
		return v, j, true
	}
	digits, k := enPlaces(r, j+1)
	if digits == "" {
		return v, j, true
	}
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 0, 64)+"."+digits, 64)
	if err != nil {
		return v, j, true
	}
	return enScaled(r, f, k)
}

// enPlaces reads decimals: "one four", "twenty five".
func enPlaces(r *reader, i int) (string, int) {
	var b strings.Builder
	for b.Len() < 6 {
		w := r.at(i)
		if enZeros[w] {
			b.WriteByte('0')
			i++
			continue
		}
		n, j, ok := below100(r, i)
		if !ok {
			break
		}
		b.WriteString(strconv.Itoa(n))
		i = j
	}
	return b.String(), i
}

func enNumber(r *reader, i int) (reading, bool) {
	j, sign := i, 1.0
	if w := r.at(i); w == "minus" || w == "negative" || w == "-" {
		j, sign = i+1, -1
	}
	if leadingZero(r, j) {
		return reading{}, false
	}
	v, next, ok := enCardinal(r, j)
	if !ok || enOrdinalTail(r, next) {
		return reading{}, false
	}
	if r.at(j) == "one" && next == j+1 && !r.wanted(KindNumber) && enPronoun(r, next) {
		return reading{}, false
	}
	precision := "exact"
	if p := r.at(i - 1); p == "about" || p == "around" || p == "roughly" {
		precision = "about"
	}
	return reading{[]Value{{Kind: KindNumber, Number: sign * v, Precision: precision}}, next}, true
}

// enPronoun reports that "one" before i counts nothing: "one moment".
func enPronoun(r *reader, i int) bool {
	switch r.at(i) {
	case "moment", "of", "more", "thing", "else", "second", "sec", "day", "is", "that", "who", "can":
		return !r.clause(i)
	}
	return false
}

// leadingZero reports written digits that name something rather than count.
func leadingZero(r *reader, i int) bool {
	w := r.at(i)
	return r.written(i) && len(w) > 1 && w[0] == '0' && w[1] != '.'
}

func enOrdinalTail(r *reader, i int) bool {
	switch r.at(i) {
	case "st", "nd", "rd", "th":
		return r.toks[i].joined
	}
	return false
}

var enRepeats = map[string]int{"double": 2, "triple": 3, "treble": 3}

// maxDigits is the longest digit string read; card numbers have nineteen.
const maxDigits = 32

// enDigits reads digits one by one, "double four" and, when digits were asked,
// pairs ("forty seven twelve") and written groups.
func enDigits(r *reader, i int) (reading, bool) {
	var b strings.Builder
	parts, next := 0, i
	for b.Len() < maxDigits {
		said, j, ok := enDigit(r, next)
		if !ok {
			break
		}
		b.WriteString(said)
		next = j
		parts++
	}
	enough := parts >= 2 || (parts == 1 && (r.wanted(KindDigits) || leadingZero(r, i) || b.Len() > 1 && enRepeats[r.at(i)] > 0))
	if !enough || b.Len() > maxDigits {
		return reading{}, false
	}
	return reading{[]Value{{Kind: KindDigits, Digits: b.String(), Precision: "exact"}}, next}, true
}

func enDigit(r *reader, i int) (string, int, bool) {
	w := r.at(i)
	if enZeros[w] {
		return "0", i + 1, true
	}
	if n := enRepeats[w]; n > 0 {
		if d, j, ok := enDigit(r, i+1); ok && len(d) == 1 && !r.written(i+1) {
			return strings.Repeat(d, n), j, true
		}
		return "", 0, false
	}
	if n, ok := enUnits[w]; ok {
		return strconv.Itoa(n), i + 1, true
	}
	if r.written(i) && (r.wanted(KindDigits) || leadingZero(r, i)) && !strings.Contains(w, ".") {
		j := i + 1
		if r.at(j) == "-" && r.written(j+1) {
			j++
		}
		return w, j, true
	}
	if !r.wanted(KindDigits) {
		return "", 0, false
	}
	if n, j, ok := below100(r, i); ok {
		if r.at(j) == "hundred" {
			return strconv.Itoa(n) + "00", j + 1, true
		}
		return strconv.Itoa(n), j, true
	}
	return "", 0, false
}
