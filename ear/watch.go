package ear

import "time"

// Part is a piece of a tick's work.
type Part int

// The parts in the order of the work.
const (
	EchoPart Part = iota
	GatePart
	NoisePart
	NetworkPart
	PitchPart
	TonePart
	ProsodyPart
	MindPart
	Parts // how many there are
)

// String is the part's name in tables.
func (p Part) String() string {
	return [...]string{"echo", "gate", "noise model", "network", "pitch", "tones", "prosody", "deciders"}[p]
}

// Watch adds up what the parts of an ear's ticks take. It is for measuring: a
// live call has none, and pays one comparison a part for that.
type Watch struct {
	// Spent is the sum over all laps, Laps how many there were in all.
	Spent [Parts]time.Duration
	Laps  int
	// Longest is where a lap is taken for one in which something else ran, and
	// is left out; Skipped counts those.
	Longest time.Duration
	Skipped int

	begun time.Time
	last  time.Duration
}

// Time lets a watch run along; nil for none.
func (e *Ear) Time(w *Watch) { e.watch, e.voice.watch = w, w }

func (w *Watch) start() {
	if w != nil {
		w.reset()
	}
}

func (w *Watch) lap(p Part) {
	if w != nil {
		w.add(p)
	}
}

func (w *Watch) reset() {
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	w.last = time.Since(w.begun)
}

func (w *Watch) add(p Part) {
	now := time.Since(w.begun)
	if d := now - w.last; d <= w.Longest {
		w.Spent[p] += d
		w.Laps++
	} else {
		w.Skipped++
	}
	w.last = now
}
