package trial

import (
	"math"
	"time"

	"parley/media"
	"parley/tts"
)

// duckGain is that of a live call: -15 dB.
var duckGain = float32(math.Pow(10, -15.0/20))

// The live player's: the longest duck, in ticks, after which a prompt just
// rises again, and how long the next prompt waits for the end of a duck.
const (
	moment  = 15
	maxRest = 100
)

// playing is a prompt's sound with the marks that a live call has of it.
type playing struct {
	pcm   []int16
	marks []tts.Mark
}

// player plays a case's prompts, each at its time, as a live call plays them
// (call/player.go): the gain moves over one frame, a cut takes effect in its
// own, and after a long duck the prompt goes on from a border of words.
type player struct {
	prompts []Prompt
	sounds  []playing
	next    int // prompt that begins next
	now     int // prompt that plays, -1 for none
	at      int // samples of it that are out
	gain    float32
	target  float32
	pcm     [160]int16
	played  int // samples of prompts, all together

	ducked   int // ticks since the prompt was lowered, 0 while it is not
	duckedAt int // samples of it that were out then
}

func newPlayer(c Case, sounds []playing) *player {
	return &player{prompts: c.Prompts, sounds: sounds, now: -1, gain: 1, target: 1}
}

// frame is what goes out in the tick that begins at ms. started is the prompt
// that begins with it, or -1; ended says that the one before was its last.
func (p *player) frame(ms int) (out media.Frame, started int, ended bool) {
	started = -1
	if p.ducked > 0 {
		p.ducked++
	}
	if p.now >= 0 && p.at >= len(p.sounds[p.now].pcm) && !p.yields() {
		p.now, ended = -1, true
		p.ducked, p.target = 0, 1
	}
	if p.now < 0 && p.next < len(p.prompts) && p.prompts[p.next].At <= ms {
		p.now, p.at, started = p.next, 0, p.next
		p.gain, p.target, p.ducked = 1, 1, 0
		p.next++
	}
	out = media.Frame{At: time.Duration(ms) * time.Millisecond, Rate: media.Rate8k, PCM: p.pcm[:], Flags: media.Silence}
	clear(p.pcm[:])
	if p.now < 0 || p.at >= len(p.sounds[p.now].pcm) {
		return out, started, ended
	}
	out.Flags = 0
	n := copy(p.pcm[:], p.sounds[p.now].pcm[p.at:])
	p.at += n
	p.played += n
	step := (p.target - p.gain) / 160
	for i := range n {
		p.gain += step
		p.pcm[i] = int16(float32(p.pcm[i]) * p.gain)
	}
	p.gain = p.target
	return out, started, ended
}

// yields: nobody begins a sentence while another may be speaking.
func (p *player) yields() bool {
	return p.ducked > 0 && p.ducked < maxRest && p.next < len(p.prompts)
}

// duck lowers the prompt.
func (p *player) duck() {
	if p.ducked == 0 {
		p.ducked, p.duckedAt = 1, p.at
	}
	p.target = duckGain
}

// again is a part of a prompt that is played twice: from where it goes on, by
// way of where it was lowered, to where it was when it rose.
type again struct{ from, ducked, to time.Duration }

// resume raises it; what is said again is empty after a short duck.
func (p *player) resume() again {
	long := p.ducked > moment
	p.ducked, p.target = 0, 1
	if !long || p.now < 0 {
		return again{}
	}
	whole := (p.at + 159) / 160 // the last frame was filled up
	ducked, at := media.Rate8k.Duration(p.duckedAt), time.Duration(whole)*media.Tick
	to := border(p.sounds[p.now].marks, ducked)
	back := int((at - to + media.Tick - 1) / media.Tick)
	if to >= at || time.Duration(back)*media.Tick > tts.Memory {
		return again{}
	}
	p.at = (whole - back) * 160
	p.gain = 0
	return again{media.Rate8k.Duration(p.at), ducked, at}
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

// cut stops the prompt.
func (p *player) cut() {
	p.now = -1
	p.gain, p.target, p.ducked = 1, 1, 0
}

// stop lets no further prompt begin.
func (p *player) stop() { p.next = len(p.prompts) }
