//go:build !race

package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/media/line"
	"parley/outcome"
)

// sippCalls lets SIPp call this number of the stack's.
func sippCalls(t *testing.T, r *rig, number, file string, keys ...string) *sipp {
	t.Helper()
	return startSIPp(t, append(scenario(t, file, keys...), "-s", number, r.Addr().String())...)
}

// speak is a beat that says nothing, until the leg is done. It answers after
// some ticks: SIPp has things to do before.
func speak(l call.Leg) {
	tick := time.NewTicker(media.Tick)
	defer tick.Stop()
	for out, n := make([]int16, 160), 0; ; {
		select {
		case <-l.Done():
			return
		case <-tick.C:
			var in media.Frame
			if n++; l.ReadFrame(&in) == nil && n > 10 {
				_ = l.WriteFrame(media.Frame{At: in.At, Rate: media.Rate8k, PCM: out})
			}
		}
	}
}

func TestSIPpCallsUs(t *testing.T) {
	for file, want := range map[string]call.Cause{
		"in_call.xml":  {Network: outcome.Answered, SIP: 200, By: call.PartyCustomer},
		"in_again.xml": {Network: outcome.Answered, SIP: 200, By: call.PartyCustomer},
		"in_late.xml":  {Network: outcome.Answered, SIP: 200, By: call.PartyCustomer},
		"in_hold.xml":  {Network: outcome.Answered, SIP: 200, By: call.PartyCustomer},
		"in_noack.xml": {Network: outcome.Answered, SIP: 200, By: call.PartyNetwork, Err: errNoAck},
	} {
		t.Run(file, func(t *testing.T) {
			ports, err := line.NewPorts(42100, 42198)
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t, openTo(newFar(t), "+12025550100"), func(o *Options) {
				o.OpenMedia = OverLine(netip.MustParseAddr("127.0.0.1"), ports)
			})
			far := sippCalls(t, r, "+12025550100", file)
			l, target := r.accepted(t)
			if target.To != "+12025550177" || target.From != "+12025550100" || target.Trunk != "carrier" {
				t.Errorf("target %+v", target)
			}
			go speak(l)
			got := ended(t, l)
			far.satisfied()
			if got.Network != want.Network || got.SIP != want.SIP || got.By != want.By || !errors.Is(got.Err, want.Err) {
				t.Errorf("cause %+v, want %+v", got, want)
			}
			if m := l.Media(); want.Err == nil && (m.Sent < 5 || m.Codec != "PCMU") {
				t.Errorf("media %+v", m)
			}
			if s := r.Stats(); s.Received != 1 || s.Live != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestSIPpGivesUp(t *testing.T) {
	r := newRig(t, openTo(newFar(t), "+12025550100"))
	far := sippCalls(t, r, "+12025550100", "in_cancel.xml")
	l, _ := r.accepted(t)
	if got := ended(t, l); got.Network != outcome.Cancelled || got.By != call.PartyCustomer {
		t.Errorf("cause %+v", got)
	}
	far.satisfied()
}

// TestSIPpIsRefused: one answer for a number that is not ours and for whoever
// is no trunk.
func TestSIPpIsRefused(t *testing.T) {
	for name, stranger := range map[string]bool{"unknown number": false, "stranger": true} {
		for _, number := range []string{"+12025550100", "+12025550101"} {
			if !stranger && number == "+12025550100" {
				continue
			}
			t.Run(fmt.Sprint(name, number), func(t *testing.T) {
				r := newRig(t, openTo(newFar(t), "+12025550100"), func(o *Options) {
					if stranger {
						o.Trunks[0].Host, o.Strangers = "192.0.2.1", 100
					}
				})
				sippCalls(t, r, number, "in_refused.xml", "[code]", "403").satisfied()
				if s := r.Stats(); s.Received != 0 {
					t.Errorf("stats %+v", s)
				}
			})
		}
	}
}

// TestSIPpAsAStrangerHearsNothing: where none are listened to, a call of one is not
// even refused.
func TestSIPpAsAStrangerHearsNothing(t *testing.T) {
	r := newRig(t, openTo(newFar(t), "+12025550100"), func(o *Options) { o.Trunks[0].Host = "192.0.2.1" })
	far := sippCalls(t, r, "+12025550100", "in_refused.xml", "[code]", "403")
	eventually(t, func() bool { return r.Stats().Strangers > 1 })
	select {
	case err := <-far.done:
		t.Errorf("SIPp ended: %v\n%s", err, tail(far.out.String()))
	case <-time.After(300 * time.Millisecond):
	}
}
