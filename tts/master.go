package tts

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"parley/media"
)

// Render makes the sound of one piece of clean text, whole: 8 kHz linear PCM.
// It may be called from many goroutines and obeys ctx.
type Render func(ctx context.Context, voice Voice, text string) ([]int16, error)

const (
	// Level is the active speech level of every prompt, in dB below full scale.
	// Engines differ by 12 dB; a customer must not notice a change of voice or
	// the joint between a kept prompt and a spliced name.
	Level = -20.0
	// Lead and Tail are the silence left before and after what is spoken.
	Lead = 20 * time.Millisecond
	Tail = 60 * time.Millisecond
)

// Mastered brings what render makes to the level of the house and trims its
// silence. The gain belongs to the voice and not to the sentence: it is
// measured once with a calibration sentence, so that a short word keeps its
// loudness beside a long sentence.
func Mastered(render Render) Render {
	m := &master{render: render, gains: map[Voice]float64{}, places: make(chan struct{}, atOnce)}
	return m.say
}

// atOnce bounds the programs that run at the same time.
const atOnce = 4

type master struct {
	render Render
	places chan struct{}

	mu    sync.Mutex
	gains map[Voice]float64
}

// mostVoices bounds the gains that are kept; beyond it they are measured again.
const mostVoices = 256

func (m *master) say(ctx context.Context, voice Voice, text string) ([]int16, error) {
	select {
	case m.places <- struct{}{}:
		defer func() { <-m.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	gain, err := m.gain(ctx, voice)
	if err != nil {
		return nil, err
	}
	pcm, err := m.render(ctx, voice, text)
	if err != nil {
		return nil, err
	}
	amplify(pcm, gain)
	return trim(pcm), nil
}

func (m *master) gain(ctx context.Context, voice Voice) (float64, error) {
	m.mu.Lock()
	gain, ok := m.gains[voice]
	m.mu.Unlock()
	if ok {
		return gain, nil
	}
	pcm, err := m.render(ctx, voice, calibration(voice.Language))
	if err != nil {
		return 0, err
	}
	level, ok := ActiveLevel(pcm)
	if !ok {
		return 0, fmt.Errorf("voice %s of %s makes no sound: %w", voice.Name, voice.Engine, ErrVoice)
	}
	gain = math.Pow(10, (Level-level)/20)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.gains) >= mostVoices {
		clear(m.gains)
	}
	m.gains[voice] = gain
	return gain, nil
}

func calibration(language string) string {
	if language == "zh" {
		return "您好，这里是自动提醒服务，谢谢您的接听。"
	}
	return "Good morning, this is a reminder about your account, thank you for listening."
}

// ActiveLevel is the root mean square of the frames in which somebody speaks,
// in dB of full scale: those within 30 dB of the loudest, after the idea of
// ITU-T P.56. ok is false for silence.
func ActiveLevel(pcm []int16) (db float64, ok bool) {
	size := media.Rate8k.Samples()
	var powers []float64
	var loudest float64
	for len(pcm) >= size {
		p := power(pcm[:size])
		powers = append(powers, p)
		loudest = max(loudest, p)
		pcm = pcm[size:]
	}
	if loudest < 1 {
		return 0, false
	}
	var sum float64
	var n int
	for _, p := range powers {
		if p >= loudest/1000 {
			sum += p
			n++
		}
	}
	return 10 * math.Log10(sum/float64(n)/(32768*32768)), true
}

func power(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum / float64(len(pcm))
}

// amplify applies the gain; peaks beyond the knee are bent so that they never
// reach full scale. Without memory, so that a joint cannot be heard.
func amplify(pcm []int16, gain float64) {
	const knee, top = 0.6 * 32768, 0.95 * 32768
	for i, s := range pcm {
		x := float64(s) * gain
		if a := math.Abs(x); a > knee {
			x = math.Copysign(knee+(top-knee)*math.Tanh((a-knee)/(top-knee)), x)
		}
		pcm[i] = int16(x)
	}
}

// trim leaves exactly Lead before and Tail after the sound; silence becomes
// nothing at all.
func trim(pcm []int16) []int16 {
	const window = 40         // 5 ms
	const quiet = 80.0 * 80.0 // the power of -52 dBFS
	first, last := -1, 0
	for i := 0; i < len(pcm); i += window {
		end := min(i+window, len(pcm))
		if power(pcm[i:end]) < quiet {
			continue
		}
		if first < 0 {
			first = i
		}
		last = end
	}
	if first < 0 {
		return nil
	}
	lead, tail := media.Rate8k.Count(Lead), media.Rate8k.Count(Tail)
	out := make([]int16, lead+last-first+tail)
	from := max(first-lead, 0)
	to := min(last+tail, len(pcm))
	copy(out[lead-(first-from):], pcm[from:to])
	return out
}
