//go:build !race

package sip

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
)

// TestSIPpSuite holds one behaviour a script against SIPp, which judges what it
// gets from us by its own parser and has its own transactions.
func TestSIPpSuite(t *testing.T) {
	timer := []string{"Require: timer", "Supported: timer"}
	for _, c := range []struct {
		name    string
		script  script
		options func(*Options)
		trunk   func(*Trunk) // dials by the trunk, which it may change
		call    func(t *testing.T, l call.Leg)
		want    outcome.Network
	}{
		{
			name: "session timer, renewed by us with re-INVITE", options: fast,
			script: script{gets("INVITE", "Session-Expires: 1800", "Min-SE: 90", "Supported: timer"),
				replies("200 OK", "a", sippSDP, append(timer, "Session-Expires: 90;refresher=uac")...), gets("ACK"),
				gets("INVITE", "Session-Expires: 90;refresher=uac"), accepts("200 OK", sippSDP, "Session-Expires: 90;refresher=uac"), gets("ACK"), parts},
			call: later(700 * time.Millisecond), want: outcome.Answered,
		},
		{
			name: "session timer, renewed by us with UPDATE", options: fast,
			script: script{rings, replies("200 OK", "a", sippSDP, append(timer, "Session-Expires: 90;refresher=uac", "Allow: INVITE, ACK, BYE, UPDATE")...), gets("ACK"),
				gets("UPDATE", "Session-Expires: 90;refresher=uac"), accepts("200 OK", "", "Session-Expires: 90;refresher=uac"), parts},
			call: later(700 * time.Millisecond), want: outcome.Answered,
		},
		{
			name: "session timer, renewed by them", options: fast,
			script: script{rings, replies("200 OK", "a", sippSDP, append(timer, "Session-Expires: 90;refresher=uas")...), gets("ACK"),
				asks("UPDATE", "", append(timer, "Session-Expires: 90;refresher=uac")...), gets("200", "Session-Expires: 90;refresher=uac", "Require: timer"), ends},
			want: outcome.Answered,
		},
		{
			name: "session timer, too short for them",
			script: script{gets("INVITE", "Session-Expires: 1800"), replies("422 Session Interval Too Small", "x", "", "Min-SE: 3600"), gets("ACK"),
				gets("INVITE", "Session-Expires: 3600", "Min-SE: 3600"), picks, parts},
			call: hangsUp, want: outcome.Answered,
		},
		{
			name: "reliable provisional response, sent twice",
			script: script{gets("INVITE", "Supported: 100rel"),
				replies("183 Session Progress", "a", sippSDP, "Require: 100rel", "RSeq: 7"), gets("PRACK", "RAck: 7 1 INVITE"), accepts("200 OK", ""),
				replies("183 Session Progress", "a", sippSDP, "Require: 100rel", "RSeq: 7"), pauses(50), picks, parts},
			call: hangsUp, want: outcome.Answered,
		},
		{
			name:   "UPDATE that moves the sound",
			script: script{rings, picks, asks("UPDATE", sippSDP), gets("200", "msg: m=audio [0-9]+ RTP/AVP 0"), ends},
			want:   outcome.Answered,
		},
		{
			name: "put on hold and taken back",
			script: script{rings, picks,
				asks("INVITE", sippSDP+"      a=sendonly\n"), gets("200", "msg: a=recvonly"), acks,
				asks("INVITE", sippSDP+"      a=sendrecv\n"), gets("200", "msg: a=sendrecv"), acks, ends},
			want: outcome.Answered,
		},
		{
			name: "glare",
			script: script{rings, picks, gets("INVITE", "msg: a=sendonly"), accepts("491 Request Pending", ""), gets("ACK"),
				gets("INVITE", "msg: a=sendonly"), accepts("200 OK", sippSDP), gets("ACK"), parts},
			call: func(t *testing.T, l call.Leg) {
				if err := l.(call.Holder).Hold(t.Context()); err != nil {
					t.Error(err)
				}
				hangsUp(t, l)
			},
			want: outcome.Answered,
		},
		{
			name: "transfer",
			script: script{rings, picks, gets("REFER", "Refer-To: <sip:agents@pbx.example>", "Referred-By: sip:"), accepts("202 Accepted", ""),
				asks("NOTIFY", "SIP/2.0 100 Trying\n", "Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag"), gets("200"),
				asks("NOTIFY", "SIP/2.0 200 OK\n", "Event: refer", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag"), gets("200"), parts},
			call: func(t *testing.T, l call.Leg) {
				if err := l.(call.Referrer).Transfer(t.Context(), "sip:agents@pbx.example", nil); err != nil {
					t.Error(err)
				}
			},
			want: outcome.Answered,
		},
		{
			name: "two branches answer",
			script: script{rings, picks, replies("200 OK", "b", sippSDP), gets("ACK", "To: tag=b"), gets("BYE", "To: tag=b"), accepts("200 OK", ""),
				ends},
			want: outcome.Answered,
		},
		{
			name: "SHA-256 digest", trunk: func(*Trunk) {},
			script: script{rings, replies("401 Unauthorized", "x", "",
				`WWW-Authenticate: Digest realm="carrier", nonce="n1", algorithm=SHA-256, qop="auth"`, `WWW-Authenticate: Digest realm="carrier", nonce="n2", algorithm=MD5, qop="auth"`),
				gets("ACK"), gets("INVITE", `Authorization: nonce="n1".*algorithm=.?SHA-256`, `Authorization: response="[0-9a-f]{64}"`), picks, parts},
			call: hangsUp, want: outcome.Answered,
		},
		{
			name: "keys by INFO",
			script: script{rings, picks, asks("INFO", "Signal=5\nDuration=160\n", "Content-Type: application/dtmf-relay"), gets("200"),
				asks("INFO", "#\n", "Content-Type: application/dtmf"), gets("200"), ends},
			call: func(t *testing.T, l call.Leg) {
				if got := string(<-l.Digits()) + string(<-l.Digits()); got != "5#" {
					t.Errorf("keys %q", got)
				}
			},
			want: outcome.Answered,
		},
		{
			name:   "redirection is not followed",
			script: script{rings, replies("302 Moved Temporarily", "x", "", "Contact: <sip:elsewhere@127.0.0.1:9>"), gets("ACK")},
			want:   outcome.Unreachable,
		},
		{
			name: "SRTP is offered", trunk: func(tr *Trunk) { tr.SRTP = SRTPRequire },
			script: script{gets("INVITE", "msg: m=audio [0-9]+ RTP/SAVP ", "msg: a=crypto:1 [A-Z_0-9]+ inline:"), replies("488 Not Acceptable Here", "x", ""), gets("ACK")},
			want:   outcome.TrunkFailed,
		},
		{
			name: "dial plan", trunk: func(tr *Trunk) {
				tr.Dial = DialPlan{Callee: []Rewrite{{Prefix: "+1", Strip: 2, Prepend: "9"}}, UserPhone: true}
			},
			script: script{gets("INVITE", "msg: INVITE sip:95550123@127.0.0.1:[0-9]+;user=phone SIP/2.0", "To: <sip:95550123@.*;user=phone>"), picks, parts},
			call:   hangsUp, want: outcome.Answered,
		},
		{
			name: "outbound proxy", trunk: func(tr *Trunk) {
				tr.Proxy = fmt.Sprintf("127.0.0.1:%d", tr.Port)
				tr.Host, tr.Port = "carrier.example", 0
			},
			script: script{gets("INVITE", "msg: INVITE sip:[^@]*5550123@carrier.example", "Route: <sip:127.0.0.1:[0-9]+;lr>"), picks, parts},
			call:   hangsUp, want: outcome.Answered,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := c.script.start(t)
			target := far.target()
			options := []func(*Options){}
			if c.options != nil {
				options = append(options, c.options)
			}
			if c.trunk != nil {
				options = append(options, far.asTrunk, func(o *Options) { c.trunk(&o.Trunks[0]) })
				target.Trunk, target.To = "t1", "+15550123"
			}
			r := newRig(t, options...)
			l := r.Dial(t.Context(), target)
			if c.call != nil {
				untilAnswered(t, l)
				c.call(t, l)
			}
			if got := ended(t, l); got.Network != c.want {
				t.Errorf("cause is %+v", got)
			}
			far.satisfied()
		})
	}
}

// acks acknowledges the 200 to the INVITE that was asked last.
var acks = sends("", "ACK [$contact] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport\nFrom:[$callee];tag=a\nTo:[$caller]\n"+
	"Call-ID: [call_id]\nCSeq: [cseq] ACK\nMax-Forwards: 70\n", "", nil)

// untilAnswered passes over what comes before.
func untilAnswered(t *testing.T, l call.Leg) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case p, ok := <-l.Progress():
			if !ok {
				t.Fatalf("the call ended: %+v", l.Ended())
			}
			if p.Kind == call.Answered {
				return
			}
		case <-timeout:
			t.Fatal("nobody answered")
		}
	}
}

func hangsUp(t *testing.T, l call.Leg) {
	t.Helper()
	if err := l.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
}

// later hangs up when the far side has had its time.
func later(d time.Duration) func(*testing.T, call.Leg) {
	return func(t *testing.T, l call.Leg) {
		t.Helper()
		select {
		case <-time.After(d):
		case <-l.Done():
		}
		hangsUp(t, l)
	}
}

// TestSIPpAnswersTooLate: the trunk takes the CANCEL and says nothing more, we
// give up, and then it answers: acknowledged and ended.
func TestSIPpAnswersTooLate(t *testing.T) {
	far := script{rings, replies("180 Ringing", "a", ""), gets("CANCEL"), accepts("200 OK", ""), pauses(1600), picks, parts}.start(t)
	r := newRig(t)
	l := r.Dial(t.Context(), far.target())
	step(t, l, call.Ringing)
	hangsUp(t, l)
	if c := ended(t, l); c.Network != outcome.Cancelled || !c.Rang {
		t.Errorf("cause is %+v", c)
	}
	far.satisfied()
	if late := r.Stats().Late; late != 1 {
		t.Errorf("%d late answers were counted", late)
	}
}

// TestSIPpSecondTrunk: the first trunk is out of order and says for how long;
// the second one takes this call, and the next at once.
func TestSIPpSecondTrunk(t *testing.T) {
	first := script{rings, replies("503 Service Unavailable", "x", "", "Retry-After: 60"), gets("ACK")}.start(t)
	second := script{rings, picks, parts}.start(t, "-m", "2")
	r := newRig(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "t1", Host: "127.0.0.1", Port: first.port}, {Name: "t2", Host: "127.0.0.1", Port: second.port, Priority: 1}}
	})
	for range 2 {
		l := r.Router(r.Stack).Dial(context.Background(), call.Target{Call: "c1", Attempt: "a1", To: "+15550123"})
		untilAnswered(t, l)
		hangsUp(t, l)
		if c := ended(t, l); c.Network != outcome.Answered || c.Trunk != "t2" {
			t.Errorf("cause is %+v", c)
		}
	}
	first.satisfied()
	second.satisfied()
	if !errors.Is(ended(t, r.Dial(t.Context(), call.Target{To: "+15550123", Trunk: "t1"})).Err, ErrTrunkRests) {
		t.Error("the trunk does not rest")
	}
}
