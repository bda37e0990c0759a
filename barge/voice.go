package barge

// Pitch counts quarter semitones over 50 Hz, 0 for none.
const semitone = 4

// voice is what is known of this customer's voice in this call: the register
// it moves in and the level of its turns.
type voice struct {
	// heights counts voiced frames by semitone over 50 Hz.
	heights [voiceRange]uint16
	frames  int
	// usual is the running mean level of this customer's turns in dB.
	usual int
}

// voiceRange is 50 to 800 Hz in semitones.
const voiceRange = 48

// known is how many voiced frames tell a register.
const known = 20

func (v *voice) hear(pitch int) {
	if pitch <= 0 {
		return
	}
	v.heights[min(pitch/semitone, voiceRange-1)]++
	if v.frames++; v.frames < 3000 {
		return
	}
	v.frames = 0 // a minute of voice: the older half counts half
	for i := range v.heights {
		v.heights[i] /= 2
		v.frames += int(v.heights[i])
	}
}

// register is the pitch below which so many percent of the voice lie, in
// quarter semitones; 0 while too little is known.
func (v *voice) register(percent int) int {
	if v.frames < known {
		return 0
	}
	left := v.frames * percent / 100
	for i, n := range v.heights {
		if left -= int(n); left < 0 {
			return i*semitone + semitone/2
		}
	}
	return voiceRange * semitone
}

// learn takes the mean level of a turn.
func (v *voice) learn(level int) {
	if v.usual == 0 {
		v.usual = level
		return
	}
	v.usual += (level - v.usual) / 4
}

// sounds is the pitch and level of the last voiced frames, newest at n-1.
type sounds struct {
	pitch [remembered]uint8
	level [remembered]int8
	n     int
}

// remembered is a second of voiced frames.
const remembered = 50

func (s *sounds) add(pitch, level int) {
	i := s.n % remembered
	s.pitch[i] = uint8(max(0, min(pitch, 255)))
	s.level[i] = int8(max(-20, min(level, 100)))
	s.n++
}

// tail is how the last sounds before a silence went.
type tail struct {
	// height is the last pitch over the floor of the voice and glide its change
	// over the last 200 ms of voice, in quarter semitones. pitched says that
	// they are known.
	pitched       bool
	height, glide int
	// drop is how far the level fell at the end under the utterance's mean, dB.
	drop int
	// tonal: the language has tones, which move the pitch of single syllables.
	tonal bool
}

// tail looks back from a silence. floor is the lowest register of the voice,
// mean the level of the utterance.
func (s *sounds) tail(floor, mean int) tail {
	n := min(s.n, remembered)
	var t tail
	var late, early, lates, before int
	var level, levels int
	for k := 1; k <= n && k <= 24; k++ {
		i := (s.n - k) % remembered
		// The very last frames are the voice dying away.
		if k > 2 && k <= 8 {
			level += int(s.level[i])
			levels++
		}
		p := int(s.pitch[i])
		switch {
		case p == 0:
		case lates < 4:
			late += p
			lates++
		case before < 5 && k > 6:
			early += p
			before++
		}
	}
	if lates >= 3 && before >= 3 && floor > 0 {
		t.pitched = true
		t.height = late/lates - floor
		t.glide = late/lates - early/before
	}
	if levels > 0 {
		t.drop = mean - level/levels
	}
	return t
}
