package sip

import (
	"parley/call"
	"parley/outcome"
)

// The INVITE server of RFC 3261 section 13.3 as a part of the machine: what a
// call that came in does until its 200 is acknowledged. From there on it is
// like any other.

// callee is the machine of a call whose INVITE has just come in.
func callee() machine { return machine{state: alerting} }

// Final responses of our own making.
const (
	statusUnavailable = 480 // nobody took the call in time, or we do not want it
	statusTerminated  = 487 // the caller gave up
)

func (m *machine) onCallee(in input) []action {
	switch {
	case m.state == alerting && in.what == pickUp:
		m.state = confirming
		m.cause.Network, m.cause.SIP = outcome.Answered, 200
		return []action{{deed: doAnswer}}
	case m.state == alerting && in.what == unfit:
		return m.refuse(in.code, call.PartyBot, in.err)
	case m.state == alerting && in.what == farCancel:
		return m.refuse(statusTerminated, call.PartyCustomer, nil)
	case m.state == confirming && in.what == farAck:
		if m.stop != goOn || in.err != nil {
			m.state = leaving
			m.cause.By, m.cause.Err = call.PartyBot, in.err
			return []action{{deed: doBye}}
		}
		m.state = talking
		return []action{{deed: doMedia}, {deed: doTell, kind: call.Answered, code: 200}}
	}
	return nil // a CANCEL that our 200 crossed has no effect (RFC 3261 section 9.2)
}

// refuse ends a call that was not answered.
func (m *machine) refuse(code int, by call.Party, err error) []action {
	m.cause = call.Cause{Network: outcome.Cancelled, SIP: code, By: by, Err: err}
	return append([]action{{deed: doRefuse, code: code}}, m.end()...)
}
