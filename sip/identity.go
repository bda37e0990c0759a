package sip

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"
)

// Identity says how a trunk's INVITEs name the caller beside the number in
// From. These headers belong to the INVITE that begins a call and to no other
// request.
type Identity struct {
	// Trusted declares that the carrier takes our word for who calls: it is
	// within our trust domain (RFC 3324). Only such a trunk may get Asserted.
	Trusted bool
	// Asserted is P-Asserted-Identity, Preferred is P-Preferred-Identity (RFC
	// 3325 sections 9.1 and 9.2): OfCaller for the call's caller ID as the dial
	// plan presents it, a sip:, sips: or tel: URI as it is, "" for no header.
	Asserted, Preferred string
	// Privacy are the values of RFC 3323 section 4.2, RFC 3325 section 9.3 and
	// RFC 7044 section 10.1, separated by semicolons. With id or user From tells
	// nothing (RFC 3323 section 4.1.1.3): the number is left to the headers that
	// the carrier keeps to itself.
	Privacy string
	// Diversion is a number of ours to which the call is charged, or on whose
	// right the caller ID is presented (RFC 5806); "" for no header.
	Diversion string
	// Name is the display name of From and of the number in the identities.
	Name string
	// Passport passes a call's Identity header on (STIR, RFC 8224).
	Passport bool
}

// OfCaller stands for the call's own caller ID.
const OfCaller = "caller"

// Anonymous as a target's From hides who calls from the callee; the carrier is
// told by the headers of its trunk's Identity.
const Anonymous = "anonymous"

// privacies are the values that a Privacy header may hold.
var privacies = []string{"header", "session", "user", "none", "critical", "id", "history"}

// maxName bounds a display name; carriers cut caller names at 15 characters.
const maxName = 64

func (i Identity) check() error {
	switch {
	case i.Asserted != "" && !i.Trusted:
		return errors.New("P-Asserted-Identity is only for a carrier that takes our word; set trusted, or use preferred")
	case i.Asserted != "" && i.Preferred != "":
		return errors.New("asserted and preferred exclude each other: either we assert who calls, or the carrier does")
	case i.Diversion != "" && !isNumber(i.Diversion):
		return errors.New("diversion is no number; write it like +12025550100")
	case !nameable(i.Name):
		return fmt.Errorf("the name is longer than %d characters, or holds quotes, backslashes or control characters; leave those out", maxName)
	}
	for header, v := range map[string]string{"asserted": i.Asserted, "preferred": i.Preferred} {
		if v != "" && v != OfCaller && !isIdentity(v) {
			return fmt.Errorf("%s %q is no sip:, sips: or tel: URI; write one, or true for the caller ID of each call", header, v)
		}
	}
	return checkPrivacy(i.Privacy)
}

func checkPrivacy(text string) error {
	if text == "" {
		return nil
	}
	values := strings.Split(text, ";")
	for n, v := range values {
		switch {
		case !slices.Contains(privacies, v):
			return fmt.Errorf("privacy %q is unknown; use some of %s, separated by semicolons", v, strings.Join(privacies, ", "))
		case slices.Contains(values[:n], v):
			return fmt.Errorf("privacy %s is there twice; leave one out", v)
		case v == "none" && len(values) > 1:
			return errors.New("privacy none asks for no privacy at all; leave it out or use it alone")
		case v == "critical" && len(values) == 1:
			return errors.New("privacy critical only strengthens other values; add them")
		}
	}
	return nil
}

// isIdentity: a URI that a header of RFC 3325 may hold.
func isIdentity(text string) bool {
	scheme, rest, _ := strings.Cut(text, ":")
	if !clean(text) || rest == "" {
		return false
	}
	switch scheme {
	case "tel":
		number, _, _ := strings.Cut(rest, ";")
		return isNumber(number)
	case "sip", "sips":
		var u sip.Uri
		return sip.ParseUri(text, &u) == nil && u.User != "" && u.Host != ""
	}
	return false
}

func nameable(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' })
}

// withholds: From must not tell who calls.
func (i Identity) withholds() bool {
	values := strings.Split(i.Privacy, ";")
	return slices.Contains(values, "id") || slices.Contains(values, "user")
}

// privacy is the Privacy header's value: a call that one asks to hide is hidden
// whatever the trunk's own is.
func (i Identity) privacy(hidden bool) string {
	switch {
	case !hidden || i.withholds():
		return i.Privacy
	case i.Privacy == "" || i.Privacy == "none":
		return "id"
	}
	return "id;" + i.Privacy
}

// nobody is the From of a caller who is not told (RFC 3323 section 4.1.1.3).
func nobody() (name string, u sip.Uri) {
	return "Anonymous", sip.Uri{Scheme: "sip", User: Anonymous, Host: "anonymous.invalid"}
}

// asserts is a number as a URI of the headers of RFC 3325. A tel: URI of a
// number without a country would need a context (RFC 3966 section 5.1.4) that
// nobody here knows: such a number is named at a host instead.
func (p dialplan) asserts(number, domain string) string {
	if p.tel && strings.HasPrefix(number, "+") {
		return "tel:" + number
	}
	u := p.identity(strings.ReplaceAll(number, "#", "%23"), domain)
	return u.String()
}

// identities are what the trunk adds to an INVITE on this path about the
// caller, whose number is one of domain.
func (a *account) identities(p path, domain string) []sip.Header {
	i := a.Identity
	var all []sip.Header
	for _, h := range []struct{ name, value string }{{"P-Asserted-Identity", i.Asserted}, {"P-Preferred-Identity", i.Preferred}} {
		switch {
		case h.value == "":
		case h.value != OfCaller:
			all = append(all, sip.NewHeader(h.name, "<"+h.value+">"))
		case isNumber(p.from):
			all = append(all, sip.NewHeader(h.name, i.named("<"+a.plan.asserts(p.from, domain)+">")))
		}
	}
	if privacy := i.privacy(p.hidden); privacy != "" {
		all = append(all, sip.NewHeader("Privacy", privacy))
	}
	if i.Diversion != "" {
		number := a.plan.identity(a.plan.present(i.Diversion), domain)
		all = append(all, sip.NewHeader("Diversion", "<"+number.String()+">;reason=unconditional"))
	}
	if i.Passport && p.pass != "" {
		if signed, err := readPassport(p.pass); err == nil { // checked when the call was planned
			all = append(all, sip.NewHeader("Date", signed.at().UTC().Format(dateForm)), sip.NewHeader("Identity", p.pass))
		}
	}
	return all
}

// named puts the display name in front of an address.
func (i Identity) named(address string) string {
	if i.Name == "" {
		return address
	}
	return `"` + i.Name + `" ` + address
}

// dateForm is the SIP-date of RFC 3261 section 25.1.
const dateForm = "Mon, 02 Jan 2006 15:04:05 GMT"

// maxPassport bounds an Identity header: with it an INVITE still fits into the
// datagrams that carriers read.
const maxPassport = 4096

// passport is what is read of a PASSporT (RFC 8225): nothing is verified here,
// that is the far end's part.
type passport struct {
	IssuedAt int64 `json:"iat"`
}

// at is the moment that Date has to repeat (RFC 8224 section 4.1).
func (p passport) at() time.Time { return time.Unix(p.IssuedAt, 0) }

// identityForm is the full form of RFC 8224 section 4: header, payload and
// signature, then info with the certificate's address and what else belongs to
// it. The compact form, which leaves the first two out, is not taken: who reads
// it must know every header as it was signed, and carriers rewrite numbers.
var identityForm = regexp.MustCompile(`^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+;info=<https?://[A-Za-z0-9._~:/?#@!$&'()*+=%-]+>((?:;[a-z0-9]+=(?:[A-Za-z0-9_-]+|"[A-Za-z0-9_-]+"))*)$`)

var errPassport = fmt.Errorf("%w: identity is not the value of an Identity header in its full form (RFC 8224), "+
	"HEADER.PAYLOAD.SIGNATURE;info=<https://…>;alg=ES256", ErrTarget)

// CheckIdentity says whether a text can be the Identity header of a call. It
// reads the form only; the signature is for the far end to verify.
func CheckIdentity(text string) error {
	_, err := readPassport(text)
	return err
}

func readPassport(text string) (passport, error) {
	var p passport
	if len(text) > maxPassport {
		return p, fmt.Errorf("%w: identity is longer than %d bytes", ErrTarget, maxPassport)
	}
	parts := identityForm.FindStringSubmatch(text)
	if parts == nil {
		return p, errPassport
	}
	var head struct {
		Type string `json:"typ"`
		Alg  string `json:"alg"`
	}
	for n, into := range []any{&head, &p} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[n+1])
		if err != nil || json.Unmarshal(raw, into) != nil {
			return p, errPassport
		}
	}
	if head.Type != "passport" || head.Alg == "" || p.IssuedAt <= 0 || p.IssuedAt > 1<<40 {
		return p, errPassport
	}
	return p, nil
}
