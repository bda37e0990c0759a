package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/call"
	"parley/media"
	"parley/outcome"
	"parley/rules"
)

// hang asks for the end without waiting for it.
func hang(l call.Leg) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = l.Hangup(ctx)
}

// answered brings a call up to its ACK.
func answered(t *testing.T, r *rig) (call.Leg, message) {
	t.Helper()
	l := r.dial()
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "100 Trying", "")
	r.far.reply(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	r.far.reply(invite, "200 OK", sdp)
	r.far.expect("ACK")
	step(t, l, call.Answered)
	return l, invite
}

func TestCallAnsweredAndEndedByUs(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	if got := invite.get("X-Parley-Call") + " " + invite.get("X-Parley-Attempt"); got != "c1 a1" {
		t.Errorf("X-Parley headers are %q", got)
	}
	if !strings.Contains(invite.body, "m=audio 30000 RTP/AVP 0 8 9 101\r\n") || !strings.Contains(invite.body, "a=ptime:20\r\n") {
		t.Errorf("offer is %q", invite.body)
	}
	m := <-r.media
	want := Remote{Codec: "PCMA", PayloadType: 8, DTMF: 101, Ptime: media.Tick}
	if got := m.negotiated(); len(got) != 1 || got[0].Addr.String() != "127.0.0.1:40000" || got[0].Codec != want.Codec ||
		got[0].PayloadType != want.PayloadType || got[0].DTMF != want.DTMF || got[0].Ptime != want.Ptime {
		t.Errorf("negotiated %+v", got)
	}
	hang(l) // its context is over already: the BYE goes out all the same
	bye := r.far.expect("BYE")
	if !strings.Contains(bye.get("To"), "tag=far1") || bye.get("Call-ID") != invite.get("Call-ID") {
		t.Errorf("BYE has To %q and Call-ID %q", bye.get("To"), bye.get("Call-ID"))
	}
	r.far.reply(bye, "200 OK", "")
	c := ended(t, l)
	if c.Network != outcome.Answered || c.By != call.PartyBot || !c.Rang || c.Retryable || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
	if got := l.Media(); got.Sent != 7 || got.Codec != "PCMA" {
		t.Errorf("media statistics after the end are %+v", got)
	}
	if m.mu.Lock(); !m.closed {
		t.Error("the media was not closed")
	}
	m.mu.Unlock()
}

func TestFarSideHangsUp(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	cseq := r.far.ask("BYE", invite, "", `Reason: Q.850;cause=16;text="Normal"`)
	r.far.expectReply(200, cseq)
	c := ended(t, l)
	if c.Network != outcome.Answered || c.By != call.PartyCustomer || c.Q850 != 16 {
		t.Errorf("cause is %+v", c)
	}
	// The same BYE again, as if our 200 had been lost.
	r.far.send(r.far.request("BYE", invite, cseq, ""), invite.src)
	r.far.expectReply(200, cseq)
}

func TestBYECrossing(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	hang(l)
	bye := r.far.expect("BYE")
	cseq := r.far.ask("BYE", invite, "")
	r.far.expectReply(200, cseq)
	r.far.reply(bye, "481 Gone", "")
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyBot || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}

func TestBYENeverAnswered(t *testing.T) {
	r := newRig(t)
	l, _ := answered(t, r)
	hang(l)
	r.far.expect("BYE")
	if again := r.far.next(); again.method() != "BYE" {
		t.Errorf("got %q, want the BYE again", again.first)
	}
	c := ended(t, l)
	if c.Network != outcome.Answered || c.Err == nil {
		t.Errorf("cause is %+v, want answered with the BYE's time-out", c)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status  string
		reason  string
		ring    bool
		network outcome.Network
		retry   bool
	}{
		{"486 Busy Here", `Q.850;cause=17;text="busy"`, false, outcome.Busy, false},
		{"486 Busy Here", "", true, outcome.Busy, false},
		{"404 Not Found", "", false, outcome.InvalidNumber, false},
		{"603 Decline", "", true, outcome.Rejected, false},
		{"480 Temporarily Unavailable", "", true, outcome.NoAnswer, false},
		{"480 Temporarily Unavailable", "Q.850;cause=1", false, outcome.InvalidNumber, false},
		{"403 Forbidden", "", false, outcome.CallBarred, false},
		{"503 Service Unavailable", "", false, outcome.Congestion, true},
		{"503 Service Unavailable", "", true, outcome.Congestion, false},
		{"302 Moved Temporarily", "", false, outcome.Unreachable, false},
		{"401 Unauthorized", "", false, outcome.TrunkFailed, true},
	} {
		t.Run(fmt.Sprint(c.status, " ring=", c.ring), func(t *testing.T) {
			r := newRig(t)
			l := r.dial()
			invite := r.far.expect("INVITE")
			if c.ring {
				// Back to back: order decides whether anything rang.
				r.far.reply(invite, "183 Session Progress", sdp)
			}
			var extra []string
			if c.reason != "" {
				extra = append(extra, "Reason: "+c.reason)
			}
			if strings.HasPrefix(c.status, "401") {
				extra = append(extra, `WWW-Authenticate: Digest realm="x", nonce="n"`)
			}
			r.far.reply(invite, c.status, "", extra...)
			r.far.expect("ACK")
			got := ended(t, l)
			if got.Network != c.network || got.Rang != c.ring || got.Retryable != c.retry || got.By != call.PartyNetwork {
				t.Errorf("cause is %+v", got)
			}
			var f *Failure
			if !errors.As(got.Err, &f) && !errors.Is(got.Err, ErrAuth) {
				t.Errorf("error is %v", got.Err)
			}
			if c.ring {
				step(t, l, call.EarlyMedia)
			}
			if _, open := <-l.Progress(); open {
				t.Error("progress was not closed")
			}
		})
	}
}

func TestTwelveProvisionals(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	for range 12 {
		r.far.reply(invite, "180 Ringing", "")
	}
	r.far.reply(invite, "200 OK", sdp)
	r.far.expect("ACK")
	step(t, l, call.Ringing)
	step(t, l, call.Answered)
	hang(l)
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	if c := ended(t, l); c.Network != outcome.Answered {
		t.Errorf("cause is %+v", c)
	}
}

func TestLostACK(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	for range 3 {
		r.far.reply(invite, "200 OK", sdp)
		if again := r.far.next(); again.method() != "ACK" {
			t.Fatalf("got %q, want the ACK again", again.first)
		}
	}
	if _, more := <-r.media; !more {
		t.Error("no media")
	}
	hang(l)
	bye := r.far.expect("BYE")
	// And once more while our BYE is out.
	r.far.reply(invite, "200 OK", sdp)
	for r.far.next().method() != "ACK" {
	}
	r.far.reply(bye, "200 OK", "")
	ended(t, l)
	// And after the end: acknowledged, without a second BYE.
	r.far.reply(invite, "200 OK", sdp)
	for {
		m := r.far.next()
		if m.method() == "ACK" {
			break
		}
		if m.key() != bye.key() {
			t.Fatalf("got %q", m.first)
		}
	}
	if late := r.Stats().Late; late != 0 {
		t.Errorf("%d late answers counted, the call had its BYE", late)
	}
}

func TestRingTimeout(t *testing.T) {
	r := newRig(t)
	l := r.dial(func(t *call.Target) { t.RingTimeout = 50 * time.Millisecond })
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	cancel := r.far.expect("CANCEL")
	if cancel.get("Via") != invite.get("Via") || cancel.get("CSeq") != "1 CANCEL" || strings.Contains(cancel.get("To"), "tag=") {
		t.Errorf("CANCEL has Via %q, CSeq %q, To %q", cancel.get("Via"), cancel.get("CSeq"), cancel.get("To"))
	}
	r.far.reply(cancel, "200 OK", "")
	r.far.reply(invite, "487 Request Terminated", "")
	r.far.expect("ACK")
	c := ended(t, l)
	if c.Network != outcome.NoAnswer || c.SIP != 487 || c.By != call.PartyBot || !c.Rang || c.Err != nil {
		t.Errorf("cause is %+v", c)
	}
}

func TestNoCANCELBeforeAProvisional(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	hang(l)
	// Retransmissions only, until we say something.
	for range 2 {
		if m := r.far.next(); m.method() != "INVITE" {
			t.Fatalf("got %q before any provisional response", m.first)
		}
	}
	r.far.reply(invite, "100 Trying", "")
	cancel := r.far.expect("CANCEL")
	r.far.reply(cancel, "200 OK", "")
	r.far.reply(invite, "487 Request Terminated", "")
	if c := ended(t, l); c.Network != outcome.Cancelled || c.By != call.PartyBot {
		t.Errorf("cause is %+v", c)
	}
}

func TestAnswerCrossesCANCEL(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	hang(l)
	cancel := r.far.expect("CANCEL")
	r.far.reply(invite, "200 OK", sdp)
	r.far.reply(cancel, "481 Too Late", "")
	r.far.expect("ACK")
	bye := r.far.expect("BYE")
	r.far.reply(bye, "200 OK", "")
	c := ended(t, l)
	if c.Network != outcome.Answered || c.By != call.PartyBot || c.SIP != 200 {
		t.Errorf("cause is %+v", c)
	}
}

func TestSilence(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	r.far.expect("INVITE")
	c := ended(t, l)
	if c.Network != outcome.Timeout || !c.Rang || c.Retryable || !errors.Is(c.Err, ErrNoResponse) {
		t.Errorf("cause is %+v", c)
	}
}

func TestCancelledAndNeverFinal(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	hang(l)
	cancel := r.far.expect("CANCEL")
	r.far.reply(cancel, "200 OK", "")
	c := ended(t, l)
	if c.Network != outcome.Cancelled || !errors.Is(c.Err, errNoFinal) {
		t.Errorf("cause is %+v", c)
	}
	// The phone is picked up after all: acknowledged and ended, however often
	// the answer is repeated.
	for range 3 {
		r.far.reply(invite, "200 OK", sdp)
	}
	var acks, byes int
	seen := map[string]bool{}
	for acks < 3 || byes < 1 {
		switch m := r.far.next(); m.method() {
		case "ACK":
			acks++
		case "BYE":
			if !seen[m.key()] {
				byes++
			}
			seen[m.key()] = true
			r.far.reply(m, "200 OK", "")
		}
	}
	if byes != 1 || r.Stats().Late != 1 {
		t.Errorf("%d BYEs, %d late answers counted", byes, r.Stats().Late)
	}
}

func TestForkedAnswers(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	other := r.far.response(invite, "200 OK", "far2", sdp)
	r.far.send(other, invite.src)
	if ack := r.far.expect("ACK"); !strings.Contains(ack.get("To"), "tag=far2") {
		t.Errorf("ACK goes to %q", ack.get("To"))
	}
	bye := r.far.expect("BYE")
	if !strings.Contains(bye.get("To"), "tag=far2") {
		t.Errorf("BYE goes to %q", bye.get("To"))
	}
	r.far.reply(bye, "200 OK", "")
	select {
	case <-l.Done():
		t.Fatal("the fork's end ended the call")
	default:
	}
	hang(l)
	bye = r.far.expect("BYE")
	if !strings.Contains(bye.get("To"), "tag=far1") {
		t.Errorf("our BYE goes to %q", bye.get("To"))
	}
	r.far.reply(bye, "200 OK", "")
	ended(t, l)
}

func TestAnswerWithoutCommonCodec(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"other codec": {strings.ReplaceAll(sdp, "8 101\r\na=rtpmap:8 PCMA", "18\r\na=rtpmap:18 G729"), ErrNoCodec},
		"port 0":      {strings.Replace(sdp, "40000", "0", 1), ErrNoAudio},
		"garbage":     {"v=0\r\nm=audio x RTP/AVP 0\r\n", ErrBadSDP},
		"no body":     {"", ErrNoAudio},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			l := r.dial()
			invite := r.far.expect("INVITE")
			r.far.reply(invite, "200 OK", c.body)
			r.far.expect("ACK")
			r.far.reply(r.far.expect("BYE"), "200 OK", "")
			got := ended(t, l)
			if got.Network != outcome.Answered || got.By != call.PartyBot || !errors.Is(got.Err, c.want) {
				t.Errorf("cause is %+v, want %v", got, c.want)
			}
		})
	}
}

func TestSetupContextCancels(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := r.Dial(ctx, call.Target{To: "sip:x@" + r.far.addr()})
	invite := r.far.expect("INVITE")
	r.far.reply(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	cancel()
	r.far.reply(r.far.expect("CANCEL"), "200 OK", "")
	r.far.reply(invite, "487 Request Terminated", "")
	if c := ended(t, l); c.Network != outcome.Cancelled {
		t.Errorf("cause is %+v", c)
	}
}

func TestFramesBeforeAndAfterMedia(t *testing.T) {
	r := newRig(t)
	l := r.dial()
	invite := r.far.expect("INVITE")
	var f media.Frame
	if err := l.ReadFrame(&f); err != nil || !f.Is(media.Silence|media.Early) || len(f.PCM) != 160 || f.At != 0 {
		t.Errorf("first frame %+v, %v", f, err)
	}
	r.far.reply(invite, "183 Session Progress", sdp)
	step(t, l, call.EarlyMedia)
	if err := l.ReadFrame(&f); err != nil || !f.Is(media.Voiced|media.Early) || f.At != media.Tick {
		t.Errorf("early frame %+v, %v", f, err)
	}
	r.far.reply(invite, "200 OK", "") // its answer was in the 183
	r.far.expect("ACK")
	step(t, l, call.Answered)
	if err := l.ReadFrame(&f); err != nil || f.Is(media.Early) || f.At != 2*media.Tick {
		t.Errorf("frame of the call %+v, %v", f, err)
	}
	(<-r.media).keys <- '7'
	if d := <-l.Digits(); d != '7' {
		t.Errorf("digit %q", d)
	}
	hang(l)
	r.far.reply(r.far.expect("BYE"), "200 OK", "")
	ended(t, l)
	if err := l.ReadFrame(&f); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if err := l.WriteFrame(f); err != nil {
		t.Errorf("write after the end: %v", err)
	}
}

// TestAnswerWithoutBranch: it belongs to no request of ours, whatever else it
// says, and the call goes on.
func TestAnswerWithoutBranch(t *testing.T) {
	r := newRig(t)
	l, invite := answered(t, r)
	for _, cseq := range []string{"99 INVITE", invite.get("CSeq")} {
		r.far.send(fmt.Sprintf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s\r\nFrom: %s\r\nTo: %s;tag=x\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
			r.Addr(), invite.get("From"), invite.get("To"), invite.get("Call-ID"), cseq), invite.src)
	}
	eventually(t, func() bool { return r.Stats().Malformed == 2 })
	r.far.expectReply(200, r.far.ask("BYE", invite, ""))
	if c := ended(t, l); c.Network != outcome.Answered || c.By != call.PartyCustomer {
		t.Errorf("cause is %+v", c)
	}
}

func TestDue(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		begun time.Time
		want  time.Duration
	}{
		"nobody says":      {time.Time{}, time.Second},
		"just now":         {now, time.Second},
		"a while ago":      {now.Add(-700 * time.Millisecond), 300 * time.Millisecond},
		"too long ago":     {now.Add(-2 * time.Second), -time.Second},
		"by another clock": {now.Add(time.Hour), time.Second},
	} {
		if got := dueOf(call.Target{Case: rules.Case{Begun: c.begun}}, now); got.Sub(now) != c.want {
			t.Errorf("%s: due in %v, want %v", name, got.Sub(now), c.want)
		}
	}
}

// TestInviteThatIsOverdue: the preparations took the rest of the permission, so
// nothing leaves, over UDP as little as over a connection.
func TestInviteThatIsOverdue(t *testing.T) {
	var slow atomic.Bool
	r := newRig(t, func(o *Options) {
		open := o.OpenMedia
		o.OpenMedia = func() (Media, error) {
			if slow.Load() {
				time.Sleep(60 * time.Millisecond)
			}
			return open()
		}
	})
	f := newStreamFar(t, nil)
	l, invite := answeredOver(t, r, f, f.target()) // its connection stays
	f.say(invite.conn, f.request("BYE", invite.message, "8 BYE", ""))
	f.wantReply(200, "8 BYE")
	ended(t, l)
	slow.Store(true)
	for via, target := range map[string]call.Target{"UDP": {To: "sip:1001@" + r.far.addr()}, "TCP": f.target()} {
		target.Case.Begun = time.Now().Add(50*time.Millisecond - permission)
		c := ended(t, r.Dial(context.Background(), target))
		if c.Network != outcome.TrunkFailed || c.Rang || !c.Retryable || !errors.Is(c.Err, errOverdue) {
			t.Errorf("%s: cause is %+v", via, c)
		}
	}
	select {
	case m := <-r.far.got:
		t.Errorf("over UDP went %q", m.first)
	case m := <-f.got:
		t.Errorf("over TCP went %q", m.first)
	case <-time.After(50 * time.Millisecond):
	}
}

// TestNoNumberInErrors: a request that cannot be written names nobody.
func TestNoNumberInErrors(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	// No way leads there from the loopback interface.
	c := ended(t, r.Dial(context.Background(), call.Target{To: "sip:+12025550123@192.0.2.1:5060"}))
	r.stop()
	if c.Err == nil || c.Rang || strings.Contains(c.Err.Error()+log.String(), "2025550123") {
		t.Errorf("cause is %+v, the log:\n%s", c, log.String())
	}
}
