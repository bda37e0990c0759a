package sim

import (
	"context"
	"io"
	"math"
	"testing"
	"time"

	"parley/asr"
	"parley/media"
	"parley/media/beat"
	"parley/tts"
)

// tape is a line that plays what it is given and keeps what it gets.
type tape struct {
	in  []bool // loud or not, frame by frame
	at  int
	out [][]int16
}

func (l *tape) ReadFrame(f *media.Frame) error {
	pcm := make([]int16, 160)
	if l.at < len(l.in) && l.in[l.at] {
		for i := range pcm {
			pcm[i] = int16(5000 * math.Sin(float64(i)))
		}
	}
	*f = media.Frame{At: time.Duration(l.at) * media.Tick, Rate: media.Rate8k, PCM: pcm}
	l.at++
	return nil
}

func (l *tape) WriteFrame(f media.Frame) error {
	l.out = append(l.out, append([]int16(nil), f.PCM...))
	return nil
}

// notes is a recogniser that only counts.
type notes struct{ frames, finishes int }

func (n *notes) WriteFrame(media.Frame) error { n.frames++; return nil }
func (n *notes) Expect(asr.Expectation)       {}
func (n *notes) Finish()                      { n.finishes++ }
func (n *notes) Results() <-chan asr.Result   { return nil }
func (n *notes) Err() error                   { return nil }
func (n *notes) Close() error                 { return nil }

func frames(loud bool, d time.Duration) []bool {
	all := make([]bool, int(d/media.Tick))
	for i := range all {
		all[i] = loud
	}
	return all
}

func moments(h *head) []moment {
	var all []moment
	for {
		select {
		case m := <-h.moments:
			all = append(all, m)
		default:
			return all
		}
	}
}

func TestHeadCutsSentencesAndTurns(t *testing.T) {
	for _, c := range []struct {
		name string
		in   [][]bool
		want []moment
	}{
		{"a click", [][]bool{frames(true, 40*time.Millisecond), frames(false, time.Second)}, nil},
		{"a sentence", [][]bool{frames(true, time.Second), frames(false, time.Second)}, []moment{botBegins, sentenceEnd, turnEnd}},
		{"a comma", [][]bool{frames(true, time.Second), frames(false, 200*time.Millisecond), frames(true, time.Second), frames(false, time.Second)},
			[]moment{botBegins, sentenceEnd, turnEnd}},
		{"two sentences", [][]bool{frames(true, time.Second), frames(false, 330*time.Millisecond), frames(true, time.Second), frames(false, time.Second)},
			[]moment{botBegins, sentenceEnd, sentenceEnd, turnEnd}},
		{"two turns", [][]bool{frames(true, time.Second), frames(false, time.Second), frames(true, time.Second)},
			[]moment{botBegins, sentenceEnd, turnEnd, botBegins}},
	} {
		line, ears := &tape{}, &notes{}
		for _, part := range c.in {
			line.in = append(line.in, part...)
		}
		h := newHead(line, ears, nil)
		for range line.in {
			h.tick(beat.Tick{})
		}
		got := moments(h)
		ends := 0
		for _, m := range got {
			if m == sentenceEnd {
				ends++
			}
		}
		if len(got) != len(c.want) || ends != ears.finishes {
			t.Errorf("%s: moments %v with %d finishes, want %v", c.name, got, ears.finishes, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: moments %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

func TestRecogniserGetsTheOnset(t *testing.T) {
	line, ears := &tape{in: append(append(frames(false, time.Second), frames(true, time.Second)...), frames(false, time.Second)...)}, &notes{}
	h := newHead(line, ears, nil)
	for range line.in {
		h.tick(beat.Tick{})
	}
	least := int(time.Second/media.Tick) + int(sentencePause/media.Tick) - 1
	if ears.frames < least+3 || ears.frames > least+before+2 {
		t.Errorf("the recogniser got %d frames; the speech alone are %d", ears.frames, least)
	}
}

func TestMouthSpeaksOverNoise(t *testing.T) {
	noise := makeNoise(Noise{Kind: PinkNoise, SNR: 20}, 1, nil)
	line := &tape{}
	h := newHead(line, nil, noise)
	h.mouth <- &beep{}
	for range 50 {
		h.tick(beat.Tick{})
	}
	if got := moments(h); len(got) != 2 || got[0] != sounds || got[1] != saidAll {
		t.Errorf("moments %v", got)
	}
	var sound, rest []int16
	for i, f := range line.out {
		if i < int(beepLength/media.Tick) {
			sound = append(sound, f...)
		} else {
			rest = append(rest, f...)
		}
	}
	loudest, _ := tts.ActiveLevel(sound)
	floor, _ := tts.ActiveLevel(rest)
	if math.Abs(loudest+17.7) > 1 || math.Abs(floor-(tts.Level-20)) > 3 {
		t.Errorf("the beep is at %.1f dB over noise at %.1f dB", loudest, floor)
	}
}

func TestNoiseLevels(t *testing.T) {
	babble, _, err := tts.Collect(context.Background(), &toneStream{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []NoiseKind{LineNoise, PinkNoise, BabbleNoise} {
		var sum float64
		loop := makeNoise(Noise{Kind: kind, SNR: 10}, 7, babble)
		for _, v := range loop {
			sum += float64(v) * float64(v)
		}
		got := 10*math.Log10(sum/float64(len(loop))) - 90.3
		if math.Abs(got-(tts.Level-10)) > 0.5 {
			t.Errorf("%s noise at 10 dB lies at %.1f dB, want %.1f", kind, got, tts.Level-10)
		}
	}
	if got := makeNoise(Noise{}, 1, nil); got != nil {
		t.Error("no noise makes a sound")
	}
}

// toneStream is a second of a tone.
type toneStream struct{ n int }

func (s *toneStream) ReadFrame(f *media.Frame) error {
	if s.n == 50 {
		return io.EOF
	}
	s.n++
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*200*float64(s.n*160+i)/8000))
	}
	*f = media.Frame{Rate: media.Rate8k, PCM: pcm}
	return nil
}
func (s *toneStream) Marks() []tts.Mark { return nil }
func (s *toneStream) Close() error      { return nil }
