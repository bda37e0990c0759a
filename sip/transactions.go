package sip

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// transactions are those under way, found by their keys (RFC 3261 sections
// 17.1.3 and 17.2.3). The state machines are sipgo's. Its layers above and
// below them are not used: they open sockets of their own, read whoever
// connects, and start goroutines that nobody can wait for; see
// docs/decisions/0007-own-transports.md.
type transactions struct {
	mu     sync.Mutex
	shut   bool
	client map[string]*sip.ClientTx
	server map[string]*sip.ServerTx
	most   int // of server
	// taken are the messages being taken up.
	taken sync.WaitGroup
}

// maxServerTransactions bounds the requests of others that are remembered for
// their repetitions, 64·T1 each: 2,000 a second fit.
const maxServerTransactions = 1 << 16

func newTransactions() *transactions {
	return &transactions{client: map[string]*sip.ClientTx{}, server: map[string]*sip.ServerTx{}, most: maxServerTransactions}
}

// noLog is sipgo's log: it would write whole messages, phone numbers and all.
var noLog = slog.New(slog.DiscardHandler)

// clientKey finds the transaction that a response belongs to.
func clientKey(m sip.Message) string {
	branch, _ := m.Via().Params.Get("branch")
	return branch + "\x00" + string(m.CSeq().MethodName)
}

// serverKey finds the transaction that a request belongs to; an ACK and a
// CANCEL belong to their INVITE.
func serverKey(req *sip.Request) string {
	via := req.Via()
	method := req.Method
	if req.IsAck() || req.IsCancel() {
		method = sip.INVITE
	}
	branch, _ := via.Params.Get("branch")
	if len(branch) > len(sip.RFC3261BranchMagicCookie) && branch[:len(sip.RFC3261BranchMagicCookie)] == sip.RFC3261BranchMagicCookie {
		return branch + "\x00" + via.Host + ":" + strconv.Itoa(via.Port) + "\x00" + string(method)
	}
	// A client of RFC 2543: what else identifies a request (section 17.2.3). The
	// To tag is left out, which an ACK has and its INVITE may not.
	return fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s\x00%s", req.CallID().Value(), tagOf(req.From()),
		req.CSeq().SeqNo, req.Recipient.String(), via.Value(), method)
}

// outlet is where one transaction writes: what sipgo takes for a connection.
type outlet struct {
	write func([]byte) error
	local net.Addr
	// failed is the error of the last write that failed: sipgo adds the request
	// line to it, phone number and all.
	failed atomic.Pointer[error]
}

func (o *outlet) WriteMsg(m sip.Message) error {
	err := o.write(textOf(m))
	if err != nil {
		o.failed.Store(&err)
	}
	return err
}

func (o *outlet) LocalAddr() net.Addr    { return o.local }
func (o *outlet) Ref(int) int            { return 1 }
func (o *outlet) TryClose() (int, error) { return 1, nil }
func (o *outlet) Close() error           { return nil }

// textOf writes a message.
func textOf(m sip.Message) []byte {
	var b bytes.Buffer
	b.Grow(1024)
	m.StringWrite(&b)
	return b.Bytes()
}

// openClient begins a client transaction and sends its request. An error means
// that the request has not left, not whole at least.
func (t *transactions) openClient(req *sip.Request, out *outlet) (*sip.ClientTx, error) {
	key := clientKey(req)
	tx := sip.NewClientTx(key, req, out, noLog)
	tx.OnTerminate(func(string, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.client, key)
	})
	t.mu.Lock()
	if t.shut {
		t.mu.Unlock()
		return nil, ErrClosed
	}
	t.client[key] = tx
	t.mu.Unlock()
	if err := tx.Init(); err != nil {
		tx.Terminate()
		if e := out.failed.Load(); e != nil {
			return nil, *e
		}
		return nil, fmt.Errorf("%w: the %s", sip.ErrTransactionTransport, req.Method)
	}
	return tx, nil
}

// response hands a response to its transaction, which may have to wait for who
// reads it; without a transaction it is stray. by is the connection it came by.
func (t *transactions) response(res *sip.Response, by *conn) {
	t.mu.Lock()
	tx := t.client[clientKey(res)]
	if tx == nil || t.shut {
		t.mu.Unlock()
		return
	}
	t.taken.Add(1)
	t.mu.Unlock()
	if by != nil {
		by.taken.Add(1)
	}
	go func() {
		defer t.taken.Done()
		if by != nil {
			defer by.taken.Done()
		}
		tx.Receive(res)
	}()
}

// request hands a request to its transaction, or opens one, for which fresh is
// called; it must not wait. An ACK opens none. False means that there are too
// many to open one.
func (t *transactions) request(req *sip.Request, out sip.Connection, fresh func(*sip.Request, *sip.ServerTx)) bool {
	key := serverKey(req)
	t.mu.Lock()
	if t.shut {
		t.mu.Unlock()
		return true
	}
	tx := t.server[key]
	switch {
	case tx != nil && req.IsCancel():
		t.mu.Unlock()
		_ = out.WriteMsg(sip.NewResponseFromRequest(req, sip.StatusOK, reason(sip.StatusOK), nil))
		_ = tx.Receive(req) // which answers the INVITE with 487
		return true
	case tx != nil:
		t.mu.Unlock()
		_ = tx.Receive(req) // of no use when another method came under its key
		return true
	case req.IsAck():
		t.mu.Unlock()
		return true
	}
	if req.IsCancel() {
		key += "\x00" + string(sip.CANCEL) // of what is gone: its own transaction
		if t.server[key] != nil {
			tx = t.server[key]
			t.mu.Unlock()
			_ = tx.Receive(req)
			return true
		}
	}
	if len(t.server) >= t.most {
		t.mu.Unlock()
		return false
	}
	tx = sip.NewServerTx(key, req, out, noLog)
	tx.OnTerminate(func(string, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.server, key)
	})
	t.server[key] = tx
	t.mu.Unlock()
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return true
	}
	fresh(req, tx)
	return true
}

// full reports whether no request can open a transaction.
func (t *transactions) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server) >= t.most
}

// close ends every transaction, lets none begin any more, and waits for those
// who still hand over a message.
func (t *transactions) close() {
	t.mu.Lock()
	t.shut = true
	var all []sip.Transaction
	for _, tx := range t.client {
		all = append(all, tx)
	}
	for _, tx := range t.server {
		all = append(all, tx)
	}
	t.mu.Unlock()
	for _, tx := range all {
		tx.Terminate()
	}
	t.taken.Wait()
}

// clientTx is a request under way.
type clientTx struct {
	*sip.ClientTx
	// to is where it went in the end.
	to   hop
	sent time.Time
}

// lost is closed when the connection that the request went by is gone: no
// response will come (RFC 3261 section 17.1.4). It is nil with UDP.
func (t *clientTx) lost() <-chan struct{} {
	if t.to.conn == nil {
		return nil
	}
	return t.to.conn.lost
}

// begin starts the client transaction of a request, over TCP and TLS on a
// connection that it may have to wait for. The request must not be touched
// afterwards. An INVITE leaves before the deadline of ctx or not at all. An
// error means that the request has not left.
func (s *Stack) begin(ctx context.Context, req *sip.Request, to hop) (*clientTx, error) {
	to, err := s.carry(ctx, req, to)
	if err != nil {
		return nil, err
	}
	if req.Transport() != to.via.String() {
		setVia(req, to.via, s.addressTowards(to))
	}
	var due time.Time
	if req.IsInvite() {
		due, _ = ctx.Deadline()
	}
	var left atomic.Bool // what follows repeats it
	out := &outlet{local: s.sock.conn.LocalAddr(), write: func(b []byte) error {
		if left.Swap(true) {
			return s.put(b, to, time.Time{})
		}
		return s.put(b, to, due)
	}}
	t := &clientTx{to: to, sent: time.Now()}
	if t.ClientTx, err = s.txs.openClient(req, out); err != nil {
		return nil, err
	}
	return t, nil
}

// outlet is how the responses to a request find their way.
func (s *Stack) outlet(to hop) sip.Connection {
	return &outlet{local: s.sock.conn.LocalAddr(), write: func(b []byte) error { return s.deliver(b, to) }}
}

// patient is how long a request over a connection may be without any answer
// until the connection is taken for dead.
const patient = 4 * time.Second

// silent notes that a request got no response until it ended, or until nobody
// waits for it any longer. It asks only the clock: the transaction's own lock is
// held while it hands over a response that nobody takes.
func (s *Stack) silent(t *clientTx) {
	if c := t.to.conn; c != nil && time.Since(t.sent) >= min(patient, 64*sip.T1) {
		s.conns.retire(c, t.sent)
	}
}
