package barge

import "time"

// rejoin: who speaks on so soon after being let go had only drawn breath.
const rejoin = 440 * time.Millisecond

// cuts reports whether words of this kind stop the prompt that is playing.
func (d *Detector) cuts(e evidence, text string) bool {
	if d.prompt.Mode == Hotword {
		return contains(text, d.prompt.Hotwords)
	}
	if d.prompt.Mode == Never {
		return false
	}
	// In a prompt's first moments a greeting answers its "hello".
	return e >= content || e == greets && d.now-d.promptAt > 1500*time.Millisecond
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
	span := d.u.span(d.promptAt)
	if d.cuts(w.kind, w.text) && stood >= believed && span >= d.bar(d.enough(w)) && d.u.run > 0 {
		return true
	}
	switch w.kind {
	case echoed:
		return false
	case murmur, greets:
		// Half of the true interruptions begin with "yeah": who speaks on long
		// after it says more than the recogniser has told yet.
		return span >= d.c.Murmur || stood >= outlasts && d.u.run > 0 && span >= d.c.Long && d.theirs()
	}
	// Sound alone must be a voice, and this customer's.
	if !d.theirs() {
		return false
	}
	if span >= d.bar(d.c.Long) {
		return true
	}
	loud := d.voice.usual > 0 && d.u.loudness() >= d.voice.usual
	return loud && span >= d.bar(d.c.Loud)
}

// believed is how long words must have stood: a grammar's first guesses flip.
const believed = 80 * time.Millisecond

// enough is the speech with which words are believed. A grammar hears one of its
// phrases in everything, and in half a second of "really" or 是啊 a short one;
// the longer the words and the clearer their claim, the sooner they count.
func (d *Detector) enough(w words) time.Duration {
	switch {
	case w.kind == stop:
		return d.c.Decide
	case w.kind == claim || letters(w.text) >= longWords:
		return d.c.Loud
	}
	return d.c.Long
}

const (
	// outlasts is how long a murmur's words stand at most while it goes on.
	outlasts = 600 * time.Millisecond
	// nearest: a voice this little over the noise is somebody in the room.
	nearest = 5
	// farther is how far under their own turns a customer may speak, in dB.
	farther = 12
	// strange is how far outside their register a voice is another's.
	strange = 5 * semitone
)

// theirs reports whether the sound may be this customer: near enough, with the
// pitch of a voice in it, in the register of their turns as far as it is known.
func (d *Detector) theirs() bool {
	loud := d.u.loudness()
	if loud < nearest || d.voice.usual > 0 && loud < d.voice.usual-farther {
		return false
	}
	if d.u.pitched*5 < d.u.frames {
		return false
	}
	low, high := d.voice.register(5), d.voice.register(95)
	if low == 0 {
		return true
	}
	mean := d.u.height / d.u.pitched
	return mean >= low-strange && mean <= high+strange
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
		switch d.u.words.kind {
		case echoed:
		case murmur:
			// "Right. Right." is two listening noises, "好，但是…" a beginning.
			d.lapsed = d.u.span(d.promptAt) / 2
		default:
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
