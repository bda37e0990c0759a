package barge

import (
	"time"

	"parley/phrase"
)

// Detector decides for one call. It has one owner, the beat; no method may be
// called by two goroutines at once.
type Detector struct {
	c   Config
	now time.Duration

	prompt   Prompt
	playing  bool
	promptAt time.Duration
	endedAt  time.Duration
	ducked   bool

	u     utterance
	begun bool // a prompt or an expectation came: turns count from here
	owed  bool // a cut was decided: a TurnEnd must follow
	kept  bool // said over a prompt that may not be interrupted, to be answered
	keyed bool

	// voice, pace and sounds are what was learnt of this customer; silent is where
	// the strategies look, kept here so that a tick allocates nothing.
	voice  voice
	pace   pace
	sounds sounds
	silent ending
	// wait is the silence that ended the last turn, why the strategy that set
	// it, and endedVoice its last voiced sound.
	wait       time.Duration
	why        string
	endedVoice time.Duration

	answer  phrase.Answer
	digits  int
	silence time.Duration
	armed   bool // the clock for Timeout runs
	armedAt time.Duration

	late   late
	likely bool
	own    bool // the utterance just closed was the bot heard back

	// lapsed is the span of what was let go last, at lapsedAt.
	lapsed   time.Duration
	lapsedAt time.Duration
}

// New returns a detector for one call.
func New(c Config) *Detector { return &Detector{c: c.withDefaults()} }

// Open reports whether an utterance is open: its sound belongs to the
// recogniser. It opens after 60 ms of voiced sound, so what came before must
// be fed from a buffer; it closes with a TurnEnd, or without one when it was
// nothing.
func (d *Detector) Open() bool { return d.u.open }

// Onset is the start of the first voiced sound of the open utterance.
func (d *Detector) Onset() time.Duration { return d.u.onset }

// Quiet is how long the customer has been silent inside the open utterance.
func (d *Detector) Quiet() time.Duration { return d.u.quiet(d.now) }

// Known reports that the TurnEnd just decided belongs to an utterance that had
// closed before and whose final words already came: nothing more will follow.
func (d *Detector) Known() bool { return d.late.known }

// Likely reports that the open utterance is probably a turn that is over: its
// words have stood for a while and the customer has just fallen silent. It is
// no decision: it holds until the TurnEnd comes or the customer speaks on, and
// whoever starts on the words meanwhile must be able to forget it again.
func (d *Detector) Likely() bool { return d.likely }

// Budget is, with a TurnEnd, the silence that ended the turn and the name of the
// strategy that had most to do with it: silence, stability, contour, length, syntax or
// asked; longest for a turn that was too long, answered for one whose words
// came late or that a prompt had to be waited out for.
func (d *Detector) Budget() (wait time.Duration, by string) { return d.wait, d.why }

// Own reports that the utterance which closed with this signal was nobody but
// the bot heard back: its final says nothing.
func (d *Detector) Own() bool { return d.own }

// Observe takes the next signal. It never waits and keeps nothing of s but its
// text and prompt.
func (d *Detector) Observe(s Signal) Decision {
	d.now = max(d.now, s.At)
	switch s.Kind {
	case Sound:
		d.late.known, d.own, d.likely = false, false, false
		if s.Learnt && d.playing && d.u.frames > 0 && d.now-d.u.onset <= learning {
			return d.disown()
		}
		return d.sound(s)
	case Words:
		d.words(s)
	case Key:
		d.keyed = true
		d.armedAt = d.now
	case PromptStart:
		d.start(s.Prompt)
	case PromptEnd:
		d.end()
	case Expect:
		d.answer, d.digits, d.silence = s.Answer, s.Digits, s.Silence
		d.begun = true
		if !d.playing {
			d.arm()
		}
	}
	return Hold
}

func (d *Detector) start(p Prompt) {
	if p.Mode == "" {
		p.Mode = Always
	}
	if p.Guard <= 0 {
		p.Guard = d.c.Guard
	}
	d.prompt, d.playing, d.promptAt = p, true, d.now
	d.ducked, d.begun, d.armed, d.keyed = false, true, false, false
	d.u.under, d.u.carried, d.lapsed = 0, 0, 0
	d.late = late{}
}

func (d *Detector) end() {
	if d.playing {
		d.playing, d.ducked = false, false
		d.endedAt = d.now
		d.kept = d.u.open && d.u.voiced >= d.c.Least && (d.kept || d.prompt.Mode == Never)
		d.replied()
	}
	d.arm()
}

// arm starts the clock for Timeout.
func (d *Detector) arm() { d.armed, d.armedAt = true, d.now }

func (d *Detector) words(s Signal) {
	if s.Final {
		d.final(s)
		return
	}
	if !d.u.open || s.Text == d.u.words.text {
		return
	}
	kind := judge(s.Text, d.prompt, d.playing)
	if kind == content && opensMurmur(s.Text) {
		kind = murmur
	}
	d.u.words = read(s.Text, kind, d.answer)
	d.u.standing = d.now
}

// learning is how long an echo may be heard before it is known as one.
const learning = 1200 * time.Millisecond

// disown drops an utterance that was the bot heard back.
func (d *Detector) disown() Decision {
	d.own = d.u.open
	d.u, d.late, d.kept, d.lapsed = utterance{}, late{}, false, 0
	if !d.ducked {
		return Hold
	}
	d.ducked = false
	return Resume
}

// hear takes a tick of sound into the utterance, and learns the customer's
// voice and pauses from their own turns.
func (d *Detector) hear(s Signal) {
	before := d.u.last
	if !d.u.hear(d.now, s, d.playing) {
		return
	}
	d.sounds.add(s.Pitch, s.Level)
	if d.playing {
		return
	}
	d.voice.hear(s.Pitch)
	if d.u.open && d.u.last > before {
		d.pace.paused(d.now - before)
	}
}

func (d *Detector) sound(s Signal) Decision {
	d.hear(s)
	if !d.u.open && d.u.voiced >= 60*time.Millisecond {
		d.u.open = true
		if gap := d.u.onset - d.endedVoice; d.endedVoice > 0 && !d.playing && gap <= longestPause {
			d.pace.paused(gap) // the turn had not been over
		}
		if d.playing && d.lapsed > 0 && d.u.onset-d.lapsedAt < rejoin {
			d.u.carried = d.lapsed
		}
		d.lapsed = 0
	}
	switch {
	case d.keyed && d.playing:
		return d.cutForKey()
	case d.late.turn && d.now >= d.late.at:
		d.late = late{known: true}
		d.armed, d.owed = false, false
		d.wait, d.why = 0, "answered"
		return TurnEnd
	case d.late.words && d.playing:
		d.late = late{turn: true, at: d.now}
		return d.cut()
	case d.playing:
		return d.during()
	case d.u.open:
		return d.listening()
	}
	return d.waiting()
}
