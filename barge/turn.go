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
		return d.close()
	}
	w := d.u.words
	stable := w.text != "" && d.now-d.u.standing >= 240*time.Millisecond
	d.likely = d.begun && stable && quiet >= d.c.Likely && !Unfinished(w.text)
	if quiet < d.c.Pauses.budget(d.answer, w.text, stable) || d.now-d.endedAt < settle && d.endedAt > 0 {
		return Hold
	}
	return d.close()
}

// close ends the open utterance: a turn, or nothing.
func (d *Detector) close() Decision {
	d.likely = false
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
