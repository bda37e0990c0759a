package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// transact sends a request other than INVITE and waits for its final response,
// at most timer F (64·T1) and ctx. Until then its hop is listened to: a dialog
// may have moved to where no call of ours is known.
func (s *Stack) transact(ctx context.Context, req *sip.Request, to hop) (*sip.Response, error) {
	res, _, err := s.exchange(ctx, req, to)
	return res, err
}

// exchange is transact that tells where the request went in the end.
func (s *Stack) exchange(ctx context.Context, req *sip.Request, to hop) (*sip.Response, hop, error) {
	s.peer(to.addr.Addr())
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unpeer([]netip.Addr{to.addr.Addr()})
	}()
	tx, err := s.begin(ctx, req, to)
	if err != nil {
		return nil, to, fmt.Errorf("send %s: %w", req.Method, err)
	}
	keep := false
	defer func() {
		if !keep {
			tx.Terminate()
		}
	}()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				keep = req.IsInvite() // its ACK may have to be repeated (timer D)
				return res, tx.to, nil
			}
		case <-tx.Done():
			s.silent(tx)
			return nil, tx.to, fmt.Errorf("%s: %w", req.Method, tx.Err())
		case <-tx.lost():
			return nil, tx.to, fmt.Errorf("%s: %w", req.Method, tx.to.conn.err)
		case <-ctx.Done():
			s.silent(tx)
			return nil, tx.to, fmt.Errorf("%s: %w", req.Method, ctx.Err())
		}
	}
}

// goodbye ends a confirmed dialog where its next hop is now.
func (s *Stack) goodbye(ctx context.Context, d *dialog, a *account) error {
	return s.part(ctx, d, s.nextHop(ctx, d), a)
}

// part ends a confirmed dialog with BYE and waits for the reply. A trunk that
// challenges even that gets its answer once, and a BYE whose connection breaks
// is sent again over another. 408 and 481 mean that the dialog is gone, which
// is what we wanted.
func (s *Stack) part(ctx context.Context, d *dialog, to hop, a *account) error {
	ctx, cancel := context.WithTimeout(ctx, linger()+time.Second)
	defer cancel()
	var proof sip.Header
	for range 2 {
		bye := d.bye(proof)
		uri := bye.Recipient.String()
		res, err := s.transact(ctx, bye, to)
		if errors.Is(err, ErrConnection) && ctx.Err() == nil {
			to = s.nextHop(ctx, d)
			res, err = s.transact(ctx, d.bye(proof), to)
		}
		switch {
		case err != nil:
			return err
		case res.IsSuccess(), res.StatusCode == sip.StatusRequestTimeout,
			res.StatusCode == sip.StatusCallTransactionDoesNotExists:
			return nil
		case res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired:
			return fmt.Errorf("BYE was refused with %d %s", res.StatusCode, res.Reason)
		}
		if proof, err = d.prove(a, res, sip.BYE, uri); err != nil {
			return fmt.Errorf("BYE: %w", err)
		}
	}
	return fmt.Errorf("BYE: %w: refused twice", ErrAuth)
}

// nextHop is where a request inside a dialog goes; where the far side names a
// host nobody can find, the place its INVITE went to.
func (s *Stack) nextHop(ctx context.Context, d *dialog) hop {
	next, err := d.next()
	if err != nil {
		return d.peer
	}
	to, err := s.resolve(ctx, next)
	if err != nil || !to.usable() {
		return d.peer
	}
	if c := d.peer.conn; c != nil && !c.isGone() && to.via == d.peer.via && to.addr.Addr() == c.peer.Addr() {
		return d.peer // it listens elsewhere, but has this connection to us
	}
	if peer := d.peer; to.via != udp && (to.via != peer.via || to.addr != peer.addr) {
		to.instead = &peer // its Contact may name what only its own network can reach
	}
	return to
}

// endLate acknowledges and ends a 2xx for an INVITE of ours whose call is over
// or was settled on another fork: otherwise it would stand, and be billed.
// Only its BYE is sent once; every retransmission gets its ACK. It goes to
// where the response came from, so that nothing written in it can direct our
// traffic at a third party.
func (s *Stack) endLate(res *sip.Response, src hop) {
	d := s.dialogOf(res, src)
	s.send(d.ack(nil), src)
	if !s.byeOnce(d) {
		return
	}
	s.count.late.Add(1)
	s.log.Warn("a late answer was acknowledged and is ended", "call", d.callID)
	s.spawn(func() {
		ctx, cancel := context.WithTimeout(context.Background(), linger())
		defer cancel()
		bye := d.bye(nil)
		if _, err := s.transact(ctx, bye, src); err != nil {
			s.log.Warn("the BYE of a late answer failed", "call", d.callID, "error", err)
		}
	})
}

// byeOnce reports whether this dialog still needs a BYE, and notes that it got
// one.
func (s *Stack) byeOnce(d *dialog) bool {
	key := d.callID + "\x00" + d.remoteTag
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byes[key]; ok || len(s.byes) >= maxByes {
		return false
	}
	s.byes[key] = time.Now().Add(2 * linger())
	return true
}
