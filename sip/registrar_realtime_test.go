//go:build !race

package sip

import (
	"fmt"
	"testing"
	"time"
)

// TestSIPpRegisters: SIPp checks the digest, the Expires it asked for and the
// taking back; the registration of two seconds is refreshed while it stands.
func TestSIPpRegisters(t *testing.T) {
	far := startSIPp(t, scenario(t, "registrar.xml")...)
	r := newRig(t, far.asTrunk, func(o *Options) {
		o.Trunks[0].Register = Registration{Registrar: fmt.Sprintf("127.0.0.1:%d", far.port), Expires: time.Minute}
	})
	eventually(t, func() bool { return r.state().Registration.Stands })
	granted := time.Until(r.state().Registration.Until)
	if granted > 2*time.Second {
		t.Errorf("it stands for %v, and two seconds were granted", granted)
	}
	eventually(t, func() bool {
		s := r.state().Registration
		if !s.Stands {
			t.Fatal("it ended before it was refreshed")
		}
		return time.Until(s.Until) > time.Minute
	})
	r.stop()
	far.satisfied()
}
