package sim

import (
	"errors"
	"time"

	"parley/asr"
	"parley/media"
	"parley/media/beat"
)

// moment is something that the beat noticed and the mind has to know.
type moment int

const (
	botBegins   moment = iota // the bot's voice sets in
	sentenceEnd               // a short pause; a final is on its way
	turnEnd                   // a long pause: the customer's turn
	saidAll                   // the mouth is empty
	sounds                    // the first loud frame of a speech was sent
)

const (
	// A bot's sentences lie a quarter of a second apart, the commas within one
	// less: each sentence goes to the recogniser by itself.
	sentencePause = 280 * time.Millisecond
	turnPause     = 800 * time.Millisecond
	// onset is how much voice begins a sentence: less is a click.
	onset = 60 * time.Millisecond
	// before is what of the sound before the onset the recogniser gets too.
	before = 8 // frames
)

// sound is a line's two directions.
type sound interface {
	media.Source
	media.Sink
}

// head is a persona's ears and mouth. It belongs to the beat: tick never waits.
//
//	line ─▶ voice gate ─▶ recogniser        moments ─▶ the mind
//	line ◀─ noise ◀─ mouth ◀─ synthesiser
type head struct {
	line    sound
	ears    asr.Stream // nil: deaf
	mouth   chan media.Source
	moments chan moment

	// The gate.
	talking bool // the bot, since botBegins until turnEnd
	open    bool // a sentence is under way
	voiced  time.Duration
	quiet   time.Duration
	past    [before]past
	pastN   int

	// The mouth.
	now     media.Source
	sounded bool // something loud of it was sent
	noise   []int16
	noiseAt int
	pcm     [160]int16
	at      time.Duration
}

// past is a frame kept for the time when it turns out to be speech.
type past struct {
	at  time.Duration
	pcm [160]int16
}

func newHead(line sound, ears asr.Stream, noise []int16) *head {
	return &head{line: line, ears: ears, noise: noise, mouth: make(chan media.Source, 2), moments: make(chan moment, 64)}
}

// tell drops a moment when the mind is far behind: it will see the next.
func (h *head) tell(m moment) {
	select {
	case h.moments <- m:
	default:
	}
}

func (h *head) tick(beat.Tick) {
	var in media.Frame
	if err := h.line.ReadFrame(&in); err == nil {
		h.hear(in)
	}
	h.speak()
}

// loud is the gate of a handset: speech lies about -20 dB of full scale, and
// the bot's side of the line is quiet. The line's own gate stays open for 200
// ms, too long to find the borders of sentences.
func loud(pcm []int16) bool {
	const least = 184.0 // -45 dB of full scale
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum > least*least*float64(len(pcm))
}

// hear cuts what comes into sentences and turns.
func (h *head) hear(f media.Frame) {
	if loud(f.PCM) {
		h.voiced += media.Tick
		h.quiet = 0
	} else {
		h.quiet += media.Tick
		if !h.open {
			h.voiced = 0
		}
	}
	switch {
	case !h.open && h.voiced >= onset:
		h.open = true
		if !h.talking {
			h.talking = true
			h.tell(botBegins)
		}
		h.recall()
		h.listen(f)
	case h.open:
		h.listen(f)
		if h.quiet >= sentencePause {
			h.open, h.voiced = false, 0
			if h.ears != nil {
				h.ears.Finish()
			}
			h.tell(sentenceEnd)
		}
	default:
		h.keep(f)
	}
	if h.talking && !h.open && h.quiet >= turnPause {
		h.talking = false
		h.tell(turnEnd)
	}
}

func (h *head) listen(f media.Frame) {
	if h.ears != nil {
		_ = h.ears.WriteFrame(f) // a full recogniser drops and counts by itself
	}
}

func (h *head) keep(f media.Frame) {
	p := &h.past[h.pastN%before]
	p.at = f.At
	copy(p.pcm[:], f.PCM)
	h.pastN++
}

// recall gives the recogniser the frames before the onset.
func (h *head) recall() {
	for i := max(0, h.pastN-before); i < h.pastN; i++ {
		p := &h.past[i%before]
		h.listen(media.Frame{At: p.at, Rate: media.Rate8k, PCM: p.pcm[:]})
	}
	h.pastN = 0
}

// speak sends one frame: speech or silence, and the noise under it.
func (h *head) speak() {
	if h.now == nil {
		select {
		case h.now = <-h.mouth:
			h.sounded = false
		default:
		}
	}
	clear(h.pcm[:])
	if h.now != nil {
		var f media.Frame
		err := h.now.ReadFrame(&f)
		switch {
		case err == nil:
			copy(h.pcm[:], f.PCM)
		case errors.Is(err, media.ErrNotReady):
		default: // io.EOF, or an engine that failed: nothing more will come
			h.now = nil
			if len(h.mouth) == 0 {
				h.tell(saidAll)
			}
		}
	}
	begins := h.now != nil && !h.sounded && loud(h.pcm[:])
	h.noiseAt = mix(h.pcm[:], h.noise, h.noiseAt)
	_ = h.line.WriteFrame(media.Frame{At: h.at, Rate: media.Rate8k, PCM: h.pcm[:]})
	h.at += media.Tick
	if begins {
		h.sounded = true
		h.tell(sounds)
	}
}
