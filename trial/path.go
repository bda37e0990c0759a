package trial

import (
	"math"
	"math/rand/v2"

	"parley/media"
)

// The kinds of echo.
const (
	lineEcho     = "line"
	speakerphone = "speakerphone"
)

type tap struct {
	at   int // samples after the sound was sent
	gain float32
}

// path brings what we send back to us, frame by frame.
type path struct {
	taps []tap
	// drive bends the loudspeaker's peaks; 0 for a linear path.
	drive float32
	sent  []float32 // ring
	n     int       // samples ever sent
}

// newPath makes the path of an echo, its gain set by the sound that will be
// played.
func newPath(e Echo, r *rand.Rand, played []int16) *path {
	p := &path{}
	start := samples(e.Delay) + media.Rate8k.Samples()
	switch e.Kind {
	case lineEcho: // a hybrid: a main reflection and some milliseconds of ringing
		p.taps = append(p.taps, tap{start, 1})
		for i := 1; i <= 8; i++ {
			p.taps = append(p.taps, tap{start + i*(3+r.IntN(5)), float32(r.NormFloat64() * 0.5 * math.Exp(-float64(i)/3))})
		}
	case speakerphone: // the direct sound and a diffuse tail
		p.drive = 1.5 / 16384
		p.taps = append(p.taps, tap{start, 1})
		room := max(e.Room, 50)
		for range 90 {
			at := r.IntN(samples(room))
			// The level falls by 60 dB in the room's time.
			fall := math.Pow(10, -3*float64(at)/float64(samples(room)))
			p.taps = append(p.taps, tap{start + 16 + at, float32(r.NormFloat64() * 0.35 * fall)})
		}
	}
	size := 1
	for size < start+samples(1100) {
		size *= 2
	}
	p.sent = make([]float32, size)
	p.calibrate(e.ERL, played)
	return p
}

// calibrate scales the taps so that the echo of this sound is erl dB weaker.
func (p *path) calibrate(erl float64, played []int16) {
	back := make([]int16, 0, len(played)+len(p.sent))
	frame := make([]float32, media.Rate8k.Samples())
	for at := 0; at+len(frame) <= len(played); at += len(frame) {
		clear(frame)
		p.add(frame)
		for _, v := range frame {
			back = append(back, int16(max(-32768, min(32767, v))))
		}
		p.send(played[at : at+len(frame)])
	}
	clear(p.sent)
	p.n = 0
	// The level of what came back against what went out.
	gain := float32(math.Pow(10, (activeLevel(played)-erl-activeLevel(back))/20))
	if len(back) == 0 || gain > 100 {
		gain = float32(math.Pow(10, -erl/20))
	}
	for i := range p.taps {
		p.taps[i].gain *= gain
	}
}

// add adds the echo that arrives in the next frame.
func (p *path) add(frame []float32) {
	mask := len(p.sent) - 1
	for _, t := range p.taps {
		for i := range frame {
			if k := p.n + i - t.at; k >= 0 {
				frame[i] += t.gain * p.sent[k&mask]
			}
		}
	}
}

// send takes the frame that goes out now.
func (p *path) send(pcm []int16) {
	mask := len(p.sent) - 1
	for i, v := range pcm {
		x := float32(v)
		if p.drive > 0 {
			x = float32(math.Tanh(float64(x*p.drive))) / p.drive
		}
		p.sent[(p.n+i)&mask] = x
	}
	p.n += len(pcm)
}
