package sip

import (
	"errors"
	"time"
)

// A far side that is gone without a BYE is noticed by its silence: no RTP at
// all, where there should be some.

// ErrMediaTimeout: no sound came for so long that the call was ended.
var ErrMediaTimeout = errors.New("no sound came from the far side any more")

const (
	// defaultMediaTimeout and its checks notice a dead far side within 10 s.
	defaultMediaTimeout = 9 * time.Second
	checksPerTimeout    = 18
)

// listenFrom counts the silence from now on, once the call is answered: the
// session has just changed.
func (l *leg) listenFrom(now time.Time, theirs direction, held bool) {
	l.heardFrom = now
	l.expectSound = !held && theirs == sendrecv && !l.holding
	if l.m.state == talking && l.sound != nil && l.stack.mediaTimeout > 0 {
		l.listening.set(l.stack.mediaTimeout / checksPerTimeout)
	}
}

// listened ends a call whose far side has been silent for too long. On hold,
// either way round, silence is no sign.
func (l *leg) listened(now time.Time) {
	if l.m.state != talking {
		l.listening.stop()
		return
	}
	l.listening.set(l.stack.mediaTimeout / checksPerTimeout)
	if !l.expectSound || l.holding {
		l.heardFrom = now
		return
	}
	if silent := min(l.sound.Silent(), now.Sub(l.heardFrom)); silent >= l.stack.mediaTimeout {
		l.log.Warn("no sound came from the far side any more, the call is ended", "silent", silent.Round(time.Millisecond))
		l.listening.stop()
		l.do(l.m.on(input{what: vanished, err: ErrMediaTimeout}))
	}
}
