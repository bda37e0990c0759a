package spoken

import (
	"fmt"
	"strings"
	"time"
)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return time.FixedZone("EST", -5*3600)
	}
	return zone
}()

// thursday is the present of the tests: 3 December 2026, ten in the morning.
var thursday = time.Date(2026, 12, 3, 10, 0, 0, 0, newYork)

// brief writes values the way the tables below do.
func brief(vs []Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, briefOne(v))
	}
	return strings.Join(out, " ")
}

func briefOne(v Value) string {
	mark := ""
	if v.Ambiguous {
		mark = "?"
	}
	if v.Precision == "about" {
		mark += "~"
	}
	switch v.Kind {
	case KindDate:
		if v.Precision == "week" || v.Precision == "month" || v.Precision == "year" {
			return mark + v.At.Format("2006-01-02") + "/" + v.Precision
		}
		return mark + v.At.Format("2006-01-02")
	case KindTime:
		return mark + v.At.Format("15:04")
	case KindDateTime:
		return mark + v.At.Format("2006-01-02T15:04")
	case KindDuration:
		return mark + v.Duration.String()
	case KindAmount:
		return fmt.Sprintf("%s%d.%02d%s", mark, v.Money.Minor/100, v.Money.Minor%100, v.Money.Currency)
	case KindNumber:
		return fmt.Sprintf("%s#%v", mark, v.Number)
	case KindDigits:
		return mark + "d" + v.Digits
	}
	return mark + map[bool]string{true: "yes", false: "no"}[v.Yes]
}
