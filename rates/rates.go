// Package rates is what calls cost on a trunk: prefixes with a price a minute,
// an increment and a set-up fee. All of it is pure, and money is whole numbers.
package rates

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Micro is an amount of money in millionths of its currency's unit.
type Micro int64

const unit = 1_000_000

// maxPrice bounds a price and a fee: a product with an hour of seconds must fit.
const maxPrice = 10_000 * unit

// String is the amount in decimal notation with at least two places: "0.0125".
func (m Micro) String() string {
	sign, n := "", int64(m)
	if n < 0 {
		sign, n = "-", -n
	}
	places := fmt.Sprintf("%06d", n%unit)
	for len(places) > 2 && places[len(places)-1] == '0' {
		places = places[:len(places)-1]
	}
	return fmt.Sprintf("%s%d.%s", sign, n/unit, places)
}

// Number is the amount for JSON.
func (m Micro) Number() json.Number { return json.Number(m.String()) }

var errAmount = errors.New("write it like 0.0125, with at most six decimal places")

// ParseMicro reads an amount that is not negative.
func ParseMicro(s string) (Micro, error) {
	whole, places, hasPlaces := strings.Cut(s, ".")
	if !digits(whole, 1, 5) || hasPlaces && !digits(places, 1, 6) {
		return 0, errAmount
	}
	n := int64(0)
	for _, r := range whole + (places + "000000")[:6] {
		n = 10*n + int64(r-'0')
	}
	if n > maxPrice {
		return 0, fmt.Errorf("it is above %d; give the price of one minute in whole units of the currency", maxPrice/unit)
	}
	return Micro(n), nil
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// Rate is the price of calls to the numbers that begin with Prefix.
type Rate struct {
	// Prefix are digits of E.164, without the plus sign.
	Prefix    string
	PerMinute Micro
	// First is what is billed at the least, Next what is billed begun by begun
	// after it, in seconds: 60/60, 6/6, 30/6.
	First, Next int
	// Setup is added to every answered call.
	Setup    Micro
	Currency string // ISO 4217
}

// Increment is how the industry writes First and Next: "6/6".
func (r Rate) Increment() string { return fmt.Sprintf("%d/%d", r.First, r.Next) }

// maxTalk bounds what is billed; calls are far shorter.
const maxTalk = 7 * 24 * time.Hour

// Cost of an answered call that lasted so long, and the seconds that are
// billed. The price of the seconds is rounded to a millionth, half of one up;
// nothing else is rounded.
func (r Rate) Cost(talk time.Duration) (amount Micro, billed int) {
	seconds := int((min(max(talk, 0), maxTalk) + time.Second - 1) / time.Second)
	billed = r.First
	if more := seconds - r.First; more > 0 {
		billed += (more + r.Next - 1) / r.Next * r.Next
	}
	return r.Setup + (r.PerMinute*Micro(billed)+30)/60, billed
}

// Longest is the rate whose prefix is the longest of those that the number, as
// E.164, begins with.
func Longest(all []Rate, number string) (best Rate, ok bool) {
	number = strings.TrimPrefix(number, "+")
	for _, r := range all {
		if strings.HasPrefix(number, r.Prefix) && (!ok || len(r.Prefix) > len(best.Prefix)) {
			best, ok = r, true
		}
	}
	return best, ok
}

// MaxPrefix is the length of the longest number of E.164.
const MaxPrefix = 15

// Prefixes are all that may match a number, the longest first; none for what is
// no number.
func Prefixes(number string) []string {
	number, ok := strings.CutPrefix(number, "+")
	if !ok || !digits(number, 1, 2*MaxPrefix) {
		return nil
	}
	number = number[:min(len(number), MaxPrefix)]
	var all []string
	for n := len(number); n > 0; n-- {
		all = append(all, number[:n])
	}
	return all
}

// Cost is what a call cost, as it is reported.
type Cost struct {
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
	// BilledS are the seconds that were billed.
	BilledS int `json:"billed_s"`
	// Rate is nil for those who may not read what carriers charge.
	Rate *Applied `json:"rate,omitempty"`
}

// WithoutRate is the cost for those who may not read rates; nil of nil.
func (c *Cost) WithoutRate() *Cost {
	if c == nil {
		return nil
	}
	bare := *c
	bare.Rate = nil
	return &bare
}

// Applied is the rate that a cost comes from.
type Applied struct {
	Prefix    string      `json:"prefix"`
	PerMinute json.Number `json:"per_minute"`
	Increment string      `json:"increment"`
	Setup     json.Number `json:"setup"`
	// Table is the rate table's identifier, "" for a file that was not kept.
	Table string `json:"table,omitempty"`
}

// Apply is the cost of a call by this rate of a table.
func (r Rate) Apply(table string, talk time.Duration) *Cost {
	amount, billed := r.Cost(talk)
	return &Cost{
		Amount: amount.Number(), Currency: r.Currency, BilledS: billed,
		Rate: &Applied{Prefix: r.Prefix, PerMinute: r.PerMinute.Number(), Increment: r.Increment(), Setup: r.Setup.Number(), Table: table},
	}
}

// Table is a rate table as it is kept. It is never changed: a newer one takes
// its place from its own From on.
type Table struct {
	ID    string `json:"id"`
	Trunk string `json:"trunk"`
	// From is when it takes effect: calls begun before have another's prices.
	From time.Time `json:"from"`
	// Source is "upload", or "configuration" for the server's own, which every
	// tenant has unless it uploads one.
	Source  string    `json:"source"`
	Entries int       `json:"entries"`
	Created time.Time `json:"created"`
}
