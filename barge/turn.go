package barge

import "time"

// longestForeign bounds an utterance before the conversation begins, when it is
// an announcement or a greeting whose words are wanted soon.
const longestForeign = 6 * time.Second

// settle is how long kept speech waits after a prompt's end, so that the next
// prompt of the same step may begin first.
const settle = 100 * time.Millisecond

// listening follows an utterance while the bot is silent.
func (d *Detector) listening() Decision {
	quiet := d.u.quiet(d.now)
	longest := d.c.MaxTurn
	if !d.begun {
		longest = min(longest, longestForeign)
	}
	if d.now-d.u.onset >= longest {
		d.wait, d.why = 0, "longest"
		return d.close()
	}
	d.weigh()
	wait, by := d.silent.budget()
	w := d.u.words
	d.likely = d.begun && w.text != "" && d.silent.stood >= settled && quiet >= d.c.Likely && w.form != open
	if quiet < wait {
		return Hold
	}
	if d.now-d.endedAt < settle && d.endedAt > 0 {
		return Hold
	}
	decision := d.close()
	d.wait, d.why = wait, by
	return decision
}

// weigh puts down what is known of the silence.
func (d *Detector) weigh() {
	e := &d.silent
	e.pauses, e.pace = &d.c.Pauses, &d.pace
	e.answer, e.digits, e.words = d.answer, d.digits, d.u.words
	e.stood, e.span = d.now-d.u.standing, d.u.last-d.u.onset
	// Where the voice has not moved yet, its floor is not known.
	floor := d.voice.register(10)
	if d.voice.register(90)-floor < 2*semitone {
		floor = 0
	}
	e.tail = d.sounds.tail(floor, d.u.loudness())
	e.tail.tonal = d.c.Tonal
}

// close ends the open utterance: a turn, or nothing.
func (d *Detector) close() Decision {
	d.likely = false
	least := d.u.voiced >= d.c.Least || d.u.words.kind > nothing
	// Listening noises long before the end of a prompt do not answer it.
	stale := d.u.words.kind == murmur && d.endedAt-d.u.last > time.Second
	turn := d.begun && (d.owed || least && !stale)
	if turn {
		d.voice.learn(d.u.loudness())
		d.endedVoice = d.u.last
		d.armed, d.owed = false, false
	}
	d.u, d.kept = utterance{}, false
	if turn {
		return TurnEnd
	}
	return Hold
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
