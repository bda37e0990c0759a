package sim

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"go.uber.org/goleak"

	"parley/asr/pocketsphinx"
	"parley/worker"
)

// TestMain lets the test binary be the recogniser's worker of its own tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" && os.Args[2] == pocketsphinx.Kind {
		signal.Ignore(syscall.SIGPIPE)
		if err := worker.Serve(context.Background(), pocketsphinx.Handler); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

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
