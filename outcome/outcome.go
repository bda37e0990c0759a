// Package outcome names how a call can end, in three independent fields: what
// the network said, what answered, and what the conversation came to. The
// words are the outer contract (API, exports, flows) and never change.
package outcome

// Network is the result of the attempt as the telephone network saw it.
type Network string

const (
	Answered      Network = "answered"
	Busy          Network = "busy"
	NoAnswer      Network = "no_answer"
	Rejected      Network = "rejected"
	Cancelled     Network = "cancelled"
	InvalidNumber Network = "invalid_number"
	PowerOff      Network = "power_off"
	Suspended     Network = "suspended"
	Unreachable   Network = "unreachable"
	CallBarred    Network = "call_barred"
	Congestion    Network = "congestion"
	TrunkFailed   Network = "trunk_failed"
	Timeout       Network = "timeout"
	// Uncertain: a crash hid the result; the number may have rung.
	Uncertain Network = "uncertain"
)

// Networks lists every network result, in the order of the documentation.
var Networks = []Network{
	Answered, Busy, NoAnswer, Rejected, Cancelled, InvalidNumber, PowerOff, Suspended,
	Unreachable, CallBarred, Congestion, TrunkFailed, Timeout, Uncertain,
}

// AnsweredBy is what was at the other end of an answered call.
type AnsweredBy string

const (
	Human     AnsweredBy = "human"
	Voicemail AnsweredBy = "voicemail"
	IVR       AnsweredBy = "ivr"
	Screening AnsweredBy = "screening"
	Assistant AnsweredBy = "assistant"
	Fax       AnsweredBy = "fax"
	Silent    AnsweredBy = "silence"
	Unknown   AnsweredBy = "unknown"
)

// Machine reports whether a machine answered, to which nothing about the
// customer's affairs may be said.
func (a AnsweredBy) Machine() bool {
	switch a {
	case Voicemail, IVR, Screening, Assistant, Fax:
		return true
	}
	return false
}

// Disposition is what the conversation came to. A flow may define its own.
type Disposition string

const (
	PromiseToPay   Disposition = "promise_to_pay"
	Paid           Disposition = "paid"
	AlreadyPaid    Disposition = "already_paid"
	Instalment     Disposition = "instalment"
	Hardship       Disposition = "hardship"
	Dispute        Disposition = "dispute"
	Refused        Disposition = "refused"
	WrongNumber    Disposition = "wrong_number"
	ThirdParty     Disposition = "third_party"
	Deceased       Disposition = "deceased"
	Bankrupt       Disposition = "bankrupt"
	Lawyer         Disposition = "lawyer"
	Callback       Disposition = "callback"
	OptOut         Disposition = "opt_out"
	Transferred    Disposition = "transferred"
	AgentRequested Disposition = "agent_requested"
	NoResponse     Disposition = "no_response"
	HungUpEarly    Disposition = "hung_up_early"
	MessageLeft    Disposition = "message_left"
	Completed      Disposition = "completed"
	// Failed: our own side could not go on (an engine died, a full disk);
	// the contact is kept for another attempt.
	Failed Disposition = "failed"
)

// Dispositions lists the built-in ones, in the order of the documentation.
var Dispositions = []Disposition{
	PromiseToPay, Paid, AlreadyPaid, Instalment, Hardship, Dispute, Refused, WrongNumber, ThirdParty,
	Deceased, Bankrupt, Lawyer, Callback, OptOut, Transferred, AgentRequested, NoResponse, HungUpEarly,
	MessageLeft, Completed, Failed,
}
