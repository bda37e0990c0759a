package call

import (
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"parley/dialog"
	"parley/media"
	"parley/tts"
)

// duckGain is what remains of a prompt while it is not yet clear whether the
// customer wants the floor: −15 dB.
var duckGain = float32(math.Pow(10, -15.0/20))

// item is one prompt on its way to the customer.
type item struct {
	prompt dialog.Prompt
	text   string
	stream tts.Stream
	step   int // that it belongs to, and which of its prompts it is
	n      int
	// last: after this prompt the customer has the floor.
	last bool
	// filler: it breaks a silence and belongs to no step.
	filler bool
}

// played tells what became of a prompt.
type played struct {
	prompt   dialog.Prompt
	text     string
	heard    string
	step, n  int
	from, to time.Duration // on the player's clock
	cut      bool
	last     bool
	filler   bool
	err      error
}

// player plays prompts one after the other and knows what was heard. It is
// owned by the beat: no lock, no allocation per frame.
//
//	queue ─▶ stream.ReadFrame ─▶ gain (duck, ramp over one frame) ─▶ out
type player struct {
	queue   []item
	started bool          // the head's first frame went out
	from    time.Duration // when it did
	heard   time.Duration // how much of the head went out, on its own clock
	waited  int           // ticks the head's stream was not ready
	pause   int           // ticks of silence before the next prompt begins
	gain    float32       // of the previous frame's end
	target  float32
	pcm     []int16
	in      media.Frame

	ducked   int           // ticks since the prompt was lowered, 0 while it is not
	duckedAt time.Duration // how much of the head had been heard then
}

// breath is the pause between two prompts of one step: sentences without one
// run into each other for people and machines alike.
const breath = 12 // ticks

const (
	// moment is the longest duck that costs the customer no word: the prompt's
	// level just rises again. After a longer one it goes on from the border of
	// the word that was being said when it was lowered.
	moment = 15 // ticks
	// maxRest bounds how long the next prompt waits for the end of a duck.
	maxRest = 100 // ticks
)

// maxWait bounds how long a prompt's next frame may keep the customer waiting.
const maxWait = 4 * time.Second

var errStarved = errors.New("the synthesiser gave no sound for four seconds")

func newPlayer() *player {
	return &player{
		queue: make([]item, 0, 8), gain: 1, target: 1,
		pcm: make([]int16, media.Rate8k.Samples()),
	}
}

// busy reports whether a prompt is playing or waiting.
func (p *player) busy() bool { return len(p.queue) > 0 }

// play queues a prompt. It begins at once when the last one ended a breath ago.
func (p *player) play(it item) { p.queue = append(p.queue, it) }

// interject says a filler before what waits for its sound; when something is
// being said, or a disclosure is next, there is no silence to fill.
func (p *player) interject(it item) {
	if len(p.queue) > 0 && (p.started || p.queue[0].prompt.Disclosure != "" || p.queue[0].filler) {
		it.stream.Close()
		return
	}
	p.queue = append(p.queue, item{})
	copy(p.queue[1:], p.queue)
	p.queue[0], p.waited = it, 0
}

// duck lowers the prompt while it is not clear who has the floor.
func (p *player) duck() {
	if p.ducked == 0 {
		p.ducked, p.duckedAt = 1, p.heard
	}
	p.target = duckGain
}

// resume raises it again, it was nothing. What was said long enough at the low
// level to be lost under the customer's own sound is said again, from the last
// border of words before it: at most one word is heard twice.
func (p *player) resume() {
	long := p.ducked > moment
	p.ducked, p.target = 0, 1
	if long && len(p.queue) > 0 && p.started {
		p.rewind()
	}
}

// rewind takes the head back to the beginning of the word that was playing when
// it was lowered; a stream that cannot go back plays on.
func (p *player) rewind() {
	it := p.queue[0]
	s, ok := it.stream.(tts.Rewinder)
	if !ok {
		return
	}
	to := border(it.stream.Marks(), p.duckedAt)
	if to >= p.heard {
		return
	}
	if at, ok := s.Rewind(to); ok {
		p.heard, p.gain = at, 0 // it fades in
	}
}

// border is the beginning of the word that plays at this moment, or of the one
// that comes next.
func border(marks []tts.Mark, at time.Duration) time.Duration {
	for _, m := range marks {
		if m.To > at {
			return min(m.From, at)
		}
	}
	return at
}

// next fills the frame for this tick. started is true on a prompt's first
// frame; done, if not nil, is a prompt that ended with the tick before.
func (p *player) next(at time.Duration, out *media.Frame) (started bool, done *played) {
	out.At, out.Rate, out.PCM, out.Flags = at, media.Rate8k, p.pcm, 0
	if p.ducked > 0 {
		p.ducked++
	}
	if p.pause > 0 {
		p.pause--
		p.silence(out)
		return false, nil
	}
	if p.rests() {
		p.silence(out)
		return false, nil
	}
	if len(p.queue) > 0 {
		err := p.queue[0].stream.ReadFrame(&p.in)
		switch {
		case err == nil:
			first := !p.started
			if first {
				p.started, p.from = true, at
				p.ducked, p.target, p.gain = 0, 1, 1 // nobody else raises it
			}
			p.waited = 0
			p.heard = p.in.At + media.Tick
			p.apply()
			return first, nil
		case errors.Is(err, media.ErrNotReady):
			p.waited++
			if time.Duration(p.waited)*media.Tick < maxWait {
				p.silence(out)
				return false, nil
			}
			err = errStarved
		case isEOF(err) && p.yields():
			p.silence(out)
			return false, nil
		}
		ended := p.finish(at, err)
		p.pause-- // this very tick is the breath's first
		p.silence(out)
		return false, &ended
	}
	p.silence(out)
	return false, nil
}

// yields: nobody begins a sentence while another may be speaking.
func (p *player) yields() bool {
	return p.started && p.ducked > 0 && p.ducked < maxRest && len(p.queue) > 1
}

// rests: neither does who was only about to begin one.
func (p *player) rests() bool {
	return !p.started && p.ducked > 0 && p.ducked < maxRest && len(p.queue) > 0
}

// finish takes the head off the queue after its last frame, or its failure.
func (p *player) finish(at time.Duration, err error) played {
	it := p.queue[0]
	d := played{prompt: it.prompt, text: it.text, heard: it.text, from: p.from, to: at, last: it.last, step: it.step, n: it.n, filler: it.filler}
	if !p.started {
		d.from = at
	}
	if err != nil && !isEOF(err) {
		d.err = err
		d.heard = heardText(it.text, it.stream.Marks(), p.heard)
	}
	it.stream.Close()
	p.drop()
	p.pause, p.ducked, p.target = breath, 0, 1
	return d
}

func (p *player) drop() {
	copy(p.queue, p.queue[1:])
	p.queue[len(p.queue)-1] = item{}
	p.queue = p.queue[:len(p.queue)-1]
	p.started, p.heard, p.waited = false, 0, 0
	p.duckedAt = 0
}

// release takes a filler off that the customer spoke over, when what waits
// behind it may not be interrupted: a goodbye or a disclosure is said
// nevertheless, after a breath.
func (p *player) release(at time.Duration) (played, bool) {
	if len(p.queue) < 2 || !p.queue[0].filler || p.queue[1].prompt.Mode != "never" {
		return played{}, false
	}
	d := p.cutHead(at)
	p.gain, p.target, p.pause, p.ducked = 1, 1, breath, 0
	return d, true
}

// cut empties the player at once and tells what of each prompt was heard.
func (p *player) cut(at time.Duration) []played {
	var all []played
	for len(p.queue) > 0 {
		all = append(all, p.cutHead(at))
	}
	p.gain, p.target, p.pause, p.ducked = 1, 1, 0, 0
	return all
}

func (p *player) cutHead(at time.Duration) played {
	it := p.queue[0]
	d := played{prompt: it.prompt, text: it.text, from: p.from, to: at, cut: true, last: it.last, step: it.step, n: it.n, filler: it.filler}
	if p.started {
		d.heard = heardText(it.text, it.stream.Marks(), p.heard)
	} else {
		d.from = at
	}
	it.stream.Close()
	p.drop()
	return d
}

// apply copies the frame with the gain moving linearly to its target, so that
// ducking makes no click.
func (p *player) apply() {
	n := min(len(p.in.PCM), len(p.pcm))
	if p.gain == 1 && p.target == 1 {
		copy(p.pcm, p.in.PCM[:n])
	} else {
		step := (p.target - p.gain) / float32(len(p.pcm))
		g := p.gain
		for i := range n {
			g += step
			p.pcm[i] = int16(float32(p.in.PCM[i]) * g)
		}
		p.gain = p.target
	}
	clear(p.pcm[n:])
}

func (p *player) silence(out *media.Frame) {
	clear(p.pcm)
	out.Flags = media.Silence
	p.gain = p.target
}

// heardText is the part of the text whose marks had sounded by then. Without
// marks it is the whole text or nothing.
func heardText(text string, marks []tts.Mark, heard time.Duration) string {
	end := 0
	for _, m := range marks {
		if m.To > heard {
			break
		}
		end = max(end, m.End)
	}
	return strings.TrimSpace(text[:min(end, len(text))])
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
