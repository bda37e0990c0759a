package sip

import (
	"errors"

	"parley/call"
	"parley/outcome"
)

// The INVITE client of RFC 3261 sections 9, 13 and 17.1.1 (with RFC 6026) as a
// pure function of what is heard and what is wished: inputs go in, actions
// come out. It owns no socket and no clock, so every race is a table test.
// What a call that came in does before its answer is in callee.go.

// state is where a call stands.
type state uint8

const (
	calling    state = iota // the INVITE is out, nothing was heard
	proceeding              // a provisional response came
	cancelling              // our CANCEL is out, the final response is awaited
	alerting                // the far side's INVITE waits for our answer
	confirming              // our 200 is out, its ACK is awaited
	talking                 // a 2xx came and was acknowledged
	leaving                 // our BYE is out
	over
)

// what happened to a call.
type what uint8

const (
	provisional what = iota // 1xx: code, tag, sound
	success                 // 2xx: code, tag; err when its SDP is of no use
	failure                 // 300–699: code, q850, reason; mayAgain when another INVITE can cure it
	silence                 // timer B: nothing answered the INVITE
	broken                  // the transport failed: err; sent when the INVITE had left before
	ringTimeout
	hangup
	vanished  // the far side is gone without a BYE: err
	gaveUp    // 64·T1 after the CANCEL no final response had come
	farBye    // the far side's BYE
	byeDone   // our BYE was answered or timed out: err
	pickUp    // somebody here takes the call that came in
	unfit     // its INVITE cannot be served: code, err
	farCancel // the far side gave up before our answer
	farAck    // our 200 was acknowledged: err when its SDP is of no use
)

type input struct {
	what   what
	code   int
	q850   int
	reason string
	tag    string // the To tag
	sound  bool   // the response carries usable SDP
	// mayAgain: a challenge (401, 407) that we can answer, or a session timer
	// (422) that we can lengthen.
	mayAgain bool
	sent     bool
	err      error
}

// deed is what the shell must do next.
type deed uint8

const (
	doCancel deed = iota
	doAck         // acknowledge the 2xx with this tag, again if need be
	doBye         // end the confirmed dialog
	doDrop        // a fork: acknowledge the 2xx with this tag and end it
	doAgain       // a new INVITE that cures the failure
	doMedia       // use the SDP of this response
	doTell        // progress
	doEnd         // the call is over, the cause is complete
	doAnswer      // 200 to the far side's INVITE, until its ACK
	doRefuse      // the final response with this code to it
)

type action struct {
	deed deed
	tag  string
	kind call.ProgressKind
	code int
}

// stop is why we wish to end a call that is not answered.
type stop uint8

const (
	goOn stop = iota
	stopRing
	stopHangup
)

// maxEarly bounds how often early media is told, so that the progress channel
// holds every step without anybody reading it.
const maxEarly = 8

// machine is the state of one call. Its zero value has just sent the INVITE;
// callee begins one that came in.
type machine struct {
	state  state
	stop   stop
	tag    string // of the confirmed dialog
	rang   bool   // any provisional response above 100
	auths  int    // challenges answered
	longer int    // session timers lengthened
	ringer bool   // Ringing was told
	early  int
	cause  call.Cause // complete once state is over
}

// These bound the INVITEs of one call beyond the first: for a challenge and for
// a nonce that went stale in between, and for a longer session timer.
const (
	maxAuths  = 2
	maxLonger = 1
)

// on takes one input and says what to do, in this order.
func (m *machine) on(in input) []action {
	switch in.what {
	case provisional:
		return m.onProvisional(in)
	case success:
		return m.onSuccess(in)
	case failure:
		return m.onFailure(in)
	case silence:
		return m.onSilence()
	case broken:
		return m.onBroken(in)
	case ringTimeout:
		return m.onStop(stopRing)
	case hangup:
		return m.onStop(stopHangup)
	case pickUp, unfit, farCancel, farAck:
		return m.onCallee(in)
	case vanished:
		if m.state != talking && m.state != confirming {
			return nil
		}
		m.state = leaving
		m.cause.By, m.cause.Err = call.PartyNetwork, in.err
		return []action{{deed: doBye}}
	case gaveUp:
		return m.onGaveUp()
	case farBye:
		if m.state == alerting {
			return m.onCallee(input{what: farCancel}) // RFC 3261 section 15: a caller may end it that way
		}
		if m.state != talking && m.state != confirming {
			return nil // crossing our own BYE, whose end is awaited
		}
		m.cause.By, m.cause.Q850 = call.PartyCustomer, in.q850
		return m.end()
	case byeDone:
		if m.state != leaving {
			return nil
		}
		if m.cause.Err == nil {
			m.cause.Err = in.err
		}
		return m.end()
	}
	return nil
}

func (m *machine) onProvisional(in input) []action {
	if m.state > cancelling {
		return nil
	}
	var todo []action
	if in.code > 100 {
		m.rang = true
	}
	if m.state == calling {
		m.state = proceeding
		// RFC 3261 section 9.1: a CANCEL waits for the first provisional.
		if m.stop != goOn {
			m.state = cancelling
			return []action{{deed: doCancel}}
		}
	}
	if m.state != proceeding || in.code == 100 {
		return nil
	}
	if in.sound {
		if m.early < maxEarly {
			m.early++
			todo = append(todo, action{deed: doMedia, tag: in.tag},
				action{deed: doTell, kind: call.EarlyMedia, code: in.code})
		}
		return todo
	}
	if !m.ringer {
		m.ringer = true
		todo = append(todo, action{deed: doTell, kind: call.Ringing, code: in.code})
	}
	return todo
}

func (m *machine) onSuccess(in input) []action {
	switch m.state {
	case over:
		return nil
	case talking, leaving:
		if in.tag == m.tag {
			return []action{{deed: doAck, tag: in.tag}} // our ACK was lost
		}
		return []action{{deed: doDrop, tag: in.tag}}
	}
	m.tag, m.rang = in.tag, true
	m.cause.Network, m.cause.SIP = outcome.Answered, in.code
	ack := action{deed: doAck, tag: in.tag}
	told := action{deed: doTell, kind: call.Answered, code: in.code}
	// The 200 crossed our CANCEL, or came while we wished to send one: the
	// call stands, is billed, and has to be ended.
	if m.stop != goOn || in.err != nil {
		m.state = leaving
		m.cause.By, m.cause.Err = call.PartyBot, in.err
		return []action{ack, told, {deed: doBye}}
	}
	m.state = talking
	return []action{ack, {deed: doMedia, tag: in.tag}, told}
}

func (m *machine) onFailure(in input) []action {
	if m.state > cancelling {
		return nil // a fork's failure after another one's answer
	}
	challenge := in.code == 401 || in.code == 407
	if in.mayAgain && !m.rang && m.stop == goOn && (challenge && m.auths < maxAuths || !challenge && m.longer < maxLonger) {
		if challenge {
			m.auths++
		} else {
			m.longer++
		}
		m.state = calling
		return []action{{deed: doAgain}}
	}
	m.cause = call.Cause{
		Network: networkOf(in.code, in.q850), SIP: in.code, Q850: in.q850,
		By: call.PartyNetwork, Rang: m.rang,
	}
	switch {
	case challenge && m.stop == stopHangup, in.code == 487 && m.stop == stopHangup:
		m.cause.Network, m.cause.By = outcome.Cancelled, call.PartyBot
	case in.code == 487 && m.stop == stopRing:
		m.cause.Network, m.cause.By = outcome.NoAnswer, call.PartyBot
	}
	// A call we stopped after the trunk had taken it may have been ringing.
	m.cause.Rang = m.rang || m.stop != goOn && m.state != calling
	m.cause.Retryable = !m.cause.Rang && retryable(in.code, m.cause.Network)
	if m.stop == goOn || in.code != 487 {
		m.cause.Err = in.err
		if m.cause.Err == nil {
			m.cause.Err = &Failure{Code: in.code, Reason: in.reason, Q850: in.q850}
		}
	}
	return m.end()
}

// onSilence: nobody can say whether the INVITE arrived and rang.
func (m *machine) onSilence() []action {
	if m.state > cancelling {
		return nil
	}
	m.cause = call.Cause{Network: outcome.Timeout, By: call.PartyNetwork, Rang: true, Err: ErrNoResponse}
	if m.stop == stopHangup {
		m.cause.Network, m.cause.By = outcome.Cancelled, call.PartyBot
	}
	return m.end()
}

func (m *machine) onBroken(in input) []action {
	if m.state > cancelling {
		return nil // the dialog stands; BYE has its own transaction
	}
	rang := in.sent || m.rang
	m.cause = call.Cause{
		Network: outcome.TrunkFailed, By: call.PartyNetwork,
		Rang: rang, Retryable: !rang, Err: in.err,
	}
	if m.state == proceeding {
		// Somewhere a phone may go on ringing for nobody.
		return append([]action{{deed: doCancel}}, m.end()...)
	}
	return m.end()
}

func (m *machine) onStop(why stop) []action {
	switch m.state {
	case alerting:
		return m.refuse(statusUnavailable, call.PartyBot, nil)
	case confirming:
		if why == stopHangup {
			m.stop = why // RFC 3261 section 15: no BYE before the ACK
		}
	case calling:
		if m.stop == goOn {
			m.stop = why
		}
	case proceeding:
		m.stop, m.state = why, cancelling
		return []action{{deed: doCancel}}
	case talking:
		if why == stopRing {
			return nil
		}
		m.state, m.cause.By = leaving, call.PartyBot
		return []action{{deed: doBye}}
	}
	return nil
}

// errNoFinal: the far side took our CANCEL, or not, and said nothing more.
var errNoFinal = errors.New("no final response followed the CANCEL")

func (m *machine) onGaveUp() []action {
	if m.state != cancelling {
		return nil
	}
	m.cause = call.Cause{Network: outcome.NoAnswer, By: call.PartyBot, Rang: true, Err: errNoFinal}
	if m.stop == stopHangup {
		m.cause.Network = outcome.Cancelled
	}
	return m.end()
}

func (m *machine) end() []action {
	m.state = over
	if m.cause.Network == outcome.Answered {
		m.cause.Rang = true
	}
	return []action{{deed: doEnd}}
}
