package sim

import (
	"crypto/rand"
	"crypto/subtle"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// authenticator asks callers for a password (RFC 3261 section 22.3).
type authenticator struct {
	user, password string
	nonce          string // one for the carrier's life: a sandbox needs no more
}

func newAuthenticator(user, password string) *authenticator {
	return &authenticator{user: user, password: password, nonce: rand.Text()}
}

func (a *authenticator) challenge() digest.Challenge {
	return digest.Challenge{Realm: "sim", Nonce: a.nonce, Algorithm: "MD5", QOP: []string{"auth"}}
}

// passes reports whether a request carries the right credentials.
func (a *authenticator) passes(req *sip.Request) bool {
	h := req.GetHeader("Proxy-Authorization")
	if h == nil {
		return false
	}
	got, err := digest.ParseCredentials(h.Value())
	if err != nil || got.Username != a.user || got.Nonce != a.nonce {
		return false
	}
	chal := a.challenge()
	want, err := digest.Digest(&chal, digest.Options{
		Method: req.Method.String(), URI: got.URI, Username: a.user, Password: a.password, Cnonce: got.Cnonce, Count: got.Nc,
	})
	return err == nil && subtle.ConstantTimeCompare([]byte(want.Response), []byte(got.Response)) == 1
}
