package sip

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Rewrite turns one form of a number into another. Prefix or Regexp says which
// numbers it is for, neither means every one; then Strip characters are cut off
// the front, and Prepend is put there.
type Rewrite struct {
	// Prefix is compared with the number as it stands, "+1" for +12025550100.
	Prefix string
	// Regexp (RE2) is searched for; anchor it with ^ and $.
	Regexp  string
	Strip   int
	Prepend string
}

// DialPlan says in which form a carrier wants the two numbers of a call. Of
// each list the first rewrite that matches is applied.
type DialPlan struct {
	// Callee also says which numbers the trunk takes: with rewrites, but none
	// that matches, the number is not for this trunk.
	Callee []Rewrite
	// Caller leaves a number that no rewrite matches as it is.
	Caller []Rewrite
	// Tel writes tel: URIs (RFC 3966) into the request line and To.
	Tel bool
	// SIPS writes sips: URIs, which ask for TLS on every hop (RFC 5630); the
	// trunk's transport must be TLS.
	SIPS bool
	// UserPhone adds user=phone to sip: URIs made of a number (RFC 3261
	// section 19.1.1).
	UserPhone bool
}

// ErrNotRouted: the dial plan of the trunk has no place for the number.
var ErrNotRouted = fmt.Errorf("%w: no callee rewrite of the trunk's dial plan matches the number", ErrTarget)

// rewriter is a Rewrite that was checked.
type rewriter struct {
	Rewrite
	expr *regexp.Regexp // nil: by prefix
}

// dialplan is a DialPlan ready for use. It keeps no state: the same numbers
// always come out the same.
type dialplan struct {
	callee, caller       []rewriter
	tel, sips, userPhone bool
}

// maxRewrites bounds a list; every call walks it.
const maxRewrites = 256

func newDialplan(p DialPlan) (dialplan, error) {
	callee, err := newRewriters("callee", p.Callee)
	if err != nil {
		return dialplan{}, err
	}
	caller, err := newRewriters("caller", p.Caller)
	if err != nil {
		return dialplan{}, err
	}
	if p.Tel && p.UserPhone {
		return dialplan{}, errors.New("user=phone belongs to sip: URIs; leave it out where numbers are tel: URIs")
	}
	if p.Tel && p.SIPS {
		return dialplan{}, errors.New("a number is a tel: or a sips: URI; choose one")
	}
	return dialplan{callee: callee, caller: caller, tel: p.Tel, sips: p.SIPS, userPhone: p.UserPhone}, nil
}

func newRewriters(list string, all []Rewrite) ([]rewriter, error) {
	if len(all) > maxRewrites {
		return nil, fmt.Errorf("%s: %d rewrites are too many; %d is the most", list, len(all), maxRewrites)
	}
	var out []rewriter
	for i, r := range all {
		at := fmt.Sprintf("%s rewrite %d", list, i+1)
		switch {
		case r.Prefix != "" && r.Regexp != "":
			return nil, fmt.Errorf("%s: give prefix or regexp, not both", at)
		case r.Strip < 0:
			return nil, fmt.Errorf("%s: strip is below zero; it counts characters", at)
		case r.Prepend != "" && !isNumber(r.Prepend):
			return nil, fmt.Errorf("%s: prepend %q is no part of a number; use + * # and digits", at, r.Prepend)
		case r.Prefix != "" && !isNumber(r.Prefix):
			return nil, fmt.Errorf("%s: prefix %q is no part of a number; use + * # and digits", at, r.Prefix)
		}
		w := rewriter{Rewrite: r}
		if r.Regexp != "" {
			expr, err := regexp.Compile(r.Regexp)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
			w.expr = expr
		}
		out = append(out, w)
	}
	return out, nil
}

// matches: a number shorter than what would be cut off is none of its.
func (r rewriter) matches(number string) bool {
	if len(number)-r.Strip+len(r.Prepend) < 1 || len(number) < r.Strip {
		return false
	}
	if r.expr != nil {
		return r.expr.MatchString(number)
	}
	return strings.HasPrefix(number, r.Prefix)
}

func rewrite(all []rewriter, number string) (string, bool) {
	for _, r := range all {
		if r.matches(number) {
			return r.Prepend + number[r.Strip:], true
		}
	}
	return number, false
}

// dial is the called number as the carrier wants it.
func (p dialplan) dial(number string) (string, error) {
	out, ok := rewrite(p.callee, number)
	if !ok && len(p.callee) > 0 {
		return "", ErrNotRouted
	}
	if !isNumber(out) {
		return "", fmt.Errorf("%w: the dial plan makes it longer than a number can be", ErrTarget)
	}
	return out, nil
}

// present is the caller's number as the carrier wants it; a name stays a name.
func (p dialplan) present(caller string) string {
	if !isNumber(caller) {
		return caller
	}
	if out, _ := rewrite(p.caller, caller); isNumber(out) {
		return out
	}
	return caller
}

// uri is the called number as a URI at the carrier's host.
func (p dialplan) uri(number, host string, port int) sip.Uri {
	user := strings.ReplaceAll(number, "#", "%23")
	if p.tel {
		return sip.Uri{Scheme: "tel", Host: user} // sipgo writes a URI without a user this way
	}
	u := sip.Uri{Scheme: "sip", User: user, Host: host, Port: port}
	if p.sips {
		u.Scheme = "sips"
	}
	if p.userPhone {
		u.UriParams = sip.NewParams()
		u.UriParams.Add("user", "phone")
	}
	return u
}

// identity is the caller as a URI of From and of what repeats it.
func (p dialplan) identity(caller, domain string) sip.Uri {
	u := sip.Uri{Scheme: "sip", User: caller, Host: domain}
	if p.userPhone && isNumber(caller) {
		u.UriParams = sip.NewParams()
		u.UriParams.Add("user", "phone")
	}
	return u
}
