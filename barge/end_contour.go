package barge

// contour: how pitch and level end. A voice that has come down to its floor or
// died away is done; one held level in mid-register, or loud to the last, goes
// on, and most of all one that rises (Duncan 1972; Caspers 2003; Gravano and
// Hirschberg 2011). Where tones move the pitch, the last syllable's height and
// fall say nothing (measured: no better than chance); the level is left.
type contour struct{}

func (contour) name() string { return "contour" }

func (contour) weigh(e *ending) opinion {
	t := &e.tail
	var odds int
	if t.pitched && !t.tonal {
		switch {
		case t.height <= 0:
			odds += 4
		case t.height <= semitone:
			odds += 2
		case t.height > 2*semitone:
			odds -= 3
		}
		switch {
		case t.glide <= -2*semitone:
			odds++
		case t.glide >= semitone:
			odds -= 3
		}
	}
	switch {
	case t.drop >= 7:
		odds++
	case t.drop <= 1:
		odds--
	}
	return opinion{odds: odds}
}
