package campaign

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// symbols are written before or after an amount instead of a currency code.
var symbols = map[string]string{"$": "USD", "¥": "CNY", "￥": "CNY", "元": "CNY", "£": "GBP", "€": "EUR"}

var (
	decimal  = regexp.MustCompile(`^\d{1,12}(\.\d{1,2})?$`)
	thousand = regexp.MustCompile(`^\d{1,3}(,\d{3})+(\.\d{1,2})?$`)
	iso4217  = regexp.MustCompile(`^[A-Z]{3}$`)
)

var errAmount = errors.New("this is no amount; write it like 128.50 or 128.50 USD")

// amount brings "$1,280.5", "128.50 usd" and "1280元" to "1280.50 USD"; the
// currency column counts where the cell has none.
func amount(cell, currency string) (string, error) {
	s := strings.TrimSpace(cell)
	for sign, code := range symbols {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			s, currency = rest, code
		} else if rest, ok := strings.CutSuffix(s, sign); ok {
			s, currency = rest, code
		}
	}
	s = strings.TrimSpace(s)
	if number, code, ok := strings.Cut(s, " "); ok {
		s, currency = number, strings.TrimSpace(code)
	}
	if thousand.MatchString(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	if !decimal.MatchString(s) {
		return "", errAmount
	}
	switch _, cents, ok := strings.Cut(s, "."); {
	case !ok:
		s += ".00"
	case len(cents) == 1:
		s += "0"
	}
	if currency == "" {
		return s, nil
	}
	if currency = strings.ToUpper(currency); !iso4217.MatchString(currency) {
		return "", errors.New("the currency is no three-letter code such as USD or CNY")
	}
	return s + " " + currency, nil
}

// day reads a date in which no part can be mistaken for another: the year
// comes first.
func day(s string) (time.Time, error) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日", time.RFC3339, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1900 && t.Year() <= 2200 {
			return t, nil
		}
	}
	return time.Time{}, errors.New("this is no date; write it like 2026-12-01, the year first")
}

// moment reads a date or an RFC 3339 time; "" is zero.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return day(s)
}
