package sip

import (
	"errors"
	"slices"
	"testing"

	"parley/call"
	"parley/outcome"
)

// TestMachineOfACallThatCameIn: every race of a call before it is up.
func TestMachineOfACallThatCameIn(t *testing.T) {
	bad := errors.New("of no use")
	for name, c := range map[string]struct {
		inputs []input
		deeds  []deed
		codes  []int // of the refusals
		cause  call.Cause
	}{
		"answered, the caller hangs up": {
			[]input{{what: pickUp}, {what: farAck}, {what: farBye, q850: 16}},
			[]deed{doAnswer, doMedia, doTell, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, Q850: 16, By: call.PartyCustomer, Rang: true},
		},
		"answered, we hang up": {
			[]input{{what: pickUp}, {what: farAck}, {what: hangup}, {what: byeDone}},
			[]deed{doAnswer, doMedia, doTell, doBye, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true},
		},
		"the caller gives up": {
			[]input{{what: farCancel}, {what: pickUp}, {what: farCancel}},
			[]deed{doRefuse, doEnd}, []int{487},
			call.Cause{Network: outcome.Cancelled, SIP: 487, By: call.PartyCustomer},
		},
		"the caller gives up by BYE": {
			[]input{{what: farBye}},
			[]deed{doRefuse, doEnd}, []int{487},
			call.Cause{Network: outcome.Cancelled, SIP: 487, By: call.PartyCustomer},
		},
		"our 200 crosses the CANCEL": {
			[]input{{what: pickUp}, {what: farCancel}, {what: farAck}, {what: farBye}},
			[]deed{doAnswer, doMedia, doTell, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true},
		},
		"hung up while it rings": {
			[]input{{what: hangup}, {what: pickUp}},
			[]deed{doRefuse, doEnd}, []int{480},
			call.Cause{Network: outcome.Cancelled, SIP: 480, By: call.PartyBot},
		},
		"nobody answers": {
			[]input{{what: ringTimeout}},
			[]deed{doRefuse, doEnd}, []int{480},
			call.Cause{Network: outcome.Cancelled, SIP: 480, By: call.PartyBot},
		},
		"the ring's time is over when it is answered": {
			[]input{{what: pickUp}, {what: ringTimeout}, {what: farAck}, {what: ringTimeout}, {what: farBye}},
			[]deed{doAnswer, doMedia, doTell, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true},
		},
		"hung up before the ACK": {
			[]input{{what: pickUp}, {what: hangup}, {what: farAck}, {what: byeDone}},
			[]deed{doAnswer, doBye, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true},
		},
		"no ACK ever": {
			[]input{{what: pickUp}, {what: vanished, err: errNoAck}, {what: farAck}, {what: byeDone}},
			[]deed{doAnswer, doBye, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyNetwork, Rang: true, Err: errNoAck},
		},
		"BYE in place of the ACK": {
			[]input{{what: pickUp}, {what: farBye}, {what: farAck}},
			[]deed{doAnswer, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true},
		},
		"the ACK's answer is of no use": {
			[]input{{what: pickUp}, {what: farAck, err: bad}, {what: byeDone}},
			[]deed{doAnswer, doBye, doEnd}, nil,
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true, Err: bad},
		},
		"the offer is of no use": {
			[]input{{what: unfit, code: 488, err: bad}, {what: farCancel}},
			[]deed{doRefuse, doEnd}, []int{488},
			call.Cause{Network: outcome.Cancelled, SIP: 488, By: call.PartyBot, Err: bad},
		},
		"an ACK out of nowhere": {
			[]input{{what: farAck}, {what: byeDone}, {what: vanished, err: bad}, {what: hangup}},
			[]deed{doRefuse, doEnd}, []int{480},
			call.Cause{Network: outcome.Cancelled, SIP: 480, By: call.PartyBot},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := callee()
			var deeds []deed
			var codes []int
			for _, in := range c.inputs {
				for _, a := range m.on(in) {
					deeds = append(deeds, a.deed)
					if a.deed == doRefuse {
						codes = append(codes, a.code)
					}
				}
			}
			if !slices.Equal(deeds, c.deeds) || !slices.Equal(codes, c.codes) {
				t.Errorf("deeds %v with %v, want %v with %v", deeds, codes, c.deeds, c.codes)
			}
			got := m.cause
			if m.state != over || got.Network != c.cause.Network || got.SIP != c.cause.SIP || got.By != c.cause.By ||
				got.Q850 != c.cause.Q850 || got.Rang != c.cause.Rang || !errors.Is(got.Err, c.cause.Err) {
				t.Errorf("state %d, cause %+v, want %+v", m.state, got, c.cause)
			}
		})
	}
}
