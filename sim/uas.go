package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"parley/media/line"
)

// customerCall is one call from the INVITE to the end, as its callee sees it.
type customerCall struct {
	carrier *Carrier
	persona *Persona
	req     *sip.Request // the INVITE, with our tag in To
	tx      sip.ServerTransaction
	source  string
	offer   line.Remote
	line    *line.Line // nil without media
	version uint64

	mu     sync.Mutex
	acked  chan struct{}
	byed   chan struct{}
	lost   chan struct{} // no ACK ever came
	ended  Ended
	once   [2]sync.Once // of the two channels
	spoken []Spoken
}

// maxSpoken bounds the transcript of one call.
const maxSpoken = 200

func header(req *sip.Request, name string) string {
	if h := req.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

func callID(req *sip.Request) string {
	if h := req.CallID(); h != nil {
		return h.Value()
	}
	return ""
}

// invite is the whole life of a call: sipgo runs each request on a goroutine
// of its own and keeps the transaction as long as this has not returned.
func (c *Carrier) invite(ctx context.Context, req *sip.Request, tx sip.ServerTransaction) {
	if tag, _ := req.To().Params.Get("tag"); tag != "" {
		c.reinvite(req, tx)
		return
	}
	call := &customerCall{
		carrier: c, req: req.Clone(), tx: tx, source: req.Source(), version: rand.Uint64() >> 2,
		acked: make(chan struct{}), byed: make(chan struct{}), lost: make(chan struct{}),
	}
	call.req.To().Params.Add("tag", sip.GenerateTagN(16))
	call.persona = c.persona(req.Recipient.User)
	call.ended = Ended{
		Number: req.Recipient.User, CallID: callID(req),
		Attempt: header(req, "X-Parley-Attempt"), Call: header(req, "X-Parley-Call"),
	}
	if call.persona != nil {
		call.ended.Persona = call.persona.Name
	}
	call.see(Record{Event: "invite"})
	if c.auth != nil && !c.auth.passes(call.req) {
		call.challenge()
		return
	}
	if !c.admit(call) {
		call.refuse(503, "Service Unavailable")
		return
	}
	defer c.wg.Done()
	defer c.forget(call)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !tx.OnCancel(func(*sip.Request) { cancel(errCancelled) }) {
		cancel(errCancelled) // it came before we looked
	}
	call.run(ctx)
}

// errCancelled: the caller gave up before the answer.
var errCancelled = errors.New("cancelled")

// admit takes a place for the call, unless there is none.
func (c *Carrier) admit(call *customerCall) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || len(c.calls) >= c.o.Calls || c.calls[call.ended.CallID] != nil {
		return false
	}
	c.calls[call.ended.CallID] = call
	c.wg.Add(1)
	return true
}

func (c *Carrier) forget(call *customerCall) {
	c.mu.Lock()
	delete(c.calls, call.ended.CallID)
	c.mu.Unlock()
	call.see(Record{Event: "end", Code: call.ended.Code, By: call.ended.By})
	if c.o.Ended != nil {
		call.mu.Lock()
		e := call.ended
		e.Talked = call.spoken
		call.mu.Unlock()
		c.o.Ended(e)
	}
}

func (c *Carrier) find(req *sip.Request) *customerCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[callID(req)]
}

func (c *Carrier) ack(req *sip.Request) {
	if call := c.find(req); call != nil {
		call.see(Record{Event: "ack"})
		call.once[0].Do(func() { close(call.acked) })
	}
}

func (c *Carrier) bye(req *sip.Request, tx sip.ServerTransaction) {
	call := c.find(req)
	if call == nil {
		c.respond(tx, sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
		return
	}
	call.see(Record{Event: "bye", By: "caller"})
	call.once[1].Do(func() { close(call.byed) })
	c.respond(tx, sip.NewResponseFromRequest(req, 200, "OK", nil))
}

// reinvite takes a change of the session: the sound follows the new address.
func (c *Carrier) reinvite(req *sip.Request, tx sip.ServerTransaction) {
	call := c.find(req)
	if call == nil {
		c.respond(tx, sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
		return
	}
	offer, err := accept(req.Body())
	if err != nil {
		c.respond(tx, sip.NewResponseFromRequest(req, 488, "Not Acceptable Here", nil))
		return
	}
	call.mu.Lock()
	call.version++
	l := call.line
	call.mu.Unlock()
	if l != nil {
		err = l.Negotiate(offer)
	}
	if err != nil {
		c.respond(tx, sip.NewResponseFromRequest(req, 488, "Not Acceptable Here", nil))
		return
	}
	c.respond(tx, call.describe(sip.NewResponseFromRequest(req, 200, "OK", nil), offer))
}

func (c *Carrier) respond(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil && !errors.Is(err, sip.ErrTransactionTerminated) {
		c.o.Log.Warn("send a SIP response", "code", res.StatusCode, "error", err)
	}
}

func (call *customerCall) see(r Record) {
	r.Number, r.Attempt, r.Call, r.CallID, r.From = call.ended.Number, call.ended.Attempt, call.ended.Call, call.ended.CallID, call.source
	if f := call.req.From(); f != nil {
		r.Caller = f.Address.User
	}
	call.carrier.witness.see(r)
}

func (call *customerCall) say(by, text string) {
	if text == "" {
		return
	}
	call.mu.Lock()
	defer call.mu.Unlock()
	if len(call.spoken) < maxSpoken {
		call.spoken = append(call.spoken, Spoken{By: by, Text: text})
	}
}

// sounds notes that the customer's latest speech is being heard now.
func (call *customerCall) sounds() {
	now := time.Now()
	call.mu.Lock()
	defer call.mu.Unlock()
	for i := len(call.spoken) - 1; i >= 0; i-- {
		if s := &call.spoken[i]; s.By == "customer" {
			if s.At.IsZero() {
				s.At = now
			}
			return
		}
	}
}

func (call *customerCall) respond(code int, reason string) {
	call.carrier.respond(call.tx, call.response(code, reason))
}

func (call *customerCall) response(code int, reason string) *sip.Response {
	res := sip.NewResponseFromRequest(call.req, code, reason, nil)
	if code > 100 && code < 300 {
		contact := call.carrier.contact
		contact.Address.User = call.ended.Number
		res.AppendHeader(&contact)
	}
	return res
}

// describe adds our session description.
func (call *customerCall) describe(res *sip.Response, offer line.Remote) *sip.Response {
	call.mu.Lock()
	local := netip.AddrPortFrom(call.carrier.addr.Addr(), 0)
	if call.line != nil {
		local = call.line.Local()
	}
	res.SetBody(answer(local, offer, call.version))
	call.mu.Unlock()
	res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	if res.Contact() == nil {
		res.AppendHeader(sip.HeaderClone(&call.carrier.contact))
	}
	return res
}

// challenge asks for a password.
func (call *customerCall) challenge() {
	chal := call.carrier.auth.challenge()
	res := call.response(407, "Proxy Authentication Required")
	res.AppendHeader(sip.NewHeader("Proxy-Authenticate", chal.String()))
	call.see(Record{Event: "refuse", Code: 407})
	call.carrier.respond(call.tx, res)
}

// refuse ends the call with a final answer other than 200.
func (call *customerCall) refuse(code int, reason string) {
	call.ended.Code = code
	call.see(Record{Event: "refuse", Code: code})
	call.respond(code, reason)
}

// run plays the persona's part up to the answer and hands over to talk.
func (call *customerCall) run(ctx context.Context) {
	if call.persona == nil {
		call.refuse(404, "Not Found")
		return
	}
	var err error
	if call.offer, err = accept(call.req.Body()); err != nil {
		call.refuse(488, "Not Acceptable Here")
		return
	}
	call.respond(100, "Trying")

	a := call.persona.Answers
	switch a.How {
	case Fails:
		call.wait(ctx, a.After)
		call.refuseUnlessDone(ctx, a.Code, reasonOf(a.Code))
		return
	case Busy:
		call.wait(ctx, a.After)
		call.refuseUnlessDone(ctx, 486, "Busy Here")
		return
	case Announced:
		call.announce(ctx)
		return
	}
	call.see(Record{Event: "ringing", Code: 180})
	call.respond(180, "Ringing")
	switch a.How {
	case NoAnswer:
		call.wait(ctx, longestRing)
		call.refuseUnlessDone(ctx, 480, "Temporarily Unavailable")
	case Rejects:
		call.wait(ctx, a.After)
		call.refuseUnlessDone(ctx, 603, "Decline")
	default:
		call.wait(ctx, a.After)
		call.pickUp(ctx)
	}
}

// longestRing is when the network gives up on a phone that nobody answers.
const longestRing = 3 * time.Minute

func reasonOf(code int) string {
	reason, ok := map[int]string{
		403: "Forbidden", 404: "Not Found", 408: "Request Timeout", 410: "Gone", 480: "Temporarily Unavailable",
		484: "Address Incomplete", 486: "Busy Here", 500: "Server Internal Error", 503: "Service Unavailable",
		600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 607: "Unwanted", 608: "Rejected",
	}[code]
	if !ok {
		return "Refused"
	}
	return reason
}

// wait lets time pass; false when the call ended meanwhile.
func (call *customerCall) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// gone says why a call ended before its answer, if it did: the 487 after a
// CANCEL is sent by the transaction itself.
func (call *customerCall) gone(ctx context.Context) bool {
	if ctx.Err() == nil {
		return false
	}
	if errors.Is(context.Cause(ctx), errCancelled) {
		call.ended.Code = 487
		call.see(Record{Event: "cancel", Code: 487})
		return true
	}
	call.refuse(503, "Service Unavailable")
	return true
}

func (call *customerCall) refuseUnlessDone(ctx context.Context, code int, reason string) {
	if !call.gone(ctx) {
		call.refuse(code, reason)
	}
}

// pickUp answers, talks, and sees the call to its end.
func (call *customerCall) pickUp(ctx context.Context) {
	if call.gone(ctx) {
		return
	}
	person, err := call.prepare(ctx)
	if err != nil {
		call.carrier.o.Log.Error("the customer cannot talk", "error", err)
		call.refuse(500, "Server Internal Error")
		return
	}
	defer person.close()
	if call.gone(ctx) {
		return
	}
	ok := call.describe(call.response(200, "OK"), call.offer)
	call.ended.Code = 200
	call.see(Record{Event: "answer", Code: 200})
	call.carrier.respond(call.tx, ok)
	answered := time.Now()
	defer call.tx.Terminate() // nothing may come in it any more

	acks, acked := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer acked()
	wg.Go(func() { call.untilAcked(acks, ok) })

	bound := call.persona.Answers.Talk
	if bound == 0 {
		bound = longestTalk
	}
	talk, over := context.WithTimeout(ctx, bound)
	defer over()
	wg.Go(func() {
		defer over()
		select {
		case <-call.byed:
		case <-call.lost:
		case <-talk.Done():
		}
	})
	person.talk(talk)
	over()
	call.ended.Talk = time.Since(answered)
	select {
	case <-call.byed:
		call.ended.By = "caller"
	default:
		call.ended.By = "carrier"
		call.hangUp(ctx)
	}
}

// untilAcked sends the 200 again until its ACK is here or the call is over
// (RFC 3261 section 13.3.1.4). Without any after 32 s the call is lost.
func (call *customerCall) untilAcked(ctx context.Context, ok *sip.Response) {
	const t1, t2 = 500 * time.Millisecond, 4 * time.Second
	interval, limit := t1, time.NewTimer(64*t1)
	defer limit.Stop()
	for {
		again := time.NewTimer(interval)
		select {
		case <-call.acked:
			again.Stop()
			return
		case <-again.C:
			call.carrier.respond(call.tx, ok)
			interval = min(2*interval, t2)
		case <-limit.C:
			again.Stop()
			call.see(Record{Event: "lost_ack"})
			close(call.lost)
			return
		case <-ctx.Done():
			again.Stop()
			return
		}
	}
}

// byeBound is how long we wait for the answer to our BYE.
const byeBound = 4 * time.Second

// hangUp sends BYE. Before the ACK it must not be sent (RFC 3261 section 15);
// a carrier that is being stopped does not wait long for that.
func (call *customerCall) hangUp(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case <-call.acked:
	case <-call.lost:
	case <-call.byed:
		return
	case <-ctx.Done():
		call.wait(context.WithoutCancel(ctx), 500*time.Millisecond)
	}
	contact := call.req.Contact()
	if contact == nil {
		return
	}
	to := call.req.From().AsTo()
	from := call.req.To().AsFrom()
	req := sip.NewRequest(sip.BYE, contact.Address)
	id := sip.CallIDHeader(call.ended.CallID)
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.BYE})
	for _, r := range call.req.GetHeaders("Record-Route") { // RFC 3261 section 12.1.1: in order
		req.AppendHeader(sip.NewHeader("Route", r.Value()))
	}
	req.SetTransport(call.req.Transport())
	if route := req.Route(); route != nil {
		req.SetDestination(route.Address.HostPort())
	}
	call.see(Record{Event: "bye", By: "carrier"})
	if strings.EqualFold(call.req.Transport(), "tcp") {
		req.SetDestination(call.source) // the caller's own connection
	}
	ctx, over := context.WithTimeout(context.WithoutCancel(ctx), byeBound)
	defer over()
	if _, err := call.carrier.client.Do(ctx, req, sipgo.ClientRequestBuild); err != nil {
		call.carrier.o.Log.Warn("send BYE", "error", err)
	}
}
