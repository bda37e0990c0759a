package sim

import (
	"io"
	"math"
	"time"

	"parley/media"
)

// beep is the tone after a voicemail's greeting.
type beep struct {
	at  time.Duration
	pcm [160]int16
}

const (
	beepLength = 400 * time.Millisecond
	beepHertz  = 1000
)

// ReadFrame implements media.Source.
func (b *beep) ReadFrame(f *media.Frame) error {
	if b.at >= beepLength {
		return io.EOF
	}
	first := media.Rate8k.Count(b.at)
	for i := range b.pcm {
		b.pcm[i] = int16(6000 * math.Sin(2*math.Pi*beepHertz*float64(first+i)/8000))
	}
	*f = media.Frame{At: b.at, Rate: media.Rate8k, PCM: b.pcm[:]}
	b.at += media.Tick
	return nil
}
