package sip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"parley/outcome"
)

// What can go wrong with a call beyond a plain refusal; found with errors.Is
// in call.Cause.Err.
var (
	// ErrNoResponse: nothing at all came back before timer B (64·T1).
	ErrNoResponse = errors.New("the far side never answered the INVITE")
	// ErrNoCodec: the far side names no codec of ours; a *CodecError says which.
	ErrNoCodec = errors.New("no codec in common: the far side speaks none of PCMU, PCMA and G722")
	// ErrNoAudio: the answer rejects the audio stream, or there is no answer.
	ErrNoAudio = errors.New("the far side accepted no audio stream")
	// ErrBadSDP: the session description cannot be understood.
	ErrBadSDP = errors.New("the session description cannot be understood")
	// ErrAuth: a challenge that we cannot or must not answer.
	ErrAuth = errors.New("the challenge cannot be answered")
	// ErrTarget: the number, URI or trunk of the target is of no use.
	ErrTarget = errors.New("the target cannot be called")
	// ErrTrunkFull: every channel of the trunk is in use, or its calls per
	// second are spent.
	ErrTrunkFull = errors.New("the trunk takes no more calls now")
	// ErrTrunkRests: the trunk asked for a rest (503 with Retry-After) or kept
	// failing, and gets no call for a while.
	ErrTrunkRests = errors.New("the trunk rests after failures")
	// ErrNoTrunk: none of the trunks named takes the call now.
	ErrNoTrunk = errors.New("no trunk takes the call now: each is full, resting, down, or not for this number")
	// ErrClosed: the stack is not running any more.
	ErrClosed = errors.New("the SIP stack is closed")
)

// Failure is a call refused by a final response.
type Failure struct {
	Code   int    // the SIP status
	Reason string // its phrase, for people
	Q850   int    // the cause of a Reason header (RFC 3326), 0 when none was given
}

func (f *Failure) Error() string {
	text := fmt.Sprintf("refused with %d %s", f.Code, f.Reason)
	if f.Q850 != 0 {
		text += fmt.Sprintf(" (Q.850 cause %d)", f.Q850)
	}
	return text
}

// NetworkOf is the result that a SIP status code and a Q.850 cause (0 for none)
// stand for.
func NetworkOf(code, q850 int) outcome.Network { return networkOf(code, q850) }

// networkOf maps a final response to a call result. A Q.850 cause refines only
// the codes that say little by themselves.
func networkOf(code, q850 int) outcome.Network {
	switch code {
	case 404, 410, 484, 485, 604:
		return outcome.InvalidNumber
	case 486, 600:
		return outcome.Busy
	case 603, 607, 608:
		return outcome.Rejected
	case 403:
		return outcome.CallBarred
	case 408:
		return outcome.NoAnswer
	case 487:
		return outcome.Cancelled
	case 480:
		if n, ok := networkOfQ850(q850); ok {
			return n
		}
		return outcome.NoAnswer
	}
	switch {
	case code >= 500 && code < 600:
		if n, ok := networkOfQ850(q850); ok {
			return n
		}
		return outcome.Congestion
	case code >= 600:
		return outcome.Rejected
	case code >= 300 && code < 400:
		return outcome.Unreachable // redirections are not followed
	}
	return outcome.TrunkFailed // authentication, and every request the trunk does not take
}

// networkOfQ850 reads the cause values of ITU-T Q.850 that say more than a
// vague status.
func networkOfQ850(cause int) (outcome.Network, bool) {
	switch cause {
	case 1, 28:
		return outcome.InvalidNumber, true
	case 17:
		return outcome.Busy, true
	case 18, 19:
		return outcome.NoAnswer, true
	case 20, 27:
		return outcome.Unreachable, true
	case 21:
		return outcome.Rejected, true
	case 34, 38, 41, 42, 44, 47:
		return outcome.Congestion, true
	}
	return "", false
}

// retryable: the trunk itself turned the call away, so no phone can have rung.
// 504 and 408 come from further along and prove nothing.
func retryable(code int, n outcome.Network) bool {
	if code == 504 {
		return false
	}
	return n == outcome.TrunkFailed || n == outcome.Congestion
}

// reasonOf is the Q.850 cause of a message's Reason headers, 0 without one.
func reasonOf(m sip.Message) int {
	for _, h := range m.GetHeaders("Reason") {
		if n := q850Of(h.Value()); n != 0 {
			return n
		}
	}
	return 0
}

// q850Of reads the cause of a Reason header value such as
// `Q.850;cause=17;text="User busy"`, 0 when there is none.
func q850Of(value string) int {
	for reason := range strings.SplitSeq(value, ",") {
		parts := strings.Split(reason, ";")
		if !strings.EqualFold(strings.TrimSpace(parts[0]), "Q.850") {
			continue
		}
		for _, p := range parts[1:] {
			name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "cause") {
				continue
			}
			if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n > 0 && n < 128 {
				return n
			}
		}
	}
	return 0
}
