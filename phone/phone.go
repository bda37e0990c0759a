// Package phone knows telephone numbers: their one written form (E.164), what
// kind of line is behind them, in which time zones their owner may be, and how
// to write them in a log without giving them away.
package phone

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// longest is more than any written number needs; what is longer is refused
// before it is parsed.
const longest = 64

// Number is a number in its one written form.
type Number struct {
	// E164 is "+", country code and national number; for a loopback SIP URI
	// the URI itself.
	E164 string
	// Region is the ISO 3166-1 country, "001" for a worldwide code, "" for a URI.
	Region string
	Class  Class
}

// Errors of Parse; their text is for the person who wrote the list.
var (
	ErrEmpty     = errors.New("no phone number is given")
	ErrNotNumber = errors.New("this is not a phone number")
	ErrInvalid   = errors.New("no such number can exist; check the digits and the country")
	ErrRegion    = errors.New("the number has no country code; write it as +… or name the list's region")
	ErrRounded   = errors.New("a spreadsheet turned the number into a rounded one; format the column as text and export it again")
	ErrExtension = errors.New("the number has an extension, which cannot be dialled")
)

var (
	rounded  = regexp.MustCompile(`^[+]?\d+([.,]\d+)?[eE][+]?\d+$`)
	fraction = regexp.MustCompile(`^([+]?\d{7,15})\.0+$`)
)

// Parse normalises a number as somebody wrote it. region (ISO 3166-1, "US",
// "CN") is the country meant when the number has no country code; "" for none.
// A loopback SIP URI is accepted as it is, for tests.
func Parse(raw, region string) (Number, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return Number{}, ErrEmpty
	}
	if len(raw) > longest {
		return Number{}, ErrNotNumber
	}
	if IsURI(raw) {
		if !IsLoopback(raw) {
			return Number{}, fmt.Errorf("%w: only SIP addresses of this machine are accepted", ErrNotNumber)
		}
		return Number{E164: raw, Class: Loopback}, nil
	}
	if rounded.MatchString(raw) {
		return Number{}, ErrRounded
	}
	// A spreadsheet that took the number for a quantity writes 13800138000.0.
	if m := fraction.FindStringSubmatch(raw); m != nil {
		raw = m[1]
	}
	parsed, err := phonenumbers.Parse(raw, strings.ToUpper(region))
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return Number{}, ErrRegion
	case err != nil:
		return Number{}, ErrNotNumber
	case parsed.GetExtension() != "":
		return Number{}, ErrExtension
	}
	n := Number{
		E164:   phonenumbers.Format(parsed, phonenumbers.E164),
		Region: phonenumbers.GetRegionCodeForNumber(parsed),
		Class:  classOf(raw, region, parsed),
	}
	if n.Class == Invalid {
		return n, ErrInvalid
	}
	return n, nil
}
