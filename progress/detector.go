package progress

import (
	"time"

	"parley/outcome"
)

// Config holds the times of the decision. The zero value means the defaults.
type Config struct {
	// Gap is the pause that ends a burst of speech.
	Gap time.Duration
	// Short and Greeting are the longest first bursts of a human, who then
	// waits; the shorter one needs less of a pause to be believed.
	Short, Greeting time.Duration
	// Wait is the pause after a greeting of up to Greeting.
	Wait time.Duration
	// Recital is how long a first burst goes on when a machine recites it.
	Recital time.Duration
	// Stands is how long what a partial says must stand before it counts, with
	// at least the confidence Sure all the while.
	Stands time.Duration
	// Sure is the confidence that a partial needs, and a final that gives the
	// network's reason: it hangs up a call that rings.
	Sure float64
	// Nobody: silence after the answer that says nobody is there.
	Nobody time.Duration
	// Watch is how long after the answer words are still judged.
	Watch time.Duration
	// Listen is how long after the answer a beep still means a machine.
	Listen time.Duration
}

func (c Config) withDefaults() Config {
	or := func(v *time.Duration, ms int) {
		if *v <= 0 {
			*v = time.Duration(ms) * time.Millisecond
		}
	}
	or(&c.Gap, 420)
	or(&c.Short, 1200)
	or(&c.Greeting, 2400)
	or(&c.Wait, 640)
	or(&c.Recital, 3200)
	or(&c.Stands, 400)
	or(&c.Nobody, 5000)
	if c.Sure <= 0 {
		c.Sure = 0.6
	}
	or(&c.Watch, 20000)
	or(&c.Listen, 60000)
	return c
}

const tick = 20 * time.Millisecond

// Detector decides for one call; it has one owner and never waits.
type Detector struct {
	c        Config
	now      time.Duration
	answered bool
	at       time.Duration // of the answer
	talking  bool          // the conversation began
	last     Verdict

	// guess is what a partial says, since guessed: a grammar's first guesses
	// flip, so it must stand for a while.
	guess   Verdict
	recited bool // the guess is in a recording's own wording
	guessed time.Duration

	burst burst
	music time.Duration // how long early sound has gone on without a pause
}

// burst is the far side's first stretch of speech after the answer.
type burst struct {
	begun bool
	over  bool
	onset time.Duration
	last  time.Duration // end of the latest speech
}

// New returns a detector for one call.
func New(c Config) *Detector { return &Detector{c: c.withDefaults()} }

// Observe takes the next signal; ok reports a new verdict.
func (d *Detector) Observe(s Signal) (v Verdict, ok bool) {
	d.now = max(d.now, s.At)
	switch s.Kind {
	case Answered:
		if !d.answered {
			d.answered, d.at, d.burst, d.music = true, d.now, burst{}, 0
		}
		return Verdict{}, false
	case Talk:
		d.talking = true
		return Verdict{}, false
	case Own:
		if !d.burst.over {
			d.burst = burst{}
		}
		return Verdict{}, false
	case Words:
		return d.words(s)
	}
	if d.guess.Class != "" && d.now-d.guessed >= d.c.Stands {
		v := d.guess
		d.guess = Verdict{}
		if v, ok := d.said(v, d.recited); ok {
			return v, true
		}
	}
	if s.Tone != NoTone {
		if v, ok := d.tone(s.Tone); ok {
			return v, true
		}
	}
	if !d.answered {
		return d.early(s.Speech)
	}
	return d.first(s.Speech)
}

// tell makes a verdict the current one; saying the same again is nothing new.
func (d *Detector) tell(v Verdict) (Verdict, bool) {
	if v.Network == d.last.Network && v.AnsweredBy == d.last.AnsweredBy && v.Class == d.last.Class {
		return Verdict{}, false
	}
	v.At = d.now
	d.last = v
	return v, true
}

// signals are the tones that are a result of the network, before the answer or
// instead of somebody.
var signals = map[Tone]Verdict{
	Busy:         {Network: outcome.Busy, Class: "busy_tone", Confidence: 0.95},
	Congestion:   {Network: outcome.Congestion, Class: "congestion_tone", Confidence: 0.9},
	SIT:          {Network: outcome.Unreachable, Class: "sit", Confidence: 0.8},
	SITIntercept: {Network: outcome.InvalidNumber, Class: "sit_intercept", Confidence: 0.85},
	SITVacant:    {Network: outcome.InvalidNumber, Class: "sit_vacant", Confidence: 0.95},
	SITReorder:   {Network: outcome.Congestion, Class: "sit_reorder", Confidence: 0.9},
	SITNoCircuit: {Network: outcome.Congestion, Class: "sit_no_circuit", Confidence: 0.9},
	Unobtainable: {Network: outcome.InvalidNumber, Class: "unobtainable_tone", Confidence: 0.7},
}

func (d *Detector) tone(t Tone) (Verdict, bool) {
	if v, ok := signals[t]; ok {
		if d.talking {
			return Verdict{}, false
		}
		return d.tell(v)
	}
	switch t {
	case Ringback:
		if !d.answered {
			return d.tell(Verdict{Class: "ringback", Confidence: 0.95})
		}
	case Beep:
		if d.answered && d.now-d.at <= d.c.Listen && !d.talking || d.last.AnsweredBy == outcome.Voicemail {
			return d.tell(Verdict{AnsweredBy: outcome.Voicemail, Class: "beep", Confidence: 0.9})
		}
	case Fax:
		if d.answered {
			return d.tell(Verdict{AnsweredBy: outcome.Fax, Class: "fax", Confidence: 0.98})
		}
	}
	return Verdict{}, false
}

// words judges recognised text: a final, or a partial that stands. Once a person
// is known only a recording's own wording counts: a person may say that their
// phone was off, or ask for a message.
func (d *Detector) words(s Signal) (Verdict, bool) {
	v, ok := Classify(s.Text)
	if s.Final {
		d.guess = Verdict{}
		sure := d.c.Sure
		if v.Confidence >= 0.9 {
			sure -= 0.05 // a whole sentence in the network's wording
		}
		if !ok || v.Network != "" && s.Confidence < sure {
			return Verdict{}, false // noise and sung ring-back end in some phrase too
		}
		return d.said(v, recited(s.Text))
	}
	switch {
	case !ok || v.Confidence < 0.9 || s.Confidence < d.c.Sure:
		d.guess = Verdict{}
	case v.Class != d.guess.Class:
		d.guess, d.guessed = v, d.now
		d.recited = recited(s.Text)
	default:
		d.recited = recited(s.Text)
	}
	return Verdict{}, false
}

// said takes what was said for sure.
func (d *Detector) said(v Verdict, recited bool) (Verdict, bool) {
	if d.answered && d.now-d.at > d.c.Watch {
		return Verdict{}, false
	}
	if !d.answered {
		return d.announced(v)
	}
	if (d.talking || d.last.AnsweredBy == outcome.Human) && !recited {
		return Verdict{}, false
	}
	if v.Network == "" && v.AnsweredBy == "" {
		return Verdict{}, false
	}
	return d.tell(v)
}

// announced takes an announcement before the answer. "Connecting" after a
// final class takes nothing back.
func (d *Detector) announced(v Verdict) (Verdict, bool) {
	if d.last.Final() && !v.Final() {
		return Verdict{}, false
	}
	return d.tell(v)
}

// early follows sound before the answer: what sounds like speech for long
// without a pause and without known words is ring-back music.
func (d *Detector) early(speech bool) (Verdict, bool) {
	if speech {
		d.music += tick
	} else {
		d.music = max(0, d.music-2*tick)
	}
	if d.music < 6*time.Second || d.last.Class != "" {
		return Verdict{}, false
	}
	return d.tell(Verdict{Class: "ringback_music", Confidence: 0.6})
}

// first follows the far side's first burst of speech after the answer.
func (d *Detector) first(speech bool) (Verdict, bool) {
	b := &d.burst
	switch {
	case b.over || d.talking && !b.begun:
		return Verdict{}, false
	case speech:
		if !b.begun {
			b.begun, b.onset = true, d.now
		}
		b.last = d.now + tick
		if b.last-b.onset < d.c.Recital || d.last.AnsweredBy != "" {
			return Verdict{}, false
		}
		b.over = true
		return d.tell(Verdict{AnsweredBy: outcome.Voicemail, Class: "recital", Confidence: 0.7})
	case !b.begun:
		if d.now-d.at < d.c.Nobody || d.last.AnsweredBy != "" {
			return Verdict{}, false
		}
		return d.tell(Verdict{AnsweredBy: outcome.Silent, Class: "silence", Confidence: 0.7})
	}
	return d.paused(d.now + tick - b.last)
}

// paused judges the first burst once a pause follows it.
func (d *Detector) paused(pause time.Duration) (Verdict, bool) {
	length := d.burst.last - d.burst.onset
	wait := d.c.Wait
	if length <= d.c.Short {
		wait = d.c.Gap
	}
	if length < 80*time.Millisecond && pause >= d.c.Gap { // a click, a breath
		d.burst = burst{}
		return Verdict{}, false
	}
	if length > d.c.Greeting { // a receptionist's, or a machine that breathes
		wait = 2 * d.c.Wait
	}
	if pause < wait {
		return Verdict{}, false
	}
	d.burst.over = true
	if d.last.AnsweredBy != "" && d.last.AnsweredBy != outcome.Silent {
		return Verdict{}, false
	}
	confidence := 0.9
	switch {
	case length > d.c.Greeting:
		confidence = 0.6
	case length > d.c.Short:
		confidence = 0.75
	}
	return d.tell(Verdict{AnsweredBy: outcome.Human, Class: "greeting", Confidence: confidence})
}
