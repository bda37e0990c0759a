package call

import (
	"context"
	"time"
)

// While the far side holds us nobody is there: the bot says nothing, what comes
// in is music and no answer, and no silence counts. The recording goes on. When
// the customer is back, the bot says again what the hold cut, or its question.

// maxHold ends a call that nobody takes back.
const maxHold = 5 * time.Minute

// pausing is what a call remembers for the time after a hold.
type pausing struct {
	held   <-chan bool // tells when the far side holds us; nil where none can
	isHeld bool
	limit  timer
	// step is the latest one that speaks, of which said prompts were heard to
	// their end.
	step int
	said int
}

// heldNow takes the far side's word on a hold.
func (c *conversation) heldNow(work context.Context, held bool) {
	if held == c.isHeld || c.gone {
		return
	}
	c.isHeld = held
	if held {
		c.tell(Moment{At: time.Now(), State: "held"})
		c.awaiting = 0
		c.relieve()
		c.forget()
		c.limit.set(maxHold)
		c.onBeat(func(d *duplex) {
			d.held = true
			d.cut()
		})
		return
	}
	c.tell(Moment{At: time.Now(), State: "resumed"})
	c.limit.stop()
	c.onBeat(func(d *duplex) { d.held = false })
	if n := len(c.prompts); n > 0 && c.handing == nil {
		c.say(work, min(c.said, n-1))
	}
}

// holdOver: the hold has no end.
func (c *conversation) holdOver(work context.Context) {
	c.report.Problem = "the far side held the call for longer than " + maxHold.String()
	c.hangUp(work, PartyBot)
}
