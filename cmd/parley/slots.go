package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"parley/spoken"
)

// slotsCmd shows what values are heard in a phrase.
type slotsCmd struct {
	Lang string   `help:"Language, en or zh; told by the script of the text when not given."`
	Now  string   `help:"The customer's present, RFC 3339; dates are in its zone." placeholder:"TIME"`
	Kind []string `help:"What was asked (date, time, datetime, duration, amount, number, digits, yes_no); everything when not given."`
	Text []string `arg:"" help:"The phrase."`
}

// Help is the command's example.
func (slotsCmd) Help() string {
	return `Example: parley slots --now 2026-12-03T10:00:00-05:00 "next friday at half past four"`
}

// heardValue is one reading as it is printed.
type heardValue struct {
	Kind      spoken.Kind `json:"kind"`
	Value     any         `json:"value"`
	Precision string      `json:"precision"`
	Ambiguous bool        `json:"ambiguous"`
	Text      string      `json:"text"`
}

// heardAmount is money in major units; the currency is empty when not said.
type heardAmount struct {
	Value    float64 `json:"value"`
	Currency string  `json:"currency"`
}

// Run prints the readings as a JSON list.
func (c *slotsCmd) Run(t *terminal) error {
	now := time.Now()
	if c.Now != "" {
		at, err := time.Parse(time.RFC3339, c.Now)
		if err != nil {
			return usageError{fmt.Errorf("--now %q is not RFC 3339; write it like 2026-12-03T10:00:00-05:00", c.Now)}
		}
		now = at
	}
	text := strings.Join(c.Text, " ")
	language := c.Lang
	if language == "" {
		language = scriptOf(text)
	}
	if primary, _, _ := strings.Cut(language, "-"); primary != "en" && primary != "zh" {
		return usageError{fmt.Errorf("--lang %q is not understood; use en or zh", c.Lang)}
	}
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	heard := []heardValue{}
	for _, v := range spoken.Parse(language, text, kinds, now) {
		heard = append(heard, heardValue{v.Kind, plainValue(v), v.Precision, v.Ambiguous, v.Text})
	}
	return printJSON(t.out, heard)
}

// kinds are the asked ones, nil for all.
func (c *slotsCmd) kinds() ([]spoken.Kind, error) {
	var kinds []spoken.Kind
	for _, name := range c.Kind {
		switch k := spoken.Kind(name); k {
		case spoken.KindDate, spoken.KindTime, spoken.KindDateTime, spoken.KindDuration,
			spoken.KindAmount, spoken.KindNumber, spoken.KindDigits, spoken.KindYesNo:
			kinds = append(kinds, k)
		default:
			return nil, usageError{errors.New("--kind is one of date, time, datetime, duration, amount, number, digits, yes_no")}
		}
	}
	return kinds, nil
}

func scriptOf(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "zh"
	}
	return "en"
}

// plainValue is the value as JSON writes it.
func plainValue(v spoken.Value) any {
	switch v.Kind {
	case spoken.KindDate, spoken.KindTime, spoken.KindDateTime:
		return v.At.Format(time.RFC3339)
	case spoken.KindDuration:
		return isoDuration(v.Duration)
	case spoken.KindAmount:
		return heardAmount{float64(v.Money.Minor) / 100, v.Money.Currency}
	case spoken.KindNumber:
		return v.Number
	case spoken.KindDigits:
		return v.Digits
	}
	return v.Yes
}

// isoDuration writes a duration as ISO 8601 does: P3D, PT1H30M.
func isoDuration(d time.Duration) string {
	day := 24 * time.Hour
	out := "P"
	if d >= day {
		out += fmt.Sprintf("%dD", d/day)
		d %= day
	}
	if d == 0 && out != "P" {
		return out
	}
	out += "T"
	for _, part := range [...]struct {
		unit   time.Duration
		letter string
	}{{time.Hour, "H"}, {time.Minute, "M"}, {time.Second, "S"}} {
		if n := d / part.unit; n > 0 || (d == 0 && part.letter == "S" && out == "PT") {
			out += fmt.Sprintf("%d%s", n, part.letter)
		}
		d %= part.unit
	}
	return out
}
