package sip

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// credentials answers the challenge of a 401 or 407 for one request, with MD5
// or SHA-256 (RFC 8760); the strongest one offered is taken. It answers only
// for a trunk with a password, and only that trunk's realm: everybody else's
// challenge is ErrAuth, so that no callee can harvest a digest.
func credentials(a *account, res *sip.Response, method sip.RequestMethod, uri string) (sip.Header, error) {
	if a == nil || a.Username == "" {
		return nil, fmt.Errorf("%w: there are no credentials for this host", ErrAuth)
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	challenge, err := pick(res.GetHeaders(ask), a.Realm)
	if err != nil {
		return nil, err
	}
	c, err := digest.Digest(challenge, digest.Options{
		Method: string(method), URI: uri, Username: a.Username, Password: a.Password, Count: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	return sip.NewHeader(answer, c.String()), nil
}

// trust notes whose challenge it was that the INVITE answered: inside the call
// only that realm is answered again.
func (d *dialog) trust(res *sip.Response, a *account) {
	ask := "WWW-Authenticate"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		ask = "Proxy-Authenticate"
	}
	if c, err := pick(res.GetHeaders(ask), a.Realm); err == nil {
		d.realm = c.Realm
	}
}

// prove answers a challenge inside a dialog. A callee could make one up and
// collect digests to guess the password from: so only the realm is answered
// that challenged the INVITE before anybody was called, or the configured one;
// and a 401 never when proxies stand between, because it speaks for who is
// behind them.
func (d *dialog) prove(a *account, res *sip.Response, method sip.RequestMethod, uri string) (sip.Header, error) {
	if a == nil || d.realm == "" {
		return nil, fmt.Errorf("%w: it came inside the call and not from the trunk", ErrAuth)
	}
	if res.StatusCode == sip.StatusUnauthorized && len(d.routes) > 0 {
		return nil, fmt.Errorf("%w: it came from behind the trunk", ErrAuth)
	}
	return credentials(&account{Trunk: Trunk{Username: a.Username, Password: a.Password, Realm: d.realm}}, res, method, uri)
}

// maxChallenges bounds how many challenges of one response are looked at.
const maxChallenges = 8

func pick(headers []sip.Header, realm string) (*digest.Challenge, error) {
	var best *digest.Challenge
	strength := 0
	for _, h := range headers[:min(len(headers), maxChallenges)] {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || realm != "" && c.Realm != realm || !clean(strings.ReplaceAll(c.Realm, " ", "")) {
			continue
		}
		for i, q := range c.QOP {
			c.QOP[i] = strings.ToLower(strings.TrimSpace(q))
		}
		if len(c.QOP) > 0 && !c.SupportsQOP("auth") {
			continue
		}
		s := 0
		switch strings.ToUpper(c.Algorithm) {
		case "", "MD5":
			s = 1
		case "SHA-256":
			s = 2
		}
		if s > strength {
			best, strength = c, s
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: no challenge for this trunk's realm with MD5 or SHA-256 and qop auth", ErrAuth)
	}
	return best, nil
}

// stale reports whether a challenge only says that our nonce went out of date.
func stale(res *sip.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if c, err := digest.ParseChallenge(h.Value()); err == nil && c.Stale {
				return true
			}
		}
	}
	return false
}
