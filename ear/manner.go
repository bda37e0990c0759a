package ear

import (
	"parley/media/pitch"
	"parley/media/prosody"
)

// listenOn is how many frames of a pause inside an utterance are still
// measured: they show the line's noise, which the features leave out. What
// follows them only counts.
const listenOn = 10

// manner measures how an utterance is said. It begins with the sound that may
// become one and hears speech and the first moment of each pause.
//
//	sound that may be a voice ─▶ begin ─▶ it opens an utterance ─▶ measured to its end
//	                               ▲         or not: the next sound begins anew
type manner struct {
	meter  prosody.Meter
	begun  bool // a sound is measured
	open   bool // it opened an utterance
	paused int  // frames since the last sound
}

// sound takes a frame with what may be the customer's voice.
func (m *manner) sound(pcm []int16, p pitch.Result) {
	if !m.begun {
		m.begun = true
		m.meter.Begin()
	}
	m.paused = 0
	m.meter.Frame(pcm, p.F0, p.Clarity)
}

// pause takes a frame without; nil when none came.
func (m *manner) pause(pcm []int16) {
	if !m.begun {
		return
	}
	m.paused++
	switch {
	case pcm == nil || m.paused > listenOn && m.open:
		m.meter.Rest()
	case m.paused > listenOn:
		m.begun = false // it came to nothing
	default:
		m.meter.Frame(pcm, 0, 0)
	}
}

// end sums up the utterance that ends here.
func (m *manner) end() prosody.Features {
	if !m.begun {
		return prosody.Features{}
	}
	m.begun = false
	return m.meter.Features()
}

// follow is told after each tick whether an utterance is open.
func (m *manner) follow(open bool) {
	if m.open && !open {
		m.begun = false
	}
	m.open = open
}
