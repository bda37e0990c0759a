package sip

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/outcome"
)

const soon = 150 * time.Millisecond // the timeout of these tests

// TestMediaTimeout: a call whose far side fell silent is ended with a cause of
// its own, within the time and a check.
func TestMediaTimeout(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MediaTimeout = soon })
	l, _ := answered(t, r)
	began := time.Now()
	(<-r.media).silent.Store(int64(time.Hour)) // nothing ever came
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	c := ended(t, l)
	if !errors.Is(c.Err, ErrMediaTimeout) || c.By != call.PartyNetwork || c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
	if took := time.Since(began); took < soon-soon/checksPerTimeout {
		t.Errorf("ended after %v, before its time: silence before the answer must not count", took)
	}
}

// TestNoMediaTimeoutOnHold: who is put on hold, in either way, hears nothing; the
// time runs again once the hold ends.
func TestNoMediaTimeoutOnHold(t *testing.T) {
	for _, hold := range []string{"a=sendonly\r\n", "a=inactive\r\n", "a=recvonly\r\n"} {
		r := newRig(t, func(o *Options) { o.MediaTimeout = soon })
		l, invite := answered(t, r)
		m := <-r.media
		change := func(body string) {
			cseq := r.far.ask("INVITE", invite, body)
			r.far.expectReply(200, cseq)
			r.far.send(r.far.request("ACK", invite, strings.TrimSuffix(cseq, " INVITE")+" ACK", ""), invite.src)
		}
		change(sdp + hold)
		m.silent.Store(int64(time.Hour))
		select {
		case <-l.Done():
			t.Fatalf("%q: ended on hold: %+v", hold, l.Ended())
		case <-time.After(3 * soon):
		}
		change(sdp)
		r.far.reply(r.far.expect("BYE"), "200 OK", "")
		if c := ended(t, l); !errors.Is(c.Err, ErrMediaTimeout) {
			t.Errorf("%q: cause is %+v", hold, c)
		}
	}
}

// TestSoundKeepsTheCall: a pause shorter than the timeout ends nothing.
func TestSoundKeepsTheCall(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MediaTimeout = soon })
	l, _ := answered(t, r)
	(<-r.media).silent.Store(int64(soon - time.Millisecond))
	select {
	case <-l.Done():
		t.Fatalf("ended: %+v", l.Ended())
	case <-time.After(3 * soon):
	}
	hang(l)
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	if c := ended(t, l); c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}
