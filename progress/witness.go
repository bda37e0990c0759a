package progress

import (
	"fmt"

	"parley/outcome"
)

// Joint is what announcement and cause say together.
type Joint struct {
	Network    outcome.Network
	Confidence float64
	// Conflict says in one sentence how the two contradict each other; empty
	// when they do not.
	Conflict string
}

// vague results are what networks also say of calls that ended for quite
// another reason: an announcement beside them says more and contradicts
// nothing.
var vague = map[outcome.Network]bool{
	outcome.NoAnswer: true, outcome.Congestion: true, outcome.Timeout: true, outcome.Cancelled: true,
	outcome.Uncertain: true, outcome.TrunkFailed: true, outcome.Rejected: true, outcome.Unreachable: true, "": true,
}

// kindred are results that one network calls by the other's name: 404 for a
// number out of service for a while, 403 for a barred or suspended one.
var kindred = map[[2]outcome.Network]bool{
	{outcome.Suspended, outcome.InvalidNumber}:   true,
	{outcome.Suspended, outcome.CallBarred}:      true,
	{outcome.InvalidNumber, outcome.CallBarred}:  true,
	{outcome.TrunkFailed, outcome.CallBarred}:    true,
	{outcome.NoAnswer, outcome.Busy}:             true, // turned away by hand
	{outcome.Unreachable, outcome.InvalidNumber}: true, // SIT before 404
}

// Join lets the SIP cause, mapped to a network result, be a second witness to
// what was announced or sounded. The announcement outranks the cause: carriers
// send 480 or 486 with nearly any of them. Agreement raises the confidence, a
// precise cause that says something else lowers it and is told. A verdict
// without a result leaves the cause's. It serves the judging of recordings: the
// report of a live call takes what was announced over any cause, unjoined.
func Join(heard Verdict, ended outcome.Network) Joint {
	switch {
	case heard.Network == "" || heard.Network == outcome.Answered:
		return Joint{Network: ended, Confidence: 0.7}
	case heard.Network == ended:
		return Joint{Network: ended, Confidence: 1 - (1-heard.Confidence)*0.3}
	case vague[ended] || kindred[[2]outcome.Network{heard.Network, ended}]:
		return Joint{Network: heard.Network, Confidence: heard.Confidence}
	}
	return Joint{
		Network: heard.Network, Confidence: heard.Confidence * 0.7,
		Conflict: fmt.Sprintf("the line said %s (%s), the network's cause says %s", heard.Network, heard.Class, ended),
	}
}
