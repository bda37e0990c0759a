package call

import (
	"context"
	"errors"
	"fmt"

	"parley/dialog"
)

// A call is handed on by asking the far side to call somebody else (Referrer).
// Until it told how that ended, nobody decides anything here.

// Transfers says where the callers of a flow's queue are handed to: a number or
// a SIP URI that may be called now. The error says why there is none.
type Transfers func(ctx context.Context, t Target, queue string) (to string, err error)

// handing is a transfer under way.
type handing struct {
	done chan error // told once, with room for it
	// asked is an operator's, who is told the outcome; nil for the flow's.
	asked chan<- error
	// stated: the customer said something meanwhile that must be answered should
	// nobody be there.
	stated bool
}

// transferWish is an operator's.
type transferWish struct {
	to   string
	done chan error
}

var (
	errNoTransfer = errors.New("nothing says where this queue is reached; name it under transfers")
	errCannot     = errors.New("this line cannot hand a call on")
	errBusy       = errors.New("the call is being handed on or ends; wait for its report")
)

// Transfer hands the other party to somebody else and waits until it is there,
// or ctx: then the transfer goes on. After an error the talk goes on, with the
// question repeated. Whether to may be called is for the caller of this to ask.
func (s *Session) Transfer(ctx context.Context, to string) error {
	w := transferWish{to, make(chan error, 1)}
	select {
	case s.wishes <- w:
	default:
		return errBusy
	}
	select {
	case err := <-w.done:
		return err
	case <-s.over:
		select {
		case err := <-w.done:
			return err
		default:
			return errBusy // nobody read the wish any more
		}
	case <-ctx.Done():
		return fmt.Errorf("the transfer is still under way: %w", ctx.Err())
	}
}

// wished begins an operator's transfer.
func (c *conversation) wished(work context.Context, w transferWish) {
	if !c.isUp || c.gone || c.ending || c.handing != nil {
		w.done <- errBusy
		return
	}
	if err := c.handOver(work, w.to, w.done); err != nil {
		w.done <- err
		return
	}
	c.started = true
	c.greet.stop()
	c.onBeat((*duplex).cut)
}

// reachQueue begins the transfer that the flow asked for, or tells it that
// there is nobody.
func (c *conversation) reachQueue(work context.Context, queue string) {
	err := errNoTransfer
	if c.parts.Transfers != nil {
		var to string
		ask, cancel := context.WithTimeout(work, policyTimeout)
		to, err = c.parts.Transfers(ask, c.target, queue)
		cancel()
		if err == nil {
			err = c.handOver(work, to, nil)
		}
	}
	if err != nil {
		c.log.Warn("a call was not handed on", "call", c.target.Call, "queue", queue, "error", err)
		c.turn(work, dialog.Turn{Kind: dialog.NoAgent})
	}
}

func (c *conversation) handOver(work context.Context, to string, asked chan<- error) error {
	r, ok := As[Referrer](c.leg)
	if !ok {
		return errCannot
	}
	h := &handing{done: make(chan error, 1), asked: asked}
	c.handing = h
	c.running.Go(func() { h.done <- r.Transfer(work, to, nil) })
	return nil
}

// handed is nil, and so never ready, while no transfer is under way.
func (c *conversation) handed() <-chan error {
	if c.handing == nil {
		return nil
	}
	return c.handing.done
}

// handedOver takes the end of a transfer.
func (c *conversation) handedOver(work context.Context, err error) {
	h := c.handing
	c.handing = nil
	if h.asked != nil {
		h.asked <- err
	}
	switch {
	case err == nil:
		c.turn(work, dialog.Turn{Kind: dialog.HandedOver})
	case h.asked == nil, h.stated:
		c.log.Warn("a call was not handed on", "call", c.target.Call, "error", err)
		c.turn(work, dialog.Turn{Kind: dialog.NoAgent})
	case len(c.prompts) == 0:
		c.turn(work, dialog.Turn{Kind: dialog.Start})
	case !c.isHeld:
		c.say(work, min(c.said, len(c.prompts)-1))
	}
}

// aside takes what the customer says or keys while the call is handed on, which
// may last minutes, or over the line before that: it is not answered, but a fact
// in it is kept at once.
func (c *conversation) aside(work context.Context, t dialog.Turn) {
	if t.Kind != dialog.Said && t.Kind != dialog.Keyed {
		return
	}
	c.relieve()
	c.forget()
	t.Aside, t.Now = true, c.now()
	c.cutNow, c.cutHeard = false, ""
	ctx, cancel := context.WithTimeout(work, policyTimeout)
	step, err := c.parts.Policy.Next(ctx, c.state, t)
	cancel()
	c.note(t, step)
	if err == nil {
		err = c.commit(work, step.Facts)
	}
	if err != nil {
		c.trouble("keep what was said during a transfer", err)
		return
	}
	if c.handing != nil {
		c.handing.stated = c.handing.stated || len(step.Facts) > 0
	}
}

// lastHanded takes the outcome of a transfer that the call's end brought: a far
// side that hung up is with the other party, or is not.
func (c *conversation) lastHanded(work context.Context) {
	select {
	case w := <-c.wishes:
		w.done <- errBusy
	default:
	}
	if c.handing == nil {
		return
	}
	err := <-c.handing.done // the leg is done, so is its transfer
	if h := c.handing; h.asked != nil {
		h.asked <- err
	}
	c.handing = nil
	if err == nil {
		gone := c.gone
		c.gone = false
		c.turn(work, dialog.Turn{Kind: dialog.HandedOver})
		c.gone = gone
	}
}
