package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// uac is a caller written by hand over one UDP socket: it sends exactly what a
// test says and nothing else.
type uac struct {
	t      *testing.T
	conn   *net.UDPConn
	parser *sip.Parser
	callID string
	toTag  string
	number string
	cseq   int
}

func newUAC(t *testing.T, c *Carrier, number string) *uac {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(c.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &uac{t: t, conn: conn, parser: sip.NewParser(), callID: sip.GenerateTagN(12), number: number, cseq: 1}
}

const offerPCMU = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

// send writes a request. branch tells transactions apart.
func (u *uac) send(method, branch, extra, body string) {
	u.t.Helper()
	to := fmt.Sprintf("<sip:%s@127.0.0.1>", u.number)
	if u.toTag != "" && (method != "INVITE" && method != "CANCEL") {
		to += ";tag=" + u.toTag
	}
	if body != "" {
		extra += "Content-Type: application/sdp\r\n"
	}
	msg := fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:caller@127.0.0.1>;tag=a1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:caller@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, u.number, u.conn.RemoteAddr(), u.conn.LocalAddr(), u.callID, branch, to, u.callID, u.cseq, method, u.conn.LocalAddr(), extra, len(body), body)
	if _, err := u.conn.Write([]byte(msg)); err != nil {
		u.t.Fatal(err)
	}
}

func (u *uac) invite(extra string) {
	u.t.Helper()
	u.send("INVITE", "1", extra, offerPCMU)
}

// read waits for the next message.
func (u *uac) read(within time.Duration) (sip.Message, bool) {
	u.t.Helper()
	buf := make([]byte, 4096)
	u.conn.SetReadDeadline(time.Now().Add(within))
	n, err := u.conn.Read(buf)
	if err != nil {
		return nil, false
	}
	msg, err := u.parser.ParseSIP(buf[:n])
	if err != nil {
		u.t.Fatalf("the carrier sent nonsense: %v\n%s", err, buf[:n])
	}
	return msg, true
}

// final collects the responses to a method up to the final one.
func (u *uac) final(method sip.RequestMethod) (*sip.Response, []int) {
	u.t.Helper()
	var codes []int
	for range 50 {
		msg, ok := u.read(10 * time.Second)
		if !ok {
			u.t.Fatalf("no final answer to %s, only %v", method, codes)
		}
		res, ok := msg.(*sip.Response)
		if !ok || res.CSeq().MethodName != method {
			continue
		}
		codes = append(codes, res.StatusCode)
		if tag, _ := res.To().Params.Get("tag"); tag != "" {
			if u.toTag != "" && u.toTag != tag {
				u.t.Errorf("the To tag changed from %s to %s", u.toTag, tag)
			}
			u.toTag = tag
		}
		if res.StatusCode >= 200 {
			return res, codes
		}
	}
	u.t.Fatal("too many messages")
	return nil, nil
}

func (u *uac) ack(final int) {
	u.t.Helper()
	branch := "1" // of the INVITE, for a refusal
	if final < 300 {
		branch = "ack"
	}
	u.send("ACK", branch, "", "")
}

// request waits for the carrier's own request and answers it.
func (u *uac) request(method sip.RequestMethod) {
	u.t.Helper()
	for range 50 {
		msg, ok := u.read(10 * time.Second)
		if !ok {
			u.t.Fatalf("the carrier sent no %s", method)
		}
		req, ok := msg.(*sip.Request)
		if !ok || req.Method != method {
			continue
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		if _, err := u.conn.Write([]byte(res.String())); err != nil {
			u.t.Fatal(err)
		}
		return
	}
	u.t.Fatal("too many messages")
}

// log is a witness that a test can read.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *log) records(t *testing.T) []Record {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Record
	for dec := json.NewDecoder(bytes.NewReader(l.buf.Bytes())); dec.More(); {
		var r Record
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func (l *log) events(t *testing.T) string {
	t.Helper()
	var all []string
	for _, r := range l.records(t) {
		all = append(all, r.Event)
	}
	return strings.Join(all, " ")
}

// carrier runs one for a test; ended gets every call's end.
func carrier(t *testing.T, o Options) (c *Carrier, l *log, ended <-chan Ended) {
	t.Helper()
	l = &log{}
	o.Witness = l
	ends := make(chan Ended, 100)
	o.Ended = func(e Ended) { ends <- e }
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return c, l, ends
}

func wait(t *testing.T, ended <-chan Ended) Ended {
	t.Helper()
	select {
	case e := <-ended:
		return e
	case <-time.After(15 * time.Second):
		t.Fatal("the call did not end")
		return Ended{}
	}
}

func silent(how How, after time.Duration) Persona {
	p := Persona{Name: string(how), Number: "+12025550100", Language: "en", Answers: Answers{How: how, After: after, Talk: 300 * time.Millisecond}}
	p.defaults()
	return p
}

func TestRefusals(t *testing.T) {
	fails := silent(Fails, 0)
	fails.Answers.Code = 503
	announced := silent(Announced, 0)
	for _, c := range []struct {
		persona Persona
		codes   []int
	}{
		{silent(Busy, 10*time.Millisecond), []int{100, 486}},
		{silent(Rejects, 10*time.Millisecond), []int{100, 180, 603}},
		{fails, []int{100, 503}},
		{announced, []int{100, 480}},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			car, l, ended := carrier(t, Options{Personas: []Persona{c.persona}, NoMedia: true})
			u := newUAC(t, car, "+12025550100")
			u.invite("X-Parley-Attempt: a7\r\nX-Parley-Call: c9\r\n")
			res, codes := u.final(sip.INVITE)
			u.ack(res.StatusCode)
			if !slices.Equal(codes, c.codes) {
				t.Errorf("the answers are %v, want %v", codes, c.codes)
			}
			e := wait(t, ended)
			if e.Code != res.StatusCode || e.Attempt != "a7" || e.Call != "c9" || e.Talk != 0 {
				t.Errorf("the end is %+v", e)
			}
			first := l.records(t)[0]
			if first.Event != "invite" || first.Number != "+12025550100" || first.Attempt != "a7" || first.Call != "c9" || first.CallID != u.callID {
				t.Errorf("the log begins with %+v", first)
			}
		})
	}
}

func TestAnswerAndCarrierHangsUp(t *testing.T) {
	car, l, ended := carrier(t, Options{Personas: []Persona{silent(Talks, 10*time.Millisecond)}, NoMedia: true})
	u := newUAC(t, car, "0012025550100") // with a dial prefix
	u.invite("")
	res, codes := u.final(sip.INVITE)
	if !slices.Equal(codes, []int{100, 180, 200}) {
		t.Errorf("the answers are %v", codes)
	}
	if r, err := accept(res.Body()); err == nil || r.Codec != nil {
		// port 9, inactive: no sound, but a whole description
		if r.Addr.Port() != 9 {
			t.Errorf("the description says %+v", r)
		}
	}
	u.ack(200)
	u.request(sip.BYE)
	if e := wait(t, ended); e.Code != 200 || e.By != "carrier" || e.Talk < 300*time.Millisecond {
		t.Errorf("the end is %+v", e)
	}
	if got := l.events(t); got != "invite ringing answer ack bye end" {
		t.Errorf("the log has %s", got)
	}
}

func TestCallerHangsUp(t *testing.T) {
	p := silent(Talks, 0)
	p.Answers.Talk = time.Minute
	car, _, ended := carrier(t, Options{Personas: []Persona{p}, NoMedia: true})
	u := newUAC(t, car, "+12025550100")
	u.invite("")
	u.final(sip.INVITE)
	u.ack(200)
	u.cseq = 2
	u.send("BYE", "2", "", "")
	if res, _ := u.final(sip.BYE); res.StatusCode != sip.StatusOK {
		t.Errorf("the BYE is answered with %d", res.StatusCode)
	}
	if e := wait(t, ended); e.By != "caller" || e.Code != 200 {
		t.Errorf("the end is %+v", e)
	}
}

func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	p := silent(Talks, 0)
	p.Answers.Talk = time.Minute
	car, _, ended := carrier(t, Options{Personas: []Persona{p}, NoMedia: true})
	u := newUAC(t, car, "+12025550100")
	u.invite("")
	for range 3 {
		if res, _ := u.final(sip.INVITE); res.StatusCode != sip.StatusOK {
			t.Fatalf("answered with %d", res.StatusCode)
		}
	}
	u.ack(200)
	u.cseq = 2
	u.send("BYE", "2", "", "")
	u.final(sip.BYE)
	wait(t, ended)
}

func TestCancel(t *testing.T) {
	car, l, ended := carrier(t, Options{Personas: []Persona{silent(NoAnswer, 0)}, NoMedia: true})
	u := newUAC(t, car, "+12025550100")
	u.invite("")
	for {
		msg, ok := u.read(5 * time.Second)
		if !ok {
			t.Fatal("it does not ring")
		}
		if res := msg.(*sip.Response); res.StatusCode == 180 {
			break
		}
	}
	u.send("CANCEL", "1", "", "")
	res, _ := u.final(sip.INVITE)
	u.ack(res.StatusCode)
	if res.StatusCode != 487 {
		t.Errorf("a cancelled call ends with %d", res.StatusCode)
	}
	if e := wait(t, ended); e.Code != 487 {
		t.Errorf("the end is %+v", e)
	}
	if got := l.events(t); !strings.HasPrefix(got, "invite ringing cancel") {
		t.Errorf("the log has %s", got)
	}
}

func TestUnknownNumber(t *testing.T) {
	anyone := silent(Busy, 0)
	for _, c := range []struct {
		anyone *Persona
		want   int
	}{{nil, 404}, {&anyone, 486}} {
		car, _, ended := carrier(t, Options{Personas: []Persona{silent(Talks, 0)}, Anyone: c.anyone, NoMedia: true})
		u := newUAC(t, car, "+12025550199")
		u.invite("")
		res, _ := u.final(sip.INVITE)
		u.ack(res.StatusCode)
		if res.StatusCode != c.want {
			t.Errorf("an unknown number is answered with %d, want %d", res.StatusCode, c.want)
		}
		wait(t, ended)
	}
}

func TestNoSoundInCommon(t *testing.T) {
	car, _, ended := carrier(t, Options{Personas: []Persona{silent(Talks, 0)}, NoMedia: true})
	u := newUAC(t, car, "+12025550100")
	u.send("INVITE", "1", "", strings.ReplaceAll(offerPCMU, "0 8 101", "96")+"a=rtpmap:96 opus/48000/2\r\n")
	res, _ := u.final(sip.INVITE)
	u.ack(res.StatusCode)
	if res.StatusCode != 488 {
		t.Errorf("an offer without G.711 is answered with %d", res.StatusCode)
	}
	wait(t, ended)
}

func TestPlacesAreBounded(t *testing.T) {
	car, _, ended := carrier(t, Options{Personas: []Persona{silent(NoAnswer, 0)}, NoMedia: true, Calls: 1})
	first := newUAC(t, car, "+12025550100")
	first.invite("")
	for {
		if msg, _ := first.read(5 * time.Second); msg.(*sip.Response).StatusCode == 180 {
			break
		}
	}
	second := newUAC(t, car, "+12025550100")
	second.invite("")
	res, _ := second.final(sip.INVITE)
	second.ack(res.StatusCode)
	if res.StatusCode != sip.StatusServiceUnavailable {
		t.Errorf("the call too many is answered with %d", res.StatusCode)
	}
	first.send("CANCEL", "1", "", "")
	first.final(sip.INVITE)
	first.ack(487)
	wait(t, ended)
}

func TestPasswordIsAsked(t *testing.T) {
	car, _, ended := carrier(t, Options{Personas: []Persona{silent(Busy, 0)}, NoMedia: true, User: "u", Password: "p"})
	u := newUAC(t, car, "+12025550100")
	u.invite("")
	res, _ := u.final(sip.INVITE)
	u.ack(407)
	if res.StatusCode != sip.StatusProxyAuthRequired {
		t.Fatalf("answered with %d", res.StatusCode)
	}
	for _, c := range []struct {
		password string
		want     int
	}{{"wrong", 407}, {"p", 486}} {
		u := newUAC(t, car, "+12025550100")
		u.invite("Proxy-Authorization: " + credentials(t, res, u, c.password) + "\r\n")
		got, _ := u.final(sip.INVITE)
		u.ack(got.StatusCode)
		if got.StatusCode != c.want {
			t.Errorf("with the password %q: %d, want %d", c.password, got.StatusCode, c.want)
		}
	}
	wait(t, ended)
}

func TestStopEndsCalls(t *testing.T) {
	p := silent(Talks, 0)
	p.Answers.Talk = time.Minute
	l := &log{}
	c, err := New(Options{Personas: []Persona{p}, NoMedia: true, Witness: l})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	u := newUAC(t, c, "+12025550100")
	u.invite("")
	u.final(sip.INVITE)
	u.ack(200)
	cancel()
	u.request(sip.BYE)
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not return")
	}
}
