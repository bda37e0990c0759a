package sim

import (
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func credentials(t *testing.T, res *sip.Response, u *uac, password string) string {
	t.Helper()
	chal, err := digest.ParseChallenge(res.GetHeader("Proxy-Authenticate").Value())
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(chal, digest.Options{
		Method: "INVITE", URI: "sip:" + u.number + "@" + u.conn.RemoteAddr().String(), Username: "u", Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred.String()
}
