package barge

// contour: how pitch and level end. A voice that has come down to its floor or
// died away is done; one held level in mid-register, or loud to the last, goes
// on (Duncan 1972; Caspers 2003; Gravano and Hirschberg 2011). Where tones move
// the pitch, the last syllable's fall says little; its register and the level
// still do.
type contour struct{}

func (contour) name() string { return "contour" }

func (contour) weigh(e *ending) opinion {
	t := &e.tail
	var odds int
	if t.pitched {
		flat := t.glide > -semitone && t.glide < semitone
		switch {
		case t.height <= 2*semitone:
			odds += 2
		case t.tonal:
		case t.glide <= -3*semitone:
			odds++
		case flat:
			odds -= 2
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
