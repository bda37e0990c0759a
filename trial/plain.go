package trial

import (
	"parley/barge"
	"parley/ear"
)

// The baseline's times, those of a common voice-agent default.
const (
	PlainMin     = 500 // ms of speech that interrupt
	PlainSilence = 700 // ms of silence that end a turn
	// plainGap is the silence that one stretch of speech may hold.
	plainGap = 200
	// plainLeast is the speech without which a silence ends no turn.
	plainLeast = 100
)

// Plain is the baseline: speech for Min stops a prompt, silence for Silence
// ends a turn. It has the same detector and echo gate as the ear, and no words.
type Plain struct {
	Min, Silence int // ms

	span, quiet, voiced int // ms
}

// Take implements Taker.
func (p *Plain) Take(h ear.Heard) barge.Decision { return p.hear(h.Speech) }

func (p *Plain) hear(speech bool) barge.Decision {
	if speech {
		if p.quiet >= plainGap {
			p.span = 0
		}
		p.span += p.quiet*b2i(p.span > 0) + 20
		p.voiced += 20
		p.quiet = 0
		if p.span >= p.Min {
			return barge.Cut
		}
		return barge.Hold
	}
	p.quiet += 20
	if p.voiced >= plainLeast && p.quiet >= p.Silence {
		p.voiced, p.span = 0, 0
		return barge.TurnEnd
	}
	return barge.Hold
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
