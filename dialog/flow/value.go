package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parley/spoken"
)

// kind is the type of a variable or a slot.
type kind string

const (
	kindName   kind = "name"
	kindText   kind = "text"
	kindMoney  kind = "money"
	kindDate   kind = "date"
	kindTime   kind = "time" // a moment: a day and a time of day
	kindDigits kind = "digits"
	kindNumber kind = "number"
	kindPhone  kind = "phone"
)

var variableKinds = []string{"name", "text", "money", "date", "digits", "number", "phone"}

// variable is what a contact brings.
type variable struct {
	name     string
	at       place
	kind     kind
	sample   string
	from     string
	fallback string
	optional bool
	// private: spoken only to the verified person.
	private bool
}

// value is a typed value of a variable or a slot. Text is set for every kind
// that is spoken as it is written.
type value struct {
	kind   kind
	text   string
	money  spoken.Money
	at     time.Time
	number float64
}

func (v value) same(w value) bool {
	return v.kind == w.kind && v.text == w.text && v.money.Minor == w.money.Minor && v.at.Equal(w.at) && v.number == w.number
}

// parseValue reads what a list or a flow wrote.
func parseValue(k kind, raw, currency string) (value, error) {
	raw = strings.TrimSpace(raw)
	v := value{kind: k, text: raw}
	switch k {
	case kindMoney:
		m, err := parseMoney(raw, currency)
		v.money, v.text = m, ""
		return v, err
	case kindDate:
		at, err := parseDate(raw)
		v.at, v.text = at, ""
		return v, err
	case kindNumber:
		f, err := strconv.ParseFloat(raw, 64)
		if err != nil {
			return v, fmt.Errorf("%q is not a number", raw)
		}
		v.number, v.text = f, ""
	case kindDigits:
		if strings.ContainsFunc(raw, func(r rune) bool { return r < '0' || r > '9' }) {
			return v, fmt.Errorf("%q is not made of digits only", raw)
		}
	case kindPhone:
		if strings.ContainsFunc(raw, func(r rune) bool { return !strings.ContainsRune("+0123456789 -()", r) }) {
			return v, fmt.Errorf("%q is not a phone number", raw)
		}
	default:
		if !strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			return v, fmt.Errorf("%q has no words that can be spoken", raw)
		}
	}
	return v, nil
}

func parseMoney(raw, currency string) (spoken.Money, error) {
	m, err := spoken.ParseMoney(raw)
	if err != nil {
		return m, err
	}
	if m.Currency == "" {
		m.Currency = strings.ToUpper(currency)
	}
	if m.Currency == "" {
		return m, fmt.Errorf("%q has no currency; write it as 128.50 USD", raw)
	}
	return m, nil
}

// parseDate reads a calendar day; it has no zone until it is spoken.
func parseDate(raw string) (time.Time, error) {
	return spoken.ParseDate(raw, time.Time{})
}

// midnight is the day of t in the zone of now.
func midnight(t, now time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, now.Location())
}

// plain is the value as conditions see it: money in major units, days and
// moments as times, all else as text or number.
func (v value) plain(now time.Time) any {
	switch v.kind {
	case kindMoney:
		return float64(v.money.Minor) / 100
	case kindDate:
		return midnight(v.at, now)
	case kindTime:
		return v.at
	case kindNumber:
		return v.number
	}
	return v.text
}

// export is the value as it is written in JSON.
func (v value) export() any {
	switch v.kind {
	case kindMoney:
		return map[string]any{"value": moneyDigits(v.money), "currency": v.money.Currency}
	case kindDate:
		return v.at.Format(time.DateOnly)
	case kindTime:
		return v.at.Format(time.RFC3339)
	case kindNumber:
		return v.number
	}
	return v.text
}

func moneyDigits(m spoken.Money) string {
	return fmt.Sprintf("%d.%02d", m.Minor/100, m.Minor%100)
}
