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
	// usual is the running mean level of this customer's turns in dB.
	usual int

	answer  phrase.Answer
	silence time.Duration
	armed   bool // the clock for Timeout runs
	armedAt time.Duration

	late late

	// lapsed is the span of what was let go last, at lapsedAt.
	lapsed   time.Duration
	lapsedAt time.Duration
}

// late is the doubt about an utterance that was let go during a prompt: its
// final may still show that it was meant.
type late struct {
	until time.Duration // finals are believed until then
	words bool          // it was meant, the words are known: cut
	reply bool          // it answers the prompt, should that end soon
	turn  bool          // end the turn, not before at
	at    time.Duration
	known bool // the TurnEnd just given has its words already
}

// lateWords is how long after letting go a final may still stop the prompt.
const lateWords = 1500 * time.Millisecond

// rejoin: who speaks on so soon after being let go had only drawn breath.
const rejoin = 300 * time.Millisecond

// longestForeign bounds an utterance before the conversation begins, when it is
// an announcement or a greeting whose words are wanted soon.
const longestForeign = 6 * time.Second

// early is how long before a prompt's end an answer may have been given.
const early = 800 * time.Millisecond

// settle is how long kept speech waits after a prompt's end, so that the next
// prompt of the same step may begin first.
const settle = 100 * time.Millisecond

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

// Observe takes the next signal. It never waits and keeps nothing of s but its
// text and prompt.
func (d *Detector) Observe(s Signal) Decision {
	d.now = max(d.now, s.At)
	switch s.Kind {
	case Sound:
		d.late.known = false
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
		d.answer, d.silence = s.Answer, s.Silence
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

// replied ends the turn of who answered over the prompt's last words, unless
// they speak again or the next prompt of the step begins.
func (d *Detector) replied() {
	meant := d.late.words || d.late.reply && d.now-d.lapsedAt <= early
	d.late.words, d.late.reply = false, false
	if meant && !d.u.open {
		d.late.turn, d.late.at = true, d.now+settle
	}
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
	d.u.words = words{text: s.Text, kind: judge(s.Text, d.prompt, d.playing)}
	d.u.standing = d.now
}

// final takes the words of an utterance that was let go while in doubt. One
// that closed with a TurnEnd needs nothing more from here.
func (d *Detector) final(s Signal) {
	inTime := d.now < d.late.until
	d.late.until = 0
	if !inTime || s.Rejected {
		return
	}
	meant := judge(s.Text, d.prompt, d.playing)
	answers := meant >= content || meant == murmur && d.answer == phrase.YesNo
	switch {
	case d.playing && d.cuts(meant, s.Text):
		d.late.words = true
	case d.playing:
		d.late.reply = answers
	case answers && d.endedAt-d.lapsedAt <= early:
		d.late.turn, d.late.at = true, d.now
	}
}

// cuts reports whether words of this kind stop the prompt that is playing.
func (d *Detector) cuts(e evidence, text string) bool {
	if d.prompt.Mode == Hotword {
		return contains(text, d.prompt.Hotwords)
	}
	if d.prompt.Mode == Never {
		return false
	}
	// In a prompt's first moments a greeting answers its "hello".
	return e == stop || e == content || e == greets && d.now-d.promptAt > 1500*time.Millisecond
}

func (d *Detector) sound(s Signal) Decision {
	d.u.hear(d.now, s, d.playing)
	if !d.u.open && d.u.voiced >= 60*time.Millisecond {
		d.u.open = true
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

// cutForKey stops the prompt for a key. The key is what the customer said: an
// utterance that was open is dropped.
func (d *Detector) cutForKey() Decision {
	d.keyed, d.kept = false, false
	d.u = utterance{}
	d.cut()
	d.owed = false
	return Cut
}

func (d *Detector) cut() Decision {
	d.playing, d.ducked = false, false
	d.endedAt = d.now
	d.owed = d.u.open
	d.arm()
	return Cut
}

// during judges speech while a prompt plays.
func (d *Detector) during() Decision {
	if !d.u.open || d.kept && d.u.under == 0 {
		return Hold
	}
	if d.prompt.Mode == Never {
		return d.bound()
	}
	if d.interrupts() {
		return d.cut()
	}
	if d.u.quiet(d.now) >= d.resumeAfter() {
		return d.letGo()
	}
	if !d.ducked && d.u.run > 0 && d.u.under+d.u.carried >= d.bar(d.c.Duck) {
		d.ducked = true
		return Duck
	}
	return Hold
}

// bar is the evidence asked for: twice as much while the guard stands.
func (d *Detector) bar(need time.Duration) time.Duration {
	if d.now-d.promptAt < d.prompt.Guard {
		return 2 * need
	}
	return need
}

// interrupts weighs words, length and level of speech over the prompt.
func (d *Detector) interrupts() bool {
	w := d.u.words
	stood := d.now - d.u.standing
	if d.prompt.Mode == Hotword {
		return contains(w.text, d.prompt.Hotwords)
	}
	if d.cuts(w.kind, w.text) && d.u.under >= d.bar(d.c.Duck) && d.now-d.u.onset >= d.c.Decide {
		// A grammar's first guesses flip; a word that claims the floor is worth
		// the risk, others must have stood for a moment.
		if w.kind == stop || stood >= 160*time.Millisecond {
			return true
		}
	}
	span := d.u.span(d.promptAt)
	switch w.kind {
	case echoed:
		return false
	case murmur, greets:
		return span >= d.c.Murmur
	}
	if span >= d.bar(d.c.Long) {
		return true
	}
	loud := d.usual > 0 && d.u.loudness() >= d.usual
	return loud && span >= d.bar(d.c.Loud)
}

// resumeAfter is the silence after which speech over the prompt was nothing.
func (d *Detector) resumeAfter() time.Duration {
	if k := d.u.words.kind; k == murmur || k == echoed {
		return d.c.Resume * 2 / 3
	}
	return d.c.Resume
}

// letGo closes an utterance that was nothing, raising the prompt again. What
// was said over an earlier disclosure stays and is answered.
func (d *Detector) letGo() Decision {
	if d.kept {
		d.u.under = 0
	} else {
		d.lapsed, d.lapsedAt = 0, d.now
		if k := d.u.words.kind; k != murmur && k != echoed {
			d.lapsed = d.u.span(d.promptAt)
		}
		d.u = utterance{}
		d.late = late{until: d.now + lateWords}
	}
	if !d.ducked {
		return Hold
	}
	d.ducked = false
	return Resume
}

// bound keeps speech during a prompt that may not be interrupted. It closes
// only when there is too much of it, or when it was nothing but a noise.
func (d *Detector) bound() Decision {
	if d.u.quiet(d.now) >= d.c.Pauses.Free && d.u.voiced < d.c.Least {
		d.u, d.kept = utterance{}, false
	}
	return Hold
}

// listening follows an utterance while the bot is silent.
func (d *Detector) listening() Decision {
	quiet := d.u.quiet(d.now)
	longest := d.c.MaxTurn
	if !d.begun {
		longest = min(longest, longestForeign)
	}
	if d.now-d.u.onset >= longest {
		return d.close()
	}
	w := d.u.words
	stable := w.text != "" && d.now-d.u.standing >= 240*time.Millisecond
	if quiet < d.c.Pauses.budget(d.answer, w.text, stable) || d.now-d.endedAt < settle && d.endedAt > 0 {
		return Hold
	}
	return d.close()
}

// close ends the open utterance: a turn, or nothing.
func (d *Detector) close() Decision {
	least := d.u.voiced >= d.c.Least || d.u.words.kind > nothing
	// Listening noises long before the end of a prompt do not answer it.
	stale := d.u.words.kind == murmur && d.endedAt-d.u.last > time.Second
	turn := d.begun && (d.owed || least && !stale)
	if turn {
		d.learn()
		d.armed, d.owed = false, false
	}
	d.u, d.kept = utterance{}, false
	if turn {
		return TurnEnd
	}
	return Hold
}

// learn keeps the level at which this customer speaks when it is their turn.
func (d *Detector) learn() {
	l := d.u.loudness()
	if d.usual == 0 {
		d.usual = l
		return
	}
	d.usual += (l - d.usual) / 4
}

// waiting runs the clock of silence after a prompt.
func (d *Detector) waiting() Decision {
	limit := d.silence
	if limit <= 0 {
		limit = d.c.Silence
	}
	if !d.armed || d.u.voiced > 0 || d.now-d.armedAt < limit {
		return Hold
	}
	d.armed = false
	return Timeout
}
