package trial

import (
	"math"
	"time"

	"parley/media"
)

// duckGain is that of a live call: -15 dB.
var duckGain = float32(math.Pow(10, -15.0/20))

// player plays a case's prompts, each at its time, as a live call plays them:
// the gain moves over one frame, a cut takes effect in its own.
type player struct {
	prompts []Prompt
	sounds  [][]int16
	next    int // prompt that begins next
	now     int // prompt that plays, -1 for none
	at      int // samples of it that are out
	gain    float32
	target  float32
	pcm     [160]int16
	played  int // samples of prompts, all together
}

func newPlayer(c Case, sounds [][]int16) *player {
	return &player{prompts: c.Prompts, sounds: sounds, now: -1, gain: 1, target: 1}
}

// frame is what goes out in the tick that begins at ms. started is the prompt
// that begins with it, or -1; ended says that the one before was its last.
func (p *player) frame(ms int) (out media.Frame, started int, ended bool) {
	started = -1
	if p.now >= 0 && p.at >= len(p.sounds[p.now]) {
		p.now, ended = -1, true
	}
	if p.now < 0 && p.next < len(p.prompts) && p.prompts[p.next].At <= ms {
		p.now, p.at, started = p.next, 0, p.next
		p.gain, p.target = 1, 1
		p.next++
	}
	out = media.Frame{At: time.Duration(ms) * time.Millisecond, Rate: media.Rate8k, PCM: p.pcm[:], Flags: media.Silence}
	clear(p.pcm[:])
	if p.now < 0 {
		return out, started, ended
	}
	out.Flags = 0
	n := copy(p.pcm[:], p.sounds[p.now][p.at:])
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

// cut stops the prompt and says which it was and how much of it went out.
func (p *player) cut() (prompt int, heard time.Duration) {
	prompt, heard = p.now, media.Rate8k.Duration(p.at)
	p.now = -1
	p.gain, p.target = 1, 1
	return prompt, heard
}

// stop lets no further prompt begin.
func (p *player) stop() { p.next = len(p.prompts) }
