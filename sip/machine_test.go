package sip

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parley/call"
	"parley/outcome"
)

var errTest = errors.New("broken")

func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return errors.Is(a, b) || a.Error() == b.Error()
}

// Shorthands of the table.
var (
	in100 = input{what: provisional, code: 100}
	in180 = input{what: provisional, code: 180, tag: "a"}
	in183 = input{what: provisional, code: 183, tag: "a", sound: true}
	inOK  = input{what: success, code: 200, tag: "a"}
	in487 = input{what: failure, code: 487}
)

func TestMachine(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []input
		deeds []deed // of all inputs together
		want  call.Cause
	}{
		{"answered, far side ends", []input{in100, in180, inOK, {what: farBye}},
			[]deed{doTell, doAck, doMedia, doTell, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true}},
		{"answered, we end", []input{inOK, {what: hangup}, {what: byeDone}},
			[]deed{doAck, doMedia, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}},
		{"a 200 again is acknowledged again", []input{inOK, inOK, {what: hangup}, inOK, {what: byeDone}},
			[]deed{doAck, doMedia, doTell, doAck, doBye, doAck, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}},
		{"a fork's 200 is dropped", []input{inOK, {what: success, code: 200, tag: "b"}, {what: farBye}},
			[]deed{doAck, doMedia, doTell, doDrop, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true}},
		{"BYEs cross", []input{inOK, {what: hangup}, {what: farBye}, {what: byeDone}},
			[]deed{doAck, doMedia, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}},
		{"the BYE fails", []input{inOK, {what: hangup}, {what: byeDone, err: errTest}},
			[]deed{doAck, doMedia, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true, Err: errTest}},
		{"early media, then refused", []input{in183, in183, {what: failure, code: 404, q850: 1}},
			[]deed{doMedia, doTell, doMedia, doTell, doEnd},
			call.Cause{Network: outcome.InvalidNumber, SIP: 404, Q850: 1, By: call.PartyNetwork, Rang: true, Err: &Failure{Code: 404, Q850: 1}}},
		{"ring timeout", []input{in180, {what: ringTimeout}, in487},
			[]deed{doTell, doCancel, doEnd},
			call.Cause{Network: outcome.NoAnswer, SIP: 487, By: call.PartyBot, Rang: true}},
		{"ring timeout after 100 only: it may have rung", []input{in100, {what: ringTimeout}, in487},
			[]deed{doCancel, doEnd},
			call.Cause{Network: outcome.NoAnswer, SIP: 487, By: call.PartyBot, Rang: true}},
		{"hang up waits for a provisional", []input{{what: hangup}, in100, in487},
			[]deed{doCancel, doEnd},
			call.Cause{Network: outcome.Cancelled, SIP: 487, By: call.PartyBot, Rang: true}},
		{"hang up, then silence", []input{{what: hangup}, {what: silence}},
			[]deed{doEnd},
			call.Cause{Network: outcome.Cancelled, By: call.PartyBot, Rang: true, Err: ErrNoResponse}},
		{"hang up wins over a later ring timeout", []input{in180, {what: hangup}, {what: ringTimeout}, in487},
			[]deed{doTell, doCancel, doEnd},
			call.Cause{Network: outcome.Cancelled, SIP: 487, By: call.PartyBot, Rang: true}},
		{"200 crosses CANCEL", []input{in180, {what: hangup}, inOK, {what: byeDone}},
			[]deed{doTell, doCancel, doAck, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}},
		{"200 before any provisional after a wish to end", []input{{what: hangup}, inOK, {what: byeDone}},
			[]deed{doAck, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true}},
		{"busy crosses CANCEL", []input{in180, {what: ringTimeout}, {what: failure, code: 486}},
			[]deed{doTell, doCancel, doEnd},
			call.Cause{Network: outcome.Busy, SIP: 486, By: call.PartyNetwork, Rang: true, Err: &Failure{Code: 486}}},
		{"no final after CANCEL", []input{in180, {what: ringTimeout}, {what: gaveUp}},
			[]deed{doTell, doCancel, doEnd},
			call.Cause{Network: outcome.NoAnswer, By: call.PartyBot, Rang: true, Err: errNoFinal}},
		{"silence", []input{{what: silence}}, []deed{doEnd},
			call.Cause{Network: outcome.Timeout, By: call.PartyNetwork, Rang: true, Err: ErrNoResponse}},
		{"nothing left the house", []input{{what: broken, err: errTest}}, []deed{doEnd},
			call.Cause{Network: outcome.TrunkFailed, By: call.PartyNetwork, Retryable: true, Err: errTest}},
		{"the transport broke later", []input{{what: broken, sent: true, err: errTest}}, []deed{doEnd},
			call.Cause{Network: outcome.TrunkFailed, By: call.PartyNetwork, Rang: true, Err: errTest}},
		{"challenge answered", []input{in100, {what: failure, code: 401, mayAgain: true}, in100, inOK, {what: farBye}},
			[]deed{doAgain, doAck, doMedia, doTell, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyCustomer, Rang: true}},
		{"challenges have an end", []input{{what: failure, code: 407, mayAgain: true}, {what: failure, code: 407, mayAgain: true}, {what: failure, code: 407, mayAgain: true}},
			[]deed{doAgain, doAgain, doEnd},
			call.Cause{Network: outcome.TrunkFailed, SIP: 407, By: call.PartyNetwork, Retryable: true, Err: &Failure{Code: 407}}},
		{"a longer session timer, once", []input{{what: failure, code: 422, mayAgain: true}, {what: failure, code: 422, mayAgain: true}},
			[]deed{doAgain, doEnd},
			call.Cause{Network: outcome.TrunkFailed, SIP: 422, By: call.PartyNetwork, Retryable: true, Err: &Failure{Code: 422}}},
		{"a longer session timer, but it rang", []input{in180, {what: failure, code: 422, mayAgain: true}},
			[]deed{doTell, doEnd},
			call.Cause{Network: outcome.TrunkFailed, SIP: 422, By: call.PartyNetwork, Rang: true, Err: &Failure{Code: 422}}},
		{"the far side vanished", []input{inOK, {what: vanished, err: errTest}, {what: byeDone, err: ErrNoResponse}},
			[]deed{doAck, doMedia, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyNetwork, Rang: true, Err: errTest}},
		{"no second INVITE after ringing", []input{in180, {what: failure, code: 401, mayAgain: true}},
			[]deed{doTell, doEnd},
			call.Cause{Network: outcome.TrunkFailed, SIP: 401, By: call.PartyNetwork, Rang: true, Err: &Failure{Code: 401}}},
		{"no second INVITE after a wish to end", []input{{what: hangup}, {what: failure, code: 401, mayAgain: true}},
			[]deed{doEnd},
			call.Cause{Network: outcome.Cancelled, SIP: 401, By: call.PartyBot, Retryable: false, Err: &Failure{Code: 401}}},
		{"unusable answer", []input{{what: success, code: 200, tag: "a", err: ErrNoCodec}, {what: byeDone}},
			[]deed{doAck, doTell, doBye, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, By: call.PartyBot, Rang: true, Err: ErrNoCodec}},
		{"a fork's refusal after the answer", []input{inOK, {what: failure, code: 486}, {what: farBye, q850: 16}},
			[]deed{doAck, doMedia, doTell, doEnd},
			call.Cause{Network: outcome.Answered, SIP: 200, Q850: 16, By: call.PartyCustomer, Rang: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m machine
			var got []deed
			for _, in := range c.given {
				for _, a := range m.on(in) {
					got = append(got, a.deed)
				}
			}
			if d := cmp.Diff(c.deeds, got); d != "" {
				t.Errorf("deeds (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.want, m.cause, cmp.Comparer(sameError)); d != "" {
				t.Errorf("cause (-want +got):\n%s", d)
			}
		})
	}
}

// TestMachineKeepsItsWord throws anything at the machine, in any order.
func TestMachineKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m machine
		var invites, cancels, byes, ends, told int
		var firm, provisioned, rung bool
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			in := input{
				what:     what(rapid.IntRange(0, int(byeDone)).Draw(t, "what")),
				tag:      rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tag"),
				sound:    rapid.Bool().Draw(t, "sound"),
				mayAgain: rapid.Bool().Draw(t, "auth"),
			}
			switch in.what {
			case provisional:
				in.code = rapid.SampledFrom([]int{100, 180, 183}).Draw(t, "code")
				provisioned = true
				rung = rung || in.code > 100
			case success:
				in.code = 200
			case failure:
				in.code = rapid.SampledFrom([]int{401, 404, 422, 486, 487, 503}).Draw(t, "code")
				in.mayAgain = in.mayAgain && (in.code == 401 || in.code == 422)
			}
			before := m.state
			for _, a := range m.on(in) {
				switch a.deed {
				case doAgain:
					invites++
					if rung && before != over {
						t.Fatal("an INVITE was sent again after something rang")
					}
					provisioned = false
				case doCancel:
					cancels++
					if !provisioned {
						t.Fatal("CANCEL before a provisional response")
					}
				case doAck:
					firm = true
				case doBye:
					byes++
				case doTell:
					told++
				case doEnd:
					ends++
				}
			}
		}
		if invites > maxAuths+maxLonger || cancels > 1 || byes > 1 || ends > 1 || told >= progressSize {
			t.Fatalf("%d INVITEs more, %d CANCELs, %d BYEs, %d ends, %d steps", invites, cancels, byes, ends, told)
		}
		if (m.state == over) != (ends == 1) || ends == 1 && m.cause.Network == "" {
			t.Fatalf("state %d with %d ends, cause %+v", m.state, ends, m.cause)
		}
		if m.state == over && firm && m.cause.Network != outcome.Answered {
			t.Fatalf("an acknowledged call ended as %+v", m.cause)
		}
		if m.cause.Rang && m.cause.Retryable {
			t.Fatalf("retryable although it may have rung: %+v", m.cause)
		}
	})
}

func TestNetworkOf(t *testing.T) {
	for _, c := range []struct {
		code, q850 int
		want       outcome.Network
	}{
		{404, 0, outcome.InvalidNumber}, {410, 0, outcome.InvalidNumber}, {484, 0, outcome.InvalidNumber},
		{604, 0, outcome.InvalidNumber}, {486, 0, outcome.Busy}, {600, 0, outcome.Busy},
		{603, 0, outcome.Rejected}, {607, 0, outcome.Rejected}, {608, 0, outcome.Rejected},
		{480, 0, outcome.NoAnswer}, {408, 0, outcome.NoAnswer}, {403, 0, outcome.CallBarred},
		{500, 0, outcome.Congestion}, {503, 0, outcome.Congestion}, {503, 17, outcome.Busy},
		{480, 28, outcome.InvalidNumber}, {480, 20, outcome.Unreachable}, {486, 1, outcome.Busy},
		{401, 0, outcome.TrunkFailed}, {488, 0, outcome.TrunkFailed}, {606, 0, outcome.Rejected},
		{302, 0, outcome.Unreachable},
	} {
		if got := networkOf(c.code, c.q850); got != c.want {
			t.Errorf("%d with Q.850 %d is %s, want %s", c.code, c.q850, got, c.want)
		}
	}
}

func TestQ850Of(t *testing.T) {
	for text, want := range map[string]int{
		`Q.850;cause=17;text="User busy"`:                        17,
		`SIP;cause=200;text="Completed elsewhere",Q.850;cause=1`: 1,
		`q.850 ; Cause = 16`:                                     16,
		`SIP;cause=486`:                                          0,
		`Q.850;cause=999`:                                        0,
		`Q.850`:                                                  0,
		``:                                                       0,
	} {
		if got := q850Of(text); got != want {
			t.Errorf("%q gives %d, want %d", text, got, want)
		}
	}
}
